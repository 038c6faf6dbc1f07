import jax.numpy as jnp
from jaxtyping import Array, Float

from ....._core.module import param
from ....._core.types import Scalar
from .....processes.compton_photons import angles
from .base import REST, AbstractPhotonSpectrum

_WIDTH = 1e-3  # of ln e, within which the photons lie where their number per energy is asked for


class Monochromatic(AbstractPhotonSpectrum):
    """Photons of one energy: n(e) = u/e_0 delta(e - e_0).

    `number` spreads them evenly over a thousandth of the energy; integrals do not.

    **Arguments:** `energy` e_0: eV; `energy_density` u: eV cm^-3.

    !!! example
        >>> line = sl.radiation.spectra.Monochromatic(energy=1.0, energy_density=0.3)
    """

    energy: Float[Array, ""] = param(unit="eV", positive=True, symbol="e_0")
    energy_density: Float[Array, ""] = param(unit="eV cm-3", positive=True, symbol="u")

    def number(self, log_energy: Scalar) -> Scalar:
        """n, () cm^-3 per m_e c^2, at ln(e/m_e c^2), ()."""
        inside = jnp.abs(log_energy - self.ends()[0]) <= 0.5 * _WIDTH
        return jnp.where(inside, self._strength() / _WIDTH, 0)

    def total(self) -> Scalar:
        """The energy density, () eV cm^-3."""
        return self.energy_density

    def ends(self) -> tuple[Scalar, Scalar]:
        """ln(e/m_e c^2), (), of the photons, twice."""
        place = jnp.log(self.energy / REST)
        return place, place

    def integrals(self, kappa: Scalar) -> tuple[Scalar, Scalar]:
        """A and B, () cm^-3 per m_e c^2, at kappa, ()."""
        first, second = angles(jnp.minimum(kappa * (REST / self.energy), 1))
        return self._strength() * first, self._strength() * second

    def _strength(self) -> Scalar:
        """Their number over their energy, cm^-3 per m_e c^2."""
        return self.energy_density / self.energy * (REST / self.energy)
