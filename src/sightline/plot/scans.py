"""Figures of posteriors that were integrated: curves of one number, contours of two."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from ..inference import Joint, Marginal
from . import names as naming
from .canvas import finish, new_figure
from .corner_panels import COLOURS
from .densities import ONE_SIGMA, TWO_SIGMA

if TYPE_CHECKING:
    import matplotlib.figure

_POINTS = 400


def scan(
    what: Any,
    *more: Any,
    labels: Sequence[str] | None = None,
    truths: Mapping[str, float] | None = None,
    title: str = "",
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """Posteriors that `sl.scan` found: the density of one number, with the shortest interval of 68.3 % filled; of two
    numbers the contours that hold 39.3 and 86.5 %, with the density of each.

    A single one of one number has mode and interval above it, and the limit of 95 % where its mode is at the end of its
    range.

    **Arguments:**

    - `what`, `more`: all of one number, or all of two, the same ones.
    - `labels`: one for each, for the legend; `truths`: values to mark, by name.
    - `title`, `path`, `overwrite`: as `maps`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `TypeError` for what is no scan; `ValueError` for scans of different numbers, or another number of
    labels.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace({"x": jnp.asarray(0.5)}, {"x": dist.Uniform(0.0, 1.0)})
        >>> data = sl.Likelihood(lambda model: model["x"] * jnp.ones(2), [0.1, 0.3], sl.statistics.Gaussian([0.2, 0.2]))
        >>> figure = sl.plot.scan(sl.scan(sl.Posterior(space, data), {"x": (0.0, 1.0)}))
    """
    drawn = [what, *more]
    _check(drawn, labels)
    marks = {} if truths is None else dict(truths)
    figure = _pair(drawn, marks) if isinstance(what, Joint) else _single(drawn, marks)
    if labels is not None:
        from matplotlib.lines import Line2D

        lines = [Line2D([], [], color=colour) for colour, _ in zip(COLOURS * len(drawn), labels, strict=False)]
        spot = {"loc": "upper right"} if isinstance(what, Joint) else {"loc": "outside right upper"}
        figure.legend(lines, labels, fontsize=9, frameon=False, **spot)
    figure.suptitle(title, fontsize=11)
    return finish(figure, path, overwrite)


def _check(drawn: list[Any], labels: Sequence[str] | None) -> None:
    for one in drawn:
        if not isinstance(one, (Marginal, Joint)):
            raise TypeError(f"{type(one).__name__} is no scan: give what sl.scan returns.")
    named = {one.names if isinstance(one, Joint) else (one.name,) for one in drawn}
    if len(named) > 1:
        raise ValueError(
            f"The scans are of different numbers, {' and '.join(map(str, named))}: draw those of the same."
        )
    if labels is not None and len(labels) != len(drawn):
        raise ValueError(f"labels names {len(labels)} of {len(drawn)} scans: give one for each.")


def _axis(ones: Sequence[Marginal]) -> tuple[naming.Axis, float, float]:
    """The axis of one number, and the ends of what is to be seen of all its posteriors."""
    grids = [one.grid(2)[0] for one in ones]
    low, high = float(min(grid[0] for grid in grids)), float(max(grid[-1] for grid in grids))
    (name,) = naming.short([ones[0].name])
    return naming.axis(name.rpartition(".")[2], ones[0].unit, low, high), low, high


def _single(drawn: list[Marginal], marks: dict[str, float]) -> Any:
    figure = new_figure(5.0, 3.4)
    panel = figure.add_subplot()
    axis, low, high = _axis(drawn)
    for one, colour in zip(drawn, COLOURS * len(drawn), strict=False):
        _curve(panel, one, axis, colour, filled=len(drawn) == 1)
    panel.set(xlabel=axis.label, ylabel="density", xlim=axis.limits(low, high), ylim=(0, None))
    panel.tick_params(labelsize=8)
    if drawn[0].name in marks:
        _mark(panel.axvline, axis, marks[drawn[0].name])
    if len(drawn) == 1:
        panel.set_title(_words(drawn[0], axis), fontsize=9)
    return figure


def _curve(panel: Any, one: Marginal, axis: naming.Axis, colour: str, filled: bool, upright: bool = False) -> None:
    """The density of one number, over its largest where it stands beside contours."""
    x, density = one.grid(_POINTS)
    density = density / axis.factor
    first, second = (density, axis(x)) if upright else (axis(x), density)
    panel.plot(first, second, color=colour, linewidth=1.2)
    if filled:
        inside = np.linspace(*one.interval(0.683), _POINTS)
        shown = one.density(inside) / axis.factor
        fill = panel.fill_betweenx if upright else panel.fill_between
        fill(axis(inside), shown, color=colour, alpha=0.25, linewidth=0)


def _words(one: Marginal, axis: naming.Axis) -> str:
    """Mode and interval, or the upper or lower limit where the mode is at an end."""
    low, high = one.range
    if one.mode in (low, high):
        sign, limit = ("<", one.upper(0.95)) if one.mode == low else (">", one.lower(0.95))
        return f"{sign} {float(axis(limit)):.4g} (95 %)"
    first, last = one.interval(0.683)
    more, less = ((last - one.mode) * axis.factor, (one.mode - first) * axis.factor)
    text = f"{float(axis(one.mode)):.4g} +{more:.2g} -{less:.2g} (68.3 %)"
    return text.replace("-", "\N{MINUS SIGN}")


def _pair(drawn: list[Joint], marks: dict[str, float]) -> Any:
    """Contours of two numbers, with the density of each along the sides."""
    figure = new_figure(5.4, 5.4)
    places = figure.add_gridspec(2, 2, width_ratios=(3, 1), height_ratios=(1, 3))
    middle = figure.add_subplot(places[1, 0])
    top, side = figure.add_subplot(places[0, 0], sharex=middle), figure.add_subplot(places[1, 1], sharey=middle)
    axes = [_axis([one[name] for one in drawn]) for name in drawn[0].names]
    (across, *width), (up, *height) = axes
    for one, colour in zip(drawn, COLOURS * len(drawn), strict=False):
        _contours(middle, one, across, up, colour, filled=len(drawn) == 1)
        for panel, name, axis, upright in zip((top, side), one.names, (across, up), (False, True), strict=True):
            _curve(panel, one[name], axis, colour, filled=len(drawn) == 1, upright=upright)
    middle.set(xlabel=across.label, ylabel=up.label, xlim=across.limits(*width), ylim=up.limits(*height))
    top.set(ylim=(0, None), yticks=[])
    side.set(xlim=(0, None), xticks=[])
    for panel, along in ((top, {"labelbottom": False}), (side, {"labelleft": False}), (middle, {})):
        panel.tick_params(labelsize=8, **along)
    for name, axis, lines in zip(drawn[0].names, (across, up), (middle.axvline, middle.axhline), strict=True):
        if name in marks:
            _mark(lines, axis, marks[name])
    return figure


def _contours(panel: Any, one: Joint, across: naming.Axis, up: naming.Axis, colour: str, filled: bool) -> None:
    """The levels above which 39.3 and 86.5 % of the probability lie."""
    x, y, density = one.grid()
    ordered = np.sort(density.ravel())[::-1]
    masses = np.cumsum(ordered) / ordered.sum()
    levels = [float(ordered[np.searchsorted(masses, mass)]) for mass in (TWO_SIGMA, ONE_SIGMA)]
    if filled:
        panel.contourf(across(x), up(y), density.T, [*levels, 1.01], colors=[colour] * 2, alpha=0.35)
    panel.contour(across(x), up(y), density.T, levels, colors=colour, linewidths=(0.9, 1.2))


def _mark(line: Any, axis: naming.Axis, value: float) -> None:
    line(float(axis(value)), color="0.15", linewidth=0.8, linestyle=(0, (4, 2)), zorder=5)
