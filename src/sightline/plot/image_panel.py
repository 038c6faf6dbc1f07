"""Pixels of an image, north up and east to the left."""

from typing import Any

import numpy as np

from ..statistics.layout import Image
from . import canvas, scales


class ImagePanel:
    """Images of one plane."""

    def __init__(self, place: Image):
        self.place = place

    def show(self, figure: Any, spot: tuple[int, int, int], shown: scales.Quantity) -> None:
        """An image with its colour bar."""
        draw(figure, figure.add_subplot(*spot), self.place, shown)


def draw(figure: Any, axes: Any, place: Image, shown: scales.Quantity) -> None:
    """An image on axes; pixels without data are grey."""
    factor, label = scales.prefixed(max(map(abs, shown.limits)), shown.unit)
    values, limits = shown.values * factor, (shown.limits[0] * factor, shown.limits[1] * factor)
    norm = scales.normalisation(values, shown.stretch, limits)
    height, width = place.extent
    extent = (width / 2, -width / 2, -height / 2, height / 2)
    canvas.raster(figure, axes, _filled(place, values)[:, ::-1], extent, norm, shown.stretch, label)
    axes.set_title(shown.title, fontsize=11)
    axes.set_xlabel(f"east [{place.unit}]", fontsize=9)
    axes.set_ylabel(f"north [{place.unit}]", fontsize=9)
    axes.tick_params(labelsize=8)


def _filled(place: Image, values: np.ndarray) -> np.ndarray:
    """Values in rows and columns, NaN where there are none."""
    full = np.full(place.shape[0] * place.shape[1], np.nan)
    full[slice(None) if place.kept is None else place.kept] = values
    return full.reshape(place.shape)
