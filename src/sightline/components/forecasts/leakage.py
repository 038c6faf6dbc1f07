"""What of the foregrounds is left in the CMB where spectral parameters are wrong by a little."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...parameters import ParameterSpace, ravel
from ...sky.instruments.bands import Bands

Maps = Float[Array, "k n"]


def leaks(
    space: ParameterSpace,
    bands: Bands,
    amplitudes: Float[Array, "components k n"],
    weight: Float[Array, " bands"],
    cmb: int,
) -> Callable[[Array], Maps]:
    """d s_cmb/d theta along a change of the free numbers: -[(A^T N^-1 A)^-1 A^T N^-1 dA s]_cmb.

    **Arguments:** `amplitudes`: K_CMB at the references; `weight`: 1/variance of the bands; `cmb`: which component.

    **Returns:** from a change of the vector of the free numbers to maps, K_CMB.
    """
    vector, _ = ravel(space.initial, space.names)
    return lambda change: _leak(space, bands, amplitudes, weight, cmb, vector, jnp.asarray(change, vector.dtype))


@eqx.filter_jit
def _leak(
    space: ParameterSpace, bands: Bands, amplitudes: Array, weight: Array, cmb: int, vector: Array, change: Array
) -> Maps:
    size = amplitudes.shape[-1]

    def matrix(numbers: Array) -> Array:
        _, back = ravel(space.initial, space.names)
        return space.replace(back(numbers))(bands, size)

    mixing, moved = jax.jvp(matrix, (vector,), (change,))
    gains = cleaning(mixing, weight)[cmb]
    return -jnp.einsum("bn,bcn,ckn->kn", gains, moved, amplitudes)


def cleaning(mixing: Float[Array, "bands components n"], weight: Array) -> Float[Array, "components bands n"]:
    """W = (A^T N^-1 A)^-1 A^T N^-1 of every pixel, with 1/variance of the bands, (bands,)."""
    weighted = mixing * weight[:, None, None]
    normal = jnp.einsum("bcn,bdn->ncd", weighted, mixing)
    return jnp.moveaxis(jnp.linalg.solve(normal, jnp.moveaxis(weighted, (0, 1, 2), (2, 1, 0))), 0, -1)


def noise(mixing: Float[Array, "bands components n"], weight: Any, cmb: int) -> Array:
    """[(A^T N^-1 A)^-1]_cmb: the variance of the CMB in every pixel, (n,)."""
    normal = jnp.einsum("bcn,b,bdn->ncd", mixing, weight, mixing)
    scale = jnp.sqrt(jnp.diagonal(normal, axis1=1, axis2=2))
    scaled = normal / (scale[:, :, None] * scale[:, None, :])
    return jnp.linalg.inv(scaled)[:, cmb, cmb] / scale[:, cmb] ** 2
