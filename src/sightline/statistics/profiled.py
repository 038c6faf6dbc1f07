import warnings
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .background import check_pair, check_shape, with_arrays
from .counting import at_best, log_ratio, misfit, per_deviation, safe_ratio
from .noise import AbstractNoise, Data, Terms, as_array
from .poisson import Poisson, check_counts

FEW = 5  # counts of the background in a bin below which its treatment bin by bin is biased


class SparseBackgroundWarning(UserWarning):
    """Bins of the background hold few counts."""


class ProfiledBackground(AbstractNoise):
    """Counts on a source and of its background, whose mean in each bin is profiled out: the W statistic.

    log L = max_b [log Poisson(n | s + r b) + log Poisson(B | b)]; the deviance is W. The profile is the positive root
    of r (1 + r) b^2 + h b - B s = 0, h = (1 + r) s - r (n + B), written so that nothing cancels. Where background bins
    hold few counts the source is biased: fit the background with a spectrum of its own instead.

    **Arguments:** `counts`: B, how many, in the shape of the data; `ratio`: r, how many are expected on the source for
    each, likewise in its shape.

    **Source:** Wachter, Leach & Kellogg 1979, ApJ 230, 274; the statistic is that of XSPEC's manual, appendix B.

    !!! example
        >>> noise = sl.statistics.ProfiledBackground(counts=[20.0], ratio=[0.5])
        >>> round(float(sl.Likelihood(lambda model: model, [15.0], noise).deviance(jnp.array([5.0]))), 6)
        0.0
    """

    cites: ClassVar[tuple[str, ...]] = ("Wachter1979",)
    counts: Data = eqx.field(converter=lambda values: as_array(values, "ProfiledBackground.counts"))
    ratio: Data = eqx.field(converter=lambda values: as_array(values, "ProfiledBackground.ratio"))
    by_pixel: ClassVar[bool] = True
    statistic: ClassVar[str] = "W"

    def __check_init__(self) -> None:
        if check_pair(self.counts, self.ratio, "ProfiledBackground"):
            few = int(np.sum(np.asarray(self.counts) < FEW))
            if few:
                warnings.warn(
                    f"ProfiledBackground: {few} of {np.size(self.counts)} background bins hold fewer than {FEW} "
                    "counts, which biases the source: fit the background with a spectrum of its own, or group it more.",
                    SparseBackgroundWarning,
                    stacklevel=3,
                )

    @property
    def background(self) -> Data:
        return self.ratio * self.counts

    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        return at_best(data) + at_best(self.counts) + profile(mean, data, self.counts, self.ratio)

    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        return -2 * jnp.sum(profile(mean, data, self.counts, self.ratio))

    def residuals(self, mean: Data, data: Data) -> None:
        return None

    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        variance = mean + self.ratio * (1 + self.ratio) * self.counts
        return (per_deviation(mean, variance),)

    def draw(self, mean: Data, model: Any, key: Array) -> Data:
        """The mean of the background is drawn given its counts, which are not exact."""
        first, second = jax.random.split(key)
        some = self.counts > 0
        drawn = jax.random.gamma(first, jnp.where(some, self.counts, 1), mean.shape, mean.dtype)
        return Poisson().draw(mean + self.ratio * jnp.where(some, drawn, 0), model, second)

    def replicate(self, mean: Data, data: Data, model: Any, key: Array) -> tuple["ProfiledBackground", Data]:
        """The background is counted anew, too, about its profiled mean."""
        background = profiled_background(mean, data, self.counts, self.ratio)
        first, second = jax.random.split(key)
        counted = Poisson().draw(background, model, first)
        return with_arrays(self, counts=counted), Poisson().draw(mean + self.ratio * background, model, second)

    def restrict(self, index: Array) -> "ProfiledBackground":
        return with_arrays(self, counts=self.counts[..., index], ratio=self.ratio[..., index])

    def check(self, data: Data) -> None:
        check_counts(data, "data")
        check_shape(self.counts, data, "ProfiledBackground.counts")

    def describe(self) -> str:
        return "Poisson, background profiled in each bin (W)"


def profiled_background(source: Data, counts: Data, background: Data, ratio: Data) -> Data:
    """The mean of the background in each bin that makes the data most probable."""
    h = (1 + ratio) * source - ratio * (counts + background)
    square = h * h + 4 * ratio * (1 + ratio) * background * source
    some = square > 0
    q = jnp.where(some, jnp.sqrt(jnp.where(some, square, 1)), 0)
    falls = h + q > 0  # the sum does not cancel
    below = jnp.where((h >= 0) & falls, h + q, 1)
    return jnp.where((h >= 0) & falls, 2 * background * source / below, (q - h) / (2 * ratio * (1 + ratio)))


@jax.custom_jvp
def profile(source: Data, counts: Data, background: Data, ratio: Data) -> Data:
    """max_b [n log((s + r b)/n) + n - s - r b + B log(b/B) + B - b]; its slope is n/(s + r b) - 1."""
    b = profiled_background(source, counts, background, ratio)
    return -misfit(counts, source + ratio * b) - misfit(background, b)


@profile.defjvp
def _profile_jvp(primals: tuple[Data, ...], tangents: tuple[Data, ...]) -> tuple[Data, Data]:
    source, counts, background, ratio = primals
    b = profiled_background(source, counts, background, ratio)
    mean = source + ratio * b
    slope = safe_ratio(counts, mean) - 1
    changes = (tangents[0] + b * tangents[3]) * slope + log_ratio(mean, counts) * tangents[1]
    return profile(*primals), changes + log_ratio(b, background) * tangents[2]
