"""Figures that the global state of matplotlib does not know, whole files of them, and colour bars."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike, replacing
from .._core.types import Number
from . import scales

if TYPE_CHECKING:
    import matplotlib.figure

BLANK = "0.85"
"""Grey, where there is nothing to show."""

_QUICK = {"pil_kwargs": {"compress_level": 3}}  # half the time of the default 6, for files a seventh longer


def save(figure: "matplotlib.figure.Figure", path: PathLike, overwrite: bool = False, name: str = "path") -> None:
    """Saves a figure whole or not at all; the suffix of `path` is the format.

    **Arguments:** `figure`: of matplotlib; `path`: where; `overwrite`: replace an existing file; `name`: what messages
    call it.

    **Raises:** as `check_format` and `sl.io.check_writable`.

    !!! example
        >>> sl.plot.save(sl.plot.map(stokes.I, sky), "kept.png", overwrite=True)
    """
    check_format(path, name)
    with replacing(path, overwrite, name) as temporary, _laid_out(figure):
        figure.savefig(temporary, dpi=200, **(_QUICK if Path(path).suffix.lower() == ".png" else {}))


@contextmanager
def _laid_out(figure: "matplotlib.figure.Figure") -> Iterator[None]:
    """Laid out once: left to itself, matplotlib does it twice for a file, each time as long as drawing takes."""
    engine = figure.get_layout_engine()
    if engine is None:
        yield
        return
    try:
        engine.execute(figure)
        figure.set_layout_engine("none" if _lays_out() else None)
        yield
    finally:
        figure.set_layout_engine(engine)


def _lays_out() -> bool:
    """Whether `None` would not be none, but what matplotlib's settings say."""
    from matplotlib import rcParams

    return rcParams["figure.autolayout"] or rcParams["figure.constrained_layout.use"]


def check_format(path: PathLike, name: str = "path") -> None:
    """Refuses a file name whose suffix is no format of matplotlib.

    **Arguments:** `path`: where the figure goes; `name`: what messages call it.

    **Raises:** `ValueError` with the suffixes there are.

    !!! example
        >>> sl.plot.check_format("sky.png")
    """
    from matplotlib.backend_bases import FigureCanvasBase

    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if Path(path).suffix[1:].lower() not in known:
        raise ValueError(f"{name} = {os.fspath(path)}: end it in the format wanted, one of .{', .'.join(known)}.")


def new_figure(width: float, height: float) -> "matplotlib.figure.Figure":
    """An empty figure, in inches, that matplotlib's global state does not know."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def finish(figure: "matplotlib.figure.Figure", path: PathLike | None, overwrite: bool) -> "matplotlib.figure.Figure":
    """The figure, saved if there is a path."""
    if path is not None:
        save(figure, path, overwrite)
    return figure


def colours(stretch: scales.Stretch) -> Any:
    """The colour map of a stretch, grey where there is nothing to show."""
    from matplotlib import colormaps

    return colormaps["RdBu_r" if stretch == "diverging" else "inferno"].with_extremes(bad=BLANK)


def raster(
    figure: Any, axes: Any, values: np.ndarray, extent: Sequence[Number], norm: Any, stretch: scales.Stretch, label: str
) -> None:
    """Values in rows, the lowest first, as an image with its colour bar."""
    style = {"origin": "lower", "interpolation": "nearest", "cmap": colours(stretch)}
    image = axes.imshow(values, extent=extent, norm=norm, **style)
    colour_bar(figure, image, axes, values, label)


def colour_bar(figure: Any, image: Any, axes: Any, values: np.ndarray, label: str) -> None:
    """A horizontal colour bar below `axes`, pointed where `values` go beyond it."""
    from matplotlib.colors import AsinhNorm, LogNorm

    good, norm = scales.finite(values), image.norm
    ends = (bool(good.min() < norm.vmin), bool(good.max() > norm.vmax))
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[ends]
    bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.7, aspect=32, pad=0.04, extend=extend)
    bar.outline.set_linewidth(0.7)
    bar.set_label(label, fontsize=9, labelpad=1)
    bar.ax.tick_params(labelsize=8, which="both")
    if isinstance(norm, (AsinhNorm, LogNorm)):
        scales.label_decades(bar)
