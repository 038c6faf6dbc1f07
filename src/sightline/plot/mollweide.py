"""Mollweide maps of the Galactic sky: the centre in the middle, longitude increasing to the left."""

from typing import Any

import numpy as np

from ..sky.geometry import HealpixSky, healpix
from .views import AbstractView

_HALF = np.sqrt(2.0)
"""Half height of the projected ellipse; its half width is twice as much."""
_STEPS = 30
"""Of Newton's method; near the poles each halves the error."""


def lonlat_of_plane(width: int) -> tuple[np.ndarray, np.ndarray]:
    """Galactic longitude and latitude [rad], (width/2, width), of a raster over the ellipse and its corners.

    Corners take the nearest longitude on the rim, so that the rim of the picture is not ragged once it is clipped.
    """
    from matplotlib.projections.geo import MollweideAxes

    height = width // 2
    x = 2 * _HALF * ((np.arange(width) + 0.5) / width * 2 - 1)
    y = _HALF * ((np.arange(height) + 0.5) / height * 2 - 1)
    plane = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    longitude, latitude = MollweideAxes.InvertedMollweideTransform(1).transform(plane).T.reshape(2, height, width)
    return -np.clip(longitude, -np.pi, np.pi), latitude


class Whole(AbstractView):
    """The whole of a sky, `width` points across."""

    panel = (4.1, 2.75)
    half = 2 * _HALF

    def __init__(self, sky: HealpixSky, width: int):
        self.index = lookup(sky, width)

    def visible(self, values: np.ndarray) -> np.ndarray:
        return values

    def axes(self, figure: Any, place: tuple[int, int, int]) -> Any:
        return figure.add_subplot(*place, projection="mollweide")

    def draw(self, axes: Any, image: np.ndarray, norm: Any, cmap: Any) -> Any:
        artist = draw(axes, image, norm, cmap)
        graticule(axes)
        return artist

    def points(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        number += number % 2
        x, y = (2 * (np.arange(n) + 0.5) / n - 1 for n in (number, number // 2))
        inside = x**2 + y[:, None] ** 2 < 0.9
        l, b = lonlat_of_plane(number)
        return l[inside], b[inside]

    def place(self, l: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Mollweide's projection to rounding: what matplotlib has is good for places, not for directions.

        x = -2 sqrt(2)/pi l cos(theta), y = sqrt(2) sin(theta) with 2 theta + sin(2 theta) = pi sin(b).
        """
        turned, wanted = -((l + np.pi) % (2 * np.pi) - np.pi), np.pi * np.sin(b)
        theta = np.asarray(b, np.float64)
        for _ in range(_STEPS):
            slope = np.maximum(4 * np.cos(theta) ** 2, 1e-12)
            theta = np.clip(theta - (2 * theta + np.sin(2 * theta) - wanted) / slope, -0.5 * np.pi, 0.5 * np.pi)
        return np.stack([2 * _HALF / np.pi * turned * np.cos(theta), _HALF * np.sin(theta)], axis=-1)

    def plane(self, axes: Any) -> Any:
        return axes.transAffine + axes.transAxes


def lookup(sky: HealpixSky, width: int) -> np.ndarray:
    """Which value of a sky each point of a raster shows, (width/2, width), southernmost row first; -1 where none."""
    return pixels_towards(sky, *lonlat_of_plane(width))


def pixels_towards(sky: HealpixSky, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Which value of a sky lies towards directions [rad]; -1 where none."""
    pixels = healpix.pixel_of(sky.nside, longitude, latitude, sky.nest)
    if sky.pixels is None:
        return pixels
    order = np.argsort(sky.indices)
    place = np.searchsorted(sky.indices, pixels, sorter=order)
    found = order[np.minimum(place, sky.size - 1)]
    return np.where(sky.indices[found] == pixels, found, -1)


def raster(values: np.ndarray, index: np.ndarray) -> np.ma.MaskedArray:
    """Values as an image through their `lookup`, masked where there is none."""
    return np.ma.masked_where(index < 0, np.ma.masked_invalid(values[index]))


def draw(axes: Any, image: np.ndarray, norm: Any, cmap: Any) -> Any:
    """Puts a raster on Mollweide axes; returns the artist, from which a colour bar is made."""
    from matplotlib.image import AxesImage

    extent = (-2 * _HALF, 2 * _HALF, -_HALF, _HALF)
    artist = AxesImage(axes, cmap=cmap, norm=norm, origin="lower", extent=extent, interpolation="nearest")
    artist.set_data(image)
    artist.set_transform(axes.transAffine + axes.transAxes)
    artist.set_clip_path(axes.patch)
    axes.add_image(artist)
    return artist


def graticule(axes: Any) -> None:
    """Meridians every 60 deg and parallels every 30 deg of Galactic coordinates, labelled off the Galactic plane."""
    from matplotlib.patheffects import withStroke
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.set_longitude_grid(60)
    axes.set_latitude_grid(30)
    axes.set_longitude_grid_ends(90)
    axes.grid(color="0.55", linewidth=0.4, linestyle=(0, (1, 2)))
    axes.xaxis.set_major_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: _degrees(np.rad2deg(y))))
    axes.tick_params(axis="y", labelsize=7)
    axes.spines["geo"].set_linewidth(0.7)
    halo = [withStroke(linewidth=1.5, foreground="white", alpha=0.8)]
    for l in (120, 60, 0, -60, -120):
        place, text = np.deg2rad((-l, -45)), f"{l % 360}°"
        inside = {"in_layout": False, "path_effects": halo}  # the layout need not measure them
        axes.text(*place, text, fontsize=6, ha="center", va="center", color="0.15", **inside)


def _degrees(angle: float) -> str:
    return f"{round(angle):+d}°".replace("-", "\N{MINUS SIGN}").replace("+0", "0")
