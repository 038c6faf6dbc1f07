"""The panels of a corner plot: one for each parameter, and one for each pair."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from . import names as naming
from .canvas import new_figure
from .densities import Density, contours, ellipse

COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b")
"""Of distributions, or chains, drawn over each other."""
_WIDTHS = (1.2, 0.7)
"""Of the inner and the outer contour."""


class Grid(NamedTuple):
    """The figure, its panels by row and column, and how the numbers of each parameter are written."""

    figure: Any
    panels: dict[tuple[int, int], Any]
    axes: list[naming.Axis]


def make_grid(drawn: list[Density], chosen: list[str], marks: dict[str, float]) -> Grid:
    """Empty panels whose axes suit all distributions and the values to mark."""
    count = len(chosen)
    size = min(2.0, 2.0 * max(0.5, 6 / count))
    figure = new_figure(size * count + 1.3, size * count + 1.3)
    figure.set_layout_engine("none")
    edge, full = 0.95, size * count + 1.3
    sides = {"left": edge / full, "bottom": edge / full, "right": 1 - 0.15 / full, "top": 1 - 0.35 / full}
    places = figure.add_gridspec(count, count, wspace=0.05, hspace=0.05, **sides)
    ranges = [_joined(drawn, name, marks.get(name)) for name in chosen]
    columns = [drawn[0].column(name) for name in chosen]
    units, symbols = ([told[i] for i in columns] for told in (drawn[0].units, drawn[0].symbols))
    axes = [naming.axis(n, u, *r) for n, u, r in zip(naming.written(chosen, symbols), units, ranges, strict=True)]
    made = {}
    for row in range(count):
        for column in range(row + 1):
            panel = figure.add_subplot(places[row, column])
            (left, right), (bottom, top) = (axes[i].limits(*ranges[i]) for i in (column, row))
            panel.set(xlim=(left, right), xticks=naming.ticks(left, right, 3))
            if row == column:
                panel.margins(y=0.08)
            else:
                panel.set(ylim=(bottom, top), yticks=naming.ticks(bottom, top, 3))
            _trim(panel, row, column, count, size, axes)
            made[row, column] = panel
    return Grid(figure, made, axes)


def _joined(drawn: list[Density], name: str, mark: float | None) -> tuple[float, float]:
    lows, highs = zip(*(one.range(name) for one in drawn if name in one.labels), strict=True)
    low, high = min(lows), max(highs)
    margin = 0.05 * (high - low)
    return (low, high) if mark is None else (min(low, mark - margin), max(high, mark + margin))


def _trim(panel: Any, row: int, column: int, count: int, size: float, axes: list[naming.Axis]) -> None:
    """Numbers and labels on the outer panels only."""
    panel.tick_params(labelsize=7, length=2.5, labelbottom=row == count - 1, labelleft=row > column == 0)
    if row == column:
        panel.tick_params(left=False, labelleft=False)
    for ticks, angle in ((panel.xaxis, 45), (panel.yaxis, 0)):
        ticks.get_major_formatter().set_useOffset(False)
        ticks.set_tick_params(labelrotation=angle)
    if row == count - 1:
        panel.set_xlabel(axes[column].label, fontsize=8)
        panel.xaxis.set_label_coords(0.5, -0.52 / size)
    if column == 0 and row:
        panel.set_ylabel(axes[row].label, fontsize=8)
        panel.yaxis.set_label_coords(-0.5 / size, 0.5)


def draw(grid: Grid, one: Density, chosen: list[str], colour: str, levels: tuple[float, float], filled: bool) -> None:
    """One distribution in all panels whose parameters it has."""
    for (row, column), panel in grid.panels.items():
        names = [chosen[column], chosen[row]]
        if not set(names) <= set(one.labels):
            continue
        if row == column:
            _draw_one(panel, one, one.column(names[0]), grid.axes[row], colour)
        else:
            places = [one.column(name) for name in names]
            _draw_pair(panel, one, places, grid.axes[column], grid.axes[row], colour, levels, filled)


def _draw_one(panel: Any, one: Density, i: int, axis: naming.Axis, colour: str) -> None:
    if one.draws is not None:
        values = axis(one.draws[:, i])
        bins = max(12, min(40, round(len(values) ** (1 / 3) * 2)))
        panel.hist(values, bins=bins, density=True, histtype="step", color=colour, linewidth=1.1)
        return
    mean, sigma = float(axis(one.mean[i])), float(np.sqrt(one.covariance[i, i])) * axis.factor
    x = mean + sigma * np.linspace(-4, 4, 200)
    panel.plot(x, np.exp(-0.5 * ((x - mean) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi)), color=colour, linewidth=1.1)


def _draw_pair(
    panel: Any,
    one: Density,
    places: list[int],
    across: naming.Axis,
    up: naming.Axis,
    colour: str,
    levels: tuple[float, float],
    filled: bool,
) -> None:
    if one.draws is None:
        for mass, width in zip(levels, _WIDTHS, strict=True):
            sigmas = float(np.sqrt(-2 * np.log1p(-mass)))  # mass of a Gaussian of two dimensions: 1 - exp(-s^2/2)
            x, y = ellipse(one.mean[places], one.covariance[np.ix_(places, places)], sigmas).T
            panel.plot(across(x), up(y), color=colour, linewidth=width)
        return
    found = contours(one.draws[:, places], levels)
    x, y = across(found.x), up(found.y)
    if filled:
        top = max(float(found.values.max()), found.levels[-1] * (1 + 1e-9))
        panel.contourf(x, y, found.values, [*found.levels, top], colors=[colour] * 2, alpha=0.35)
    panel.contour(x, y, found.values, found.levels, colors=colour, linewidths=_WIDTHS[::-1])


def mark(grid: Grid, chosen: list[str], marks: dict[str, float]) -> None:
    """Lines through the values to mark."""
    style = {"color": "0.15", "linewidth": 0.8, "linestyle": (0, (4, 2)), "zorder": 5}
    for (row, column), panel in grid.panels.items():
        if chosen[column] in marks:
            panel.axvline(float(grid.axes[column](np.array(marks[chosen[column]]))), **style)
        if row != column and chosen[row] in marks:
            panel.axhline(float(grid.axes[row](np.array(marks[chosen[row]]))), **style)


def write_numbers(grid: Grid, one: Density, chosen: list[str]) -> None:
    """Mean and standard deviation above each column."""
    for place, name in enumerate(chosen):
        i, axis = one.column(name), grid.axes[place]
        sigma = float(np.sqrt(one.covariance[i, i])) * axis.factor
        digits = max(0, 1 - int(np.floor(np.log10(sigma)))) if sigma > 0 else 3
        text = f"{float(axis(one.mean[i])):.{digits}f} ± {sigma:.{digits}f}"
        grid.panels[place, place].set_title(text.replace("-", "\N{MINUS SIGN}"), fontsize=7.5, pad=3)


def legend(figure: Any, labels: Sequence[str], title: str, levels: Sequence[float]) -> None:
    """The title, which colour is which distribution where there are several, and what contours hold."""
    from matplotlib.lines import Line2D

    figure.suptitle(title, fontsize=11)
    lines = [Line2D([], [], color=colour) for colour, _ in zip(COLOURS * len(labels), labels, strict=False)]
    lines, texts = (lines, list(labels)) if len(labels) > 1 else ([], [])
    widths = [Line2D([], [], color="0.3", linewidth=width) for width, _ in zip(_WIDTHS, levels, strict=False)]
    texts += [f"{100 * level:.3g} %" for level in levels]
    if texts:
        place = {"loc": "upper right", "bbox_to_anchor": (0.97, 0.95)}
        figure.legend([*lines, *widths], texts, fontsize=9, frameon=False, **place)
