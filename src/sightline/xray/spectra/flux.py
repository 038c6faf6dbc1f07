"""Fluxes and luminosities of spectra in a band."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.given import check_kind
from ..._core.module import is_concrete
from ..._core.points import as_energy, check_rising
from ..._core.units import strip_unit
from .base import AbstractPhotonSpectrum
from .nodes import band

ERG = 1.602176634e-9
"""erg of 1 keV (exact, SI)."""
_SPHERE = 4 * math.pi * 3.0856775814913673e24**2 * 1e-40  # 1e40 cm2, of 1 Mpc


def photon_flux(spectrum: AbstractPhotonSpectrum, low: Any, high: Any) -> Float[Array, ""]:
    """Photons of a spectrum in a band: the integral of N(E), cm-2 s-1.

    **Arguments:** `low`, `high`: keV; `spectrum`: an `AbstractPhotonSpectrum`.

    **Returns:** (), cm-2 s-1.

    **Raises:** `ValueError` for a `low` above `high`; `TypeError` for what is no photon spectrum.

    !!! example
        >>> source = sl.spectra.PowerLaw(index=2.0, norm=1.0)
        >>> round(float(sl.spectra.photon_flux(source, 1.0, 2.0)), 9)
        0.5
    """
    check_kind("spectrum", spectrum, AbstractPhotonSpectrum, "one of sl.spectra that has photons")
    return spectrum.photons(*given_band(low, high))


def energy_flux(spectrum: AbstractPhotonSpectrum, low: Any, high: Any) -> Float[Array, ""]:
    """Energy of a spectrum in a band: the integral of E N(E), erg cm-2 s-1.

    **Arguments:** `low`, `high`: keV; `spectrum`: an `AbstractPhotonSpectrum`.

    **Returns:** (), erg cm-2 s-1.

    **Raises:** `ValueError` for a `low` above `high`; `TypeError` for what is no photon spectrum.

    !!! example
        >>> source = sl.spectra.PowerLaw(index=2.0, norm=1.0)
        >>> round(float(sl.spectra.energy_flux(source, 1.0, 2.0)) / 1.602176634e-9, 9)
        0.693147181
    """
    check_kind("spectrum", spectrum, AbstractPhotonSpectrum, "one of sl.spectra that has photons")
    low, high = given_band(low, high)
    bins, inside = band(spectrum, low, high)
    return ERG * jnp.sum(jnp.where(inside, spectrum.binned(bins, bins.energy), 0), axis=-1)


def luminosity(spectrum: AbstractPhotonSpectrum, low: Any, high: Any, distance: Any) -> Float[Array, ""]:
    """Luminosity in a band as it is observed: 4 pi D^2 times the energy flux, 1e40 erg s-1.

    In this unit single precision holds it, too.

    **Arguments:** `low`, `high`: keV; `distance`: luminosity distance, Mpc; `spectrum`: an `AbstractPhotonSpectrum`.

    **Returns:** (), 1e40 erg s-1.

    **Raises:** `ValueError` for a `low` above `high` or a distance that is not positive.

    !!! example
        >>> source = sl.spectra.PowerLaw(index=2.0, norm=1e-3)
        >>> round(float(sl.spectra.luminosity(source, 2.0, 10.0, distance=10.0)), 4)
        3.0853
    """
    away = jnp.asarray(strip_unit(distance, "Mpc", "distance"))
    if is_concrete(away) and not (np.all(np.asarray(away) > 0) and np.all(np.isfinite(np.asarray(away)))):
        raise ValueError(f"distance = {distance} must be positive and finite [Mpc].")
    return energy_flux(spectrum, low, high) * _SPHERE * away * away


def given_band(low: Any, high: Any) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Two energies, keV, that rise.

    **Raises:** `ValueError` where they do not.
    """
    first, last = as_energy(low, "low"), as_energy(high, "high")
    check_rising(first, last)
    return first, last
