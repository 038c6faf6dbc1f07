"""Gaussian noise of counts: the usual standard deviations, and the variance that a model predicts."""

import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.units import number, numbers
from .noise import AbstractNoise, Data, Terms
from .poisson import check_counts


class ModelVariance(AbstractNoise):
    """Gaussian noise of the variance that the model predicts: the deviance is Pearson's chi^2.

    log L = -sum[(d - m)^2/(2 m) + log(2 pi m)/2]; a mean below `floor` has its variance there.

    **Source:** Pearson 1900, Phil. Mag. 50, 157.

    !!! example
        >>> noise = sl.statistics.ModelVariance()
        >>> float(noise.deviance(jnp.array([4.0, 4.0]), jnp.array([6.0, 4.0]), None))
        1.0
    """

    floor: ClassVar[float] = 1e-3
    by_pixel: ClassVar[bool] = True
    statistic: ClassVar[str] = "chi^2"

    def _variance(self, mean: Data) -> Data:
        return jnp.maximum(mean, self.floor)

    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        variance = self._variance(mean)
        return -0.5 * (jnp.square(data - mean) / variance + jnp.log(2 * math.pi * variance))

    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        return jnp.sum(jnp.square(data - mean) / self._variance(mean))

    def residuals(self, mean: Data, data: Data) -> None:
        return None

    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        variance = self._variance(mean)
        return mean / jnp.sqrt(jax.lax.stop_gradient(variance)), math.sqrt(0.5) * jnp.log(variance)

    def expected_deviance(self, mean: Data, model: Any) -> tuple[float, float]:
        return float(mean.size), 2.0 * mean.size

    def draw(self, mean: Data, model: Any, key: Array) -> Data:
        return mean + jnp.sqrt(self._variance(mean)) * jax.random.normal(key, mean.shape, mean.dtype)

    def restrict(self, index: Array) -> "ModelVariance":
        return self

    def check(self, data: Data) -> None:
        """All data have a density."""

    def describe(self) -> str:
        return "Gaussian, variance of the model"


def gehrels(counts: Any) -> np.ndarray:
    """Upper standard deviations of few counts: sigma = 1 + sqrt(n + 3/4).

    **Arguments:** `counts`: how many, (n,).

    **Returns:** standard deviations of the numbers, (n,).

    **Source:** Gehrels 1986, ApJ 303, 336, equation 7.

    !!! example
        >>> sl.statistics.gehrels([0.0, 6.0]).round(3)
        array([1.866, 3.598])
    """
    return 1 + np.sqrt(_counted(counts) + 0.75)


def neyman(counts: Any) -> np.ndarray:
    """Standard deviations by the counts themselves: sigma = sqrt(n), 1 where there are none.

    Fits with these underestimate a source of few counts: prefer Poisson noise.

    **Arguments:** `counts`: how many, (n,).

    **Returns:** standard deviations of the numbers, (n,).

    !!! example
        >>> sl.statistics.neyman([4.0, 9.0, 0.0]).tolist()
        [2.0, 3.0, 1.0]
    """
    return np.sqrt(np.maximum(_counted(counts), 1.0))


def churazov(counts: Any, least: float = 20.0) -> np.ndarray:
    """Standard deviations by the mean of neighbours: the fewest on both sides that hold `least` counts together.

    **Arguments:** `counts`: how many, (n,).

    **Returns:** standard deviations of the numbers, (n,).

    !!! example
        >>> sl.statistics.churazov([4.0, 9.0, 16.0]).shape
        (3,)

    **Source:** Churazov et al. 1996, ApJ 471, 673, section 3.
    """
    counts, least = _counted(counts), number(least, None, "least")
    total = np.append(0.0, np.cumsum(counts))
    return np.sqrt([_mean_about(place, total, least) for place in range(counts.size)])


def _counted(counts: Any) -> np.ndarray:
    found = numbers(counts, None, "counts")
    check_counts(found, "counts")
    return found


def _mean_about(place: int, total: np.ndarray, least: float) -> float:
    """The mean counts of the fewest neighbours of a bin that hold enough together, of all where these do not."""
    size, reach = total.size - 1, 0
    while True:
        low, high = max(place - reach, 0), min(place + reach + 1, size)
        if total[high] - total[low] >= least or high - low == size:
            return max((total[high] - total[low]) / (high - low), 1.0 / size)
        reach += 1
