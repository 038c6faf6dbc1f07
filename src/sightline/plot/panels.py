"""One quantity of data as a panel of its kind of place, and the figures that panels are parts of."""

import importlib
from typing import Any, Protocol

import numpy as np

from .._core.types import Number
from ..statistics import AbstractLikelihood, Posterior
from . import canvas, scales

Limits = tuple[Number, Number]
Spot = tuple[int, int, int]
"""Rows and columns of panels, and which one, from 1."""

_KINDS = {
    "axis": ("axis_panel", "AxisPanel"),
    "cube": ("cube_panel", "CubePanel"),
    "image": ("image_panel", "ImagePanel"),
    "sky_pixels": ("pixel_panel", "PixelPanel"),
    "sky_points": ("point_panel", "PointPanel"),
}
"""The panel of each kind of place: the file is loaded when there is data of its kind."""


class Panel(Protocol):
    """A kind of place: it owns layout, scale and colour bar."""

    def show(self, figure: Any, spot: Spot, shown: scales.Quantity) -> None:
        """Draws a quantity in a part of a figure."""
        ...


def panel_of(place: Any) -> Panel:
    """The panel for a place."""
    file, name = _KINDS[place.kind]
    return getattr(importlib.import_module(f"{__package__}.{file}"), name)(place)


class Painter:
    """Draws quantities of the data of one likelihood.

    **Arguments:** `figure`: or part of one; `place`: where the data are; `shape`: rows and columns of panels.
    """

    figure: Any
    panel: Panel
    shape: tuple[int, int]

    def __init__(self, figure: Any, place: Any, shape: tuple[int, int]):
        self.figure, self.panel, self.shape = figure, panel_of(place), shape

    def show(
        self, spot: int, values: np.ndarray, title: str, unit: str, stretch: scales.Stretch, limits: Limits
    ) -> None:
        """A panel, counted from 0 row by row."""
        self.panel.show(self.figure, (*self.shape, spot + 1), scales.Quantity(values, title, unit, stretch, limits))

    def histogram(self, spot: int) -> Any:
        """Empty axes for a histogram."""
        axes = self.figure.add_subplot(*self.shape, spot + 1)
        axes.tick_params(labelsize=8)
        return axes


def common(*arrays: np.ndarray) -> tuple[scales.Stretch, Limits]:
    """A stretch and limits that suit several arrays: symmetric about zero where one is negative."""
    if any(np.any(array < 0) for array in arrays):
        half = scales.symmetric_limit(*arrays)
        return "diverging", (-half, half)
    norm = scales.normalisation(np.concatenate([scales.finite(array) for array in arrays]))
    return "auto", (norm.vmin, norm.vmax)


def named(posterior: Posterior) -> dict[str, AbstractLikelihood]:
    """The likelihoods by the names that results have."""
    return dict(zip([row[0] for row in posterior.summary().rows], posterior.likelihoods, strict=True))


def boxes(rows: list[int], title: str) -> tuple[Any, list[Any]]:
    """A figure, and for each likelihood a part of it with so many rows of panels."""
    heights = [2.75 * count + 0.4 for count in rows]
    figure = canvas.new_figure(15.0, sum(heights) + (0.4 if title else 0))
    figure.suptitle(title, fontsize=13)
    return figure, list(figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0])


def entitle(box: Any, title: str) -> None:
    """The title of a likelihood."""
    box.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
