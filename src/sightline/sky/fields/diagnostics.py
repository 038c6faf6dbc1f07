"""Derivatives of a field in space, by automatic differentiation."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import default_float
from ..._core.types import Scalar, Vector
from .base import AbstractField


def is_vector(field: Any) -> bool:
    """Whether a field is of vectors, (3,), or scalar, ().

    **Raises:** `TypeError` for what is no field, or has another shape.
    """
    if not isinstance(field, AbstractField):
        found = f"{field.__name__}, a class: call it" if isinstance(field, type) else type(field).__name__
        raise TypeError(f"field must be an AbstractField, not {found}.")
    point = jax.ShapeDtypeStruct((3,), default_float())
    shape = eqx.filter_eval_shape(lambda f, x: f.prepare()(x), field, point).shape
    if shape not in ((), (3,)):
        raise TypeError(f"{type(field).__name__} returns shape {shape} at one position: it must be () or (3,).")
    return shape == (3,)


def check_vector(field: Any, name: str) -> None:
    """Refuses scalar fields where `name` needs vectors.

    **Raises:** `TypeError`.
    """
    if not is_vector(field):
        raise TypeError(f"{name} needs a field of vectors, e.g. sl.magnetic.LSA(): {type(field).__name__} is scalar.")


def jacobian(field: AbstractField) -> Callable[[Vector], Float[Array, "3 3"]]:
    """The function position -> dB_i/dx_j, (3, 3), per kpc, of a vector field.

    **Arguments:** `field`: a vector field, (3,) at a position of (3,) kpc.

    **Returns:** a function of a position, (3,) kpc, to dB_i/dx_j, (3, 3) uG kpc^-1.

    **Raises:** `TypeError` for scalar fields, as `divergence` and `curl`.

    !!! example
        >>> sl.fields.jacobian(sl.magnetic.LSA())(jnp.asarray([5.0, 1.0, 0.3])).shape
        (3, 3)
    """
    check_vector(field, "a divergence or curl")
    return jax.jacfwd(field.prepare())


def divergence(field: AbstractField) -> Callable[[Vector], Scalar]:
    """The function position -> div B, (), per kpc, of a vector field; what lies in a jump is not seen.

    **Arguments:** `field`: of vectors, e.g. a magnetic field, uG.

    **Returns:** a function of a position, (3,) kpc, to div B, () uG kpc^-1.

    !!! example
        >>> bool(abs(sl.fields.divergence(sl.magnetic.JF12())(jnp.array([-7.0, 2.0, 1.0]))) < 1e-12)
        True
    """
    gradient = jacobian(field)
    return lambda position: jnp.trace(gradient(position))


def curl(field: AbstractField) -> Callable[[Vector], Vector]:
    """The function position -> curl B, (3,), per kpc, of a vector field.

    **Arguments:** `field`: of vectors, e.g. a magnetic field, uG.

    **Returns:** a function of a position, (3,) kpc, to curl B, (3,) uG kpc^-1.

    !!! example
        >>> sl.fields.curl(sl.magnetic.Uniform())(jnp.zeros(3))
        Array([0., 0., 0.], dtype=float64)
    """
    gradient = jacobian(field)

    def of(position: Vector) -> Vector:
        d = gradient(position)
        return jnp.stack([d[2, 1] - d[1, 2], d[0, 2] - d[2, 0], d[1, 0] - d[0, 1]])

    return of
