"""Figures: one map, or the Stokes maps of several frequencies."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from .._core.given import check_kind
from .._core.types import Number
from .._core.units import numbers, whole
from ..sky.axes import label as axis_label
from ..sky.geometry import HealpixSky
from ..sky.pixels import check_pixels
from ..sky.stokes import Stokes, is_blank
from . import gnomonic, mollweide, polarisation_lines, scales
from .canvas import colour_bar, colours, finish, new_figure
from .views import AbstractView

if TYPE_CHECKING:
    import matplotlib.figure

_MINI, _MAXI = 1000, 1600
"""Points across the raster of one of many maps, and of a single one."""


def maps(
    stokes: Stokes,
    path: PathLike | None = None,
    overwrite: bool = False,
    title: str = "",
    *,
    zoom: tuple[Number, Number, Number] | None = None,
    lines: int = 0,
) -> "matplotlib.figure.Figure":
    """All Stokes maps of a sky: a row for each frequency; I stretched over its range, Q, U (V) symmetric about zero.

    Q and U of one frequency share their limits. U is that of COSMO, whatever the convention of the sky. Pixels without
    data are grey.

    **Arguments:**

    - `stokes`: of a `HealpixSky`, full or partial.
    - `path`: where to save it, `None`: nowhere; `overwrite`: replace an existing file.
    - `title`: above all.
    - `zoom`: l and b of the middle and the width of a patch, deg, which is drawn in place of the whole sky, on the
      plane that touches it there; the width is at most 120. Scales are those of what is in view.
    - `lines`: so many across the maps of I, along the electric vector.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `TypeError` for skies that are not HEALPix; `ValueError` for a format that matplotlib does not know,
    a patch that makes no sense or where the sky has no pixel, and `lines` that are no whole number.

    !!! example
        >>> figure = sl.plot.maps(stokes, "sky.png", overwrite=True)
        >>> figure = sl.plot.maps(stokes, zoom=(80.0, 0.0, 30.0), lines=15)
    """
    check_kind("stokes", stokes, Stokes, "a sl.Stokes; sl.plot.map draws other numbers")
    check_pixels(stokes, "sl.plot.maps")
    sky, stokes, lines = check_sky(stokes.sky), stokes.to_convention("COSMO"), whole(lines, "lines")
    names = [name for name in "IQUV" if getattr(stokes, name) is not None]
    rows = [stokes] if stokes.frequency.ndim == 0 else [stokes[i] for i in range(stokes.frequency.size)]
    view = view_of(sky, zoom, _MINI)
    width, height = view.panel
    figure = new_figure(width * len(names), height * len(rows) + (0.4 if title else 0))
    for row, one in enumerate(rows):
        values = {name: view.visible(_visible(np.asarray(getattr(one, name)))) for name in names}
        half = scales.symmetric_limit(values["Q"], values["U"])
        limits = {"Q": (-half, half), "U": (-half, half)}
        for column, name in enumerate(names):
            place = (len(rows), len(names), row * len(names) + column + 1)
            label = f"${name}$, {axis_label(one.axis, float(getattr(one, one.axis)))}"
            stretch = "auto" if name == "I" else "diverging"
            axes = panel(figure, place, values[name], view, label, one.unit, stretch, limits.get(name))
            if name == "I" and lines:
                polarisation_lines.draw(axes, view, sky, one, lines)
    figure.suptitle(title, fontsize=12)
    return finish(figure, path, overwrite)


def map(
    values: Any,
    sky: HealpixSky,
    *,
    title: str = "",
    unit: str = "",
    stretch: scales.Stretch = "auto",
    limits: tuple[Number, Number] | None = None,
    zoom: tuple[Number, Number, Number] | None = None,
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """One map of the whole sky, or of a patch.

    **Arguments:**

    - `values`: (npix,), in the order of `sky`, in any unit.
    - `unit`: label of the colour bar; units of `Stokes` get a prefix that reads well.
    - `stretch`: `"auto"`, `"linear"`, `"log"`, `"asinh"` or `"diverging"`; `limits`: lowest and highest value, (2,) in
      the unit of the values.
    - `title`, `zoom`, `path`, `overwrite`: as `maps`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `ValueError` where `values` do not fit `sky`.

    !!! example
        >>> figure = sl.plot.map(simulator.rotation_measure(sky), sky, unit="rad m$^{-2}$", stretch="diverging")
    """
    values = numbers(values, None, "values")
    if values.shape != (check_sky(sky).size,):
        raise ValueError(f"values has shape {values.shape}, the sky has {sky.size} pixels.")
    figure = new_figure(7.0, 4.4) if zoom is None else new_figure(5.6, 6.0)
    view = view_of(sky, zoom, _MAXI)
    panel(figure, (1, 1, 1), view.visible(_visible(values)), view, title, unit, stretch, limits)
    return finish(figure, path, overwrite)


def _visible(values: np.ndarray) -> np.ndarray:
    return np.where(is_blank(values), np.nan, values)


def check_sky(sky: Any) -> HealpixSky:
    """A sky that can be drawn as a map.

    **Raises:** `TypeError` for another one.
    """
    if not isinstance(sky, HealpixSky):
        raise TypeError(f"sky is {type(sky).__name__}: maps are drawn of sl.HealpixSky(nside, pixels=...) only.")
    return sky


def view_of(sky: HealpixSky, zoom: Any, points: int) -> AbstractView:
    """The whole of a sky, `points` across, or a patch of it."""
    return mollweide.Whole(sky, points) if zoom is None else gnomonic.Patch(sky, zoom, points)


def panel(
    figure: Any,
    place: tuple[int, int, int],
    values: np.ndarray,
    view: AbstractView,
    title: str,
    unit: str,
    stretch: scales.Stretch,
    limits: tuple[Number, Number] | None,
) -> Any:
    """The axes of one map with its graticule, title and colour bar."""
    values = _visible(values)
    norm = scales.normalisation(values, stretch, limits)
    factor, label = scales.prefixed(max(abs(norm.vmin), abs(norm.vmax)), unit)
    scaled = None if limits is None else (limits[0] * factor, limits[1] * factor)
    norm = scales.normalisation(values * factor, stretch, scaled)
    axes = view.axes(figure, place)
    image = view.draw(axes, mollweide.raster(values * factor, view.index), norm, colours(stretch))
    axes.set_title(title, fontsize=11)
    colour_bar(figure, image, axes, values * factor, label)
    return axes
