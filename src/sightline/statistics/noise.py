"""How data scatter about their mean: densities, whitened residuals, Fisher information."""

import abc
import math
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.given import check_kind
from .._core.module import default_float, is_concrete
from .._core.units import number, numbers

Data = Float[Array, "*parts n"]
Terms = Float[Array, "*groups n"]


class AbstractNoise(eqx.Module):
    """The distribution of data about a mean: subclass it for covariances or densities of your own.

    Data have the shape of what is observed, pixels or sources on the last axis. Where `by_pixel`, each term of the
    log-likelihood needs the data of one pixel only: posteriors then take few pixels at a time. `statistic` is what the
    deviance is called.

    !!! example
        >>> issubclass(sl.statistics.Gaussian, sl.statistics.AbstractNoise)
        True
    """

    by_pixel: ClassVar[bool] = False
    statistic: ClassVar[str] = "deviance"

    @abc.abstractmethod
    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        """The log-likelihood of each datum, or each group of data that is independent of the others."""

    @abc.abstractmethod
    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        """What chi^2 is for a Gaussian: -2 log L up to terms without the mean."""

    @abc.abstractmethod
    def residuals(self, mean: Data, data: Data) -> Data | None:
        """r with log L = const - r.r/2; `None` where there are none."""

    @abc.abstractmethod
    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        """Arrays whose derivatives, squared and summed, are the Fisher information at this mean: F = J^T J."""

    @abc.abstractmethod
    def draw(self, mean: Data, model: Any, key: Array) -> Data:
        """Data about a mean, at random."""

    @property
    def background(self) -> Data | None:
        """What the data hold on average besides the mean that a model predicts; `None`: nothing."""
        return None

    def expected_deviance(self, mean: Data, model: Any) -> tuple[float, float] | None:
        """Mean and variance of the deviance of data about this mean; `None` where only simulations tell."""
        del mean, model
        return None

    def replicate(self, mean: Data, data: Data, model: Any, key: Array) -> tuple["AbstractNoise", Data]:
        """Another realisation of everything that was measured: the data, and what the noise itself holds of counts."""
        del data
        return self, self.draw(mean, model, key)

    @abc.abstractmethod
    def restrict(self, index: Array) -> "AbstractNoise":
        """The noise of some of the data, by their places on the last axis."""

    @abc.abstractmethod
    def check(self, data: Data) -> None:
        """Refuses data that it does not fit."""

    @abc.abstractmethod
    def describe(self) -> str:
        """The noise in words."""


def nuisance(model: Any, name: str, who: str) -> Array:
    """A nuisance parameter of a `Model`.

    **Raises:** `ValueError` where there is none of that name.
    """
    known = getattr(model, "nuisance", {})
    if name not in known:
        raise ValueError(
            f"{who} {name!r} is not in the nuisance of the model, which has {', '.join(known) or 'none'}: give "
            f"sl.Model(simulator, nuisance={{{name!r}: ...}})."
        )
    return known[name]


def unit_of(observable: Any) -> str | None:
    """The unit of what is observed, in astropy's notation, if it is known."""
    return getattr(observable, "unit", None)


def as_array(values: Any, name: str = "sigma") -> Any:
    """Anything like an array of real numbers, in the default precision.

    **Raises:** `ValueError` for numbers with a unit: they have that of the data.
    """
    if isinstance(values, jax.ShapeDtypeStruct) or not is_concrete(values):
        return values
    found = numbers(values, None, name)
    return values if isinstance(values, jax.Array) else jnp.asarray(found, default_float())


def check_positive(sigma: Any, what: str) -> None:
    """Refuses standard deviations that are not positive, or whose squares are no normal numbers of the precision."""
    if not is_concrete(sigma):
        return
    values = numbers(sigma, None, what)
    bad = ~(np.isfinite(values) & (values > 0))
    if np.any(bad):
        raise ValueError(
            f"{what} must be finite and positive; {int(bad.sum())} of {bad.size} are not, the first is "
            f"{values[bad].ravel()[0]}."
        )
    limits = jnp.finfo(default_float())
    far = (values < float(limits.tiny) ** 0.5) | (values > float(limits.max) ** 0.5)
    if np.any(far):
        raise ValueError(
            f"{what} = {values[far].ravel()[0]:g}: its square is no number in {limits.dtype}, for {int(far.sum())} of "
            f"{far.size}: it must lie between {float(limits.tiny) ** 0.5:.2g} and {float(limits.max) ** 0.5:.2g}. "
            "Check the unit of the data."
        )


def check_sigma(sigma: Any, data: Data, who: str) -> None:
    """Refuses standard deviations that are not one a datum, or not positive.

    **Raises:** `ValueError`.
    """
    if sigma.shape != data.shape:
        raise ValueError(f"{who}.sigma has shape {sigma.shape}, the data {data.shape}: give one a datum.")
    check_positive(sigma, f"{who}.sigma")


def _deviation(sigma: Data, scatter: str | None, model: Any) -> Data:
    """sqrt(sigma^2 + s^2), in units of the larger: squares of small units leave single precision."""
    if scatter is None:
        return sigma
    found = nuisance(model, scatter, "scatter =").astype(sigma.dtype)
    largest = jax.lax.stop_gradient(jnp.maximum(sigma, jnp.abs(found)))
    return largest * jnp.sqrt(jnp.square(sigma / largest) + jnp.square(found / largest))


