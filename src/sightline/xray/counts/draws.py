"""Poisson counts of small means, many at a time."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...statistics.poisson import drawn_counts

_BLOCK = 512  # draws that share a loop, which ends with the largest of them: they stay in the cache
_LARGEST = {jnp.dtype("float32"): 60.0, jnp.dtype("float64"): 500.0}  # means: exp(-m) is far from underflow
_BITS = {jnp.dtype("float32"): jnp.uint32, jnp.dtype("float64"): jnp.uint64}


def poisson(key: Array, mean: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Counts with these means, at random; NaN where they are none.

    By inversion: n is how many of the probabilities of more than 0, 1, 2, ... counts are v or more, v uniform. Of small
    means it takes a small part of the time of rejection, which draws blocks that hold a large one.
    """
    flat = jax.lax.stop_gradient(mean).ravel()
    blocks = jnp.pad(flat, (0, -flat.size % _BLOCK)).reshape(-1, _BLOCK)
    drawn = jax.lax.map(_block, (jax.random.split(key, len(blocks)), blocks))
    return jnp.where(flat >= 0, drawn.ravel()[: flat.size], jnp.nan).reshape(mean.shape)


def _block(given: tuple[Array, Array]) -> Array:
    key, mean = given
    return jax.lax.cond(jnp.max(mean) <= _LARGEST[mean.dtype], _inverted, _rejected, key, mean)


def _rejected(key: Array, mean: Array) -> Array:
    return drawn_counts(key, mean)


def _inverted(key: Array, mean: Array) -> Array:
    level = _uniform(key, mean)
    more = -jnp.expm1(-mean)
    first = (jnp.zeros((), mean.dtype), jnp.exp(-mean), more, (level <= more).astype(mean.dtype))

    def count(state: tuple[Array, ...]) -> tuple[Array, ...]:
        number, term, more, counts = state
        number = number + 1
        term = term * (mean * (1 / number))
        # twice beyond the mean the terms behind one add up to less than it: no rounding is left where they end
        more = jnp.minimum(more - term, jnp.where(2 * mean <= number + 1, term, 1))
        return number, term, more, counts + (level <= more).astype(counts.dtype)

    return jax.lax.while_loop(lambda state: jnp.any(level <= state[2]), count, first)[3]


def _uniform(key: Array, mean: Array) -> Array:
    """Above 0 and up to 1, with all digits near 0, where rare counts are."""
    bits = jax.random.bits(key, mean.shape, _BITS[mean.dtype]).astype(mean.dtype)
    step = 0.5 ** jnp.iinfo(_BITS[mean.dtype]).bits
    return (bits + 0.5) * step
