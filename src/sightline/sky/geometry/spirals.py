"""Logarithmic spirals as walls, and where rays cross them."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ..._core.elementary import log, sincos
from ..._core.types import Vector

_STEPS = 9  # of Newton's method, which converges from one side


class Spirals(eqx.Module):
    """Walls R = a e^(phi t) that stand on the plane, between two radii and below a height.

    A ray that passes the axis at a distance q has R = q/cos(alpha), phi = phi_q + alpha: on it
    f(alpha) = -ln cos(alpha) - t alpha = ln(a/q) + t (phi_q + 2 pi m) is convex, with one crossing before and one
    after its minimum for each winding m.

    - `radius` a: (n,) kpc, at phi = 0, towards +x; `slope` t: (n,), the tangent of the pitch angle;
    - `inner`, `outer`: (n,) kpc; `height`: (n,) kpc; `windings`: of one wall that a ray may meet.
    - `matrix`, `offset`: the place in the frame of the spirals of a point x is A x + d, (n, 3, 3) and (n, 3) kpc.
    """

    radius: Float[Array, " n"]
    slope: Float[Array, " n"]
    inner: Float[Array, " n"]
    outer: Float[Array, " n"]
    height: Float[Array, " n"]
    matrix: Float[Array, "n 3 3"]
    offset: Float[Array, "n 3"]
    windings: int = eqx.field(static=True)

    @property
    def size(self) -> int:
        """How many crossings, each of two ends, a ray may have."""
        return self.radius.shape[0] * self.windings

    def seen_through(self, matrix: Float[Array, "3 3"], offset: Vector) -> "Spirals":
        """Where they are for a field that is evaluated at A x + d: A, (3, 3), and d, (3,) kpc."""
        moved = jnp.matmul(self.matrix, matrix, precision="highest")
        places = self.offset + jnp.sum(self.matrix * offset[None, None], axis=-1)
        return eqx.tree_at(lambda s: (s.matrix, s.offset), self, (moved, places))

    def roots(
        self, origin: Vector, direction: Vector
    ) -> tuple[Float[Array, " size"], Float[Array, " size"], Bool[Array, " size"], Bool[Array, " size"]]:
        """Distances [kpc] of the two crossings of every winding, and whether each is one."""
        if not self.size:
            none, nowhere = jnp.zeros(0, origin.dtype), jnp.zeros(0, bool)
            return none, none, nowhere, nowhere
        place = self.offset + jnp.sum(self.matrix * origin[None, None], axis=-1)
        course = jnp.sum(self.matrix * direction[None, None], axis=-1)
        (x, y, z), (u, v, w) = place.T, course.T
        speed = jnp.sqrt(jnp.maximum(u * u + v * v, 1e-16))
        passing = -(x * u + y * v) / speed**2
        moment = (x * v - y * u) / speed
        turn = jnp.where(moment >= 0, 1.0, -1.0).astype(x.dtype)
        nearest = jnp.maximum(jnp.abs(moment), 1e-6)
        # across the course: the nearest point of a ray through the axis has no direction of its own
        azimuth = jnp.arctan2(-turn * u, turn * v)
        lean, per_turn = self.slope * turn, 2 * math.pi * jnp.abs(self.slope)
        level = jnp.log(self.radius / nearest) + self.slope * azimuth
        lowest = jnp.log(self.inner / nearest) - 0.5 * math.pi * jnp.abs(self.slope)
        first = jnp.ceil((lowest - level) / per_turn)
        levels = level[:, None] + (first[:, None] + jnp.arange(self.windings, dtype=x.dtype)[None]) * per_turn[:, None]
        rest = _crossing(levels[None], jnp.stack([lean, -lean])[:, :, None])
        found = levels > _least(lean)[:, None]
        numbers = (nearest, passing, speed, z, w, self.height, self.inner, self.outer)
        nearest, passing, speed, z, w, height, inner, outer = (number[None, :, None] for number in numbers)
        sine, cosine = sincos(rest)
        radius = nearest / sine
        sides = jnp.array([1.0, -1.0], x.dtype)[:, None, None]
        distance = passing + sides * radius * cosine / speed
        low = jnp.abs(z + distance * w) <= height
        on_wall = found[None] & low & (radius > inner) & (radius < outer)
        after, before = (part.reshape(-1) for part in distance)
        met_after, met_before = (part.reshape(-1) for part in on_wall)
        return before, after, met_before, met_after


def _least(lean: Array) -> Array:
    """The minimum of f, at tan(alpha) = lean."""
    return 0.5 * jnp.log1p(lean * lean) - lean * jnp.arctan(lean)


def _crossing(level: Array, lean: Array) -> Array:
    """pi/2 less the larger root of -ln cos(alpha) - lean alpha = level; the place of the minimum where there is none.

    Less, since far from the axis alpha is pi/2 but for its last digits.
    """
    most = 0.5 * math.pi - jnp.arctan(lean)
    # where -ln cos(alpha) alone, less the most that lean takes away, reaches the level: beyond the root
    beyond = jnp.exp(-jnp.maximum(level + 0.5 * math.pi * jnp.abs(lean), 1e-3))
    rest = jnp.minimum(jnp.arctan2(beyond, jnp.sqrt(1 - beyond * beyond)), most - 1e-3)

    def step(_: int, rest: Array) -> Array:
        sine, cosine = sincos(rest)
        excess = -log(sine) - lean * (0.5 * math.pi - rest) - level
        slope = jnp.maximum(cosine / sine - lean, 1e-6)
        return jnp.minimum(rest + jnp.maximum(excess, 0) / slope, most)

    return jax.lax.fori_loop(0, _STEPS, step, rest)


def windings_between(inner: float, outer: float, slope: float) -> int:
    """How many windings of a spiral a ray may meet between two radii."""
    span = math.log(outer / inner) + math.pi * abs(slope)
    return max(math.ceil(span / (2 * math.pi * abs(slope))), 1)


def no_spirals(dtype: Any) -> Spirals:
    """None."""
    none = jnp.zeros(0, dtype)
    return Spirals(none, none, none, none, none, jnp.zeros((0, 3, 3), dtype), jnp.zeros((0, 3), dtype), 1)
