from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .background import check_pair, check_shape, with_arrays
from .counting import at_best, log_ratio, misfit, per_deviation, safe_ratio
from .noise import AbstractNoise, Data, Terms, as_array
from .poisson import Poisson, check_counts


class GaussianBackground(AbstractNoise):
    """Counts on a source over a background known to an error, which is profiled out: the PG statistic.

    log L = max_y [log Poisson(n | s + y) - (y - b)^2/(2 sigma^2)]; s + y is the positive root of
    m^2 - (s + b - sigma^2) m - n sigma^2 = 0.

    **Arguments:** `rate`: b, the counts of background expected on the source in each bin, already scaled;
    `sigma`: their standard deviations, numbers as of `rate`, 0 for exact ones.

    !!! example
        >>> noise = sl.statistics.GaussianBackground(jnp.asarray([2.0, 3.0]), jnp.asarray([0.5, 0.5]))

    **Source:** XSPEC's manual, appendix B, of Poisson data with a Gaussian background.
    """

    rate: Data = eqx.field(converter=lambda values: as_array(values, "GaussianBackground.rate"))
    sigma: Data = eqx.field(converter=lambda values: as_array(values, "GaussianBackground.sigma"))
    by_pixel: ClassVar[bool] = True
    statistic: ClassVar[str] = "PG"

    def __check_init__(self) -> None:
        check_pair(self.rate, self.sigma, "GaussianBackground", ("rate", "sigma"), whole=False)

    @property
    def background(self) -> Data:
        return self.rate

    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        return at_best(data) + profile_gaussian(mean, data, self.rate, self.sigma)

    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        return -2 * jnp.sum(profile_gaussian(mean, data, self.rate, self.sigma))

    def residuals(self, mean: Data, data: Data) -> None:
        return None

    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        return (per_deviation(mean, mean + self.rate + self.sigma * self.sigma),)

    def draw(self, mean: Data, model: Any, key: Array) -> Data:
        """The background is drawn about its rate, none below 0."""
        first, second = jax.random.split(key)
        background = self.rate + self.sigma * jax.random.normal(first, mean.shape, mean.dtype)
        return Poisson().draw(mean + jnp.maximum(background, 0), model, second)

    def replicate(self, mean: Data, data: Data, model: Any, key: Array) -> tuple["GaussianBackground", Data]:
        """The background is measured anew, too, about its profiled mean."""
        whole = _gaussian_mean(mean, data, self.rate, self.sigma)
        first, second = jax.random.split(key)
        rate = whole - mean + self.sigma * jax.random.normal(first, mean.shape, mean.dtype)
        return with_arrays(self, rate=rate), Poisson().draw(whole, model, second)

    def restrict(self, index: Array) -> "GaussianBackground":
        return with_arrays(self, rate=self.rate[..., index], sigma=self.sigma[..., index])

    def check(self, data: Data) -> None:
        check_counts(data, "data")
        check_shape(self.rate, data, "GaussianBackground.rate")

    def describe(self) -> str:
        return "Poisson, background known to a Gaussian error (PG)"


@jax.custom_jvp
def profile_gaussian(source: Data, counts: Data, rate: Data, sigma: Data) -> Data:
    """max_y [n log((s + y)/n) + n - s - y - (y - b)^2/(2 sigma^2)], s + y >= 0; d/ds is that of the Gaussian."""
    mean = _gaussian_mean(source, counts, rate, sigma)
    pull = _pull(source + rate, counts, mean, sigma)
    return -misfit(counts, mean) - 0.5 * pull * pull


@profile_gaussian.defjvp
def _profile_gaussian_jvp(primals: tuple[Data, ...], tangents: tuple[Data, ...]) -> tuple[Data, Data]:
    source, counts, rate, sigma = primals
    mean = _gaussian_mean(*primals)
    slope = _slope(source + rate, counts, mean, sigma)
    change = slope * (tangents[0] + tangents[2]) + log_ratio(mean, counts) * tangents[1]
    return profile_gaussian(*primals), change + sigma * slope * slope * tangents[3]


def _gaussian_mean(source: Data, counts: Data, rate: Data, sigma: Data) -> Data:
    middle, product = source + rate - sigma * sigma, counts * sigma * sigma
    square = middle * middle + 4 * product
    root = jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1)), 0)
    far = root - middle  # where the middle is negative the other sum cancels
    below = (middle < 0) & (far > 0)
    return jnp.where(below, 2 * product / jnp.where(below, far, 1), 0.5 * (middle + root))


def _slope(expected: Data, counts: Data, mean: Data, sigma: Data) -> Data:
    """(m - s - b)/sigma^2 = n/m - 1 by the equation of m, so that nothing cancels; where m = 0 the former is left."""
    none = (mean <= 0) & (sigma > 0)
    return jnp.where(none, -expected / jnp.where(none, sigma * sigma, 1), safe_ratio(counts, mean) - 1)


def _pull(expected: Data, counts: Data, mean: Data, sigma: Data) -> Data:
    return sigma * _slope(expected, counts, mean, sigma)
