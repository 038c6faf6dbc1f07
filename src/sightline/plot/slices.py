"""Figures of a field in a plane: a slice in colours, and one with arrows."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from .._core.types import Number
from .._core.units import refuse_units
from ..sky.fields.diagnostics import check_vector, is_vector
from . import canvas, planes, scales

if TYPE_CHECKING:
    import matplotlib.figure

_DECADES = 3
"""What a logarithmic scale covers at most, unless limits are given."""
_MICROGAUSS = "µG"
_SIGNED: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "x": lambda b, x: b[..., 0],
    "y": lambda b, x: b[..., 1],
    "z": lambda b, x: b[..., 2],
    "r": lambda b, x: (x[..., 0] * b[..., 0] + x[..., 1] * b[..., 1]) / _axial(x),
    "phi": lambda b, x: (x[..., 0] * b[..., 1] - x[..., 1] * b[..., 0]) / _axial(x),
}
"""Components by name, of vectors b at positions x, (..., 3)."""


def slice(
    field: Any,
    plane: str = "xy",
    at: Any = 0.0,
    extent: Any = 20.0,
    *,
    component: str | None = None,
    points: int = 300,
    title: str = "",
    unit: str | None = None,
    stretch: scales.Stretch = "auto",
    limits: tuple[Number, Number] | None = None,
    sun: Any = "field",
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """A field in a plane: |B| or a component of a vector field, the value of a scalar field.

    What has no sign is drawn on a logarithmic scale of three decades at most if it spans more than one, grey where it
    is zero; what has a sign on a scale symmetric about zero. The Sun is marked.

    **Arguments:**

    - `field`: any field.
    - `plane`: `"xy"`, `"xz"` or `"yz"`; `at`: where it crosses the third axis, kpc.
    - `extent`: half width, or (left, right, bottom, top), kpc; `points`: pixels along the longer side.
    - `component`: of vectors, `"x"`, `"y"`, `"z"`, or `"r"`, `"phi"` of cylindrical coordinates; `None`: the modulus.
    - `unit`: label of the colour bar; `None`: uG of vectors, none of scalars.
    - `stretch`, `limits`: as `map`.
    - `sun`: Galactocentric position, (3,) kpc; `"field"`: that of the field, else `sl.SUN`; `None`: not marked.
    - `title`, `path`, `overwrite`: as `maps`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `ValueError` for planes, offsets and extents that make no sense, and unknown components; `TypeError`
    for what is no field, and components of scalars.

    !!! example
        >>> figure = sl.plot.slice(sl.magnetic.JF12(), plane="xz", extent=(-20.0, 20.0, -10.0, 10.0))
        >>> figure = sl.plot.slice(sl.electrons.YMW16(), unit="cm$^{-3}$")
    """
    _check_component(field, component)
    extent = planes.check_extent(extent)
    values = planes.sample(field, plane, at, extent, points)
    symbol = ""
    if component is not None:
        values = _SIGNED[component](values, planes.positions(plane, at, extent, points))
        symbol = f"$B_{{{component.replace('phi', chr(92) + 'phi')}}}$"
    elif is_vector(field):
        values, symbol = np.linalg.norm(values, axis=-1), "$|B|$"
    figure, axes = _figure(plane, extent, planes.sun_place(field, sun))
    unit = (_MICROGAUSS if symbol else "") if unit is None else unit
    signed = component is not None or bool(np.any(values < 0))
    draw(figure, axes, values, extent, _label(symbol, unit), stretch, limits, signed)
    axes.set_title(title, fontsize=11)
    return canvas.finish(figure, path, overwrite)


def quiver(
    field: Any,
    plane: str = "xy",
    at: Any = 0.0,
    extent: Any = 20.0,
    *,
    arrows: int = 25,
    points: int = 300,
    title: str = "",
    unit: str = _MICROGAUSS,
    stretch: scales.Stretch = "auto",
    limits: tuple[Number, Number] | None = None,
    sun: Any = "field",
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """A vector field in a plane: |B| in colours, and arrows along it that are the shorter the more it leaves the plane.

    **Arguments:** `arrows`: along the longer side; an arrow in the plane is as long as their distance. The rest as
    `slice`; `field`, `at`, `extent`, `points`, `unit`, `limits`, `stretch`, `sun`, `title`, `path`, `overwrite`: as of
    `sl.plot.slice`; `plane`: as of `sl.plot.slice`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** as `slice`, and `TypeError` for scalar fields.

    !!! example
        >>> figure = sl.plot.quiver(sl.magnetic.LSA(), at=0.5)
    """
    check_vector(field, "quiver")
    extent = planes.check_extent(extent)
    values = np.linalg.norm(planes.sample(field, plane, at, extent, points), axis=-1)
    figure, axes = _figure(plane, extent, planes.sun_place(field, sun))
    draw(figure, axes, values, extent, _label("$|B|$", unit), stretch, limits, signed=False)
    arrows_along(axes, field, plane, at, extent, arrows)
    axes.set_title(title, fontsize=11)
    return canvas.finish(figure, path, overwrite)


def _check_component(field: Any, component: str | None) -> None:
    vector = is_vector(field)
    if component is None:
        return
    if component not in _SIGNED:
        raise ValueError(f"component = {component!r} must be None or one of {', '.join(map(repr, _SIGNED))}.")
    if not vector:
        raise TypeError(f"{type(field).__name__} is scalar and has no component {component!r}: leave it out.")


def _axial(x: np.ndarray) -> np.ndarray:
    r = np.hypot(x[..., 0], x[..., 1])
    return np.where(r > 0, r, 1)


def _label(symbol: str, unit: str) -> str:
    return f"{symbol} [{unit}]" if symbol and unit else symbol or unit


def _figure(plane: str, extent: planes.Extent, sun: Any) -> tuple["matplotlib.figure.Figure", Any]:
    """Axes of a plane in kpc, with the Sun where it is in view."""
    left, right, bottom, top = extent
    size = 5.2 / max(right - left, top - bottom)
    figure = canvas.new_figure(max(2.5, size * (right - left)) + 0.8, max(1.2, size * (top - bottom)) + 1.3)
    return figure, plane_axes(figure, (1, 1, 1), plane, extent, sun)


def plane_axes(figure: Any, place: tuple[int, int, int], plane: str, extent: planes.Extent, sun: Any) -> Any:
    """Empty axes of a plane in kpc, a part of a figure, with the Sun where it is in view."""
    left, right, bottom, top = extent
    axes = figure.add_subplot(*place, aspect="equal", xlim=(left, right), ylim=(bottom, top), facecolor=canvas.BLANK)
    axes.set_xlabel(f"{plane[0]} [kpc]", fontsize=9)
    axes.set_ylabel(f"{plane[1]} [kpc]", fontsize=9)
    axes.tick_params(labelsize=8)
    if sun is not None:
        mark_sun(axes, *np.asarray(sun)[list(planes.PLANES[plane][:2])])
    return axes


def mark_sun(axes: Any, x: Number, y: Number, size: Number = 7) -> None:
    """A ring around a dot at a point of the axes."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.5, foreground="black")]
    style = {"color": "white", "path_effects": halo, "zorder": 4, "linestyle": "none", "clip_on": True}
    axes.plot([x], [y], marker="o", markersize=size, markerfacecolor="none", markeredgewidth=1.2, **style)
    axes.plot([x], [y], marker=".", markersize=0.4 * size, **style)


