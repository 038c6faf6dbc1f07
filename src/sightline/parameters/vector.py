"""Flat dicts as vectors, and names of the elements."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

Values = dict[str, Float[Array, "..."]]


def ravel(values: Mapping[str, Array], names: Sequence[str]) -> tuple[Float[Array, " size"], Callable[[Array], Values]]:
    """The vector of all elements, parameter after parameter in the order of `names`, and the way back.

    !!! example
        >>> vector, back = ravel({"a": jnp.ones(2), "b": jnp.zeros(())}, ["b", "a"])
        >>> vector, back(vector)["b"]
        (Array([0., 1., 1.], dtype=float64), Array(0., dtype=float64))
    """
    vector, back = ravel_pytree([jnp.asarray(values[name]) for name in names])
    return vector, lambda flat: dict(zip(names, back(flat), strict=True))


def filled(values: Array, held: Mapping[int, Any]) -> Array:
    """An array with some numbers, by their places in the ravelled array, as they are held."""
    flat = jnp.ravel(values)
    for place, value in held.items():
        flat = flat.at[place].set(jnp.asarray(value, flat.dtype))
    return flat.reshape(values.shape)


def labels(values: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """The name of every element of the vector: `b0`, `arms[3]`, `values[0,2,1]`.

    !!! example
        >>> labels({"a": jnp.ones(2), "b": jnp.zeros(())}, ["b", "a"])
        ['b', 'a[0]', 'a[1]']
    """
    return [
        name + (f"[{','.join(map(str, index))}]" if index else "")
        for name in names
        for index in np.ndindex(np.shape(values[name]))
    ]
