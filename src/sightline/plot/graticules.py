"""Meridians and parallels over a patch of the sky."""

from collections.abc import Callable
from typing import Any

import numpy as np

_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 45, 90)
"""deg, between lines."""
_LINES = 5
"""The most of them across."""
_POINTS = 400


def draw(axes: Any, patch: Any) -> None:
    """Lines of equal l and b, numbered where they meet the lower and the left edge of a `gnomonic.Patch`."""
    along = np.linspace(-patch.half, patch.half, _POINTS)
    edge = np.full(_POINTS, patch.half)
    bottom, left = patch.direction(along, -edge), patch.direction(-edge, along)
    rim = np.concatenate([bottom, left, patch.direction(along, edge), patch.direction(edge, along)], axis=1)
    longitudes, latitudes = _spans(patch, *np.rad2deg(rim))
    meridians = _values(longitudes, _step(np.ptp(np.rad2deg(np.unwrap(bottom[0])))))
    parallels = _values(latitudes, _step(np.ptp(latitudes)))
    parallels = parallels[np.abs(parallels) < 90]
    for l in meridians:
        _line(axes, patch, np.full(_POINTS, l), np.linspace(*latitudes, _POINTS))
    for b in parallels:
        _line(axes, patch, np.linspace(*longitudes, _POINTS), np.full(_POINTS, b))
    _number(axes.xaxis, along, np.rad2deg(np.unwrap(bottom[0])), meridians, _unsigned)
    _number(axes.yaxis, along, np.rad2deg(left[1]), parallels, _signed)
    axes.set_xlabel("$l$", fontsize=9, labelpad=0)
    axes.set_ylabel("$b$", fontsize=9, labelpad=0)
    axes.tick_params(labelsize=7)


def _spans(patch: Any, l: np.ndarray, b: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Lowest and highest l and b [deg] of a patch, from those of its rim."""
    poles = [pole for pole in (-90.0, 90.0) if _within(patch, pole)]
    ends = [*poles, float(b.min()), float(b.max())]
    centre = float(np.rad2deg(patch.l))
    offsets = (l - centre + 180) % 360 - 180
    around = (0.0, 360.0 - 1e-9) if poles else (centre + float(offsets.min()), centre + float(offsets.max()))
    return around, (min(ends), max(ends))


def _within(patch: Any, pole: float) -> bool:
    return bool(np.all(np.abs(patch.place(np.zeros(()), np.deg2rad(pole))) <= patch.half))


def _step(span: float) -> float:
    return next((step for step in _STEPS if span <= _LINES * step), _STEPS[-1])


def _values(span: tuple[float, float], step: float) -> np.ndarray:
    """Multiples of a step within a span."""
    low, high = span
    return step * np.arange(np.ceil(low / step), np.floor(high / step) + 1)


def _line(axes: Any, patch: Any, l: np.ndarray, b: np.ndarray) -> None:
    x, y = np.moveaxis(patch.place(np.deg2rad(l), np.deg2rad(b)), -1, 0)
    axes.plot(x, y, color="0.55", linewidth=0.5, linestyle=(0, (1, 2)), scalex=False, scaley=False)


def _number(
    axis: Any, along: np.ndarray, angles: np.ndarray, values: np.ndarray, write: Callable[[float], str]
) -> None:
    """Ticks where the angles along an edge cross values, a whole turn aside."""
    found = []
    for value in values:
        away = angles - value - 360 * np.round((np.mean(angles) - value) / 360)
        for i in np.flatnonzero((away[:-1] < 0) != (away[1:] < 0)):
            share = away[i] / (away[i] - away[i + 1]) if away[i] != away[i + 1] else 0.0
            found.append((along[i] + share * (along[i + 1] - along[i]), write(float(value))))
    found.sort()
    axis.set_ticks([place for place, _ in found], [text for _, text in found])


def _unsigned(angle: float) -> str:
    return f"{round(angle % 360, 4) % 360:g}°"


def _signed(angle: float) -> str:
    return f"{round(angle, 4):+g}°".replace("-", "\N{MINUS SIGN}").replace("+0°", "0°")
