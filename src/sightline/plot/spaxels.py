"""The spectrum of one spaxel of a cube, beside a model."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from .._core.units import numbers, whole
from ..galaxies.cubes import Mixture, SpectralCube
from . import canvas
from .cube_maps import check_cube, power

if TYPE_CHECKING:
    import matplotlib.figure

_DENSITY = r"erg s$^{-1}$ cm$^{-2}$ $\mathrm{\AA}^{-1}$"


def spaxel(
    data: SpectralCube,
    place: tuple[int, int],
    *,
    model: Any = None,
    instrument: str | None = None,
    title: str = "",
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """The spectrum of one spaxel with its standard deviations, a model, and residuals over them.

    Data that are left out, those of infinite variance, are not drawn.

    **Arguments:**

    - `data`: a `SpectralCube`.
    - `place`: row and column of the spaxel, whole numbers from 0, (2,), counted north and east.
    - `model`: a `SpectralCube`, a `Mixture` of the cube, a `Model` or the result of a fit, or a spectrum,
      (channels,), in the unit of the data.
    - `instrument`: the name of the one that a `Model` sees the cube with, if it has several.
    - `title`, `path`, `overwrite`: as `maps`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `ValueError` for a spaxel that is not there, and models of another shape; `TypeError` for what is none.

    !!! example
        >>> channels, plane = sl.cubes.Channels.regular(5000.0, 2.0, 40), sl.cubes.Spaxels((5, 6), 0.2)
        >>> flux = np.random.default_rng(0).uniform(1.0, 2.0, (40, 30))
        >>> cube = sl.SpectralCube(flux, channels, plane, 0.1 * flux)
        >>> figure = sl.plot.spaxel(cube, (2, 3), model=np.full(40, 1.5))
    """
    check_cube(data)
    row, column = (whole(value, "place") for value in place)
    if not (row < data.plane.shape[0] and column < data.plane.shape[1]):
        raise ValueError(f"place = {place}: the cube has {data.plane.shape} rows and columns, counted from 0.")
    number = row * data.plane.shape[1] + column
    flux = data.scale * np.asarray(data.flux[:, number], np.float64)
    sigma = None
    if data.variance is not None:
        sigma = data.scale * np.sqrt(np.asarray(data.variance[:, number], np.float64))
    kept = np.isfinite(flux) & (True if sigma is None else np.isfinite(sigma))
    curve = None if model is None else _spectrum(model, number, data, instrument)
    figure = canvas.new_figure(9.0, 3.6 if curve is None else 4.8)
    figure.suptitle(title or f"spaxel {row}, {column}", fontsize=12)
    residuals = curve is not None and sigma is not None
    axes = figure.subplots(2 if residuals else 1, 1, squeeze=False, sharex=True, height_ratios=[3, 1][: 1 + residuals])
    _spectrum_panel(axes[0, 0], data, np.where(kept, flux, np.nan), sigma, curve)
    if residuals:
        _residual_panel(axes[1, 0], data, np.where(kept, (flux - curve) / sigma, np.nan))  # pyright: ignore
    axes[-1, 0].set_xlabel(rf"wavelength in {data.channels.medium} [$\mathrm{{\AA}}$]", fontsize=9)
    return canvas.finish(figure, path, overwrite)


def _spectrum(model: Any, number: int, data: SpectralCube, instrument: str | None) -> np.ndarray:
    """What a model predicts for one spaxel, (channels,) erg s-1 cm-2 A-1."""
    inner, scale = getattr(model, "model", None), data.scale
    if isinstance(model, Mixture):
        values = model.model.reshape(-1, model.model.shape[-1])[number]
    elif hasattr(inner, "cube") or hasattr(model, "cube"):
        seen = _seen(inner if hasattr(inner, "cube") else model, instrument)
        values, scale = seen.flux[:, number], seen.scale
    elif isinstance(model, SpectralCube):
        values, scale = model.flux[:, number], model.scale
    else:
        values = numbers(model, None, "model")
    found = scale * np.asarray(values, np.float64)
    if found.shape != (len(data.channels),):
        raise ValueError(
            f"model has shape {found.shape} for {len(data.channels)} channels: give it on those of the data."
        )
    return found


def _seen(model: Any, instrument: str | None) -> Any:
    """The cube of a model."""
    names = list(model.instruments)
    if instrument is None and len(names) != 1:
        raise ValueError(f"instrument: the model has {', '.join(names) or 'none'}: name one.")
    return model.cube(names[0] if instrument is None else instrument)


def _spectrum_panel(axes: Any, data: SpectralCube, flux: np.ndarray, sigma: np.ndarray | None, curve: Any) -> None:
    edges, (ten, prefix) = data.channels.edges, power(flux)
    if sigma is not None:
        axes.stairs((flux + sigma) / ten, edges, baseline=(flux - sigma) / ten, fill=True, color="0.8", label="1 s.d.")
    axes.stairs(flux / ten, edges, baseline=None, color="0.3", linewidth=0.8, label="data")
    if curve is not None:
        axes.stairs(curve / ten, edges, baseline=None, color="#d62728", linewidth=1.0, label="model")
    axes.set_ylabel(f"flux [{prefix}{_DENSITY}]", fontsize=9)
    axes.set_xlim(edges[0], edges[-1])
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=8, frameon=False)


def _residual_panel(axes: Any, data: SpectralCube, pulls: np.ndarray) -> None:
    axes.axhline(0.0, color="#d62728", linewidth=0.8)
    axes.plot(data.channels.centres, pulls, ".", markersize=2.5, color="0.3", rasterized=True)
    axes.set_ylabel("residual/s.d.", fontsize=9)
    axes.tick_params(labelsize=8)
