"""Sightlines: a sky, cells and an observer turned into rays, as arrays that reach jit as an argument."""

import dataclasses
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Float

from ..._core.memory import foresee
from ..._core.module import default_float, is_concrete
from ..._core.types import Scalar, Vector
from ..._core.units import strip_unit
from .cells import PARTS, AbstractCells, AbstractPlainCells, ChordCells, ResolvedCells
from .coordinates import galactocentric, is_coordinates
from .frames import SUN
from .image_plane import ImagePlane
from .skies import AbstractSky


class Ray(eqx.Module):
    """One ray: where it starts [kpc], its unit direction away from the observer, the basis, its length [kpc].

    `Sightlines` holds many in one, with the ray axis last; operators see a single one, (3,).
    """

    is_geometry: ClassVar[bool] = True

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

    Without an observer they are seen from the Sun of the model that sees them (until then from `sl.SUN`), without cells
    to where its fields end, in panels cut at what these tell of. A `Simulator` takes sightlines as an argument, so that
    new ones of the same shape compile nothing anew; `simulator.sightlines(sky)` makes those that are complete. `known`
    has values of fields in the cells, (rays, cells) for a scalar and a list of such for a vector, by the name of the
    field; `error` what is known of the error that the cells make; `mesh` the devices that share the rays, see
    `sl.shard`.

    **Arguments:**

    - `sky`: `HealpixSky`, `Directions`, `SourceCatalogue` or `ImagePlane`.
    - `cells`: `ResolvedCells`, the default; `BoxCells`, `RadialCells`, or, for observers outside, `ChordCells`, which
      are what they say whatever the model. The rays of a `SourceCatalogue` end at its sources.
    - `observer`: Galactocentric position, (3,) kpc, which may be traced, or a `SkyCoord` with a distance; `None`: the
      model's own Sun. An `ImagePlane` does not use it.

    **Raises:** `ValueError` for an observer outside the box of the cells; `TypeError` for a sky that is none;
    `MemoryError` for more rays than fit.

    !!! example
        >>> lines = sl.Sightlines(sl.HealpixSky(nside=8), cells=sl.RadialCells(cells=64, distance=4.0))
    """

    is_geometry: ClassVar[bool] = True

    rays: Ray
    cells: AbstractCells
    observer: Float[Array, "3"] | None
    midpoints: Float[Array, " cells"] | None
    widths: Float[Array, " cells"] | None
    edges: Float[Array, "edges rays"] | None
    parts: int = eqx.field(static=True)
    classes: "tuple[Sightlines, ...]"
    order: np.ndarray | None
    sky: Any  # an AbstractSky; None of some rays of other sightlines, e.g. a class of them
    known: dict[str, Any]
    error: Any
    mesh: Mesh | None = eqx.field(static=True)

    def __init__(self, sky: Any, cells: Any = None, observer: Any = None):
        _check_sky(sky)
        rays = sky.size * getattr(sky, "supersample", 1) ** 2
        foresee(_NUMBERS * rays, f"Sightlines of {rays} rays", "lower nside or supersample, or give some of the pixels")
        self.sky, self.cells = sky, _check_cells(sky, cells)
        self.edges, self.parts, self.classes, self.order, self.known, self.error = None, PARTS, (), None, {}, None
        self.midpoints, self.widths, self.mesh = None, None, None
        if isinstance(self.cells, AbstractPlainCells):
            edges = self.cells.edges()
            self.midpoints, self.widths = _cast(0.5 * (edges[1:] + edges[:-1])), _cast(np.diff(edges))
        place = _check_observer(np.zeros(3) if isinstance(sky, ImagePlane) else observer)
        self.observer = None if place is None else _cast(place)
        directions, east, north = sky.rays()
        length = _known_length(sky, self.cells, directions.shape[1])
        origins, length = _begin(sky, self.cells, SUN if place is None else place, directions, length)
        self.rays = Ray(*map(_cast, (origins, directions, east, north, length)))

    def seen_from(self, place: Any) -> "Sightlines":
        """The same, with rays that begin at `place`, (3,) kpc, unless an observer was given."""
        if self.observer is not None:
            return self
        length = None if isinstance(self.cells, AbstractPlainCells) and self.sky.distance is None else self.rays.length
        origins, length = _begin(self.sky, self.cells, place, self.rays.direction, length)
        begun = (_cast(place), _cast(origins), _cast(length))
        where = lambda s: (s.observer, s.rays.origin, s.rays.length)  # noqa: E731
        return eqx.tree_at(where, self, begun, is_leaf=lambda x: x is None)

    def with_edges(self, edges: Float[Array, "edges rays"], parts: int = PARTS) -> "Sightlines":
        """The same with panels between `edges`, kpc from where each ray begins, of `parts` cells or points each."""
        lines = eqx.tree_at(lambda s: s.edges, self, edges, is_leaf=lambda x: x is None)
        return _replace_static(lines, parts=parts)

    def with_classes(self, classes: "tuple[Sightlines, ...]", order: np.ndarray) -> "Sightlines":
        """The same with rays in classes, each of as many panels: ray i is ray `order[i]` of all classes in turn."""
        lines = eqx.tree_at(lambda s: (s.classes, s.order), self, (classes, order), is_leaf=lambda x: x is None)
        return lines

    def on(self, mesh: Mesh | None) -> "Sightlines":
        """The same with rays, those of each class, shared out over the devices of a mesh: what `sl.shard` does."""
        classes = tuple(part.on(mesh) for part in self.classes)
        return _replace_static(eqx.tree_at(lambda s: s.classes, self, classes), mesh=mesh)

    def take(self, index: Any) -> "Sightlines":
        """Some of the rays, without a sky: panels and what is held with them.

        Where the index is traced, rays of all classes have as many panels as those of the largest.
        """
        if self.classes and is_concrete(index):
            return _take_classes(self, np.asarray(index))
        whole = self.merged()
        rays = jax.tree.map(lambda leaf: leaf[..., index], (whole.rays, whole.edges))
        known = jax.tree.map(lambda leaf: leaf[index], whole.known)
        bare = eqx.tree_at(lambda s: s.sky, whole, None, is_leaf=lambda x: x is None)
        return eqx.tree_at(lambda s: (s.rays, s.edges, s.known), bare, (*rays, known), is_leaf=lambda x: x is None)

    def merged(self) -> "Sightlines":
        """The same rays in one class: panels without width fill the shorter ones up. Nothing is held there."""
        if not self.classes:
            return self
        parts = [jnp.asarray(part.edges) for part in self.classes]
        most = max(edges.shape[0] for edges in parts)
        filled = [jnp.pad(edges, ((0, most - edges.shape[0]), (0, 0)), mode="edge") for edges in parts]
        edges = jnp.concatenate(filled, axis=1)[:, self.order]
        bare = eqx.tree_at(lambda s: (s.classes, s.order), self, ((), None))
        return bare.with_edges(edges, self.classes[0].parts)

    def released(self) -> "Sightlines":
        """The same, with nothing held."""
        bare = eqx.tree_at(lambda s: s.known, self, {})
        if not self.classes:
            return bare
        return eqx.tree_at(lambda s: s.classes, bare, tuple(part.released() for part in self.classes))

    @property
    def held(self) -> tuple[str, ...]:
        """Names of the fields whose values are held."""
        return tuple((self.classes[0] if self.classes else self).known)

    @property
    def size(self) -> int:
        """Number of rays."""
        return self.rays.direction.shape[1]


_NUMBERS = 13
"""Of a ray: where it begins, where it goes, its basis and its length."""


def _take_classes(lines: Sightlines, index: np.ndarray) -> Sightlines:
    """Some of the rays of lines in classes, in classes."""
    assert lines.order is not None
    place = np.asarray(lines.order)[index]
    ends = np.cumsum([0, *(part.size for part in lines.classes)])
    group = np.searchsorted(ends, place, side="right") - 1
    kept = [number for number in range(len(lines.classes)) if np.any(group == number)]
    classes = tuple(lines.classes[number].take(place[group == number] - ends[number]) for number in kept)
    order = np.argsort(np.argsort(group, kind="stable"), kind="stable")
    rays = jax.tree.map(lambda leaf: leaf[..., index], lines.rays)
    bare = eqx.tree_at(lambda s: (s.sky, s.rays), lines, (None, rays), is_leaf=lambda x: x is None)
    return bare.with_classes(classes, order)


def _replace_static(lines: Sightlines, **values: Any) -> Sightlines:
    """A copy with other static fields, which `eqx.tree_at` does not reach; no geometry is made again."""
    copy = object.__new__(type(lines))
    for field in dataclasses.fields(lines):
        object.__setattr__(copy, field.name, values.get(field.name, getattr(lines, field.name)))
    return copy


def _cast(value: Any) -> Array:
    return jnp.asarray(value, default_float())


def _known_length(sky: AbstractSky, cells: AbstractCells, size: int) -> np.ndarray | None:
    """How far rays may go [kpc]: to their sources, or to no end but the model's; `None` where cells say it."""
    if sky.distance is not None:
        return sky.distance
    if isinstance(cells, ResolvedCells):
        return np.full(size, np.inf if cells.distance is None else cells.distance)
    return None


