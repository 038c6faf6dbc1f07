"""Cells along a ray: where it begins and ends, and how it is divided."""

import abc
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from ..._core.module import is_concrete
from ..._core.types import Number
from ..._core.units import number, strip_unit

PARTS = 4  # cells, or points of Gauss and Legendre, in each of the panels of `ResolvedCells`


class AbstractCells(eqx.Module):
    """The division of a ray."""

    cells: eqx.AbstractVar[int]
    growth: eqx.AbstractVar[float]


class AbstractPlainCells(AbstractCells):
    """A division that knows no model: all rays share one set of edges on the unit interval, scaled to their length."""

    @abc.abstractmethod
    def extent(self, directions: Any, origins: Any) -> tuple[Any, Any]:
        """Where cells begin and how far they reach [kpc], (nray,), along `directions` from `origins`, (3, nray).

        The first is 0 for cells that begin at the observer; the second is 0 on rays that meet nothing. Arrays of NumPy,
        or of JAX where the origins are traced.
        """

    def edges(self) -> np.ndarray:
        """Edges on the unit interval, (cells + 1,): widths in geometric progression, the last `growth` x the first."""
        if self.growth == 1:
            return np.linspace(0, 1, self.cells + 1)
        widths = self.growth ** np.linspace(0, 1, self.cells)
        return np.concatenate([[0], np.cumsum(widths) / np.sum(widths)])


class BoxCells(AbstractPlainCells):
    """Cells from the observer to the wall of a box centred on the Galactic centre.

    **Arguments:**

    - `cells`: number of cells of each ray.
    - `half_widths`: X, Y, Z of the box |x| < X, |y| < Y, |z| < Z, (3,) kpc.
    - `growth`: ratio of the farthest cell's width to the nearest's; 1: equal, 20: fine near the observer.

    **Raises:** `ValueError` for numbers that are not positive.

    !!! example
        >>> cells = sl.BoxCells(cells=256, half_widths=(20.0, 20.0, 5.0))
    """

    cells: int = eqx.field(static=True)
    half_widths: tuple[float, float, float] = eqx.field(static=True)
    growth: float = eqx.field(static=True)

    def __init__(self, cells: Any = 512, half_widths: Any = (20.0, 20.0, 5.0), growth: Number = 1.0):
        self.cells, self.growth = _check_cells(cells, growth)
        self.half_widths = _check_box(half_widths)

    def extent(self, directions: Any, origins: Any) -> tuple[Any, Any]:
        outside = abs(origins) >= np.asarray(self.half_widths)[:, None]
        if is_concrete(origins) and np.any(outside):
            outside = np.any(outside, axis=0)
            place = tuple(origins[:, outside][:, 0].tolist())
            raise ValueError(
                f"observer = {place} kpc lies outside the box |x|, |y|, |z| < {self.half_widths} kpc: enlarge "
                "half_widths, or use ChordCells, which begin where a ray enters the box."
            )
        leave = _crossings(directions, origins, self.half_widths)[1]
        return 0 * leave, leave


class ChordCells(AbstractPlainCells):
    """Cells from where a ray enters a box to where it leaves it, for observers far away.

    A ray that misses the box has cells of no width: what it sees of the model is exactly zero.

    **Arguments:** `cells`, `half_widths`, `growth` as `BoxCells`.

    **Raises:** `ValueError` for numbers that are not positive.

    !!! example
        >>> cells = sl.ChordCells(cells=64, half_widths=(16.0, 16.0, 4.0))
    """

    cells: int = eqx.field(static=True)
    half_widths: tuple[float, float, float] = eqx.field(static=True)
    growth: float = eqx.field(static=True)

    def __init__(self, cells: Any = 512, half_widths: Any = (20.0, 20.0, 5.0), growth: Number = 1.0):
        self.cells, self.growth = _check_cells(cells, growth)
        self.half_widths = _check_box(half_widths)

    def extent(self, directions: Any, origins: Any) -> tuple[Any, Any]:
        numbers = _numbers(origins)
        enter, leave = _crossings(directions, origins, self.half_widths)
        enter = numbers.maximum(enter, 0)
        missed = ~(leave > enter)
        return numbers.where(missed, 0, enter), numbers.where(missed, 0, leave - enter)


def _numbers(origins: Any) -> Any:
    return np if is_concrete(origins) else jnp


