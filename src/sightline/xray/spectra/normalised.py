"""Spectra whose norm is the energy flux of a band."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import Module, param, setting
from ..._core.types import Scalar
from .base import AbstractPhotonSpectrum, Factor
from .bins import Bins
from .flux import energy_flux


class Flux(Module):
    """What replaces the norm of a spectrum by the energy flux of a band; XSPEC's `cflux`.

    `Flux(low, high, flux)(spectrum)` is N(E) = F N_0(E)/int_low^high E N_0 dE. XSPEC's parameter is log10 F. One norm
    inside must be held, as all together drop out: free only its ratios to others.

    **Arguments:** `low`, `high`: keV; `flux`: F, erg cm-2 s-1.

    **Raises:** `ValueError` for a band without width, `TypeError` for what is no spectrum.

    !!! example
        >>> source = sl.spectra.Flux(0.5, 8.0, flux=1e-12)(sl.spectra.PowerLaw(index=1.8, norm=1.0))
        >>> round(float(sl.spectra.energy_flux(source, 0.5, 8.0)) * 1e12, 6)
        1.0
    """

    low: float = setting(unit="keV")
    high: float = setting(unit="keV")
    flux: Float[Array, ""] = param(unit="erg cm-2 s-1", positive=True, symbol="F")

    def __check_init__(self) -> None:
        if not 0 < self.low < self.high < float("inf"):
            raise ValueError(f"Flux: low = {self.low:g} and high = {self.high:g} keV must be positive and rise.")

    def __call__(self, spectrum: AbstractPhotonSpectrum) -> "Normalised":
        """The spectrum, of this flux."""
        return Normalised(self, spectrum)


class Normalised(AbstractPhotonSpectrum):
    """A spectrum whose band has a given flux; NaN where it has no photons there.

    **Arguments:** `band`: a `Flux`; `spectrum`.

    **Raises:** `TypeError` for what is no photon spectrum.

    !!! example
        >>> spectrum = sl.spectra.Flux(0.5, 8.0, 1e-12)(sl.spectra.PowerLaw(1.7))
    """

    band: Flux
    spectrum: AbstractPhotonSpectrum

    def __check_init__(self) -> None:
        given: Any = self.spectrum
        if not isinstance(given, AbstractPhotonSpectrum):
            raise TypeError(f"Flux: {given!r} is no photon spectrum: give what has photons, factors included.")

    @property
    def name(self) -> str:
        return self.spectrum.name

    @property
    def scale(self) -> Scalar:
        """What the spectrum is multiplied by."""
        low, high = (jnp.asarray(end, self.band.flux.dtype) for end in (self.band.low, self.band.high))
        return self.band.flux / energy_flux(self.spectrum, low, high)

    def __call__(self, energy: Scalar) -> Scalar:
        return self.scale * self.spectrum(energy)

    def binned(self, bins: Bins, factor: Factor = None) -> Float[Array, " n"]:
        return self.scale * self.spectrum.binned(bins, factor)
