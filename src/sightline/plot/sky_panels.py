"""One quantity of data as a panel: a map, points on the sky, or against the number of the datum."""

from typing import Any

import numpy as np

from .._core.types import Number
from ..sky.geometry import HealpixSky
from ..statistics import AbstractLikelihood, Posterior
from . import figures, mollweide, scales
from .places import Place, Points

_POINTS = 800
"""Across the raster of a map."""
Limits = tuple[Number, Number]


class Painter:
    """Draws quantities of the data of one likelihood.

    **Arguments:** `figure`: or part of one; `place`: where the data are; `shape`: rows and columns of panels.
    """

    def __init__(self, figure: Any, place: Place, shape: tuple[int, int]):
        self.figure, self.place, self.shape = figure, place, shape
        self._index = mollweide.lookup(place, _POINTS) if isinstance(place, HealpixSky) else None

    def show(
        self, spot: int, values: np.ndarray, title: str, unit: str, stretch: scales.Stretch, limits: Limits
    ) -> Any:
        """A panel, counted from 0 row by row."""
        where = (*self.shape, spot + 1)
        if self._index is not None:
            figures.panel(self.figure, where, values, self._index, title, unit, stretch, limits)
        elif isinstance(self.place, Points):
            _scatter(self.figure, where, self.place, values, title, unit, stretch, limits)
        else:
            _plot(self.figure, where, values, title, unit, limits)

    def histogram(self, spot: int) -> Any:
        """Empty axes for a histogram."""
        axes = self.figure.add_subplot(*self.shape, spot + 1)
        axes.tick_params(labelsize=8)
        return axes


def _plot(figure: Any, where: tuple[int, int, int], values: np.ndarray, title: str, unit: str, limits: Limits) -> None:
    """Values against the number of the datum."""
    axes = figure.add_subplot(*where)
    factor, unit = scales.prefixed(max(map(abs, limits)), unit)
    axes.plot(np.arange(values.size), values * factor, ".", markersize=3, color="0.3", rasterized=True)
    axes.set_title(title, fontsize=11)
    axes.set_xlabel("datum", fontsize=8)
    axes.set_ylabel(unit, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.set_box_aspect(0.55)


def _scatter(
    figure: Any,
    where: tuple[int, int, int],
    place: Points,
    values: np.ndarray,
    title: str,
    unit: str,
    stretch: scales.Stretch,
    limits: Limits,
) -> None:
    """Points on the sky, those of the largest modulus above the others."""
    from matplotlib import colormaps

    factor, label = scales.prefixed(max(map(abs, limits)), unit)
    norm = scales.normalisation(values, stretch, (limits[0] * factor, limits[1] * factor))
    axes = figure.add_subplot(*where, projection="mollweide")
    mollweide.graticule(axes)
    x, y = -np.deg2rad((place.l + 180) % 360 - 180), np.deg2rad(place.b)
    order = np.argsort(np.abs(values))
    size = float(np.clip(6000 / max(values.size, 1), 1.5, 30))
    cmap = colormaps["RdBu_r" if stretch == "diverging" else "inferno"]
    style = {"edgecolors": "0.4", "linewidths": 0.2 if size > 4 else 0.0, "rasterized": True}
    points = axes.scatter(x[order], y[order], size, values[order] * factor, norm=norm, cmap=cmap, **style)
    axes.set_title(title, fontsize=11)
    figures.colour_bar(figure, points, axes, values * factor, label)


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
    figure = figures.new_figure(15.0, sum(heights) + (0.4 if title else 0))
    figure.suptitle(title, fontsize=13)
    return figure, list(figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0])


def entitle(box: Any, title: str) -> None:
    """The title of a likelihood."""
    box.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
