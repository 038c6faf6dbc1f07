"""How data scatter about their mean: densities, whitened residuals, Fisher information."""

import abc
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln, xlogy
from jaxtyping import Array, Float

from .._core.module import default_float, is_concrete

Data = Float[Array, "*parts n"]
Terms = Float[Array, "*groups n"]


class AbstractNoise(eqx.Module):
    """The distribution of data about a mean: subclass it for covariances or densities of your own.

    Data have the shape of what is observed, pixels or sources on the last axis.
    """

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


def _as_array(values: Any) -> Any:
    return values if isinstance(values, (jax.Array, jax.ShapeDtypeStruct)) else jnp.asarray(values, default_float())


def check_positive(sigma: Any, what: str) -> None:
    """Refuses standard deviations that are not finite and positive."""
    if not is_concrete(sigma):
        return
    bad = ~(np.isfinite(sigma) & (np.asarray(sigma) > 0))
    if np.any(bad):
        raise ValueError(
            f"{what} must be finite and positive; {int(bad.sum())} of {bad.size} are not, the first is "
            f"{np.asarray(sigma)[bad].ravel()[0]}."
        )


def _check_sigma(sigma: Any, data: Data, who: str) -> None:
    if sigma.shape != data.shape:
        raise ValueError(f"{who}.sigma has shape {sigma.shape}, the data {data.shape}: give one a datum.")
    check_positive(sigma, f"{who}.sigma")


def _variance(sigma: Data, scatter: str | None, model: Any) -> Data:
    if scatter is None:
        return sigma * sigma
    return sigma * sigma + jnp.square(nuisance(model, scatter, "scatter =")).astype(sigma.dtype)


def _extent(sigma: Array) -> str:
    low, high = float(jnp.min(sigma)), float(jnp.max(sigma))
    return f"{low:.4g}" if low == high else f"{low:.4g} ... {high:.4g}"


class Gaussian(AbstractNoise):
    """Independent Gaussian noise: log L = -sum[(d - m)^2/(2 v) + log(2 pi v)/2], v = sigma^2 + s^2.

    **Arguments:** `sigma`: standard deviations, in the shape of the data; `scatter`: the nuisance parameter of the
    model that holds the intrinsic scatter s.
    """

    sigma: Data = eqx.field(converter=_as_array)
    scatter: str | None = eqx.field(default=None, static=True)

    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        variance = _variance(self.sigma, self.scatter, model)
        return -0.5 * (jnp.square(data - mean) / variance + jnp.log(2 * math.pi * variance))

    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        return jnp.sum(jnp.square(data - mean) / _variance(self.sigma, self.scatter, model))

    def residuals(self, mean: Data, data: Data) -> Data | None:
        return None if self.scatter else (mean - data) / self.sigma

    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        variance = _variance(self.sigma, self.scatter, model)
        located = mean / jnp.sqrt(jax.lax.stop_gradient(variance))
        return (located, math.sqrt(0.5) * jnp.log(variance)) if self.scatter else (located,)

    def restrict(self, index: Array) -> "Gaussian":
        return Gaussian(self.sigma[..., index], self.scatter)

    def check(self, data: Data) -> None:
        _check_sigma(self.sigma, data, "Gaussian")

    def describe(self) -> str:
        extra = f", intrinsic scatter: nuisance {self.scatter!r}" if self.scatter else ""
        return f"Gaussian, sigma = {_extent(self.sigma)}{extra}"


class StudentT(AbstractNoise):
    """Student's t distribution about the mean, for data with outliers; scale^2 = sigma^2 + s^2.

    **Arguments:** `sigma`, `scatter`: as `Gaussian`; `freedom`: degrees of freedom, > 0; 4 is common.
    """

    sigma: Data = eqx.field(converter=_as_array)
    scatter: str | None = eqx.field(default=None, static=True)
    freedom: float = eqx.field(default=4.0, static=True)

    def _square(self, mean: Data, data: Data, model: Any) -> Data:
        return jnp.log1p(jnp.square(data - mean) / (self.freedom * _variance(self.sigma, self.scatter, model)))

    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        nu = self.freedom
        norm = math.lgamma(0.5 * (nu + 1)) - math.lgamma(0.5 * nu) - 0.5 * math.log(nu * math.pi)
        spread = 0.5 * jnp.log(_variance(self.sigma, self.scatter, model))
        return norm - spread - 0.5 * (nu + 1) * self._square(mean, data, model)

    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        return (self.freedom + 1) * jnp.sum(self._square(mean, data, model))

    def residuals(self, mean: Data, data: Data) -> None:
        return None

    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        nu, variance = self.freedom, _variance(self.sigma, self.scatter, model)
        located = math.sqrt((nu + 1) / (nu + 3)) * mean / jnp.sqrt(jax.lax.stop_gradient(variance))
        spread = math.sqrt(0.5 * nu / (nu + 3)) * jnp.log(variance)
        return (located, spread) if self.scatter else (located,)

    def restrict(self, index: Array) -> "StudentT":
        return StudentT(self.sigma[..., index], self.scatter, self.freedom)

    def check(self, data: Data) -> None:
        _check_sigma(self.sigma, data, "StudentT")
        if not (math.isfinite(self.freedom) and self.freedom > 0):
            raise ValueError(f"StudentT.freedom = {self.freedom} must be positive.")

    def describe(self) -> str:
        extra = f", intrinsic scatter: nuisance {self.scatter!r}" if self.scatter else ""
        return f"Student t, {self.freedom:g} degrees of freedom, scale = {_extent(self.sigma)}{extra}"


