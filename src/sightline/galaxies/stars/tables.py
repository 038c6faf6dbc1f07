"""Values at nodes of the distance from the axis."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.types import Scalar


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
    nodes = jnp.asarray(radii, radius.dtype)
    lower = jnp.clip(jnp.searchsorted(nodes, radius, side="right") - 1, 0, len(radii) - 2)
    share = jnp.clip((radius - nodes[lower]) / (nodes[lower + 1] - nodes[lower]), 0, 1)
    return values[lower] + share * (values[lower + 1] - values[lower])
