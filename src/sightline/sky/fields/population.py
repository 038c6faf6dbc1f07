"""Cosmic-ray electrons at one point."""

import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float


class Population(eqx.Module):
    """Cosmic-ray electrons at one point: N(gamma) = density (gamma/pivot)^-index, all directions.

    A density at gamma = 1 can leave single precision though that of the electrons that radiate, gamma ~ 1e4, does not:
    models with a reference energy give theirs as the pivot.

    - `density`: cm^-3 per unit Lorentz factor at the pivot; of a population with a spectrum, a factor.
    - `spectrum`: an `sl.cosmic_rays.spectra.AbstractSpectrum`. Then N is `density` times it, and `index` that of the
      power law which touches it at the pivot, its reference energy.
    - `pivot`: Lorentz factor.

    !!! example
        >>> sl.cosmic_rays.ExponentialDisk().populations(jnp.asarray(sl.SUN))[0].normalisation.shape
        ()
    """

    density: Float[Array, "*cells"]
    index: Float[Array, "*cells"]
    spectrum: Any = None
    pivot: float = eqx.field(static=True, default=1.0)

    @property
    def power_law(self) -> "Population":
        """The population without its spectrum: the power law that touches it at the pivot."""
        if self.spectrum is None:
            return self
        return Population(self.density * jnp.exp(self.spectrum.tangent()[0]), self.index, pivot=self.pivot)

    @property
    def normalisation(self) -> Float[Array, "*cells"]:
        """N_0, cm^-3: the density of the power law at gamma = 1."""
        if self.pivot == 1:
            return self.power_law.density
        exponent = self.index * math.log(self.pivot)
        return self.density * jnp.exp(exponent if self.spectrum is None else exponent + self.spectrum.tangent()[0])
