"""Lines of force in three dimensions."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from .._core.types import Number
from ..sky.fields import field_lines as follow
from ..sky.fields.diagnostics import check_vector
from . import canvas, planes, scales

if TYPE_CHECKING:
    import matplotlib.figure


def field_lines(
    field: Any,
    seeds: Any,
    length: Any = 20.0,
    points: int = 201,
    *,
    half_widths: Any = None,
    title: str = "",
    unit: str = "µG",
    stretch: scales.Stretch = "auto",
    limits: tuple[Number, Number] | None = None,
    sun: Any = "field",
    view: tuple[Number, Number] = (30.0, -60.0),
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """Lines of force through given positions in three dimensions, coloured by |B|; the three axes have one scale.

    **Arguments:**

    - `field`: of vectors, e.g. a magnetic field, uG.
    - `seeds`, `length`, `points`, `half_widths`: as `sl.fields.field_lines`.
    - `unit`: label of the colour bar; `stretch`, `limits`: as `map`; `sun`: as `slice`, a yellow star.
    - `view`: elevation above the plane and azimuth of the eye, (2,) deg.
    - `title`, `path`, `overwrite`: as `maps`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** as `sl.fields.field_lines`; `ValueError` where the field is zero along every line.

    !!! example
        >>> seeds = [[-8.3, 0.0, 0.0], [-5.0, 0.0, 0.5], [4.0, 3.0, 1.0]]
        >>> figure = sl.plot.field_lines(sl.magnetic.LSA(), seeds, length=5.0, points=51)
    """
    check_vector(field, "field_lines")
    lines = np.asarray(follow(field, seeds, length, points, half_widths=half_widths), np.float64)
    strength = np.linalg.norm(planes.values_at(field, lines), axis=-1)
    place = planes.sun_place(field, sun)
    figure = canvas.new_figure(7.0, 6.6)
    axes = figure.add_subplot(projection="3d", computed_zorder=False)
    drawn = _draw(axes, lines, strength, stretch, limits)
    _frame(axes, lines, place, view)
    axes.set_title(title, fontsize=11)
    canvas.colour_bar(figure, drawn, axes, np.asarray(drawn.get_array()), f"$|B|$ [{unit}]" if unit else "$|B|$")
    return canvas.finish(figure, path, overwrite)


def _draw(axes: Any, lines: np.ndarray, strength: np.ndarray, stretch: scales.Stretch, limits: Any) -> Any:
    """Segments of all lines in the colours of the strength at their middles."""
    from mpl_toolkits.mplot3d.art3d import Line3DCollection

    ends = np.stack([lines[:, :-1], lines[:, 1:]], axis=2)
    values = 0.5 * (strength[:, :-1] + strength[:, 1:])
    shown = (np.linalg.norm(ends[:, :, 1] - ends[:, :, 0], axis=-1) > 0) & (values > 0)
    if not np.any(shown):
        raise ValueError("field_lines: the field is zero along every line: choose other seeds.")
    norm = scales.normalisation(values[shown], stretch, limits)
    segments = Line3DCollection(list(ends[shown]), cmap="viridis", norm=norm, linewidths=1.3, capstyle="round")
    segments.set_array(values[shown])
    axes.add_collection3d(segments)
    return segments


def _frame(axes: Any, lines: np.ndarray, sun: np.ndarray | None, view: tuple[Number, Number]) -> None:
    """A box around all lines and the Sun, a kpc as long along each axis."""
    seen = lines.reshape(-1, 3) if sun is None else np.vstack([lines.reshape(-1, 3), sun])
    low, high = seen.min(axis=0), seen.max(axis=0)
    margin = 0.05 * np.max(high - low)
    sizes = np.maximum(high - low + 2 * margin, 0.25 * np.max(high - low))
    middle = 0.5 * (low + high)
    for name, centre, size in zip("xyz", middle, sizes, strict=True):
        axes.set(**{f"{name}lim": (centre - 0.5 * size, centre + 0.5 * size)})
        getattr(axes, f"set_{name}label")(f"{name} [kpc]", fontsize=9)
    axes.set_box_aspect(sizes)
    axes.view_init(*view)
    axes.locator_params(nbins=5)
    axes.tick_params(labelsize=8)
    if sun is not None:
        style = {"color": "#f0e442", "markeredgecolor": "black", "markersize": 13, "linestyle": "none", "zorder": 5}
        axes.plot(*sun[:, None], marker="*", label="Sun", **style)
        axes.legend(fontsize=8, frameon=False, loc="upper left")
