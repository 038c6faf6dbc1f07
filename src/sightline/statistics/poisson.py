from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .counting import at_best, misfit
from .expected import expected_cash
from .noise import AbstractNoise, Data, Terms

_MANY = 1e9  # counts, near the end of whole numbers of 32 bits: a Gaussian is as good


class Poisson(AbstractNoise):
    """Counts: log L = sum[n log m - m - log n!]; the deviance is Cash's statistic, 2 sum[m - n + n log(n/m)].

    !!! example
        >>> noise = sl.statistics.Poisson()

    **Source:** Cash 1979, ApJ 228, 939.
    """

    cites: ClassVar[tuple[str, ...]] = ("Cash1979", "Kaastra2017")
    by_pixel: ClassVar[bool] = True
    statistic: ClassVar[str] = "C"

    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        return jnp.where(mean < 0, -jnp.inf, at_best(data) - misfit(data, mean))  # NaN of a broken model stays NaN

    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        return 2 * jnp.sum(misfit(data, jnp.where(mean < 0, 0, mean)))

    def residuals(self, mean: Data, data: Data) -> None:
        return None

    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        known = mean > 0
        return (jnp.where(known, 2 * jnp.sqrt(jnp.where(known, mean, 1)), 0),)

    def expected_deviance(self, mean: Data, model: Any) -> tuple[float, float]:
        first, variance = expected_cash(mean)
        return float(np.sum(first)), float(np.sum(variance))

    def draw(self, mean: Data, model: Any, key: Array) -> Data:
        return drawn_counts(key, mean)

    def restrict(self, index: Array) -> "Poisson":
        return self

    def check(self, data: Data) -> None:
        check_counts(data, "data")

    def describe(self) -> str:
        return "Poisson"


def drawn_counts(key: Array, mean: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Counts of any mean at random, in its precision; NaN where it is none."""
    few = (mean >= 0) & (mean < _MANY)
    counts = jax.random.poisson(key, jnp.where(few, mean, 0), mean.shape).astype(mean.dtype)
    many = jnp.round(mean + jnp.sqrt(mean) * jax.random.normal(key, mean.shape, mean.dtype))
    return jnp.where(few, counts, jnp.where(jnp.isfinite(mean), jax.lax.stop_gradient(many), jnp.nan))


def check_counts(counts: Any, name: str) -> None:
    """Refuses what was not counted.

    **Raises:** `ValueError` for numbers that are negative or not whole.
    """
    values = np.asarray(counts)
    if np.any(values < 0) or np.any(values != np.round(values)):
        raise ValueError(
            f"Poisson noise needs counts: {name} must be whole numbers that are not negative. Net counts and rates "
            "are none: give what was counted, and the background beside it."
        )
