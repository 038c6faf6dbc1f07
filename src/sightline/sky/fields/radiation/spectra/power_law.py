import jax.numpy as jnp
from jaxtyping import Array, Float

from ....._core.elementary import mean_exponential
from ....._core.module import is_concrete, param
from ....._core.types import Scalar
from .....processes.compton_photons import integrals
from .base import LOG_REST, REST, AbstractPhotonSpectrum

_NODES = 48


class PowerLaw(AbstractPhotonSpectrum):
    """n(e) ~ e^-alpha between two energies, zero outside, with the energy density u.

    **Arguments:** `index` alpha; `low`, `high`: eV; `energy_density` u: eV cm^-3.

    **Raises:** `ValueError` where `low` is not below `high`.

    !!! example
        >>> photons = sl.radiation.spectra.PowerLaw(index=1.5, low=0.5, high=500.0, energy_density=1.0)
    """

    index: Float[Array, ""] = param(symbol=r"\alpha")
    low: Float[Array, ""] = param(unit="eV", positive=True, symbol="e_1")
    high: Float[Array, ""] = param(unit="eV", positive=True, symbol="e_2")
    energy_density: Float[Array, ""] = param(unit="eV cm-3", positive=True, symbol="u")

    def __check_init__(self) -> None:
        known = is_concrete(self.low) and is_concrete(self.high)
        if known and getattr(self.low, "ndim", 1) == 0 and not self.low < self.high:
            raise ValueError(f"PowerLaw.low = {self.low} eV must be below high = {self.high} eV.")

    def number(self, log_energy: Scalar) -> Scalar:
        """n, () cm^-3 per m_e c^2, at ln(e/m_e c^2), ()."""
        low, high = self.ends()
        outside = (log_energy < low) | (log_energy > high)
        return jnp.where(outside & (low < high), 0, self._within(log_energy))

    def total(self) -> Scalar:
        """The energy density, () eV cm^-3."""
        return self.energy_density

    def ends(self) -> tuple[Scalar, Scalar]:
        """ln(e/m_e c^2), ()."""
        return jnp.log(self.low) - LOG_REST, jnp.log(self.high) - LOG_REST

    def integrals(self, kappa: Scalar) -> tuple[Scalar, Scalar]:
        """A and B, () cm^-3 per m_e c^2, at kappa, ()."""
        return integrals(self._within, kappa, *self.ends(), count=_NODES)

    def _within(self, log_energy: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The power law without its ends: u e^-alpha/int e^(1 - alpha) de."""
        low, high = self.ends()
        width = jnp.where(low < high, high - low, jnp.nan)  # a fit may lead one across the other
        exponent = -self.index * (log_energy - low) - 2 * low
        share = width * mean_exponential((2 - self.index) * width)
        return self.energy_density / REST * jnp.exp(exponent) / share
