"""What the components of UF23 share: distances from the axis, and S(s; c, w) = 1/(1 + exp(-(s - c)/w))."""

import jax
import jax.numpy as jnp

from ...._core.types import Scalar

SUN = (-8.178, 0.0, 0.0)
"""Where the models have the Sun, kpc."""
# kpc^2; nearer to the axis, where neither azimuth nor spiral mean anything, distances are taken to be this
_NEAREST_SQUARE = 1e-16


def distances_from_axis(x: Scalar, y: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """r^2 = x^2 + y^2, kept above 0, r and 1/r; shared by all components once compiled, without XLA's slow 1/sqrt."""
    square = jnp.maximum(x * x + y * y, _NEAREST_SQUARE)
    radius, inverse_square = jnp.sqrt(square), 1 / square
    return square, radius, radius * inverse_square


def rise(s: Scalar, centre: Scalar, width: Scalar) -> Scalar:
    """S(s; c, w), from 0 to 1 as s grows."""
    return jax.nn.sigmoid((s - centre) / width)


def fall(s: Scalar, centre: Scalar, width: Scalar) -> Scalar:
    """1 - S(s; c, w), to all digits where it is small."""
    return jax.nn.sigmoid((centre - s) / width)
