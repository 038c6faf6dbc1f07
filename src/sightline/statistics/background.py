"""Counts on a source beside those of its background, scaled and taken as exact, and what other treatments share."""

import warnings
from typing import Any, ClassVar

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float

from .._core.module import is_concrete
from .noise import AbstractNoise, Data, Terms, as_array
from .poisson import Poisson, check_counts


class ScaledBackgroundWarning(UserWarning):
    """Background counts are scaled and taken as exact."""


class ScaledBackground(AbstractNoise):
    """Counts on a source, the background scaled and taken as exact: n ~ Poisson(s + r B).

    Only to compare with other codes: the counting noise of B is left out, so that widths are too small and sources with
    sparse backgrounds come out too bright.

    **Arguments:** `counts`: B, how many of the background, and `ratio`: r, how many are expected on the source for
    each, in the shape of the data.

    **Source:** Cash 1979, ApJ 228, 939; Kaastra 2017, A&A 605, A51.

    !!! example
        >>> import warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     noise = sl.statistics.ScaledBackground(counts=[3.0, 5.0], ratio=[0.1, 0.1])
    """

    cites: ClassVar[tuple[str, ...]] = ("Cash1979", "Kaastra2017")
    counts: Data = eqx.field(converter=lambda values: as_array(values, "ScaledBackground.counts"))
    ratio: Data = eqx.field(converter=lambda values: as_array(values, "ScaledBackground.ratio"))
    by_pixel: ClassVar[bool] = True
    statistic: ClassVar[str] = "C"

    def __check_init__(self) -> None:
        if check_pair(self.counts, self.ratio, "ScaledBackground"):
            warnings.warn(
                "ScaledBackground takes background counts as exact, which underestimates errors and biases faint "
                "sources: use it to compare with other codes, else fit the background with a spectrum of its own.",
                ScaledBackgroundWarning,
                stacklevel=3,
            )

    def _whole(self, mean: Data) -> Data:
        return mean + self.ratio * self.counts

    @property
    def background(self) -> Data:
        return self.ratio * self.counts

    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        return Poisson().pointwise(self._whole(mean), data, model)

    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        return Poisson().deviance(self._whole(mean), data, model)

    def residuals(self, mean: Data, data: Data) -> None:
        return None

    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        return Poisson().information(self._whole(mean), model)

    def expected_deviance(self, mean: Data, model: Any) -> tuple[float, float]:
        return Poisson().expected_deviance(self._whole(mean), model)

    def draw(self, mean: Data, model: Any, key: Array) -> Data:
        return Poisson().draw(self._whole(mean), model, key)

    def restrict(self, index: Array) -> "ScaledBackground":
        return with_arrays(self, counts=self.counts[..., index], ratio=self.ratio[..., index])

    def check(self, data: Data) -> None:
        check_counts(data, "data")
        check_shape(self.counts, data, "ScaledBackground.counts")

    def describe(self) -> str:
        return "Poisson, background scaled and taken as exact"


def with_arrays(noise: Any, **arrays: Array) -> Any:
    """The same noise of other bins, which has warned before."""
    names = tuple(arrays)
    return eqx.tree_at(lambda one: [getattr(one, name) for name in names], noise, [arrays[name] for name in names])


def check_pair(first: Any, second: Any, who: str, names: Any = ("counts", "ratio"), whole: bool = True) -> bool:
    """Whether two arrays hold numbers, that fit."""
    if not (is_concrete(first) and is_concrete(second)) or isinstance(first, jax.ShapeDtypeStruct):
        return False
    if np.shape(first) != np.shape(second):
        raise ValueError(
            f"{who}: {names[0]} has shape {np.shape(first)}, {names[1]} {np.shape(second)}: give one a bin."
        )
    if whole:
        check_counts(first, f"{who}.{names[0]}")
    second = np.asarray(second)
    bad = ~(np.isfinite(second) & ((second > 0) if whole else (second >= 0)))
    if np.any(bad) or not np.all(np.isfinite(np.asarray(first))):
        raise ValueError(
            f"{who}: {names[0]} and {names[1]} must be finite, {names[1]} {'positive' if whole else '>= 0'}."
        )
    return True


def check_shape(values: Any, data: Any, name: str) -> None:
    """Refuses arrays of another shape than the data."""
    if np.shape(values) != np.shape(data):
        raise ValueError(f"{name} has shape {np.shape(values)}, the data {np.shape(data)}: give one a bin.")
