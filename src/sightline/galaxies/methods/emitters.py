"""What stars of any kind are to the light that they send: emitters on the sky."""

import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


class Emitters(eqx.Module):
    """Sources of light, each of a few populations of a library.

    - `places`, `weights`: (n, m), numbers of nodes of the library, and the mass on each, Msun.
    - `velocity`: away from the observer, (n,), km/s.
    - `visual`: A_V in front, (n,), mag; None: no dust.
    - `spaxel`, `share`: (n, k), spaxels and the share of the light on each.

    !!! example
        >>> places = {"places": jnp.array([[0], [3]]), "spaxel": jnp.array([[0], [1]])}  # a population, a spaxel each
        >>> light = {"weights": jnp.array([[1e4], [2e4]]), "share": jnp.ones((2, 1))}
        >>> stars = sl.cubes.Emitters(**places, **light, velocity=jnp.array([-50.0, 80.0]), visual=None)
        >>> stars.weights.sum()
        Array(30000., dtype=float64)
    """

    places: Int[Array, "n m"]
    weights: Float[Array, "n m"]
    velocity: Float[Array, " n"]
    visual: Float[Array, " n"] | None
    spaxel: Int[Array, "n k"]
    share: Float[Array, "n k"]


@functools.partial(jax.jit, static_argnums=1)
def chunks(emitters: Any, chunk: int) -> Any:
    """Emitters of stars or of lines in rows of equal length, the last filled up with such as do not shine."""
    count = emitters.velocity.shape[0]
    size = min(chunk, count)
    rows = -(-count // size)

    def split(leaf: Array) -> Array:
        filled = jnp.pad(leaf, [(0, rows * size - count)] + [(0, 0)] * (leaf.ndim - 1))
        return filled.reshape(rows, size, *leaf.shape[1:])

    return jax.tree.map(split, emitters)
