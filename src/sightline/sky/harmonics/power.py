"""Power spectra of maps, by the iterated analysis of healpy."""

import dataclasses
import warnings
from typing import Any

import numpy as np

from ...parameters import Table
from ..geometry import healpix
from .maps import UNIT, FullMaps, check_lmax, full_maps

NEARLY_ALL = 0.8  # of the sky: below it E leaks into B


class LeakageWarning(UserWarning):
    """A spectrum of a cut sky, whose B modes hold some of the E modes."""


@dataclasses.dataclass(frozen=True, repr=False)
class AngularPower:
    """Power spectra of one sky, uK_CMB^2; NaN where a map was not there.

    - `ell`: degrees, (n,); `TT`, `EE`, `BB`, `EB`: (n,).
    - `f_sky`: the part of the sky that was used; `unit`.

    !!! example
        >>> power = sl.harmonics.angular_power(stokes, lmax=8)
        >>> type(power).__name__
        'AngularPower'
    """

    ell: np.ndarray
    TT: np.ndarray
    EE: np.ndarray
    BB: np.ndarray
    EB: np.ndarray
    f_sky: float
    unit: str = f"{UNIT}^2"

    def summary(self) -> Table:
        """A table of the spectra, of few degrees where there are many."""
        steps = np.unique(np.linspace(0, len(self.ell) - 1, 8).astype(int))
        columns = [[f"{value:.4g}" for value in getattr(self, name)[steps]] for name in ("TT", "EE", "BB", "EB")]
        rows = [[f"{ell:g}", *row] for ell, row in zip(self.ell[steps], zip(*columns, strict=True), strict=True)]
        return Table(["degree", "TT", "EE", "BB", "EB"], rows, f"{self.unit}, f_sky = {self.f_sky:.4g}")

    def __repr__(self) -> str:
        return repr(self.summary())


def angular_power(stokes: Any, mask: Any = None, lmax: Any = None) -> AngularPower:
    """The power spectra of maps, in uK_CMB^2 whatever their unit, those of a cut sky divided by the part that is left:

    C_l = sum_m |a_lm|^2/((2l + 1) f_sky).

    Monopole and dipole are those of the maps. On a cut sky the a_lm mix: the spectra are right on average where they
    are smooth, but some of E appears in B, which `pseudo_power` takes out.

    **Arguments:**

    - `stokes`: a `Stokes` of one frequency on a `HealpixSky`, which may be partial. Blank pixels (NaN, UNSEEN) are left
      out; where I is blank everywhere, as of data of Q and U, there are EE, BB and EB alone.
    - `mask`: pixels to use, (npix,) booleans in the order of the sky.
    - `lmax`: the last degree; `None`: 3 nside - 1. Beyond 2 nside pixels blur and alias.

    **Returns:** `AngularPower` with `.ell`, `.TT`, `.EE`, `.BB`, `.EB`; printed, it is a table.

    **Raises:** `ValueError` for several frequencies, a mask of another sky, or no pixel left; `TypeError` for what is
    no `Stokes`.

    **Warns:** `LeakageWarning` where less than 80 % of the sky is left.

    !!! example
        >>> sky = sl.HealpixSky(nside=8)
        >>> l, b = np.deg2rad(np.stack(sky.lonlat()))
        >>> maps = sl.Stokes(np.sin(b), 0 * b, np.cos(b) ** 2, frequency=100.0, unit="uK_CMB", sky=sky)
        >>> power = sl.harmonics.angular_power(maps)
        >>> power.TT[1].round(2), power.BB[2].round(2), bool(power.EE.max() < 1e-6)
        (np.float64(1.4), np.float64(1.34), True)

    **Source:** Gorski et al. 2005, ApJ 622, 759; Wandelt, Hivon & Gorski 2001, Phys. Rev. D 64, 083003 (f_sky).
    """
    maps = full_maps(stokes, mask, binary=True)
    if maps.polarised:
        warn_of_leakage(float(np.mean(maps.weight)))
    return spectra(maps, check_lmax(lmax, maps.nside))


def spectra(maps: FullMaps, lmax: int) -> AngularPower:
    """The power spectra of maps of the full sky, 0 where nothing was observed, over f_sky."""
    f_sky = float(np.mean(maps.weight))
    powers = healpix.cross_powers(maps.values, lmax) / f_sky
    blank = np.full(powers.shape[1], np.nan)
    temperature = powers[0] if maps.intensity else blank
    e, b, both = (powers[1], powers[2], powers[4]) if maps.polarised else (blank, blank, blank)
    return AngularPower(np.arange(powers.shape[1]), temperature, e, b, both, f_sky)


def warn_of_leakage(f_sky: float) -> None:
    """Warns where so little of the sky is left that its B modes hold E modes."""
    if f_sky < NEARLY_ALL:
        warnings.warn(
            f"Only {100 * f_sky:.3g} % of the sky is left: E leaks into B, more than r < 1e-3 has of it. Use "
            "sl.harmonics.pseudo_power, which purifies B.",
            LeakageWarning,
            stacklevel=3,
        )
