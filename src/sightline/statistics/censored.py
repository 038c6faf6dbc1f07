"""Data some of which are limits: of them only is known that the measurement was below, or above."""

import math
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr
from jaxtyping import Array, Bool, Float

from .noise import AbstractNoise, Data, Terms, as_array, check_sigma, extent

_FAR = {4: -6.0, 8: -12.0}  # deviations below which the probability is an asymptotic series, by bytes of a number
_SERIES = tuple((-1) ** n * math.prod(range(1, 2 * n, 2)) for n in range(11))
"""(-1)^n (2n - 1)!!: Abramowitz & Stegun 1964, eq. 26.2.12."""


def _flags(values: Any, name: str) -> Any:
    found = values if isinstance(values, jax.Array) else np.asarray(values)
    if found.dtype != bool:
        raise TypeError(f"Censored.{name} must be true for limits and false for the others, not {found.dtype}.")
    return jnp.asarray(found)


class Censored(AbstractNoise):
    """Gaussian noise with limits among the data: log L is that of a Gaussian, of limits log P(y < d) or log P(y > d).

    P(y < d) = Phi((d - m)/sigma), where d is the limit, and m the mean. Draws are of what was measured; limits of
    replicas are those of the data. The Fisher information leaves limits out: errors that they shape are those of
    `sl.profile` and of samples.

    **Arguments:** `sigma`: standard deviations, of the measurements behind limits, too, in the shape and unit of the
    data; `upper`, `lower`: booleans in the shape of the data, which are limits from above and from below.

    **Raises:** `TypeError` for flags that are no booleans; `ValueError` for another shape, or both of one datum.

    !!! example
        >>> noise = sl.statistics.Censored([0.2, 0.3, 0.3], upper=[False, True, True])
        >>> faint = sl.Likelihood(lambda flux: flux * jnp.ones(3), [1.0, 0.9, 0.9], noise)
        >>> bool(faint.log_likelihood(jnp.asarray(0.8)) > faint.log_likelihood(jnp.asarray(1.2)))
        True

    **Source:** Isobe, Feigelson & Nelson 1986, ApJ 306, 490, section II.
    """

    by_pixel: ClassVar[bool] = True

    sigma: Data = eqx.field(converter=as_array)
    upper: Bool[Array, "*parts n"]
    lower: Bool[Array, "*parts n"]

    def __init__(self, sigma: Any, upper: Any = None, lower: Any = None):
        self.sigma = sigma
        none = jnp.zeros(np.shape(sigma), bool)
        self.upper = none if upper is None else _flags(upper, "upper")
        self.lower = none if lower is None else _flags(lower, "lower")

    def _above(self, mean: Data, data: Data) -> Data:
        """How many sigmas a datum is above the mean; of lower limits below."""
        return jnp.where(self.lower, mean - data, data - mean) / self.sigma

    def _square(self, mean: Data, data: Data) -> Data:
        """-2 log L, but for what does not depend on the mean."""
        above = self._above(mean, data)
        return jnp.where(self.upper | self.lower, -2 * log_probability(above), above * above)

    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        norm = jnp.where(self.upper | self.lower, 0, jnp.log(self.sigma) + 0.5 * math.log(2 * math.pi))
        return -0.5 * self._square(mean, data) - norm

    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        return jnp.sum(self._square(mean, data))

    def residuals(self, mean: Data, data: Data) -> None:
        return None

    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        """That of what was measured: limits have little, which depends on where they are."""
        return (jnp.where(self.upper | self.lower, 0, mean / self.sigma),)

    def draw(self, mean: Data, model: Any, key: Array) -> Data:
        return mean + self.sigma * jax.random.normal(key, mean.shape, mean.dtype)

    def replicate(self, mean: Data, data: Data, model: Any, key: Array) -> tuple[AbstractNoise, Data]:
        return self, jnp.where(self.upper | self.lower, data, self.draw(mean, model, key))

    def restrict(self, index: Array) -> "Censored":
        return Censored(self.sigma[..., index], self.upper[..., index], self.lower[..., index])

    def check(self, data: Data) -> None:
        check_sigma(self.sigma, data, "Censored")
        for name in ("upper", "lower"):
            if getattr(self, name).shape != data.shape:
                raise ValueError(f"Censored.{name} has shape {getattr(self, name).shape}, the data {data.shape}.")
        both = int(np.sum(np.asarray(self.upper) & np.asarray(self.lower)))
        if both:
            raise ValueError(f"Censored: {both} data are limits from above and from below: give each one of them.")

    def describe(self) -> str:
        counts = f"{int(np.sum(self.upper))} upper and {int(np.sum(self.lower))} lower limits"
        return f"Gaussian, sigma = {extent(self.sigma)}, {counts}"


def log_probability(x: Data) -> Data:
    """ln Phi(x), the probability of a standard normal number below x, however small it is."""
    end = _FAR[x.dtype.itemsize]
    far = x < end
    near = jnp.log(ndtr(jnp.where(far, end, x)))
    away = jnp.where(far, x, 2 * end)
    inverse = 1 / (away * away)
    series = jnp.polyval(jnp.asarray(_SERIES[::-1], x.dtype), inverse)
    return jnp.where(far, jnp.log(series) - 0.5 * (away * away + math.log(2 * math.pi)) - jnp.log(-away), near)
