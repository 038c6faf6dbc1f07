import functools
import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ....._core.constants import BOLTZMANN, ELECTRON_MASS, PLANCK, SPEED_OF_LIGHT
from ....._core.module import param
from ....._core.safe import held, safe_log
from ....._core.types import Scalar
from .....processes.compton_photons import blackbody
from ....grids.cubic import spline, spline_matrix
from .base import REST, AbstractPhotonSpectrum, AbstractPointSpectrum

THETA = BOLTZMANN / (ELECTRON_MASS * SPEED_OF_LIGHT**2)
"""k T/m_e c^2 of 1 K."""
_SHAPE = 15 / math.pi**4
_COMPTON_WAVELENGTH = PLANCK / (2 * math.pi * ELECTRON_MASS * SPEED_OF_LIGHT)  # hbar/(m_e c), cm
BLACKBODY = REST / (_SHAPE * math.pi**2) * THETA**4 / _COMPTON_WAVELENGTH**3
"""Energy density [eV cm^-3] of a blackbody of 1 K."""
_DARK = 60.0  # k T: exp(-60) of the photons
_COLDEST, _HOTTEST, _MEMBERS = 2.0, 8000.0, 33
_STEP = math.log(_HOTTEST / _COLDEST) / (_MEMBERS - 1)


class Greybody(AbstractPhotonSpectrum):
    """A blackbody's spectrum, diluted: n(e) = (15/pi^4) u/(kT)^4 e^2/(exp(e/kT) - 1).

    **Arguments:** `temperature` T: K; `energy_density` u: eV cm^-3.

    !!! example
        >>> starlight = sl.radiation.spectra.Greybody(temperature=3000.0, energy_density=1.0)
    """

    temperature: Float[Array, ""] = param(unit="K", positive=True, symbol="T")
    energy_density: Float[Array, ""] = param(unit="eV cm-3", positive=True, symbol="u")

    @classmethod
    def of(cls, temperature: Scalar, energy_density: Scalar) -> "Greybody":
        """That of arrays in their own precision, as fields compute them: (), () K and eV cm^-3."""
        return eqx.tree_at(lambda g: (g.temperature, g.energy_density), cls(1.0, 1.0), (temperature, energy_density))

    @classmethod
    def blackbody(cls, temperature: Scalar) -> "Greybody":
        """Undiluted, u = pi^2 (kT)^4/(15 (hbar c)^3), of a temperature, () K."""
        square = temperature * temperature
        return cls.of(temperature, (BLACKBODY * square) * square)

    def number(self, log_energy: Scalar) -> Scalar:
        """n, () cm^-3 per m_e c^2, at ln(e/m_e c^2), ()."""
        x = jnp.exp(jnp.minimum(log_energy - jnp.log(self.temperature * THETA), 80.0))
        return self._strength() * x * x * jnp.exp(-x) / -jnp.expm1(-x)

    def total(self) -> Scalar:
        """The energy density, () eV cm^-3."""
        return self.energy_density

    def ends(self) -> tuple[Scalar, Scalar]:
        """ln(e/m_e c^2), (), of 1e-6 and 60 kT."""
        scale = jnp.log(self.temperature * THETA)
        return scale + math.log(1e-6), scale + math.log(_DARK)

    def integrals(self, kappa: Scalar) -> tuple[Scalar, Scalar]:
        """A and B, () cm^-3 per m_e c^2, at kappa, ()."""
        first, second = blackbody(kappa / (self.temperature * THETA))
        return self._strength() * first, self._strength() * second

    def _strength(self) -> Scalar:
        theta = self.temperature * THETA
        return self.energy_density * (_SHAPE / REST) / theta / theta


class PointGreybody(AbstractPointSpectrum):
    """Photons of 1 eV cm^-3 with the temperature of one point: ln j is a cubic spline of ln T, 2 to 8000 K.

    **Arguments:** `temperature`: K.
    """

    temperature: Float[Array, ""] = eqx.field()

    def number(self, log_energy: Scalar) -> Scalar:
        """n, () cm^-3 per m_e c^2, at ln(e/m_e c^2), ()."""
        return self._greybody().number(log_energy)

    def total(self) -> Scalar:
        """The energy density, () eV cm^-3."""
        return jnp.ones_like(self.temperature)

    def ends(self) -> tuple[Scalar, Scalar]:
        """ln(e/m_e c^2), (), of 1e-6 and 60 kT."""
        return self._greybody().ends()

    def integrals(self, kappa: Scalar) -> tuple[Scalar, Scalar]:
        """A and B, () cm^-3 per m_e c^2, at kappa, ()."""
        return self._greybody().integrals(kappa)

    def members(self) -> Greybody:
        """33 temperatures on equal steps of ln T."""
        at = jnp.asarray(np.geomspace(_COLDEST, _HOTTEST, _MEMBERS), self.temperature.dtype)
        return eqx.filter_vmap(lambda t: Greybody.of(t, jnp.ones_like(t)))(at)

    def table(self, values: Float[Array, " members"]) -> Float[Array, " entries"]:
        """Spline coefficients of ln j."""
        return jnp.dot(jnp.asarray(_matrix(), values.dtype), safe_log(values), precision="highest")

    def blend(self, table: Float[Array, " entries"]) -> Scalar:
        """j at the temperature; NaN outside the table."""
        place = (jnp.log(self.temperature) - math.log(_COLDEST)) / _STEP
        known = (place > -1e-4) & (place < _MEMBERS - 1 + 1e-4)
        inside = held(place, 0, _MEMBERS - 1)
        lower = jnp.clip(jnp.floor(inside), 0, _MEMBERS - 2)
        return jnp.exp(jnp.where(known, spline(table, lower.astype(jnp.int32), inside - lower)[0], jnp.nan))

    def _greybody(self) -> Greybody:
        return Greybody.of(self.temperature, jnp.ones_like(self.temperature))


@functools.cache
def _matrix() -> np.ndarray:
    return spline_matrix(_MEMBERS, natural=False)
