"""Photons that electrons scatter, at one point."""

from typing import Any

import equinox as eqx
from jaxtyping import Array, Float


class Photons(eqx.Module):
    """Isotropic photons at one point: `density` times `spectrum`.

    - `density`: a factor, dimensionless.
    - `spectrum`: an `sl.radiation.spectra.AbstractPhotonSpectrum`.

    !!! example
        >>> len(sl.radiation.CMB().photons(jnp.asarray(sl.SUN)))
        1
    """

    density: Float[Array, "*cells"]
    spectrum: Any

    @property
    def energy_density(self) -> Float[Array, "*cells"]:
        """eV cm^-3."""
        return self.density * self.spectrum.total()
