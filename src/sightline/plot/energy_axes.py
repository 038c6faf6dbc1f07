"""Axes of energy, and what is drawn along them."""

from typing import Any

import numpy as np

DATA, MODEL, BEHIND = "black", "#d62728", "0.55"
PARTS = ("#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2")
STYLES = ("--", "-.", ":")


def grid(figure: Any, count: int, size: tuple[float, float]) -> list[Any]:
    """A part of the figure for each spectrum, in two columns where there are several."""
    figure.get_layout_engine().set(h_pad=0.02, hspace=0.0)
    columns = min(count, 2)
    rows = -(-count // columns)
    figure.set_size_inches(columns * size[0], rows * size[1] + (0.4 if figure.get_suptitle() else 0))
    return list(figure.subfigures(rows, columns, squeeze=False).ravel()[:count])


def pair(box: Any, name: str) -> tuple[Any, Any]:
    """Two panels of one energy axis, the lower one for what is left."""
    upper, lower = box.subplots(2, 1, sharex=True, height_ratios=(3, 1), gridspec_kw={"hspace": 0.0})
    upper.set_title(name, loc="left", fontsize=10, fontweight="bold")
    for panel in (upper, lower):
        panel.tick_params(which="both", direction="in", top=True, right=True, labelsize=9)
    upper.tick_params(labelbottom=False)
    return upper, lower


def energies(panel: Any, low: np.ndarray, high: np.ndarray) -> None:
    """A logarithmic axis of energy with plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    panel.set_xscale("log")
    panel.set_xlim(low.min(), high.max())
    wide = high.max() > 30 * low.min()
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if wide else (1, 1.5, 2, 3, 4, 5, 6, 8), numticks=20))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.set_xlabel("energy [keV]", fontsize=10)


def heights(panel: Any, *shown: np.ndarray) -> None:
    """A logarithmic axis that holds all positive numbers, and lines down to a part of them; linear without any."""
    values = np.concatenate([np.ravel(one) for one in shown])
    good = values[np.isfinite(values) & (values > 0)]
    if good.size:
        panel.set_yscale("log")
        panel.set_ylim(max(0.4 * good.min(), 1e-6 * good.max()), 2.5 * good.max())


def points(panel: Any, folded: Any, values: np.ndarray, errors: np.ndarray, **style: Any) -> None:
    """Data with their errors and the widths of their groups."""
    half = 0.5 * (folded.high - folded.low)
    look: dict[str, Any] = {"linestyle": "none", "elinewidth": 0.8, "markersize": 2.5, "marker": "o"} | style
    panel.errorbar(folded.low + half, values, yerr=errors, xerr=half, **look)


def steps(low: np.ndarray, high: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A line of steps, broken where groups do not follow each other."""
    gap = np.append(np.abs(low[1:] - high[:-1]) > 1e-6 * high[:-1], True)
    x, y = np.stack([low, high, high], axis=-1), np.stack([values, values, np.where(gap, np.nan, values)], axis=-1)
    return x.ravel(), y.ravel()


def band(panel: Any, low: np.ndarray, high: np.ndarray, draws: np.ndarray, **style: Any) -> None:
    """Where 95 % of draws, (draws, n), lie; nothing for a single one."""
    if len(draws) > 1:
        bottom, top = np.quantile(draws, [0.025, 0.975], axis=0)
        x, y = steps(low, high, bottom)
        panel.fill_between(x, y, steps(low, high, top)[1], linewidth=0, **style)


def legend(panel: Any) -> None:
    """What is drawn, data first."""
    handles, labels = panel.get_legend_handles_labels()
    order = sorted(
        range(len(labels)), key=lambda place: (not labels[place].startswith("data"), labels[place] != "model")
    )
    panel.legend([handles[i] for i in order], [labels[i] for i in order], fontsize=8, frameon=False)


def part_style(number: int, name: str) -> dict[str, Any]:
    """How the line of a component looks, and its name."""
    return {
        "label": name.replace("_", " "),
        "color": PARTS[number % len(PARTS)],
        "linestyle": STYLES[number % len(STYLES)],
        "linewidth": 1.1,
    }
