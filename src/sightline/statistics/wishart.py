from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .noise import AbstractNoise, Data, Terms, as_array, check_positive


class Wishart(AbstractNoise):
    """Variances measured from k Gaussian numbers each, such as power spectra of a Gaussian sky, about their mean C.

    log L = -sum k/2 [x/C - 1 - ln(x/C)],

    that is -sum k/2 [x/C + ln C], but for terms of the data alone. Data may be negative, as those freed from noise.

    **Arguments:** `freedom`: k, positive numbers, in the shape of the data; that of C_l on a part f_sky of the sky is
    f_sky (2l + 1).

    !!! example
        >>> noise = sl.statistics.Wishart(freedom=[5.0, 7.0])
        >>> powers = sl.Likelihood(lambda level: level * jnp.ones(2), [1.1, 0.9], noise)
        >>> float(powers.log_likelihood(jnp.asarray(1.0))).__round__(6)
        -0.030486

    **Source:** Hamimeche & Lewis 2008, Phys. Rev. D 77, 103013, section 2.
    """

    cites: ClassVar[tuple[str, ...]] = ("Hamimeche2008",)
    by_pixel: ClassVar[bool] = True

    freedom: Data = eqx.field(converter=lambda values: as_array(values, "freedom"))

    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        ratio, known = _ratio(mean, data), data > 0
        logarithm = jnp.where(known, jnp.log(jnp.where(known, ratio, 1)), -jnp.log(_positive(mean)))
        terms = -0.5 * self.freedom * (ratio - jnp.where(known, 1, 0) - logarithm)
        return jnp.where(mean > 0, terms, jnp.where(jnp.isnan(mean), jnp.nan, -jnp.inf))

    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        return -2 * jnp.sum(self.pointwise(mean, data, model))

    def residuals(self, mean: Data, data: Data) -> None:
        return None

    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        return (jnp.sqrt(0.5 * self.freedom) * jnp.log(_positive(mean)),)

    def expected_deviance(self, mean: Data, model: Any) -> tuple[float, float]:
        from scipy.special import digamma, polygamma

        half = 0.5 * np.asarray(self.freedom, np.float64)
        first = 2 * half * (np.log(half) - digamma(half))
        variance = 4 * half**2 * (polygamma(1, half) - 1 / half)
        return float(np.sum(first)), float(np.sum(variance))

    def draw(self, mean: Data, model: Any, key: Array) -> Data:
        half = 0.5 * jnp.broadcast_to(self.freedom, mean.shape)
        return mean * (jax.random.gamma(key, half, dtype=mean.dtype) / half).astype(mean.dtype)

    def restrict(self, index: Array) -> "Wishart":
        return Wishart(self.freedom[..., index])

    def check(self, data: Data) -> None:
        if self.freedom.shape != data.shape:
            raise ValueError(f"Wishart.freedom has shape {self.freedom.shape}, the data {data.shape}: one a datum.")
        check_positive(self.freedom, "Wishart.freedom")

    def describe(self) -> str:
        return f"Wishart, {float(jnp.min(self.freedom)):.4g} ... {float(jnp.max(self.freedom)):.4g} degrees of freedom"


def _positive(mean: Data) -> Data:
    return jnp.where(mean > 0, mean, 1)


def _ratio(mean: Data, data: Data) -> Data:
    return data / _positive(mean)