def _begin(sky: AbstractSky, cells: AbstractCells, observer: Any, directions: Any, length: Any) -> tuple[Any, Any]:
    """Where rays begin, and their length where it is not known yet."""
    known = is_concrete(observer) and is_concrete(directions)
    numbers = np if known else jnp
    observer, directions = (
        numbers.asarray(v, np.float64 if known else default_float()) for v in (observer, directions)
    )
    offsets = sky.offsets() if known else _cast(sky.offsets())
    origins = observer[:, None] + offsets + 0 * directions
    if length is not None:
        return origins, length
    assert isinstance(cells, AbstractPlainCells)
    start, length = cells.extent(directions, origins)
    _check_lengths(length, cells)
    return origins + start[None] * directions, length


def _check_cells(sky: AbstractSky, cells: Any) -> AbstractCells:
    if cells is None:
        return ResolvedCells(growth=1.0) if isinstance(sky, ImagePlane) else ResolvedCells()
    if not isinstance(cells, AbstractCells):
        known = "sl.ResolvedCells, sl.BoxCells, sl.RadialCells or sl.ChordCells"
        raise TypeError(f"cells must be {known}(...), not {cells!r}.")
    if isinstance(sky, ImagePlane) and not isinstance(cells, (ChordCells, ResolvedCells)):
        raise ValueError(f"An ImagePlane is seen from far away: give it cells=sl.ChordCells(...), not {cells!r}.")
    return cells


