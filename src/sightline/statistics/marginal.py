from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln
from jaxtyping import Array, Float

from .._core.units import number
from .background import check_pair, check_shape, with_arrays
from .counting import per_deviation
from .noise import AbstractNoise, Data, Terms, as_array
from .poisson import Poisson, check_counts


class MarginalBackground(AbstractNoise):
    """Counts on a source and of its background, whose mean in each bin is integrated out.

    p(n | s, B) = sum_k Poisson(n - k | s) NB(k), NB(k) = Gamma(k + B + a)/(k! Gamma(B + a)) r^k/(1 + r)^(k + B + a):
    the exact sum over how many of the counts are background, for a prior b^(a - 1) of its mean.

    **Arguments:** `counts`: B, how many, and `ratio`: r, how many are expected on the source for each, in the shape of
    the data; `shape`: a number a, 1 for a flat prior, 1/2 for Jeffreys'.

    **Raises:** `ValueError` for a shape that is not positive, counts that are no whole numbers, and ratios of another
    shape.

    **Source:** Loredo 1992, in Statistical Challenges in Modern Astronomy, section 5.

    !!! example
        >>> noise = sl.statistics.MarginalBackground(counts=[0.0], ratio=[1.0])
        >>> likelihood = sl.Likelihood(lambda model: model, [0.0], noise)
        >>> round(float(likelihood.log_likelihood(jnp.array([0.0]))), 6)  # log 1/2
        -0.693147
    """

    cites: ClassVar[tuple[str, ...]] = ("Loredo1992",)
    counts: Data = eqx.field(converter=lambda values: as_array(values, "MarginalBackground.counts"))
    ratio: Data = eqx.field(converter=lambda values: as_array(values, "MarginalBackground.ratio"))
    shape: float = eqx.field(default=1.0, static=True, converter=lambda value: number(value, "", "shape"))
    by_pixel: ClassVar[bool] = True

    def __check_init__(self) -> None:
        if not self.shape > 0:
            raise ValueError(f"MarginalBackground.shape = {self.shape} must be positive: 1 for a flat prior.")
        check_pair(self.counts, self.ratio, "MarginalBackground")

    @property
    def background(self) -> Data:
        return self.ratio * (self.counts + self.shape)

    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        return log_marginal(mean, data, self.counts + self.shape, self.ratio)

    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        """-2 log L, above that of a source which makes each datum about as probable as it can be."""
        best = jnp.maximum(data - self.ratio * (self.counts + self.shape - 1), 0)
        return 2 * jnp.sum(self.pointwise(best, data, model) - self.pointwise(mean, data, model))

    def residuals(self, mean: Data, data: Data) -> None:
        return None

    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        return (per_deviation(mean, mean + self.ratio * (1 + self.ratio) * (self.counts + self.shape)),)

    def draw(self, mean: Data, model: Any, key: Array) -> Data:
        """The mean of the background is drawn given its counts."""
        first, second = jax.random.split(key)
        background = jax.random.gamma(first, self.counts + self.shape, mean.shape, mean.dtype)
        return Poisson().draw(mean + self.ratio * background, model, second)

    def restrict(self, index: Array) -> "MarginalBackground":
        return with_arrays(self, counts=self.counts[..., index], ratio=self.ratio[..., index])

    def check(self, data: Data) -> None:
        check_counts(data, "data")
        check_shape(self.counts, data, "MarginalBackground.counts")

    def describe(self) -> str:
        return f"Poisson, background integrated out in each bin, prior b^{self.shape - 1:g}"


@jax.custom_jvp
def log_marginal(source: Data, counts: Data, order: Data, ratio: Data) -> Data:
    """log sum_k Poisson(n - k | s) NB(k | order, ratio), -inf for n < 0 or s < 0; d/ds is p(n - 1)/p(n) - 1."""
    some = source > 0
    log_source = jnp.where(some, jnp.log(jnp.where(some, source, 1)), 0)

    def poisson(left: Data) -> Data:
        term = jnp.where(left > 0, left * log_source, 0) - source - gammaln(jnp.maximum(left, 0) + 1)
        return jnp.where((left < 0) | ((left > 0) & ~some) | (source < 0), -jnp.inf, term)

    def add(k: Array, state: tuple[Data, Data]) -> tuple[Data, Data]:
        total, background = state
        total = jnp.logaddexp(total, background + poisson(counts - k))
        return total, background + jnp.log((k + order) / (k + 1)) + jnp.log(ratio) - jnp.log1p(ratio)

    start = (jnp.full_like(source, -jnp.inf), jnp.broadcast_to(-order * jnp.log1p(ratio), source.shape))
    return jax.lax.fori_loop(0, jnp.max(counts).astype(int) + 1, add, start)[0]


@log_marginal.defjvp
def _log_marginal_jvp(primals: tuple[Data, ...], tangents: tuple[Data, ...]) -> tuple[Data, Data]:
    source, counts, order, ratio = primals
    value = log_marginal(*primals)
    below = log_marginal(source, counts - 1, order, ratio)
    known = jnp.isfinite(below) & jnp.isfinite(value)
    slope = jnp.where(known, jnp.exp(jnp.where(known, below - value, 0)), 0) - 1
    return value, slope * tangents[0]
