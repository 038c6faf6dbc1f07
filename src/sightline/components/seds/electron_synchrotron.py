from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from ..._core.module import param, setting
from ..._core.types import Scalar
from ...sky.emission.quadrature import emitted
from ...sky.fields.cosmic_rays.spectra import AbstractSpectrum
from .base import AbstractSED, Parameter, of_pixel


class ElectronSynchrotron(AbstractSED):
    """Synchrotron emission of electrons with a physical spectrum in one magnetic field.

    s(nu) = (nu_0/nu)^2 H(nu)/H(nu_0),  H(nu) = int N(gamma) F(nu/nu_c) d gamma,  nu_c = 3 e B gamma^2/(4 pi m c).

    **Arguments:**

    - `spectrum`: one of `sl.cosmic_rays.spectra`, N(gamma); how many electrons there are does not matter.
    - `field` B: across the line of sight, uG, a number or a map; `reference` nu_0: GHz.

    **Raises:** `TypeError` for a spectrum that is none, or holds at one point of a grid only.

    **Source:** Rybicki & Lightman 1979, "Radiative Processes in Astrophysics", eq. 6.31.

    !!! example
        >>> sed = sl.components.ElectronSynchrotron(sl.cosmic_rays.spectra.PowerLaw(index=3.0))
        >>> round(float(sed(46.0)), 4)  # nu^-(p + 3)/2
        0.125
    """

    cites: ClassVar[tuple[str, ...]] = ("Rybicki1979",)
    spectrum: AbstractSpectrum
    field: Parameter = param(4.0, unit="uG", positive=True, symbol="B")
    reference: float = setting(23.0, unit="GHz", positive=True)

    def __check_init__(self) -> None:
        given: Any = self.spectrum
        if not isinstance(given, AbstractSpectrum) or given.varies:
            raise TypeError(f"ElectronSynchrotron: spectrum is {given!r}: give one of sl.cosmic_rays.spectra.")

    def __call__(self, frequency: Scalar) -> Scalar:
        field, at_reference = of_pixel(self.field), jnp.full_like(frequency, self.reference)
        seen, there = (emitted(self.spectrum, field, nu) for nu in (frequency, at_reference))
        scale = jax.lax.stop_gradient(there)  # the square of few electrons leaves single precision
        return (self.reference / frequency) ** 2 * ((seen / scale) / (there / scale))
