"""Data of a cube."""

from typing import Any

import numpy as np

from ..statistics.layout import Cube
from . import image_panel, scales


class CubePanel:
    """The image of the mean over channels, and beside it the spectrum of the mean over pixels."""

    def __init__(self, place: Cube):
        self.place = place

    def show(self, figure: Any, spot: tuple[int, int, int], shown: scales.Quantity) -> None:
        """The image with its colour bar, the spectrum with a band that holds 68 % of the pixels."""
        from matplotlib.gridspec import GridSpecFromSubplotSpec

        whole = figure.add_subplot(*spot)
        parts = GridSpecFromSubplotSpec(1, 2, whole.get_subplotspec())
        whole.remove()
        table = self._filled(shown.values)
        kept = np.flatnonzero(np.any(np.isfinite(table), axis=0))
        mean = np.nanmean(table[:, kept], axis=0)
        full = np.full(table.shape[1], np.nan)
        full[kept] = mean
        limits = shown.limits
        if shown.stretch == "diverging":  # of a mean, which is smaller than single data
            limits = (-scales.symmetric_limit(full), scales.symmetric_limit(full))
        image = shown._replace(values=full, title=f"{shown.title}, mean", limits=limits)
        image_panel.draw(figure, figure.add_subplot(parts[0]), self.place.image, image)
        self._spectrum(figure.add_subplot(parts[1]), table, shown.unit)

    def _filled(self, values: np.ndarray) -> np.ndarray:
        """Values by channel and pixel, NaN where there are none."""
        channels, pixels = len(self.place.edges) - 1, int(np.prod(self.place.image.shape))
        full = np.full(channels * pixels, np.nan)
        full[slice(None) if self.place.kept is None else np.asarray(self.place.kept)] = values
        return full.reshape(channels, pixels)

    def _spectrum(self, axes: Any, table: np.ndarray, unit: str) -> None:
        seen = np.any(np.isfinite(table), axis=1)
        mean, low, high = np.full((3, len(table)), np.nan)
        mean[seen] = np.nanmean(table[seen], axis=1)
        low[seen], high[seen] = np.nanquantile(table[seen], (0.16, 0.84), axis=1)
        axes.stairs(high, self.place.edges, baseline=low, fill=True, color="0.8")
        axes.stairs(mean, self.place.edges, baseline=None, color="0.2", linewidth=0.8)
        axes.set_xlim(self.place.edges[0], self.place.edges[-1])
        axes.set_xlabel(self.place.label, fontsize=8)
        axes.set_ylabel(unit, fontsize=8)
        axes.tick_params(labelsize=7)
        axes.locator_params(axis="x", nbins=3)
        axes.set_box_aspect(1.0)
