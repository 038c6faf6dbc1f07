"""Pixels of the sky, on Mollweide's projection."""

from typing import Any

from ..sky.geometry.layouts import SkyPixels
from . import mollweide, scales
from .sky_maps import panel

_POINTS = 800
"""Across the raster of a map."""


class PixelPanel:
    """Maps of one sky."""

    def __init__(self, place: SkyPixels):
        self.view = mollweide.Whole(place.sky, _POINTS)

    def show(self, figure: Any, spot: tuple[int, int, int], shown: scales.Quantity) -> None:
        """A map with its colour bar."""
        panel(figure, spot, shown.values, self.view, *shown[1:])
