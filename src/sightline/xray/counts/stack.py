"""Observations of one response as one batch."""

from collections.abc import Iterable, Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..._core.given import check_kind
from .observation import Observation
from .response import Response

_SAME = 1e-12


class Stack(eqx.Module):
    """Observations of one response and one grouping, whose data are (size, groups); `stack` makes one.

    It has what a likelihood asks of an `Observation`; the response, of one second, is there once.

    - `observations`: the observations.

    !!! example
        >>> edges = np.linspace(0.5, 8.0, 31)
        >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(30), channels=edges)
        >>> both = [sl.counts.Observation(sl.counts.Spectrum(np.full(30, n), 1e4), response) for n in (3.0, 4.0)]
        >>> stack = sl.counts.Stack(both)
        >>> len(stack), stack.exposure.shape, stack.background
        (2, (2, 1), None)
    """

    observations: tuple[Observation, ...]

    def __init__(self, observations: Sequence[Observation]) -> None:
        self.observations = tuple(observations)

    def __len__(self) -> int:
        return len(self.observations)

    @property
    def first(self) -> Observation:
        """The observation whose response and groups are those of all."""
        return self.observations[0]

    @property
    def name(self) -> str:
        """What figures call it."""
        return f"{self.first.name or 'counts'} and {len(self) - 1} more"

    @property
    def counts(self) -> np.ndarray:
        """(size, groups), the counts on the sources."""
        return np.stack([one.counts for one in self.observations])

    @property
    def background(self) -> np.ndarray | None:
        """(size, groups), the counts of the backgrounds, as they were counted."""
        return self._stacked("background")

    @property
    def ratio(self) -> np.ndarray | None:
        """(size, groups), how many background counts are expected on the source for each in the background."""
        return self._stacked("ratio")

    @property
    def error(self) -> np.ndarray | None:
        """(size, groups), standard deviations of the counts where the files give any."""
        return self._stacked("error")

    @property
    def low(self) -> np.ndarray:
        """(groups,), keV, the lowest nominal energy of each."""
        return self.first.low

    @property
    def high(self) -> np.ndarray:
        """(groups,), keV, the highest nominal energy of each."""
        return self.first.high

    @property
    def exposure(self) -> np.ndarray:
        """(size, 1), s."""
        return np.array([[one.on.exposure] for one in self.observations])

    @property
    def background_exposure(self) -> np.ndarray | None:
        """(size, 1), s."""
        if self.first.off is None:
            return None
        return np.array([[one.background_exposure] for one in self.observations])

    @property
    def poisson(self) -> bool:
        """Whether all are what was counted."""
        return all(one.poisson for one in self.observations)

    @property
    def systematic(self) -> bool:
        """Whether any states systematic errors of its counts."""
        return any(one.systematic for one in self.observations)

    @property
    def folding(self) -> Response:
        """The response of the groups, of the first, `relative` to whose exposure the others are."""
        return self.first.folding

    @property
    def background_folding(self) -> Response:
        """As `folding`, of the background of the first."""
        return self.first.background_folding

    def _stacked(self, name: str) -> np.ndarray | None:
        values = [getattr(one, name) for one in self.observations]
        return None if values[0] is None else np.stack(values)


def stack(observations: Sequence[Observation]) -> Stack:
    """Observations of one response as one batch, for the likelihood of an `sl.spectra.Each` of as many spectra.

    **Arguments:** `observations`: of equal responses, groups and AREASCAL; exposures and backgrounds may differ.

    **Returns:** an `sl.counts.Stack`.

    **Raises:** `TypeError` for what is no observation, `ValueError` that says which one differs from the first in what.

    !!! example
        >>> import numpy as np
        >>> edges = np.linspace(0.5, 8.0, 31)
        >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(30), channels=edges)
        >>> both = [sl.counts.Observation(sl.counts.Spectrum(np.full(30, n), 1e4), response) for n in (3.0, 4.0)]
        >>> sl.counts.stack(both).counts.shape
        (2, 30)
    """
    check_kind("observations", observations, Iterable, "a list of sl.counts.Observation")
    observations = tuple(observations)
    for place, one in enumerate(observations):
        if not isinstance(one, Observation):
            raise TypeError(f"observations[{place}] is {one!r}: give sl.counts.Observation.")
    if not observations:
        raise ValueError("observations is empty: give at least one.")
    for place, one in enumerate(observations):
        differs = _difference(observations[0], one)
        if differs:
            raise ValueError(
                f"observations[{place}] differs from the first in its {differs}: a stack has one. Give observations "
                "that differ likelihoods of their own."
            )
    return Stack(observations)


def _difference(first: Observation, one: Observation) -> str:
    """In what two observations differ that must not, or nothing."""
    for name, pair in _shared(first, one).items():
        if not _equal(*pair):
            return name
    return ""


def _shared(first: Observation, one: Observation) -> dict[str, tuple[Any, Any]]:
    pairs = {
        "response": (first.response, one.response),
        "channels": (first.on.channel, one.on.channel),
        "groups": (first.label, one.label),
        "AREASCAL": (first.on.area_scale, one.on.area_scale),
        "having a background": (first.off is None, one.off is None),
        "having errors": (first.on.error is None, one.on.error is None),
    }
    if first.off is not None and one.off is not None:
        pairs["response of the background"] = (first.background_response, one.background_response)
        pairs["AREASCAL of the background"] = (first.off.area_scale, one.off.area_scale)
    return pairs


def _equal(first: Any, one: Any) -> bool:
    if first is one:
        return True
    if jax.tree.structure(first) != jax.tree.structure(one):
        return False
    pairs = zip(jax.tree.leaves(first), jax.tree.leaves(one), strict=True)
    return all(np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=_SAME, atol=0) for a, b in pairs)
