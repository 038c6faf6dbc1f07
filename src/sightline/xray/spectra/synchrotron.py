"""Synchrotron X-rays of the electrons that emit in radio."""

import math
from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.constants import (
    ELECTRON_MASS,
    ELEMENTARY_CHARGE,
    KILOPARSEC,
    PLANCK,
    SPEED_OF_LIGHT,
)
from ..._core.module import param
from ..._core.types import Scalar
from ..._core.units import strip_unit
from ...sky.emission.quadrature import emitted
from ...sky.fields.cosmic_rays.spectra import AbstractSpectrum
from .base import AbstractPhotonSpectrum

_POWER = math.sqrt(3) * ELEMENTARY_CHARGE**3 / (ELECTRON_MASS * SPEED_OF_LIGHT**2) * 1e-6  # erg s-1 Hz-1 uG-1
_FLUX = _POWER * KILOPARSEC * 1e-9  # erg cm-2 s-1 Hz-1, of a norm of 1 pc3 kpc-2
_PHOTONS = _FLUX / PLANCK
_JANSKY = _FLUX * 1e23
_GHZ = 1.602176634e-9 / PLANCK * 1e-9  # of a photon of 1 keV


class Synchrotron(AbstractPhotonSpectrum):
    """Synchrotron emission of an isotropic spectrum of electrons in a magnetic field, from radio to X-rays.

    N(E) = K sqrt(3) e^3 B/(m c^2 h E) int N(gamma) F(x) d gamma,  x = nu/nu_c,  nu_c = 3 e B gamma^2/(4 pi m c),

    by direct quadrature at each energy. `flux_density` is the same in radio, as `sl.emission.SynchrotronSpectrum` has
    it, so that one model holds both. XSPEC's `srcut` is near to it for a power law with an exponential cut-off.

    **Arguments:**

    - `electrons`: one of `sl.cosmic_rays.spectra`, N(gamma), cm-3.
    - `field`: B across the line of sight, uG.
    - `norm`: K = V/(4 pi D^2), pc3 kpc-2: the emitting volume [pc3], at a distance [kpc]. It multiplies the density of
      the electrons: free one of the two.

    **Raises:** `TypeError` for electrons that are no spectrum, or hold at one point of a grid only.

    !!! example
        >>> electrons = sl.cosmic_rays.spectra.PowerLaw(index=3.0)
        >>> remnant = sl.spectra.Synchrotron(electrons, field=10.0, norm=1.0)
        >>> round(float(remnant.flux_density(4.0) / remnant.flux_density(1.0)), 4)  # nu^-(p - 1)/2
        0.25

    **Source:** Rybicki & Lightman 1979, "Radiative Processes in Astrophysics", equation 6.31.
    """

    cites: ClassVar[tuple[str, ...]] = ("Rybicki1979",)
    electrons: AbstractSpectrum
    field: Float[Array, ""] = param(10.0, unit="uG", positive=True, symbol="B")
    norm: Float[Array, ""] = param(1.0, unit="pc3 kpc-2", bounds=(0, None), symbol="K")

    def __check_init__(self) -> None:
        given: Any = self.electrons
        if not isinstance(given, AbstractSpectrum) or given.varies:
            raise TypeError(f"Synchrotron: electrons is {given!r}: give one of sl.cosmic_rays.spectra.")

    def __call__(self, energy: Scalar) -> Scalar:
        return _PHOTONS * self.norm * self.field * emitted(self.electrons, self.field, energy * _GHZ) / energy

    def flux_density(self, frequency: Any) -> Scalar:
        """The flux density in radio, Jy.

        **Arguments:** `frequency`: one, GHz.
        """
        at = jnp.asarray(strip_unit(frequency, "GHz", "frequency"), self.field.dtype)
        return _JANSKY * self.norm * self.field * emitted(self.electrons, self.field, at)
