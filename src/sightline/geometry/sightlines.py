"""Sightlines: a sky, cells and an observer turned into rays, as arrays that reach jit as an argument."""

from collections.abc import Callable
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.module import default_float, is_concrete
from .._core.types import Scalar, Vector
from .._core.units import strip_unit
from .cells import POINTS, AbstractCells, BoxCells, ChordCells, ResolvedCells
from .frames import SUN
from .image_plane import ImagePlane
from .skies import AbstractSky

T = TypeVar("T")


class Ray(eqx.Module):
    """One ray: where it starts [kpc], its unit direction away from the observer, the basis, its length [kpc].

    `Sightlines` holds many in one, with the ray axis last; operators see a single one, (3,).
    """

    origin: Float[Array, "3 *rays"]
    direction: Float[Array, "3 *rays"]
    east: Float[Array, "3 *rays"]
    north: Float[Array, "3 *rays"]
    length: Float[Array, "*rays"]

    def project(self, vector: tuple[Scalar, Scalar, Scalar]) -> tuple[Scalar, Scalar, Scalar]:
        """Components of a vector towards east, towards north and towards the observer."""
        east, north, away = (_dot(vector, axis) for axis in (self.east, self.north, self.direction))
        return east, north, -away


def _dot(components: tuple[Scalar, Scalar, Scalar], axis: Vector) -> Scalar:
    x, y, z = components
    return x * axis[0] + y * axis[1] + z * axis[2]


class Sightlines(eqx.Module):
    """The rays of a sky and their cells: geometry only, but for `known`, which `Simulator.hold` fills.

    A `Simulator` takes it as an argument, so a new one of the same shape compiles nothing anew. `known` has values of
    fields in the cells, (rays, cells) for a scalar and a list of such for a vector, by the name of the field.

    **Arguments:**

    - `sky`: `HealpixSky`, `Directions`, `SourceCatalogue` or `ImagePlane`.
    - `cells`: `BoxCells`, the default; `RadialCells`; `ResolvedCells`, the default of a `SourceCatalogue`, whose rays
      end at its sources whatever the cells; `ChordCells`, the default of an `ImagePlane`, for observers outside.
    - `observer`: Galactocentric position, (3,) kpc; an `ImagePlane` does not use it.

    **Raises:** `ValueError` for an observer outside the box of the cells; `TypeError` for a sky that is none.

    !!! example
        >>> lines = sl.Sightlines(sl.HealpixSky(nside=8), cells=sl.RadialCells(cells=64, distance=4.0))
    """

    rays: Ray
    midpoints: Float[Array, " cells"]
    widths: Float[Array, " cells"]
    sky: AbstractSky
    edges: Float[Array, " edges"] | None
    structures: int = eqx.field(static=True)
    known: dict[str, Any]

    def __init__(self, sky: Any, cells: Any = None, observer: Any = SUN):
        _check_sky(sky)
        cells = _default_cells(sky) if cells is None else cells
        if not isinstance(cells, AbstractCells):
            known = "sl.BoxCells, sl.RadialCells, sl.ResolvedCells or sl.ChordCells"
            raise TypeError(f"cells must be {known}(...), not {cells!r}.")
        if isinstance(sky, ImagePlane) and not isinstance(cells, ChordCells):
            raise ValueError(f"An ImagePlane is seen from far away: give it cells=sl.ChordCells(...), not {cells!r}.")
        origin = np.zeros(3) if isinstance(sky, ImagePlane) else _check_observer(observer)
        directions, east, north = sky.rays()
        origins = origin[:, None] + sky.offsets()
        start, length = cells.extent(directions, origins)
        if sky.distance is not None:
            start, length = np.zeros_like(length), sky.distance
        _check_lengths(length, cells)
        edges, resolved = cells.edges(), cells if isinstance(cells, ResolvedCells) else None
        parts = edges if resolved is None else _divide(edges, POINTS)
        cast = jax.tree_util.Partial(jnp.asarray, dtype=default_float())
        self.rays = Ray(cast(origins + start * directions), cast(directions), cast(east), cast(north), cast(length))
        self.midpoints, self.widths = cast(0.5 * (parts[1:] + parts[:-1])), cast(np.diff(parts))
        self.edges = None if resolved is None else cast(edges)
        self.structures = 0 if resolved is None else resolved.structures
        self.sky, self.known = sky, {}

    @property
    def size(self) -> int:
        """Number of rays."""
        return self.rays.length.shape[0]


