"""Values of a field on a raster in a plane of Galactocentric coordinates."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.module import default_float
from .._core.units import strip_unit
from ..sky.fields import AbstractField
from ..sky.fields.shifted import sun_of

PLANES = {"xy": (0, 1, 2), "xz": (0, 2, 1), "yz": (1, 2, 0)}
"""Axes to the right, up, and across each plane."""
Extent = tuple[float, float, float, float]
_BATCH = 4096


def sample(field: AbstractField, plane: str, at: Any, extent: Any, points: int) -> np.ndarray:
    """Values in the middles of the pixels of a raster, lowest row first: (rows, columns), of vectors (..., 3).

    **Arguments:** as `sl.plot.slice`.

    **Raises:** `ValueError` for planes, offsets, extents and numbers of points that make no sense.
    """
    return values_at(field, positions(plane, at, check_extent(extent), points))


def values_at(field: AbstractField, where: np.ndarray) -> np.ndarray:
    """A field at positions, (..., 3) kpc: (...), of vectors (..., 3)."""
    values = _evaluate(field, jnp.asarray(where.reshape(-1, 3), default_float()))
    return np.asarray(values).reshape(*where.shape[:-1], *values.shape[1:])


def positions(plane: str, at: Any, extent: Extent, points: int) -> np.ndarray:
    """Middles of square pixels, (rows, columns, 3) kpc, `points` of them along the longer side."""
    if plane not in PLANES:
        raise ValueError(f"plane = {plane!r} must be one of {', '.join(map(repr, PLANES))}.")
    if not isinstance(points, (int, np.integer)) or points < 2:
        raise ValueError(f"points = {points!r} must be a whole number of pixels along the longer side, 2 or more.")
    offset = np.asarray(strip_unit(at, "kpc", "at"), np.float64)
    if offset.ndim or not np.isfinite(offset):
        raise ValueError(f"at = {at} must be a finite number: where the plane crosses the third axis [kpc].")
    left, right, bottom, top = extent
    pixel = max(right - left, top - bottom) / points
    columns, rows = (max(1, round(size / pixel)) for size in (right - left, top - bottom))
    across, up = _middles(left, right, columns), _middles(bottom, top, rows)
    result = np.full((rows, columns, 3), float(offset))
    result[..., PLANES[plane][0]], result[..., PLANES[plane][1]] = np.meshgrid(across, up)
    return result


def _middles(low: float, high: float, number: int) -> np.ndarray:
    return low + (high - low) * (np.arange(number) + 0.5) / number


def check_extent(extent: Any) -> Extent:
    """Left, right, bottom and top [kpc] from these four, or from a half width.

    **Raises:** `ValueError` for anything else.
    """
    values = np.asarray(strip_unit(extent, "kpc", "extent"), np.float64)
    if values.shape == ():
        values = values * np.array([-1.0, 1.0, -1.0, 1.0])
    if values.shape != (4,) or not np.all(np.isfinite(values)) or values[0] >= values[1] or values[2] >= values[3]:
        raise ValueError(f"extent = {extent} must be a positive half width, or (left, right, bottom, top) [kpc].")
    left, right, bottom, top = values.tolist()
    return left, right, bottom, top


@eqx.filter_jit
def _evaluate(field: AbstractField, where: Array) -> Array:
    return jax.lax.map(field.prepare(), where, batch_size=_BATCH)


def sun_place(field: Any, sun: Any) -> np.ndarray | None:
    """Where to mark the Sun, (3,) kpc: that of the field for `"field"`, nowhere for `None`.

    **Raises:** `ValueError` for what is no position.
    """
    place = sun_of(field) if isinstance(sun, str) and sun == "field" else sun
    if place is None:
        return None
    position = np.asarray(strip_unit(place, "kpc", "sun"), np.float64)
    if position.shape != (3,):
        raise ValueError(f"sun = {sun} must be a Galactocentric position (x, y, z) [kpc], or None.")
    return position
