"""Components of logarithmic spectra, learnt from counts by the probability of Poisson."""

from collections.abc import Iterable, Sequence
from typing import Any

import equinox as eqx
import numpy as np

from ..._core.module import Module, setting
from ..._core.units import refuse_units, whole
from .low_rank import factorised


class PrincipalTable(Module):
    """A mean and principal components of the logarithms of spectra in channels: data, never learnt any further.

    - `first`: the number of the first channel; `components`: how many; `numbers`: the bytes of `values`.

    `PrincipalTable.of(mean, components)` takes arrays, `PrincipalComponents.of` learns them from spectra.

    !!! example
        >>> table = sl.spectra.PrincipalTable.of(np.log([0.2, 0.3, 0.5]), [[0.1, 0.0, -0.1]], first=0)
        >>> table.components, table.rows(np.array([1, 2])).round(3).tolist()
        (1, [[-1.204, -0.693], [0.0, -0.1]])
    """

    numbers: bytes = eqx.field(static=True, repr=False)
    first: int = setting()
    components: int = setting(bounds=(0, None))

    @classmethod
    def of(cls, mean: Any, components: Any, first: int = 1) -> "PrincipalTable":
        """A table of these arrays.

        **Arguments:** `mean`: (m,), of the logarithm of the counts s-1 in a channel; `components`: (k, m), added to it;
        `first`: the number of the first channel.

        **Raises:** `ValueError` for arrays of other shapes, or that are not finite.
        """
        refuse_units(mean=mean, components=components)
        mean, parts = np.asarray(mean, float), np.asarray(components, float)
        if mean.ndim != 1 or not len(mean) or parts.ndim != 2 or parts.shape[1:] != mean.shape:
            raise ValueError(f"mean and components have shapes {mean.shape} and {parts.shape}: give (m,) and (k, m).")
        values = np.vstack([mean, parts])
        if not np.all(np.isfinite(values)):
            raise ValueError("mean and components must be finite: leave channels without counts out, or group them.")
        return cls(numbers=values.tobytes(), first=whole(first, "first"), components=len(parts))

    @classmethod
    def learnt(cls, spectra: Sequence[Any], components: int) -> "PrincipalTable":
        """The table of observed spectra, whose counts s-1 sum to 1 where all coefficients are 0.

        Channels that are bad in all of them stay out of the sum; they have the least of the others.

        **Raises:** as `PrincipalComponents.of`.
        """
        counts, weight, first = _counts(listed(spectra), components)
        known = np.any(weight > 0, axis=0)
        found, loadings = factorised(counts[:, known], weight[:, known], components)
        found = found - np.log(np.sum(np.exp(found)))
        mean, parts = np.full(known.shape, found.min()), np.zeros((len(loadings), *known.shape))
        mean[known], parts[:, known] = found, loadings
        return cls.of(mean, parts, first)

    @property
    def values(self) -> np.ndarray:
        """(1 + k, m), the mean and the components."""
        return np.frombuffer(self.numbers).reshape(1 + self.components, -1)

    def rows(self, label: np.ndarray) -> np.ndarray:
        """The mean and the components in channels, by their numbers, (1 + k, n).

        **Raises:** `ValueError` for channels that it does not have.
        """
        values, places = self.values, np.asarray(label) - self.first
        last = self.first + values.shape[1] - 1
        if np.any(places < 0) or np.any(places >= values.shape[1]):
            raise ValueError(
                f"PrincipalComponents are those of channels {self.first} to {last}, asked for are {np.min(label)} to "
                f"{np.max(label)}: select fewer, or learn them from spectra of the same detector with as many."
            )
        return values[:, places]


def listed(spectra: Any) -> list[Any]:
    """Spectra of counts as a list.

    **Raises:** `TypeError` for anything else.
    """
    found = list(spectra) if isinstance(spectra, Iterable) else []
    wrong = [one for one in found if not (hasattr(one, "counts") and hasattr(one, "channel"))]
    if wrong or not isinstance(spectra, Iterable):
        what = type(wrong[0] if wrong else spectra).__name__
        raise TypeError(f"spectra must be a list of sl.counts.Spectrum, not {'of ' if wrong else ''}{what}.")
    return found


def _counts(spectra: list[Any], components: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Counts of all spectra, (s, m), what rates are multiplied by, (s, m), and the first channel."""
    size = whole(components, "components")
    if size < 0 or len(spectra) <= size:
        raise ValueError(
            f"components = {size} of {len(spectra)} spectra: give more spectra than components, and no fewer than 0."
        )
    label = spectra[0].channel
    if any(not np.array_equal(one.channel, label) for one in spectra) or np.any(np.diff(label) != 1):
        raise ValueError("spectra must have the same channels, one after the other: those of one detector.")
    good = np.stack([np.where(one.bad, 0.0, one.area_scale * one.exposure) for one in spectra])
    counts = np.stack([np.asarray(one.counts, float) for one in spectra]) * (good > 0)
    if not all(one.poisson for one in spectra) or np.any(counts < 0) or np.any(counts != np.round(counts)):
        raise ValueError("spectra must be counts: net counts and rates are no Poisson data.")
    if np.any(counts.sum(axis=1) == 0):
        raise ValueError("spectra must have counts in channels that are not bad: leave those without out.")
    used = int(np.sum(np.any(good > 0, axis=0)))
    if size >= used:
        raise ValueError(
            f"components = {size} of {used} channels that are not bad: what is left of them beside a level is "
            f"{used - 1} at most."
        )
    return counts, good, int(label[0])
