"""Values at nodes of the distance from the axis."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.types import Scalar
from .spread import on_nodes


def check_nodes(name: str, nodes: Any) -> None:
    """Refuses nodes that are not a rising row of numbers.

    **Raises:** `ValueError`.
    """
    if np.ndim(nodes) != 1 or not np.size(nodes) or np.any(np.diff(nodes) <= 0):
        raise ValueError(f"{name} = {nodes} must be numbers in a row, each larger than the last.")


def interpolate(radius: Scalar, radii: tuple[float, ...], values: Float[Array, "n *value"]) -> Float[Array, "*value"]:
    """Linear between nodes, the first and last value beyond them."""
    if len(radii) == 1:
        return values[0]
    # as a product and not by look-up: a gather of each column would take most of the time of a Jacobian
    shares = on_nodes(radius, jnp.asarray(radii, radius.dtype))
    return jnp.tensordot(shares.astype(values.dtype), values, 1, precision="highest")
