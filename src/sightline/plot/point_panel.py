"""Points on the sky, on Mollweide's projection."""

from typing import Any

import numpy as np

from ..sky.geometry.layouts import SkyPoints
from . import canvas, mollweide, scales


class PointPanel:
    """Sources, or the middles of bins."""

    def __init__(self, place: SkyPoints):
        self.place = place

    def show(self, figure: Any, spot: tuple[int, int, int], shown: scales.Quantity) -> None:
        """Points, those of the largest modulus above the others."""
        values, title, unit, stretch, limits = shown
        factor, label = scales.prefixed(max(map(abs, limits)), unit)
        norm = scales.normalisation(values, stretch, (limits[0] * factor, limits[1] * factor))
        axes = figure.add_subplot(*spot, projection="mollweide")
        mollweide.graticule(axes)
        x, y = -np.deg2rad((self.place.l + 180) % 360 - 180), np.deg2rad(self.place.b)
        order = np.argsort(np.abs(values))
        size = float(np.clip(6000 / max(values.size, 1), 1.5, 30))
        style = {"edgecolors": "0.4", "linewidths": 0.2 if size > 4 else 0.0, "rasterized": True}
        points = axes.scatter(
            x[order], y[order], size, values[order] * factor, norm=norm, cmap=canvas.colours(stretch), **style
        )
        axes.set_title(title, fontsize=11)
        canvas.colour_bar(figure, points, axes, values * factor, label)