def _check_lengths(length: Any, cells: AbstractCells) -> None:
    if not is_concrete(length):
        return
    good = length >= 0 if isinstance(cells, ChordCells) else length > 0
    if not np.all(np.isfinite(length) & good):
        raise ValueError(f"{type(cells).__name__} gives rays whose length is not finite and positive.")


def as_sightlines(sky: Any) -> Sightlines:
    """`sky` itself if it is `Sightlines`, else its sightlines from the model's Sun with the default cells."""
    return sky if isinstance(sky, Sightlines) else Sightlines(sky)


def _check_sky(sky: Any) -> None:
    if not isinstance(sky, AbstractSky):
        raise TypeError(f"sky must be sl.HealpixSky, sl.Directions or another sky, not {type(sky).__name__}.")
    if not all(is_concrete(leaf) for leaf in jax.tree.leaves(sky)):
        raise TypeError("A sky is traced by jit: build sl.Sightlines(sky) outside and pass them as the argument.")


def _check_observer(observer: Any) -> Any:
    if observer is None:
        return None
    observer = galactocentric(observer) if is_coordinates(observer) else strip_unit(observer, "kpc", "observer")
    if not all(map(is_concrete, jax.tree.leaves(observer))):
        observer = jnp.stack([_cast(part) for part in observer])
        if observer.shape != (3,):
            raise ValueError(f"observer has shape {observer.shape}: give (x, y, z) [kpc].")
        return observer
    origin = np.asarray(observer, np.float64)
    if origin.shape != (3,) or not np.all(np.isfinite(origin)):
        raise ValueError(f"observer = {observer} must be a finite Galactocentric position (x, y, z) [kpc].")
    return origin
