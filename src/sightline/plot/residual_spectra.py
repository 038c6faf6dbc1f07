"""Figures of the power spectra of what a separation leaves."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from ..components.separation import Residuals
from ..sky.harmonics import angular_power
from .canvas import finish, new_figure
from .corner_panels import COLOURS

if TYPE_CHECKING:
    import matplotlib.figure

_LINES = {"systematic": "-", "statistical": ":"}
_SPECTRA = ("TT", "EE", "BB")


def residual_spectra(
    residuals: Any,
    *,
    spectrum: str = "BB",
    models: Mapping[str, Callable[[np.ndarray], Any]] | None = None,
    mask: Any = None,
    lmax: int | None = None,
    title: str = "",
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """Power spectra of systematic and statistical residuals, l (l + 1) C_l/2 pi, beside spectra of the sky.

    **Arguments:**

    - `residuals`: of one component, `likelihood.residuals_of(model, truth)["cmb"]`, or several of them by name.
    - `spectrum`: `"TT"`, `"EE"` or `"BB"`; `models`: spectra by name, from degrees to uK_CMB^2, as
      `sl.cosmology.BModes()`.
    - `mask`, `lmax`: as `sl.harmonics.angular_power`.
    - `title`, `path`, `overwrite`: as `maps`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `TypeError` for what are no residuals; `ValueError` for another spectrum.

    !!! example
        >>> sky = sl.HealpixSky(nside=4)
        >>> noise = np.random.default_rng(0).normal(size=(2, 3, 192))
        >>> parts = [sl.Stokes(*one, frequency=100.0, unit="uK_CMB", sky=sky) for one in (*noise, noise.sum(axis=0))]
        >>> left = sl.components.Residuals(*parts)
        >>> figure = sl.plot.residual_spectra(left, models={"lensing": sl.cosmology.BModes(r=0.0)})
    """
    if spectrum not in _SPECTRA:
        raise ValueError(f"spectrum = {spectrum!r}: name one of {', '.join(_SPECTRA)}.")
    named = {"": residuals} if isinstance(residuals, Residuals) else residuals
    if not isinstance(named, Mapping) or not named or not all(isinstance(one, Residuals) for one in named.values()):
        raise TypeError('residuals: give likelihood.residuals_of(model, truth)["cmb"], or several of such by name.')
    figure = new_figure(5.6, 4.0)
    panel, last = figure.add_subplot(), 2
    for (name, one), colour in zip(named.items(), COLOURS * len(named), strict=False):
        for part, line in _LINES.items():
            found = angular_power(getattr(one, part), mask, lmax)
            last = max(last, int(found.ell[-1]))
            _draw(panel, found.ell, getattr(found, spectrum), f"{name}: {part}" if name else part, line, colour)
    ell = np.arange(2, last + 1)
    for (name, model), line in zip((models or {}).items(), ("-", "--", "-.", ":") * 9, strict=False):
        _draw(panel, ell, np.asarray(model(ell)), name, line, "k")
    panel.set(xlabel="degree $l$", ylabel=rf"$l(l+1)C_l^{{{spectrum}}}/2\pi$ [µK$^2_\mathrm{{CMB}}$]")
    panel.set(xscale="log", yscale="log", xlim=(2, last))
    _whole_degrees(panel, last)
    panel.legend(fontsize=7.5, frameon=False)
    figure.suptitle(title, fontsize=11)
    return finish(figure, path, overwrite)


def _draw(panel: Any, ell: np.ndarray, power: np.ndarray, label: str, line: str, colour: str) -> None:
    """One spectrum from degree 2 on."""
    seen = ell >= 2
    scaled = ell[seen] * (ell[seen] + 1) / (2 * np.pi) * power[seen]
    panel.plot(ell[seen], scaled, line, color=colour, linewidth=1.1, label=label)


def _whole_degrees(panel: Any, last: int) -> None:
    """Plain numbers at 2, 5, 10, 20, ..."""
    from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

    steps = [step * 10**power for power in range(5) for step in (1, 2, 5)]
    panel.xaxis.set_major_locator(FixedLocator([step for step in steps if 2 <= step <= last]))
    panel.xaxis.set_major_formatter(ScalarFormatter())
    panel.xaxis.set_minor_locator(NullLocator())
