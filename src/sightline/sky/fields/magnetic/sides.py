"""The two sides of the Galactic plane, and the axis, as walls."""

import jax.numpy as jnp

from ...._core.types import Scalar
from ...geometry import Structures


def sides(height: Scalar) -> Structures:
    """The layers on either side of the plane below a height."""
    return Structures.layer(jnp.stack([-height, 0 * height]), jnp.stack([0 * height, height]))


def axis() -> Structures:
    """Thin cylinders about the axis, where azimuthal fields turn round."""
    return Structures.cylinders((0.05, 0.1, 0.2, 0.4, 0.8))


def windings() -> Structures:
    """Thinner and thinner cylinders about the axis, towards which spirals wind ever faster, to 3 pc."""
    return Structures.cylinders(tuple(0.8 * 0.6**number for number in range(12)))
