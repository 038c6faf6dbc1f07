"""Mass on nodes of velocity, spaxels and a library."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..._core.safe import held
from .emitters import Emitters, chunks

_CHUNK = 16384


def lagrange(velocity: Float[Array, " n"], first: float, step: float, count: int) -> tuple[Array, Array]:
    """Four neighbouring nodes about each velocity and weights on them, (n, 4) each, that keep moments 0 to 3.

    Velocities beyond the nodes are put at the first or the last.
    """
    place = held((velocity - first) / step, 0, count - 1)
    lower = jnp.clip(jnp.floor(place), 1, count - 3)
    t = place - lower
    before, after, beyond = t + 1, t - 1, t - 2
    parts = -t * after * beyond / 6, before * after * beyond / 2, -before * t * beyond / 2, before * t * after / 6
    index = lower.astype(np.int32)[:, None] + np.arange(-1, 3, dtype=np.int32)[None]
    return index, jnp.stack(parts, axis=-1)


def spread(velocity: Float[Array, ""], dispersion: Float[Array, ""], velocities: np.ndarray) -> Float[Array, " v"]:
    """Weights of a Gaussian of velocities on regular nodes, (v,), that sum to 1: what lies beyond is put at the ends.

    Those of a hat function of the nodes, convolved with the Gaussian, in closed form; the variance of the hat, a sixth
    of the squared step, is taken out again by second differences. Of sums over nodes, C_i = sum_(j <= i) w_j, the first
    is 0 before the first node, the last 1.
    """
    step = float(velocities[1] - velocities[0])
    return _spread((velocity - velocities[0]) / step, jnp.sqrt(jnp.square(dispersion / step) + 1e-6), len(velocities))


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def _spread(at: Float[Array, ""], width: Float[Array, ""], count: int) -> Float[Array, " v"]:
    """`spread` about a place, of a width, in steps: for Jacobians of many columns its derivatives are explicit."""
    u, below, bell = _gaussian(at, width, count)
    return _weights(u * below + width * bell, 1)


@_spread.defjvp
def _(count: int, primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    u, below, bell = _gaussian(*primals, count)
    by_at, by_width = _weights(-below, 0), _weights(bell, 0)
    return _weights(u * below + primals[1] * bell, 1), by_at * tangents[0] + by_width * tangents[1]


def _gaussian(at: Array, width: Array, count: int) -> tuple[Array, Array, Array]:
    """Distances of the nodes, one more at each end, from a place; the normal distribution there, and its density."""
    u = jnp.arange(-1, count + 1).astype(at.dtype) - at
    return u, jax.scipy.special.ndtr(u / width), jnp.exp(-0.5 * (u / width) ** 2) / math.sqrt(2 * math.pi)


def _weights(ramp: Float[Array, " n"], total: float) -> Float[Array, " v"]:
    """Second differences of integrals, less the second differences of these over 12; the ends hold the rest."""
    slopes = jnp.diff(ramp)
    sums = slopes[1:-1] - jnp.diff(jnp.diff(slopes)) / 12
    return jnp.diff(sums, prepend=jnp.zeros(1, sums.dtype), append=jnp.full(1, total, sums.dtype))


def deposit(
    emitters: Emitters, first: float, step: float, shape: tuple[int, int, int], amount: Any = None
) -> Float[Array, "v s k"]:
    """The mass of emitters on nodes of velocity, spaxels and nodes of a library.

    **Arguments:** `first`, `step`: of the velocities, km/s; `shape`: how many of each; `amount`: a factor of each
    emitter by its A_V.

    **Raises:** `ValueError` for more masses than can be counted.
    """
    velocities, spaxels, nodes = shape
    if math.prod(shape) > np.iinfo(np.int32).max:
        raise ValueError(
            f"VelocityNodes: {velocities} velocities, {spaxels} spaxels and {nodes} nodes of the library are more than "
            "2^31 masses: give a larger step, narrower limits, fewer spaxels, or library.select(...)."
        )

    def places(part: Emitters) -> Int[Array, " m"]:
        index, _ = lagrange(part.velocity, first, step, velocities)
        place = (index[:, :, None] * np.int32(spaxels) + part.spaxel[:, None]) * np.int32(nodes)
        return (place[..., None] + part.places[:, None, None]).reshape(-1)

    @jax.checkpoint
    def masses(part: Emitters) -> Float[Array, " m"]:
        _, weights = lagrange(part.velocity, first, step, velocities)
        if amount is not None:
            weights = weights * amount(part.visual)[:, None]
        found = weights[:, :, None, None] * part.share[:, None, :, None] * part.weights[:, None, None]
        return found.reshape(-1)

    def add(total: Array, part: Emitters) -> tuple[Array, None]:
        return total.at[places(part)].add(masses(part)), None

    empty = jnp.zeros(velocities * spaxels * nodes, emitters.weights.dtype)
    return jax.lax.scan(add, empty, chunks(emitters, _CHUNK))[0].reshape(shape)
