"""The two sides of the Galactic plane, as walls."""

import jax.numpy as jnp

from ...._core.types import Scalar
from ...geometry import Structures


def sides(height: Scalar) -> Structures:
    """The layers on either side of the plane below a height."""
    return Structures.layer(jnp.stack([-height, 0 * height]), jnp.stack([0 * height, height]))
