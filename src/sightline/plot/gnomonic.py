"""Patches of the sky on a plane that touches it, north up and longitude increasing to the left."""

from typing import Any

import numpy as np

from .._core.units import strip_unit
from ..sky.geometry import HealpixSky, frames
from . import graticules
from .mollweide import pixels_towards
from .views import AbstractView

_WIDEST = 120.0
"""deg, beyond which the edges are stretched more than four times."""


class Patch(AbstractView):
    """The square around a direction, `points` on a side: x = -tan(theta) sin(chi), y = tan(theta) cos(chi).

    theta is the distance from the centre, chi the angle there from north towards east (Calabretta & Greisen 2002, A&A
    395, 1077, section 5.1.3).

    **Raises:** `ValueError` for a centre or a width that makes no sense, and where the sky has no pixel.
    """

    l: Any
    b: Any
    seen: np.ndarray

    panel = (3.7, 4.1)

    def __init__(self, sky: HealpixSky, zoom: Any, points: int):
        l, b, width = _check(zoom)
        self.l, self.b = np.deg2rad([l, b])
        self.half = float(np.tan(np.deg2rad(0.5 * width)))
        self.index = pixels_towards(sky, *self.raster(points))
        self.seen: np.ndarray = np.zeros(sky.size, bool)
        self.seen[self.index[self.index >= 0]] = True
        if not np.any(self.seen):
            raise ValueError(f"zoom = {zoom}: the sky has no pixel there.")

    def visible(self, values: np.ndarray) -> np.ndarray:
        return np.where(self.seen, values, np.nan)

    def axes(self, figure: Any, place: tuple[int, int, int]) -> Any:
        limits = (-self.half, self.half)
        return figure.add_subplot(*place, aspect="equal", xlim=limits, ylim=limits)

    def draw(self, axes: Any, image: np.ndarray, norm: Any, cmap: Any) -> Any:
        extent = (-self.half, self.half, -self.half, self.half)
        artist = axes.imshow(image, norm=norm, cmap=cmap, origin="lower", extent=extent, interpolation="nearest")
        graticules.draw(axes, self)
        return artist

    def points(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        l, b = self.raster(number)
        return l.ravel(), b.ravel()

    def raster(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Directions l, b [rad] of the middles of a raster, (number, number)."""
        middles = self.half * ((2 * np.arange(number) + 1) / number - 1)
        return self.direction(*np.meshgrid(middles, middles))

    def direction(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """l and b [rad] of places on the plane."""
        centre, east, north = self._axes()
        towards = centre[:, None] - np.ravel(x) * east[:, None] + np.ravel(y) * north[:, None]
        l, b = np.arctan2(towards[1], towards[0]), np.arctan2(towards[2], np.hypot(towards[0], towards[1]))
        return l.reshape(np.shape(x)), b.reshape(np.shape(x))

    def place(self, l: np.ndarray, b: np.ndarray) -> np.ndarray:
        away, east, north = np.tensordot(self._axes(), frames.direction(l, b), 1)
        away = np.where(away > 1e-6, away, np.nan)
        return np.stack([-east / away, north / away], axis=-1)

    def plane(self, axes: Any) -> Any:
        return axes.transData

    def _axes(self) -> np.ndarray:
        """Unit vectors towards the centre, and from there to east and north, (3, 3)."""
        return np.stack([frames.direction(self.l, self.b), *frames.polarisation_basis(self.l, self.b)])


def _check(zoom: Any) -> tuple[float, float, float]:
    """Longitude, latitude and width of a patch, deg."""
    values = np.asarray(strip_unit(zoom, "deg", "zoom"), np.float64)
    if values.shape != (3,) or not np.all(np.isfinite(values)):
        raise ValueError(f"zoom = {zoom} must be three finite numbers: l and b of the middle, and the width [deg].")
    l, b, width = values.tolist()
    if not (abs(b) <= 90 and 0 < width <= _WIDEST):
        raise ValueError(f"zoom = {zoom}: b must be from -90 to 90, the width positive and at most {_WIDEST:g} [deg].")
    return l, b, width
