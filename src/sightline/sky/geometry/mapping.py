"""Functions of one ray mapped over all: in batches, in bounded memory, shared out over devices."""

from collections.abc import Callable
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array

from .sightlines import Ray, Sightlines

T = TypeVar("T")


_CELLS = 256  # of a ray of which `chunk` are evaluated at a time: batches keep both the cache and all cores busy


def cells_of(lines: Sightlines) -> int:
    """How many cells a ray has, those of walls that are not yet looked for left out."""
    if lines.midpoints is not None:
        return lines.midpoints.shape[0]
    return lines.parts * (lines.cells.cells if lines.edges is None else lines.edges.shape[0] - 1)


def batch_of(lines: Sightlines, chunk: int) -> int:
    """How many rays to evaluate at a time: as many cells as `chunk` rays of 256 have, in batches of one size."""
    devices = 1 if lines.mesh is None else lines.mesh.size
    most, size = max(chunk * _CELLS // max(cells_of(lines), 1), 1), -(-lines.size // devices)
    return -(-size // -(-size // most))


def vmap_rays(function: Callable[[Ray, Any], T], rays: Ray, values: Any = None, first: bool = False) -> T:
    """`function` of every ray at once: as `map_rays` of few rays, but intermediate values are kept for reverse mode."""
    return jax.vmap(function, in_axes=(-1, 0 if first else -1), out_axes=-1)(rays, values)


def map_rays(
    function: Callable[[Ray, Any], T],
    rays: Ray,
    chunk: int,
    values: Any = None,
    first: bool = False,
    mesh: Mesh | None = None,
) -> T:
    """`function` of every ray, in bounded memory for the value and for reverse mode.

    Rays go through in batches of `chunk`, each recomputed in the backward pass. The last batch is filled up with
    copies, whose results are dropped, since a shorter one would compile the body a second time.

    **Arguments:**

    - `function`: of one ray and its values, an `eqx.Partial` of what else it needs.
    - `rays`: arrays with the ray axis last; `chunk`: rays at a time.
    - `values`: further arrays with the ray axis last, or `first`, which have one; copies may fill their last batch
      already.
    - `mesh`: devices that take as many rays each.

    **Returns:** the results with the ray axis last.
    """
    if mesh is not None:
        return _shared(mesh, function, rays, chunk, values if first else _ray_first(values))
    size = rays.direction.shape[1]
    chunk = min(chunk, size)
    batches = -(-size // chunk)

    def filled(leaf: Array, axis: int) -> Array:
        if leaf.shape[axis] == batches * chunk:
            return leaf
        leaf = jax.lax.slice_in_dim(leaf, 0, size, axis=axis)
        widths = [(0, batches * chunk - size if place == axis % leaf.ndim else 0) for place in range(leaf.ndim)]
        return jnp.pad(leaf, widths, mode="edge")

    def split(leaf: Array, axis: int) -> Array:
        axis, leaf = axis % leaf.ndim, filled(leaf, axis)
        shape = (*leaf.shape[:axis], batches, chunk, *leaf.shape[axis + 1 :])
        return jnp.moveaxis(leaf.reshape(shape), axis, 0)

    def join(leaf: Array) -> Array:
        return jnp.moveaxis(leaf, 0, -2).reshape(*leaf.shape[1:-1], batches * chunk)[..., :size]

    @jax.checkpoint
    def batch(part: tuple[Array, Any, Any]) -> T:
        number, (origin, length), values = part
        away, east, north = (jax.lax.dynamic_slice_in_dim(leaf, number * chunk, chunk, axis=1) for leaf in courses)
        return vmap_rays(function, Ray(origin, away, east, north, length), values, first)

    # where rays go is sliced where it is needed: cut into batches, it would be held twice
    courses = [filled(leaf, 1) for leaf in (rays.direction, rays.east, rays.north)]
    begun = split(rays.origin, -1), split(rays.length, -1)
    values = jax.tree.map(lambda leaf: split(leaf, 0 if first else -1), values)
    return jax.tree.map(join, jax.lax.map(batch, (jnp.arange(batches), begun, values)))


def _shared(mesh: Mesh, function: Callable[[Ray, Any], T], rays: Ray, chunk: int, values: Any) -> T:
    """`map_rays` of as many rays on each device of a mesh, filled up with copies; every device gets all results."""
    size = rays.direction.shape[1]
    more, spread = -size % mesh.size, PartitionSpec(mesh.axis_names)

    def fill(leaf: Array) -> Array:
        return jnp.pad(leaf[:size], [(0, more)] + [(0, 0)] * (leaf.ndim - 1), mode="edge")

    def part(arrays: Any, rays: Ray, values: Any) -> T:
        rays = jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 0, -1), rays)
        return _ray_first(map_rays(eqx.combine(arrays, static), rays, chunk, values, first=True))

    # checkpointed, so that what the reverse mode keeps are the arguments: else it depends on what was traced before
    arrays, static = eqx.partition(function, eqx.is_array)
    specs = (PartitionSpec(), spread, spread)
    run = jax.checkpoint(jax.shard_map(part, mesh=mesh, in_specs=specs, out_specs=spread, check_vma=False))
    found = run(arrays, *jax.tree.map(fill, (_ray_first(rays), values)))
    everywhere = NamedSharding(mesh, PartitionSpec())
    found = jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, everywhere)[:size], found)
    return jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 0, -1), found)


def _ray_first(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: jnp.moveaxis(leaf, -1, 0), tree)
