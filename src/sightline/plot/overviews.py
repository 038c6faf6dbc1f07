"""A simulator at a glance: its fields and its sky."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from ..sky.axes import asked
from ..sky.axes import label as axis_label
from ..sky.geometry import HealpixSky
from ..sky.simulator import Simulator
from . import canvas, planes, scales, slices
from .sky_maps import check_sky, panel, view_of

if TYPE_CHECKING:
    import matplotlib.figure

_MAPS = 800
"""Points across the raster of a map."""
_ARROWS = 18
_FIELDS = {
    "electron_density": "$n_e$ [cm$^{-3}$]",
    "cosmic_rays": r"$N_0$ of cosmic rays [cm$^{-3}$]",
}
"""Scalar fields that have a column, and the label of each."""


def overview(
    simulator: Simulator,
    frequency: Any = 23.0,
    *,
    sky: HealpixSky | None = None,
    extent: Any = 20.0,
    points: int = 200,
    title: str = "",
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """A simulator at a glance: fields in the planes z = 0 and y = 0 through the centre, and its sky at a frequency.

    A column each for |B|, with arrows along it, the density of thermal electrons and that of cosmic rays at the Lorentz
    factor 1, as far as the simulator has them. The lowest row has I and the polarised intensity, and the rotation
    measure where there are both a magnetic field and thermal electrons. Without emission there is neither I nor
    polarised intensity.

    **Arguments:**

    - `simulator`: a `sl.Simulator`; `frequency`: of the maps, one number, GHz.
    - `sky`: of the maps, as it is seen from the Sun of the model; `None`: `sl.HealpixSky(16)`.
    - `extent`: half width of the planes, kpc; `points`: pixels across.
    - `title`, `path`, `overwrite`: as `maps`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `TypeError` for what is no simulator and for skies that are not HEALPix; `ValueError` for several
    frequencies, and a simulator without fields.

    !!! example
        >>> figure = sl.plot.overview(simulator, 1.4, sky=sl.HealpixSky(2), points=20)
    """
    if not isinstance(simulator, Simulator):
        raise TypeError(f"simulator is {type(simulator).__name__}: give a sl.Simulator.")
    if np.ndim(asked(frequency).values):
        raise ValueError(f"frequency = {frequency}: an overview is of one, in GHz.")
    sky = check_sky(HealpixSky(16) if sky is None else sky)
    fields = {name: getattr(simulator, name) for name in ("magnetic_field", *_FIELDS)}
    fields = {name: field for name, field in fields.items() if field is not None}
    if not fields:
        raise ValueError("simulator has neither a magnetic field nor electrons: there is nothing to draw.")
    maps = _maps(simulator, sky, frequency)
    figure = canvas.new_figure(4.1 * max(len(fields), len(maps)), 8.4 + (3.0 if maps else 0) + (0.4 if title else 0))
    parts: Any = figure.subfigures(2, 1, height_ratios=(8.4, 3.0)) if maps else (figure, None)
    upper, lower = parts
    _draw_fields(upper, simulator, fields, planes.check_extent(extent), points)
    view = view_of(sky, None, _MAPS)
    for number, shown in enumerate(maps, 1):
        panel(lower, (1, len(maps), number), shown[0], view, *shown[1:], None)
    figure.suptitle(title, fontsize=12)
    return canvas.finish(figure, path, overwrite)


def _draw_fields(figure: Any, simulator: Simulator, fields: dict[str, Any], extent: planes.Extent, points: int) -> None:
    """A column for each field, a row for each plane, on one scale of the column."""
    for column, (name, field) in enumerate(fields.items(), 1):
        vector = name == "magnetic_field"
        rasters = {plane: planes.sample(field, plane, 0.0, extent, points) for plane in ("xy", "xz")}
        values = {plane: np.linalg.norm(one, axis=-1) if vector else one for plane, one in rasters.items()}
        limits = slices.limits_of(np.concatenate([one.ravel() for one in values.values()]))
        label = "$|B|$ [µG]" if vector else _FIELDS[name]
        for row, plane in enumerate(values):
            spot = (2, len(fields), row * len(fields) + column)
            axes = slices.plane_axes(figure, spot, plane, extent, simulator.sun)
            slices.draw(figure, axes, values[plane], extent, label, "auto", limits, signed=False)
            if vector:
                slices.arrows_along(axes, field, plane, 0.0, extent, _ARROWS)


def _maps(simulator: Simulator, sky: HealpixSky, frequency: Any) -> list[tuple[np.ndarray, str, str, scales.Stretch]]:
    """Values, title, unit and stretch of each map."""
    found = []
    if any(operator.axis == "frequency" for operator in simulator.emission):
        stokes = simulator(sky, frequency=frequency)
        place = axis_label("frequency", float(stokes.frequency))
        found.append((np.asarray(stokes.I), f"$I$, {place}", stokes.unit, "auto"))
        polarised = np.asarray(stokes.polarised_intensity)
        if np.any(polarised > 0):
            found.append((polarised, f"$P$, {place}", stokes.unit, "auto"))
    if simulator.magnetic_field is not None and simulator.electron_density is not None:
        found.append((np.asarray(simulator.rotation_measure(sky)), "RM", "rad m$^{-2}$", "diverging"))
    return found
