"""Data along an axis."""

from typing import Any

from ..statistics.layout import Axis
from . import scales


class AxisPanel:
    """Values against energies, wavelengths, or the numbers of data."""

    def __init__(self, place: Axis):
        self.place = place

    def show(self, figure: Any, spot: tuple[int, int, int], shown: scales.Quantity) -> None:
        """Points, which have no colours."""
        axes = figure.add_subplot(*spot)
        factor, unit = scales.prefixed(max(map(abs, shown.limits)), shown.unit)
        axes.plot(self.place.values, shown.values * factor, ".", markersize=3, color="0.3", rasterized=True)
        axes.set_title(shown.title, fontsize=11)
        axes.set_xlabel(self.place.label, fontsize=8)
        axes.set_ylabel(unit, fontsize=8)
        axes.tick_params(labelsize=8)
        axes.set_box_aspect(0.55)