def _crossings(directions: Any, origins: Any, half_widths: tuple[float, float, float]) -> tuple[Any, Any]:
    """Distances [kpc] at which rays enter and leave a box; the second is not larger where they miss it."""
    numbers, half = _numbers(origins), np.asarray(half_widths)[:, None]
    parallel, between = directions == 0, abs(origins) < half
    course = numbers.where(parallel, 1, directions)
    first, second = (-half - origins) / course, (half - origins) / course
    near = numbers.where(parallel, numbers.where(between, -np.inf, np.inf), numbers.minimum(first, second))
    far = numbers.where(parallel, numbers.where(between, np.inf, -np.inf), numbers.maximum(first, second))
    return near.max(axis=0), far.min(axis=0)


class RadialCells(AbstractPlainCells):
    """Cells from the observer to a fixed distance.

    **Arguments:** `cells`, `growth` as `BoxCells`; `distance`: kpc.

    **Raises:** `ValueError` for numbers that are not positive.

    !!! example
        >>> sl.RadialCells(cells=4, distance=20.0).edges().shape
        (5,)
    """

    cells: int = eqx.field(static=True)
    distance: float = eqx.field(static=True)
    growth: float = eqx.field(static=True)

    def __init__(self, cells: Any = 512, distance: Any = 30.0, growth: Number = 1.0):
        self.cells, self.growth = _check_cells(cells, growth)
        self.distance = _check_distance(distance)

    def extent(self, directions: Any, origins: Any) -> tuple[Any, Any]:
        return np.zeros(directions.shape[1]), np.full(directions.shape[1], self.distance)


class ResolvedCells(AbstractCells):
    """Cells that know the model, the default: they reach to where it ends and are cut where it jumps.

    Each ray is divided from the observer outwards into panels that end where it enters and leaves what the fields
    tell of, `field.structures()`: edges, shells, layers, clumps, voids. Each panel has four points of Gauss and
    Legendre for line integrals, four equal cells for emission.

    **Arguments:**

    - `cells`: number of panels of a ray without walls.
    - `structures`: how many structures of one ray count; of more, the thinnest along the ray, and all spirals. A ray
      has room for a third more panels, and for so many walls, but for 32 at least; beyond that walls take panels from
      what lies between them, half of `cells` at most, and of still more the farthest do not count.
    - `distance`: where rays end at the latest that have no source, kpc; `None`: where the model ends.
    - `growth`: as `BoxCells`.

    **Raises:** `ValueError` for numbers that are not positive.

    !!! example
        >>> pulsars = sl.SourceCatalogue(l=[30.0, 210.0], b=[1.0, -40.0], distance=[3.2, 0.4])
        >>> lines = sl.Sightlines(pulsars, cells=sl.ResolvedCells(cells=128))
    """

    cells: int = eqx.field(static=True)
    structures: int = eqx.field(static=True)
    distance: float | None = eqx.field(static=True)
    growth: float = eqx.field(static=True)

    def __init__(self, cells: Any = 96, structures: Any = 32, distance: Any = None, growth: Number = 20.0):
        self.cells, self.growth = _check_cells(cells, growth)
        self.structures = _check_count(structures, "structures")
        self.distance = None if distance is None else _check_distance(distance)


def _check_box(half_widths: Any) -> tuple[float, float, float]:
    widths = np.asarray(strip_unit(half_widths, "kpc", "half_widths"), np.float64)
    if widths.shape != (3,) or not np.all(np.isfinite(widths) & (widths > 0)):
        raise ValueError(f"half_widths = {half_widths} must be three positive lengths [kpc].")
    x, y, z = widths.tolist()
    return x, y, z


def _check_distance(distance: Any) -> float:
    value = number(distance, "kpc", "distance")
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"distance = {distance} must be a positive length [kpc].")
    return value


def _check_count(count: Any, name: str) -> int:
    if not isinstance(count, (int, np.integer)) or count < 1:
        raise ValueError(f"{name} = {count!r} must be a positive whole number of {name} per ray.")
    return int(count)


def _check_cells(cells: Any, growth: Number) -> tuple[int, float]:
    growth = number(growth, "", "growth")
    if not (np.isfinite(growth) and growth > 0):
        raise ValueError(f"growth = {growth} must be a positive ratio of cell widths.")
    return _check_count(cells, "cells"), float(growth)
