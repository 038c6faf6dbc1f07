"""Arrays that are broadcast where the user has forbidden JAX to raise the ranks of shapes."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array


def of_one_rank(*arrays: Any) -> list[Array]:
    """The arrays with axes of length 1 put in front, as many as the one of the highest rank has more."""
    found = [jnp.asarray(array) for array in arrays]
    rank = max(array.ndim for array in found)
    return [array.reshape((1,) * (rank - array.ndim) + array.shape) for array in found]