def _default_cells(sky: AbstractSky) -> AbstractCells:
    if isinstance(sky, ImagePlane):
        return ChordCells()
    return BoxCells() if sky.distance is None else ResolvedCells()


def _check_lengths(length: np.ndarray, cells: AbstractCells) -> None:
    good = length >= 0 if isinstance(cells, ChordCells) else length > 0
    if not np.all(np.isfinite(length) & good):
        raise ValueError(f"{type(cells).__name__} gives rays whose length is not finite and positive.")


def as_sightlines(sky: Any) -> Sightlines:
    """`sky` itself if it is `Sightlines`, else its sightlines from the Sun with the default cells."""
    return sky if isinstance(sky, Sightlines) else Sightlines(sky)


def _divide(edges: np.ndarray, parts: int) -> np.ndarray:
    """Edges of cells divided into equal parts."""
    return np.interp(np.linspace(0, edges.size - 1, parts * (edges.size - 1) + 1), np.arange(edges.size), edges)


def _check_sky(sky: Any) -> None:
    if not isinstance(sky, AbstractSky):
        raise TypeError(f"sky must be sl.HealpixSky, sl.Directions or another sky, not {type(sky).__name__}.")
    if not all(is_concrete(leaf) for leaf in jax.tree.leaves(sky)):
        raise TypeError("A sky is traced by jit: build sl.Sightlines(sky) outside and pass them as the argument.")


def _check_observer(observer: Any) -> np.ndarray:
    origin = np.asarray(strip_unit(observer, "kpc", "observer"), np.float64)
    if origin.shape != (3,) or not np.all(np.isfinite(origin)):
        raise ValueError(f"observer = {observer} must be a finite Galactocentric position (x, y, z) [kpc].")
    return origin


def map_rays(function: Callable[[Ray, Any], T], rays: Ray, chunk: int, values: Any = None, first: bool = False) -> T:
    """`function` of every ray, in bounded memory for the value and for reverse mode.

    Rays go through in batches of `chunk`, each recomputed in the backward pass. The last batch is filled up with
    copies, whose results are dropped, since a shorter one would compile the body a second time.

    **Arguments:** `function`: of one ray and its values; `rays`: arrays with the ray axis last, which have no gradient;
    `chunk`: rays at a time; `values`: further arrays with the ray axis last, or `first`, which have one;
    copies may fill their last batch already.

    **Returns:** the results with the ray axis last.
    """
    rays = jax.lax.stop_gradient(rays)
    size = rays.length.shape[0]
    chunk = min(chunk, size)
    batches = -(-size // chunk)

    def split(leaf: Array, axis: int) -> Array:
        axis = axis % leaf.ndim
        if leaf.shape[axis] != batches * chunk:  # else it is filled up already
            leaf = jax.lax.slice_in_dim(leaf, 0, size, axis=axis)
            widths = [(0, batches * chunk - size if place == axis else 0) for place in range(leaf.ndim)]
            leaf = jnp.pad(leaf, widths, mode="edge")
        shape = (*leaf.shape[:axis], batches, chunk, *leaf.shape[axis + 1 :])
        return jnp.moveaxis(leaf.reshape(shape), axis, 0)

    def join(leaf: Array) -> Array:
        return jnp.moveaxis(leaf, 0, -2).reshape(*leaf.shape[1:-1], batches * chunk)[..., :size]

    axis = 0 if first else -1
    batch = jax.checkpoint(jax.vmap(function, in_axes=(-1, axis), out_axes=-1))
    parts = jax.tree.map(lambda leaf: split(leaf, -1), rays), jax.tree.map(lambda leaf: split(leaf, axis), values)
    return jax.tree.map(join, jax.lax.map(lambda part: batch(*part), parts))
