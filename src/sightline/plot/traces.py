"""Traces: how each chain went, and what it found."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from ..inference import Chains
from . import names as naming
from .canvas import finish, new_figure
from .corner_panels import COLOURS

if TYPE_CHECKING:
    import matplotlib.figure


def trace(
    chains: Chains,
    names: Sequence[str] | None = None,
    *,
    title: str = "",
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """Every parameter against the number of the draw, a colour for each chain, and its histogram by chain.

    Chains that have converged look alike; short black lines below mark divergent steps. Beside each parameter stand its
    r-hat and effective sample size. Symbols and names are those of `corner`.

    **Arguments:** `names`: which parameters, globs allowed, in this order; `None`: all; `title`, `path`, `overwrite`:
    as `maps`; `chains`: of `sl.sample`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `ValueError` for names that are not there, more than 40 parameters.

    !!! example
        >>> figure = sl.plot.trace(chains)
    """
    labels = list(chains.labels)
    chosen = naming.choose(labels, names)
    vector = np.asarray(chains.vector, np.float64)
    figure = new_figure(10.0, 1.35 * len(chosen) + 0.7 + (0.4 if title else 0))
    panels = figure.subplots(len(chosen), 2, width_ratios=(3.4, 1), sharey="row", squeeze=False)
    places = [labels.index(name) for name in chosen]
    texts = naming.written(chosen, [chains.symbols[place] for place in places])
    for row, (place, text) in enumerate(zip(places, texts, strict=True)):
        values = vector[..., place]
        low, high = np.nanquantile(values, (0.0005, 0.9995)).tolist()
        axis = naming.axis(text, chains.units[place], low, high)
        _trace(panels[row, 0], axis(values), axis.label, _divergences(chains))
        _histogram(panels[row, 1], axis(values), f"r-hat {chains.r_hat[place]:.3f}\nESS {chains.ess[place]:.0f}")
    for panel in panels[:-1, 0]:
        panel.tick_params(labelbottom=False)
    panels[-1, 0].set_xlabel("draw", fontsize=9)
    figure.suptitle(title, fontsize=11)
    return finish(figure, path, overwrite)


def _divergences(chains: Chains) -> np.ndarray:
    """Which steps diverged, (chains, draws); none where the algorithm does not know of them."""
    return np.asarray(chains.statistics.get("diverging", np.zeros(chains.vector.shape[:2])), bool)


def _trace(panel: Any, values: np.ndarray, label: str, diverging: np.ndarray) -> None:
    draws = np.arange(values.shape[1])
    for number, one in enumerate(values):
        colour = COLOURS[number % len(COLOURS)]
        panel.plot(draws, one, color=colour, linewidth=0.5, alpha=0.8, rasterized=True)
    bad = np.flatnonzero(np.any(diverging, axis=0))
    line = panel.get_xaxis_transform()
    panel.plot(bad, np.full(bad.size, 0.03), "|", color="black", markersize=6, transform=line, zorder=4)
    panel.set_xlim(0, max(len(draws) - 1, 1))
    panel.set_ylabel(label, fontsize=8)
    panel.tick_params(labelsize=7)
    panel.yaxis.get_major_formatter().set_useOffset(False)


def _histogram(panel: Any, values: np.ndarray, text: str) -> None:
    bins = int(np.clip(3 * values.shape[1] ** (1 / 3), 10, 40))
    edges = np.histogram_bin_edges(values[np.isfinite(values)], bins=bins)
    for number, one in enumerate(values):
        colour = COLOURS[number % len(COLOURS)]
        panel.hist(one, edges, density=True, histtype="step", orientation="horizontal", color=colour, linewidth=0.9)
    panel.tick_params(labelsize=7, labelbottom=False, bottom=False, left=False, labelleft=False)
    panel.text(0.97, 0.94, text, transform=panel.transAxes, ha="right", va="top", fontsize=7)
