import math
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.units import numbers
from .noise import AbstractNoise, Data, Terms, as_array, check_positive


class Correlated(AbstractNoise):
    """Gaussian noise that is correlated between the Stokes parameters of a pixel.

    **Arguments:** `covariance`: (npix, k, k), or (nfreq, npix, k, k), for data of shape (k, npix) or (k, nfreq, npix),
    in their unit squared.

    **Raises:** `ValueError` for a matrix that is not symmetric and positive.

    !!! example
        >>> noise = sl.statistics.Correlated(jnp.stack([jnp.eye(2), 2 * jnp.eye(2)]))
    """

    whitening: Float[Array, "*parts n k k"]
    by_pixel: ClassVar[bool] = True
    statistic: ClassVar[str] = "chi^2"

    def __init__(self, covariance: Any):
        matrices = numbers(covariance, None, "covariance")
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
        check_positive(np.diagonal(factor, axis1=-1, axis2=-2), "covariance, its root,")
        self.whitening = as_array(np.linalg.inv(factor))

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

    def expected_deviance(self, mean: Data, model: Any) -> tuple[float, float]:
        return float(mean.size), 2.0 * mean.size

    def draw(self, mean: Data, model: Any, key: Array) -> Data:
        root = jnp.linalg.inv(self.whitening)
        return mean + jnp.einsum("...nij,j...n->i...n", root, jax.random.normal(key, mean.shape, mean.dtype))

    def restrict(self, index: Array) -> "Correlated":
        return eqx.tree_at(lambda noise: noise.whitening, self, self.whitening[..., index, :, :])

    def check(self, data: Data) -> None:
        expected = (*data.shape[1:], data.shape[0], data.shape[0])
        if self.whitening.shape != expected:
            raise ValueError(f"covariance has shape {self.whitening.shape}, data of {data.shape} need {expected}.")

    def describe(self) -> str:
        return f"Gaussian, correlated between {self.whitening.shape[-1]} Stokes parameters of a pixel"
