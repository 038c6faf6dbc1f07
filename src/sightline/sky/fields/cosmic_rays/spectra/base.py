"""The contract of a spectrum of cosmic-ray electrons: the logarithm of a density at the logarithm of an energy."""

import abc
import math
from typing import Any, ClassVar, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ....._core.constants import ELECTRON_REST_ENERGY, FLUX_TO_DENSITY
from ....._core.given import energies_in
from ....._core.module import Module, default_float, param, setting
from ....._core.types import Scalar
from ....._core.units import number, strip_unit

T = TypeVar("T", bound="AbstractParametricSpectrum")


class AbstractSpectrum(Module):
    """An isotropic spectrum of electrons: N(E), cm^-3 per unit Lorentz factor, all directions, E = gamma m c^2.

    A subclass writes `log_density` for one energy. It must be finite at all energies: synchrotron emission is
    integrated from the rest energy to 1e11 GeV, whatever the energies at which a spectrum is known.

    **Arguments:** `reference_energy`: GeV. What asks for a power law, N_0 and p, gets the one that touches N(E) there.

    !!! example
        >>> class Thermal(sl.cosmic_rays.spectra.AbstractSpectrum):
        ...     n0: Float[Array, ""] = sl.param(1e-18, unit="cm-3", positive=True)
        ...     temperature: Float[Array, ""] = sl.param(2.0, unit="GeV", positive=True)
        ...
        ...     def log_density(self, log_energy):
        ...         return jnp.log(self.n0) + 2 * log_energy - jnp.exp(log_energy) / self.temperature
    """

    reference_energy: float = setting(10.0, unit="GeV", bounds=(ELECTRON_REST_ENERGY, None), kw_only=True)
    varies: ClassVar[bool] = False  # whether it holds at one point only

    @abc.abstractmethod
    def log_density(self, log_energy: Scalar) -> Scalar:
        """ln(N/cm^-3) at ln(E/GeV), ()."""

    def __call__(self, energy: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """N, (...) cm^-3 per unit Lorentz factor, at total energies, (...) GeV.

        **Raises:** `ValueError` for an energy that is not positive, or has another unit.
        """
        return jnp.exp(jnp.vectorize(self.log_density)(jnp.log(energies_in(energy, "GeV"))))

    def flux(self, energy: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """j = N beta c/(4 pi m c^2), (...) (GeV m^2 s sr)^-1, at total energies, (...) GeV.

        **Raises:** `ValueError` for an energy below that of an electron at rest, or with another unit.
        """
        slowness = ELECTRON_REST_ENERGY / energies_in(energy, "GeV", ELECTRON_REST_ENERGY)
        return self(energy) * jnp.sqrt(1 - slowness * slowness) / FLUX_TO_DENSITY

    def tangent(self) -> tuple[Scalar, Scalar]:
        """ln N and p at the reference energy, of the power law that touches this spectrum there."""
        leaves = jax.tree.leaves(eqx.filter(self, eqx.is_inexact_array))
        at = jnp.asarray(math.log(self.reference_energy), jnp.result_type(*leaves))
        value, slope = jax.jvp(self.log_density, (at,), (jnp.ones_like(at),))
        return value, -slope


class AbstractParametricSpectrum(AbstractSpectrum):
    """A spectrum of a given shape s, normalised at the reference energy: N(E) = n0 s(E)/s(E_0).

    **Arguments:** `n0`: cm^-3 per unit Lorentz factor at `reference_energy` E_0, GeV. The default is a flux of
    0.25 (GeV m^2 s sr)^-1 at 10 GeV.

    !!! example
        >>> issubclass(sl.cosmic_rays.spectra.PowerLaw, sl.cosmic_rays.spectra.AbstractParametricSpectrum)
        True
    """

    n0: Float[Array, ""] = param(5.355e-18, unit="cm-3", positive=True, symbol="n_0")

    @abc.abstractmethod
    def log_shape(self, log_energy: Scalar) -> Scalar:
        """ln s, up to a constant, at ln(E/GeV), ()."""

    def log_density(self, log_energy: Scalar) -> Scalar:
        """ln(N/cm^-3) at ln(E/GeV), ()."""
        reference = jnp.full_like(log_energy, math.log(self.reference_energy))
        return jnp.log(self.n0) + (self.log_shape(log_energy) - self.log_shape(reference))

    @classmethod
    def from_flux(cls: type[T], flux: Any, energy: Any, **parameters: Any) -> T:
        """This spectrum normalised by a flux at a total energy, which becomes the `reference_energy`.

        **Arguments:** `flux`: (GeV m^2 s sr)^-1; `energy`: GeV; `parameters`: of the spectrum.

        **Raises:** `TypeError` for a `reference_energy`, at which the flux would not hold.

        !!! example
            >>> spectrum = sl.cosmic_rays.spectra.PowerLaw.from_flux(0.25, energy=10.0, index=3.1)
        """
        energy = number(energy, "GeV", "energy")
        if "reference_energy" in parameters:
            raise TypeError("from_flux: energy is the reference_energy: leave that out.")
        return cls(density_of(flux, energy), **parameters | {"reference_energy": energy})


def density_of(flux: Any, energy: Any) -> Array:
    """4 pi m c^2 j/(beta c), cm^-3 per unit Lorentz factor, of fluxes [(GeV m^2 s sr)^-1] at total energies [GeV].

    **Raises:** `ValueError` for energies below the rest energy.
    """
    flux = strip_unit(flux, "1 / (GeV m2 s sr)", "flux")
    energy = np.asarray(strip_unit(energy, "GeV", "energy"), np.float64)
    if not np.all(energy > ELECTRON_REST_ENERGY):
        raise ValueError(f"energy = {energy} GeV must exceed the rest energy of an electron, 0.511e-3 GeV.")
    speed = np.sqrt(1 - (ELECTRON_REST_ENERGY / energy) ** 2)
    return jnp.asarray(flux, default_float()) * jnp.asarray(FLUX_TO_DENSITY / speed, default_float())