def _named(scatter: Any) -> str | None:
    """The name of an intrinsic scatter; a number there may have been meant for something else."""
    cure = "the name of a nuisance of the model; a known scatter belongs to sigma, degrees of freedom to freedom="
    check_kind("scatter", scatter, str | None, cure)
    return scatter


def extent(sigma: Array) -> str:
    """The smallest and largest of an array, in words."""
    low, high = float(jnp.min(sigma)), float(jnp.max(sigma))
    return f"{low:.4g}" if low == high else f"{low:.4g} ... {high:.4g}"


class Gaussian(AbstractNoise):
    """Independent Gaussian noise: log L = -sum[(d - m)^2/(2 v) + log(2 pi v)/2], v = sigma^2 + s^2.

    **Arguments:** `sigma`: standard deviations, in the shape and unit of the data; `scatter`: the nuisance parameter of
    the model that holds the intrinsic scatter s.

    !!! example
        >>> noise = sl.statistics.Gaussian(jnp.asarray([0.2, 0.3]))
    """

    sigma: Data = eqx.field(converter=as_array)
    scatter: str | None = eqx.field(default=None, static=True, converter=_named)
    by_pixel: ClassVar[bool] = True
    statistic: ClassVar[str] = "chi^2"

    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        sigma = _deviation(self.sigma, self.scatter, model)
        return -0.5 * (jnp.square((data - mean) / sigma) + math.log(2 * math.pi)) - jnp.log(sigma)

    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        return jnp.sum(jnp.square((data - mean) / _deviation(self.sigma, self.scatter, model)))

    def residuals(self, mean: Data, data: Data) -> Data | None:
        return (mean - data) / self.sigma if self.scatter is None else None

    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        sigma = _deviation(self.sigma, self.scatter, model)
        located = mean / jax.lax.stop_gradient(sigma)
        return (located, math.sqrt(2.0) * jnp.log(sigma)) if self.scatter is not None else (located,)

    def expected_deviance(self, mean: Data, model: Any) -> tuple[float, float]:
        return float(mean.size), 2.0 * mean.size

    def draw(self, mean: Data, model: Any, key: Array) -> Data:
        sigma = _deviation(self.sigma, self.scatter, model)
        return mean + sigma * jax.random.normal(key, mean.shape, mean.dtype)

    def restrict(self, index: Array) -> "Gaussian":
        return Gaussian(self.sigma[..., index], self.scatter)

    def check(self, data: Data) -> None:
        check_sigma(self.sigma, data, "Gaussian")

    def describe(self) -> str:
        extra = f", intrinsic scatter: nuisance {self.scatter!r}" if self.scatter is not None else ""
        return f"Gaussian, sigma = {extent(self.sigma)}{extra}"


def _freedom(value: Any) -> float:
    found = number(value, "", "freedom")
    if not (math.isfinite(found) and found > 0):
        raise ValueError(f"StudentT.freedom = {value} must be positive and finite.")
    return found


class StudentT(AbstractNoise):
    """Student's t distribution about the mean, for data with outliers; scale^2 = sigma^2 + s^2.

    **Arguments:** `sigma`, `scatter`: as `Gaussian`; `freedom`: degrees of freedom, > 0; 4 is common.

    !!! example
        >>> noise = sl.statistics.StudentT(jnp.asarray([0.2, 0.3]), freedom=4.0)
    """

    sigma: Data = eqx.field(converter=as_array)
    scatter: str | None = eqx.field(default=None, static=True, converter=_named)
    by_pixel: ClassVar[bool] = True
    freedom: float = eqx.field(default=4.0, static=True, converter=_freedom)

    def _square(self, mean: Data, data: Data, model: Any) -> Data:
        return jnp.log1p(jnp.square((data - mean) / _deviation(self.sigma, self.scatter, model)) / self.freedom)

    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        nu = self.freedom
        norm = math.lgamma(0.5 * (nu + 1)) - math.lgamma(0.5 * nu) - 0.5 * math.log(nu * math.pi)
        spread = jnp.log(_deviation(self.sigma, self.scatter, model))
        return norm - spread - 0.5 * (nu + 1) * self._square(mean, data, model)

    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        return (self.freedom + 1) * jnp.sum(self._square(mean, data, model))

    def residuals(self, mean: Data, data: Data) -> None:
        return None

    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        nu, sigma = self.freedom, _deviation(self.sigma, self.scatter, model)
        located = math.sqrt((nu + 1) / (nu + 3)) * mean / jax.lax.stop_gradient(sigma)
        spread = math.sqrt(2 * nu / (nu + 3)) * jnp.log(sigma)
        return (located,) if self.scatter is None else (located, spread)

    def draw(self, mean: Data, model: Any, key: Array) -> Data:
        sigma = _deviation(self.sigma, self.scatter, model)
        return mean + sigma * jax.random.t(key, self.freedom, mean.shape, mean.dtype)

    def restrict(self, index: Array) -> "StudentT":
        return StudentT(self.sigma[..., index], self.scatter, self.freedom)

    def check(self, data: Data) -> None:
        check_sigma(self.sigma, data, "StudentT")

    def describe(self) -> str:
        extra = f", intrinsic scatter: nuisance {self.scatter!r}" if self.scatter is not None else ""
        return f"Student t, {self.freedom:g} degrees of freedom, scale = {extent(self.sigma)}{extra}"
