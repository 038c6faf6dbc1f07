"""Maps of the moments of a cube."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.constants import SPEED_OF_LIGHT
from .._core.files import PathLike
from ..galaxies.cubes import SpectralCube
from ..galaxies.cubes.spaxels import image_of
from . import canvas, scales
from .panels import panel_of

if TYPE_CHECKING:
    import matplotlib.figure

_LIGHT = SPEED_OF_LIGHT * 1e-5  # km/s
_FLUX = r"erg s$^{-1}$ cm$^{-2}$"


def moments(
    cube: SpectralCube,
    low: Any = None,
    high: Any = None,
    rest: Any = None,
    *,
    title: str = "",
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """Three maps of a cube, north up and east to the left: flux, mean and spread of the wavelength, weighed by flux.

    With `rest` mean and spread are velocities, c (lambda/rest - 1): of a line, from which the continuum was taken.
    Spaxels without positive flux are grey.

    **Arguments:**

    - `cube`: a `SpectralCube`.
    - `low`, `high`: the band, A; `None`: from the first, to the last channel.
    - `rest`: the wavelength of velocity 0, as it is observed, A.
    - `title`, `path`, `overwrite`: as `maps`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `TypeError` for what is no cube; `ValueError` for a band that is not within the channels.

    !!! example
        >>> channels, plane = sl.cubes.Channels.regular(5000.0, 2.0, 40), sl.cubes.Spaxels((5, 6), 0.2)
        >>> flux = np.random.default_rng(0).uniform(1.0, 2.0, (40, 30))
        >>> figure = sl.plot.moments(sl.SpectralCube(flux, channels, plane), rest=5040.0)
    """
    check_cube(cube)
    first, last = cube.channels.edges[[0, -1]].tolist()
    zero = 0.5 * (first + last) if rest is None else rest
    found = cube.moments(first if low is None else low, last if high is None else high, zero)
    total, mean, spread = (np.asarray(part, np.float64) for part in found)
    if rest is None:
        mean, spread = zero * (1 + mean / _LIGHT), zero * spread / _LIGHT
    seen = total > 0
    labels = ("flux", _FLUX), *_names(rest is not None)
    place = image_of(cube.plane)
    panel = panel_of(place)
    height, width = place.extent
    figure = canvas.new_figure(11.0, 3.4 * float(np.clip(height / width, 0.4, 2.0)) + 1.2)
    figure.suptitle(title, fontsize=13)
    for spot, (values, (name, unit)) in enumerate(zip((total, mean, spread), labels, strict=True), 1):
        stretch = "diverging" if name == "velocity" else "auto"
        shown = np.where(seen & np.isfinite(values), values, np.nan)
        ten, prefix = power(shown)
        norm = scales.normalisation(shown / ten, stretch)
        quantity = scales.Quantity(shown / ten, name, prefix + unit, stretch, (norm.vmin, norm.vmax))
        panel.show(figure, (1, 3, spot), quantity)
    return canvas.finish(figure, path, overwrite)


def check_cube(cube: Any) -> None:
    """Refuses what is no cube.

    **Raises:** `TypeError`.
    """
    if not isinstance(cube, SpectralCube):
        raise TypeError(f"cube is a {type(cube).__name__}: give a sl.SpectralCube.")


def power(values: np.ndarray) -> tuple[float, str]:
    """A power of ten to divide values by, and how a label says it; 1 and nothing for numbers of common size."""
    size = float(np.max(np.abs(scales.finite(values))))
    exponent = math.floor(math.log10(size)) if size > 0 else 0
    return (1.0, "") if -3 < exponent < 4 else (10.0**exponent, f"$10^{{{exponent}}}$ ")


def _names(velocities: bool) -> tuple[tuple[str, str], tuple[str, str]]:
    if velocities:
        return ("velocity", "km s$^{-1}$"), ("dispersion", "km s$^{-1}$")
    return ("mean wavelength", r"$\mathrm{\AA}$"), ("spread of wavelengths", r"$\mathrm{\AA}$")