def draw(
    figure: Any,
    axes: Any,
    values: np.ndarray,
    extent: planes.Extent,
    label: str,
    stretch: scales.Stretch,
    limits: tuple[Number, Number] | None,
    signed: bool,
) -> None:
    """Values of a raster with their colour bar."""
    refuse_units(limits=limits)
    if not signed:
        values = np.where(values > 0, values, np.nan)
        limits = limits_of(values, stretch) if limits is None else limits
    stretch = "diverging" if signed and stretch == "auto" else stretch
    norm = scales.normalisation(values, stretch, limits)
    canvas.raster(figure, axes, values, extent, norm, stretch, label)


def limits_of(values: np.ndarray, stretch: scales.Stretch = "auto") -> tuple[Number, Number] | None:
    """Robust limits that leave a logarithm its upper decades; `None` where the stretch has its own rule."""
    low, high = np.percentile(scales.finite(np.where(values > 0, values, np.nan)), [0.5, 99.5]).tolist()
    if stretch not in ("auto", "log") or not 0 < low < high:
        return None
    return max(low, high / 10**_DECADES), high


def arrows_along(axes: Any, field: Any, plane: str, at: Any, extent: planes.Extent, arrows: int) -> None:
    """Unit vectors of the field, of which one sees what lies in the plane."""
    refuse_units(arrows=arrows)
    where, b = planes.positions(plane, at, extent, arrows), planes.sample(field, plane, at, extent, arrows)
    size = np.linalg.norm(b, axis=-1)
    shown = size > 0
    spacing = max(extent[1] - extent[0], extent[3] - extent[2]) / arrows
    right, up, _ = planes.PLANES[plane]
    unit = b[shown] * spacing / size[shown][:, None]
    x, y = where[shown][:, right], where[shown][:, up]
    style = {"color": "white", "edgecolor": "black", "linewidth": 0.4, "width": 0.12 * spacing, "units": "xy"}
    axes.quiver(x, y, unit[:, right], unit[:, up], angles="xy", scale_units="xy", scale=1.1, pivot="middle", **style)
