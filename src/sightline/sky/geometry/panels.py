"""Panels: the parts of a ray between its walls, each to be divided alike."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..._core.types import Scalar, Vector
from .cells import ResolvedCells
from .structures import Structures

_UNBOUNDED = 30.0  # kpc from the Galactic centre: where the sky ends of a model that nowhere ends
_TAIL = 8  # panels of a path beyond
_SPARE, _LEAST = 3, 32  # room for walls: one panel for so many others, for so many walls at least


Panels = tuple[Float[Array, " panels"], Float[Array, " panels"]]
"""Where the panels of a ray begin and end, kpc: apart, since XLA does not vectorise over neighbours in one array."""


def panel_edges(
    cells: ResolvedCells, structures: Structures, origin: Vector, direction: Vector, distance: Scalar
) -> Float[Array, " edges"]:
    """Edges [kpc] of the panels of one ray: from where the model begins to where it, or the ray, ends, cut at walls.

    Between two walls lie panels in proportion to their share of the ray, measured so that widths grow from the
    observer outwards; at least one, and three in a structure that is thinner than two. Where walls are so many that
    there is no room for `cells` panels beside, fewer are shared out, half as many at least: of still more walls the
    farthest do not count. Panels that are left over have no width, at the end.

    **Arguments:** `cells`: how many panels, and how they grow; `distance`: where the ray ends at the latest, kpc.
    """
    start, enter, leave, stop = walls_of_ray(cells, structures, origin, direction, distance)
    scale, bodies = _scale(cells.growth, stop - start), enter.shape[0] - structures.open
    near, across = enter[:bodies], leave[:bodies] - enter[:bodies]
    thin = jnp.log1p(across / (scale + near - start)) < 2 / cells.cells * jnp.log1p((stop - start) / scale)
    thirds = [jnp.where(thin, near + part * across, start) for part in (1 / 3, 2 / 3)]
    walls = jnp.sort(jnp.concatenate([start[None], enter, *thirds, leave, stop[None]]))
    spare = max(cells.cells // _SPARE, _LEAST, cells.structures)
    room = cells.cells + min(spare, walls.shape[0] - 1)
    walls, gaps = _nearest(walls, room - cells.cells // 2)
    edges, _ = divide(walls, jnp.minimum(cells.cells, room - gaps), cells.growth, room)
    edges = jnp.concatenate([edges[:-1], stop[None]])
    return edges if structures.extent.bounded else jnp.concatenate([edges, tail(stop, distance)])


def _nearest(walls: Float[Array, " walls"], most: int) -> tuple[Float[Array, " some"], Int[Array, ""]]:
    """The nearest of sorted walls and the last one, with at most so many gaps between them, and how many there are."""
    apart = jnp.diff(walls) > _narrow(walls)
    if apart.shape[0] > most:
        near = jnp.sort(jnp.where(apart, walls[1:], walls[-1]))[: most - 1]
        walls = jnp.concatenate([walls[:1], near, walls[-1:]])
    return walls, jnp.minimum(jnp.sum(apart, dtype=jnp.int32), most)


def _narrow(walls: Float[Array, " walls"]) -> Scalar:
    """The width, kpc, up to which a gap between walls of a ray is none."""
    return 1e-6 * (walls[-1] - walls[0]) + jnp.finfo(walls.dtype).tiny


def walls_of_ray(
    cells: ResolvedCells, structures: Structures, origin: Vector, direction: Vector, distance: Scalar
) -> tuple[Scalar, Float[Array, " walls"], Float[Array, " walls"], Scalar]:
    """Distances [kpc] at which the model begins on a ray, it enters and leaves structures, and the model or it ends."""
    structures = jax.tree.map(lambda leaf: jax.lax.stop_gradient(leaf.astype(origin.dtype)), structures)
    start, stop = _span(structures, origin, direction, distance)
    stop = jnp.clip(jnp.minimum(stop, distance), start)
    enter, leave = structures.crossings(origin, direction, stop, cells.structures)
    return start, jnp.clip(enter, start, stop), jnp.clip(leave, start, stop), stop


def _span(structures: Structures, origin: Vector, direction: Vector, distance: Scalar) -> tuple[Scalar, Scalar]:
    if structures.extent.bounded:
        return structures.extent.span(origin, direction)
    ball = Structures.balls((0.0, 0.0, 0.0), _UNBOUNDED)
    ball = jax.tree.map(lambda leaf: leaf.astype(origin.dtype), ball.ending(ball))
    start, stop = ball.extent.span(origin, direction)
    return jnp.where(jnp.isfinite(distance), 0, start), stop


def _scale(growth: float, length: Scalar) -> Scalar:
    """Widths grow as s + this with the distance s, kpc."""
    return jnp.maximum(length, jnp.finfo(length.dtype).tiny) / max(growth - 1, 1e-4)


def divide(
    walls: Float[Array, " walls"], number: Int[Array, ""] | int, growth: float, panels: int
) -> tuple[Float[Array, " edges"], Int[Array, ""]]:
    """Edges of panels between sorted walls, in each gap 1 and its share of `number`, and how many there are.

    **Arguments:** `growth`: as of cells; `panels`: room for so many, those beyond the end have no width.
    """
    length, tiny = walls[-1] - walls[0], jnp.finfo(walls.dtype).tiny
    scale = _scale(growth, length)
    depth = jnp.log1p((walls - walls[0]) / scale)
    gaps = jnp.diff(depth)
    share = jnp.floor(jnp.asarray(number, walls.dtype) * gaps / jnp.maximum(depth[-1], tiny))
    counts = jnp.where(jnp.diff(walls) > _narrow(walls), 1 + share, 0).astype(jnp.int32)
    first = jnp.concatenate([jnp.zeros(1, jnp.int32), jnp.cumsum(counts, dtype=jnp.int32)])
    place = jnp.arange(panels + 1, dtype=jnp.int32)
    gap = jnp.clip(jnp.searchsorted(first[1:], place, side="right"), 0, gaps.shape[0] - 1)
    part = (place - first[gap]).astype(walls.dtype) / jnp.maximum(counts[gap], 1).astype(walls.dtype)
    within = walls[0] + scale * jnp.expm1(depth[gap] + jnp.clip(part, 0, 1) * gaps[gap])
    edges = jnp.where(part == 0, walls[gap], within)
    return jnp.where(place >= first[-1], walls[-1], edges), first[-1]


def tail(near: Scalar, far: Scalar) -> Float[Array, " tail"]:
    """Edges of the panels from where the walls end to the source of a ray, in geometric progression."""
    ratio = jnp.log1p(jnp.where(jnp.isfinite(far), far - near, 0) / _UNBOUNDED) / _TAIL
    return near + _UNBOUNDED * jnp.expm1(ratio * jnp.arange(1, _TAIL + 1, dtype=near.dtype))


def gauss(panels: Panels, points: int) -> tuple[Float[Array, " points"], Float[Array, " points"]]:
    """Distances and weights, kpc, of `points` of Gauss and Legendre in every panel."""
    return _within(panels, *(0.5 * value for value in np.polynomial.legendre.leggauss(points)))


def equal(panels: Panels, parts: int) -> tuple[Float[Array, " cells"], Float[Array, " cells"]]:
    """Distances of the middles, and widths, kpc, of `parts` equal cells in every panel."""
    near, far = panels
    if parts == 1:
        return 0.5 * (near + far), far - near
    return _within(panels, (np.arange(parts) + 0.5) / parts - 0.5, np.full(parts, 1 / parts))


def _within(
    panels: Panels, places: Float[np.ndarray, " parts"], shares: Float[np.ndarray, " parts"]
) -> tuple[Float[Array, " points"], Float[Array, " points"]]:
    """Distances and widths, kpc, of parts of every panel: where they lie from its middle, in its widths, and shares.

    Products of matrices: XLA writes them down once. Sums it would work out anew wherever cells are used, with indices
    that do not vectorise.
    """
    near, far = panels
    both = jnp.stack([near, far - near], axis=1)
    of_distance = np.stack([np.ones_like(places), 0.5 + places]).astype(near.dtype)
    of_width = np.stack([np.zeros_like(shares), shares]).astype(near.dtype)
    distance, widths = (jnp.dot(both, part, precision="highest") for part in (of_distance, of_width))
    return distance.reshape(-1), widths.reshape(-1)
