"""Derivatives of a field in space, by automatic differentiation."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.types import Scalar, Vector
from .base import AbstractField


def jacobian(field: AbstractField) -> Callable[[Vector], Float[Array, "3 3"]]:
    """The function position -> dB_i/dx_j, (3, 3), per kpc, of a vector field."""
    return jax.jacfwd(field.prepare())


def divergence(field: AbstractField) -> Callable[[Vector], Scalar]:
    """The function position -> div B, (), per kpc, of a vector field; what lies in a jump is not seen.

    **Arguments:** `field`: of vectors, e.g. a magnetic field, uG.

    !!! example
        >>> bool(abs(sl.fields.divergence(sl.magnetic.JF12())(jnp.array([-7.0, 2.0, 1.0]))) < 1e-12)
        True
    """
    gradient = jacobian(field)
    return lambda position: jnp.trace(gradient(position))


def curl(field: AbstractField) -> Callable[[Vector], Vector]:
    """The function position -> curl B, (3,), per kpc, of a vector field.

    **Arguments:** `field`: of vectors, e.g. a magnetic field, uG.

    !!! example
        >>> sl.fields.curl(sl.magnetic.Uniform())(jnp.zeros(3))
        Array([0., 0., 0.], dtype=float64)
    """
    gradient = jacobian(field)

    def of(position: Vector) -> Vector:
        d = gradient(position)
        return jnp.stack([d[2, 1] - d[1, 2], d[0, 2] - d[2, 0], d[1, 0] - d[0, 1]])

    return of
