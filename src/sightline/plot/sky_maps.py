"""Figures: one map, or the Stokes maps of several frequencies."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from .._core.types import Number
from .._core.units import numbers
from ..sky.axes import label as axis_label
from ..sky.geometry import HealpixSky
from ..sky.stokes import Stokes, is_blank
from . import mollweide, scales
from .canvas import BLANK, colour_bar, finish, new_figure

if TYPE_CHECKING:
    import matplotlib.figure

_MINI, _MAXI = 1000, 1600
"""Points across the raster of one of many maps, and of a single one."""


def maps(
    stokes: Stokes, path: PathLike | None = None, overwrite: bool = False, title: str = ""
) -> "matplotlib.figure.Figure":
    """All Stokes maps of a sky: a row for each frequency; I stretched over its range, Q, U (V) symmetric about zero.

    Q and U of one frequency share their limits. U is that of COSMO, whatever the convention of the sky. Pixels without
    data are grey.

    **Arguments:**

    - `stokes`: of a `HealpixSky`, full or partial.
    - `path`: where to save it, `None`: nowhere; `overwrite`: replace an existing file.
    - `title`: above all.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `TypeError` for skies that are not HEALPix; `ValueError` for a format that matplotlib does not know.

    !!! example
        >>> figure = sl.plot.maps(stokes, "sky.png", overwrite=True)
    """
    sky, stokes = check_sky(stokes.sky), stokes.to_convention("COSMO")
    names = [name for name in "IQUV" if getattr(stokes, name) is not None]
    rows = [stokes] if stokes.frequency.ndim == 0 else [stokes[i] for i in range(stokes.frequency.size)]
    index = mollweide.lookup(sky, _MINI)
    figure = new_figure(4.1 * len(names), 2.75 * len(rows) + (0.4 if title else 0))
    for row, one in enumerate(rows):
        values = {name: _visible(np.asarray(getattr(one, name))) for name in names}
        half = scales.symmetric_limit(values["Q"], values["U"])
        limits = {"Q": (-half, half), "U": (-half, half)}
        for column, name in enumerate(names):
            place = (len(rows), len(names), row * len(names) + column + 1)
            label = f"${name}$, {axis_label(one.axis, float(getattr(one, one.axis)))}"
            stretch = "auto" if name == "I" else "diverging"
            panel(figure, place, values[name], index, label, one.unit, stretch, limits.get(name))
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
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """One map of the whole sky.

    **Arguments:**

    - `values`: (npix,), in the order of `sky`.
    - `unit`: label of the colour bar; units of `Stokes` get a prefix that reads well.
    - `stretch`: `"auto"`, `"linear"`, `"log"`, `"asinh"` or `"diverging"`; `limits`: lowest and highest value.
    - `title`, `path`, `overwrite`: as `maps`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `ValueError` where `values` do not fit `sky`.

    !!! example
        >>> figure = sl.plot.map(simulator.rotation_measure(sky), sky, unit="rad m$^{-2}$", stretch="diverging")
    """
    values = numbers(values, None, "values")
    if values.shape != (check_sky(sky).size,):
        raise ValueError(f"values has shape {values.shape}, the sky has {sky.size} pixels.")
    figure = new_figure(7.0, 4.4)
    panel(figure, (1, 1, 1), values, mollweide.lookup(sky, _MAXI), title, unit, stretch, limits)
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


def panel(
    figure: Any,
    place: tuple[int, int, int],
    values: np.ndarray,
    index: np.ndarray,
    title: str,
    unit: str,
    stretch: scales.Stretch,
    limits: tuple[Number, Number] | None,
) -> None:
    """One map with its graticule, title and colour bar."""
    from matplotlib import colormaps

    values = _visible(values)
    norm = scales.normalisation(values, stretch, limits)
    factor, label = scales.prefixed(norm.vmax, unit)
    scaled = None if limits is None else (limits[0] * factor, limits[1] * factor)
    norm = scales.normalisation(values * factor, stretch, scaled)
    axes = figure.add_subplot(*place, projection="mollweide")
    cmap = colormaps["RdBu_r" if stretch == "diverging" else "inferno"].with_extremes(bad=BLANK)
    image = mollweide.draw(axes, mollweide.raster(values * factor, index), norm, cmap)
    mollweide.graticule(axes)
    axes.set_title(title, fontsize=11)
    colour_bar(figure, image, axes, values * factor, label)
