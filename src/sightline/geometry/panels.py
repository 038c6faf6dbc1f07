"""Panels: the parts of a ray between its walls, each to be divided alike."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.types import Scalar, Vector
from .cells import ResolvedCells
from .structures import Structures

_UNBOUNDED = 30.0  # kpc from the Galactic centre: where the sky ends of a model that nowhere ends
_TAIL = 8  # panels of a path beyond


def panel_edges(
    cells: ResolvedCells, structures: Structures, origin: Vector, direction: Vector, distance: Scalar
) -> Float[Array, " edges"]:
    """Edges [kpc] of the panels of one ray: from where the model begins to where it, or the ray, ends, cut at walls.

    Between two walls lie panels in proportion to their share of the ray, measured so that widths grow from the
    observer outwards; at least one, and three in a structure that is thinner than two. Panels that are left over
    have no width, at the end.

    **Arguments:** `cells`: how many panels, and how they grow; `distance`: where the ray ends at the latest, kpc.
    """
    structures = jax.tree.map(lambda leaf: jax.lax.stop_gradient(leaf.astype(origin.dtype)), structures)
    start, stop = _span(structures, origin, direction)
    stop = jnp.clip(jnp.minimum(stop, distance), start)
    enter, leave = structures.crossings(origin, direction, stop, cells.structures)
    enter, leave = jnp.clip(enter, start, stop), jnp.clip(leave, start, stop)
    scale = _scale(cells, stop - start)
    thin = jnp.log1p((leave - enter) / (scale + enter - start)) < 2 / cells.cells * jnp.log1p((stop - start) / scale)
    thirds = [jnp.where(thin, enter + part * (leave - enter), start) for part in (1 / 3, 2 / 3)]
    edges = _divide(cells, jnp.sort(jnp.concatenate([start[None], enter, *thirds, leave, stop[None]])))
    return edges if structures.extent.bounded else jnp.concatenate([edges, _tail(stop, distance)])


def _span(structures: Structures, origin: Vector, direction: Vector) -> tuple[Scalar, Scalar]:
    if structures.extent.bounded:
        return structures.extent.span(origin, direction)
    ball = Structures.balls((0.0, 0.0, 0.0), _UNBOUNDED)
    ball = jax.tree.map(lambda leaf: leaf.astype(origin.dtype), ball.ending(ball))
    return jnp.zeros_like(origin[0]), ball.extent.span(origin, direction)[1]


def _scale(cells: ResolvedCells, length: Scalar) -> Scalar:
    """Widths grow as s + this with the distance s, kpc."""
    return jnp.maximum(length, jnp.finfo(length.dtype).tiny) / max(cells.growth - 1, 1e-4)


def _divide(cells: ResolvedCells, walls: Float[Array, " walls"]) -> Float[Array, " edges"]:
    """Panels between sorted walls: in each gap 1 and its share of `cells.cells`."""
    length = walls[-1] - walls[0]
    least = 1e-6 * length + jnp.finfo(walls.dtype).tiny
    scale = _scale(cells, length)
    depth = jnp.log1p((walls - walls[0]) / scale)
    gaps = jnp.diff(depth)
    share = jnp.floor(cells.cells * gaps / jnp.maximum(depth[-1], jnp.finfo(walls.dtype).tiny))
    counts = jnp.where(jnp.diff(walls) > least, 1 + share, 0).astype(jnp.int32)
    first = jnp.concatenate([jnp.zeros(1, jnp.int32), jnp.cumsum(counts)])
    number = jnp.arange(cells.cells + gaps.shape[0] + 1, dtype=jnp.int32)
    gap = jnp.clip(jnp.searchsorted(first[1:], number, side="right"), 0, gaps.shape[0] - 1)
    part = (number - first[gap]).astype(walls.dtype) / jnp.maximum(counts[gap], 1).astype(walls.dtype)
    within = walls[0] + scale * jnp.expm1(depth[gap] + jnp.clip(part, 0, 1) * gaps[gap])
    edges = jnp.where(part == 0, walls[gap], within)
    return jnp.where(number >= first[-1], walls[-1], edges)


def _tail(near: Scalar, far: Scalar) -> Float[Array, " tail"]:
    """Edges of the panels from where the walls end to the source of a ray, in geometric progression."""
    ratio = jnp.log1p(jnp.where(jnp.isfinite(far), far - near, 0) / _UNBOUNDED) / _TAIL
    return near + _UNBOUNDED * jnp.expm1(ratio * jnp.arange(1, _TAIL + 1, dtype=near.dtype))


def gauss(edges: Float[Array, " edges"], points: int) -> tuple[Float[Array, " points"], Float[Array, " points"]]:
    """Distances and weights, kpc, of `points` of Gauss and Legendre in every panel."""
    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * jnp.diff(edges)
    places, weights = (np.asarray(v, edges.dtype) for v in np.polynomial.legendre.leggauss(points))
    return (middle[:, None] + half[:, None] * places).reshape(-1), (half[:, None] * weights).reshape(-1)


def equal(edges: Float[Array, " edges"], parts: int) -> tuple[Float[Array, " cells"], Float[Array, " cells"]]:
    """Distances of the middles, and widths, kpc, of `parts` equal cells in every panel."""
    width = jnp.diff(edges) / parts
    places = np.arange(0.5, parts, dtype=edges.dtype)
    middles = edges[:-1, None] + width[:, None] * places
    return middles.reshape(-1), jnp.broadcast_to(width[:, None], middles.shape).reshape(-1)
