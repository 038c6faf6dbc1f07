import jax.numpy as jnp
from jaxtyping import Array, Float

from ....._core.module import param
from ....._core.types import Scalar
from .base import AbstractParametricSpectrum


class PowerLaw(AbstractParametricSpectrum):
    """N(E) = n0 (E/E_0)^-p.

    **Arguments:** `n0`, `reference_energy` E_0: as `AbstractParametricSpectrum`; `index`: p.

    !!! example
        >>> round(float(sl.cosmic_rays.spectra.PowerLaw(index=2.5).flux(jnp.asarray(10.0))), 3)
        0.25
    """

    index: Float[Array, ""] = param(3.0, symbol="p")

    def log_shape(self, log_energy: Scalar) -> Scalar:
        """ln(E^-p) at ln(E/GeV), ()."""
        return -self.index * log_energy


class BrokenPowerLaw(AbstractParametricSpectrum):
    """A power law that turns smoothly: N(E) ~ E^-p1 (1 + (E/E_b)^(1/s))^(-(p2 - p1) s).

    **Arguments:** `n0`, `reference_energy`: as `AbstractParametricSpectrum`; `index_low` p1, `index_high` p2;
    `break_energy` E_b: GeV; `smoothness` s: the turn takes about 4 s in ln E.

    !!! example
        >>> spectrum = sl.cosmic_rays.spectra.BrokenPowerLaw(index_low=1.8, index_high=3.1, break_energy=4.0)
    """

    index_low: Float[Array, ""] = param(2.0, symbol="p_1")
    index_high: Float[Array, ""] = param(3.0, symbol="p_2")
    break_energy: Float[Array, ""] = param(4.0, unit="GeV", positive=True, symbol="E_b")
    smoothness: Float[Array, ""] = param(0.5, bounds=(0.05, None), symbol="s")

    def log_shape(self, log_energy: Scalar) -> Scalar:
        """ln s at ln(E/GeV), ()."""
        turn = (log_energy - jnp.log(self.break_energy)) / self.smoothness
        steepening = (self.index_high - self.index_low) * self.smoothness
        return -self.index_low * log_energy - steepening * jnp.logaddexp(turn, jnp.zeros_like(turn))


class CutOffPowerLaw(AbstractParametricSpectrum):
    """A power law with an exponential cut-off: N(E) ~ E^-p exp(-E/E_c).

    **Arguments:** `n0`, `reference_energy`: as `AbstractParametricSpectrum`; `index`: p; `cut_off_energy` E_c: GeV.

    !!! example
        >>> spectrum = sl.cosmic_rays.spectra.CutOffPowerLaw(index=2.4, cut_off_energy=1e3)
    """

    index: Float[Array, ""] = param(3.0, symbol="p")
    cut_off_energy: Float[Array, ""] = param(1e3, unit="GeV", positive=True, symbol="E_c")

    def log_shape(self, log_energy: Scalar) -> Scalar:
        """ln s at ln(E/GeV), ()."""
        return -self.index * log_energy - jnp.exp(log_energy) / self.cut_off_energy


class LogParabola(AbstractParametricSpectrum):
    """A power law that steepens steadily: N(E) = n0 (E/E_0)^-(p + c ln(E/E_0)).

    **Arguments:** `n0`, `reference_energy` E_0: as `AbstractParametricSpectrum`; `index`: p at E_0; `curvature`: c.

    !!! example
        >>> spectrum = sl.cosmic_rays.spectra.LogParabola(index=2.9, curvature=0.05)
    """

    index: Float[Array, ""] = param(3.0, symbol="p")
    curvature: Float[Array, ""] = param(0.05, bounds=(0, None), symbol="c")

    def log_shape(self, log_energy: Scalar) -> Scalar:
        """ln s at ln(E/GeV), ()."""
        step = log_energy - jnp.log(jnp.full_like(log_energy, self.reference_energy))
        return -(self.index + self.curvature * step) * step