class Correlated(AbstractNoise):
    """Gaussian noise that is correlated between the Stokes parameters of a pixel.

    **Arguments:** `covariance`: (npix, k, k), or (nfreq, npix, k, k), for data of shape (k, npix) or (k, nfreq, npix).

    **Raises:** `ValueError` for a matrix that is not symmetric and positive.
    """

    whitening: Float[Array, "*parts n k k"]

    def __init__(self, covariance: Any):
        matrices = np.asarray(covariance, np.float64)
        if matrices.ndim < 3 or matrices.shape[-1] != matrices.shape[-2]:
            raise ValueError(f"covariance has shape {matrices.shape}: give one matrix a pixel, (npix, k, k).")
        scale = np.abs(matrices).max(axis=(-1, -2), keepdims=True)
        symmetric = np.all(np.abs(matrices - np.swapaxes(matrices, -1, -2)) <= 1e-5 * scale)
        try:
            factor = np.linalg.cholesky(matrices)
        except np.linalg.LinAlgError:
            factor = np.zeros_like(matrices)
        if not symmetric or not np.all(np.diagonal(factor, axis1=-1, axis2=-2) > 0):
            raise ValueError("covariance must be symmetric and positive in every pixel: leave bad pixels out by mask.")
        self.whitening = _as_array(np.linalg.inv(factor))

    def _whiten(self, values: Data) -> Data:
        return jnp.einsum("...nij,j...n->i...n", self.whitening, values)

    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        diagonal = jnp.diagonal(self.whitening, axis1=-1, axis2=-2)
        norm = jnp.sum(jnp.log(diagonal) - 0.5 * math.log(2 * math.pi), axis=-1)
        return norm - 0.5 * jnp.sum(jnp.square(self._whiten(data - mean)), axis=0)

    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        return jnp.sum(jnp.square(self._whiten(data - mean)))

    def residuals(self, mean: Data, data: Data) -> Data:
        return self._whiten(mean - data)

    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        return (self._whiten(mean),)

    def restrict(self, index: Array) -> "Correlated":
        return eqx.tree_at(lambda noise: noise.whitening, self, self.whitening[..., index, :, :])

    def check(self, data: Data) -> None:
        expected = (*data.shape[1:], data.shape[0], data.shape[0])
        if self.whitening.shape != expected:
            raise ValueError(f"covariance has shape {self.whitening.shape}, data of {data.shape} need {expected}.")

    def describe(self) -> str:
        return f"Gaussian, correlated between {self.whitening.shape[-1]} Stokes parameters of a pixel"


class Poisson(AbstractNoise):
    """Counts: log L = sum[n log m - m - log n!]; the deviance is Cash's statistic, 2 sum[m - n + n log(n/m)].

    **Source:** Cash 1979, ApJ 228, 939.
    """

    def pointwise(self, mean: Data, data: Data, model: Any) -> Terms:
        known = mean > 0
        some = jnp.where(known, mean, 1)
        terms = xlogy(data, some) - some - gammaln(data + 1)
        return jnp.where(known, terms, jnp.where((mean == 0) & (data == 0), 0, -jnp.inf))

    def deviance(self, mean: Data, data: Data, model: Any) -> Float[Array, ""]:
        some = jnp.where(mean > 0, mean, jnp.finfo(mean.dtype).tiny)
        return 2 * jnp.sum(some - data + xlogy(data, jnp.where(data > 0, data, 1) / some))

    def residuals(self, mean: Data, data: Data) -> None:
        return None

    def information(self, mean: Data, model: Any) -> tuple[Array, ...]:
        known = mean > 0
        return (jnp.where(known, 2 * jnp.sqrt(jnp.where(known, mean, 1)), 0),)

    def restrict(self, index: Array) -> "Poisson":
        return self

    def check(self, data: Data) -> None:
        values = np.asarray(data)
        if np.any(values < 0) or np.any(values != np.round(values)):
            raise ValueError("Poisson noise needs counts: data must be whole numbers that are not negative.")

    def describe(self) -> str:
        return "Poisson"
