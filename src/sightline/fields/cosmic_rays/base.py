"""The contract of cosmic-ray electrons: a density and a spectral index at one point."""

import abc
import math
from typing import Any, TypeVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.constants import ELECTRON_REST_ENERGY, FLUX_TO_DENSITY
from ..._core.module import default_float, param, setting
from ..._core.types import Scalar, Vector
from ..._core.units import strip_unit
from ..base import AbstractField, Population, evaluate

T = TypeVar("T", bound="AbstractCosmicRays")


class AbstractCosmicRays(AbstractField):
    """Cosmic-ray electrons with a power law at every point: N(gamma) = N_0(x) gamma^-p(x), all directions.

    A subclass writes `pivot_density`, in cm^-3 per unit Lorentz factor: that at gamma = 1, or at `reference_energy`
    if that is given, which is the better handle where p is fitted or varies: N_0(x) = n_pivot(x) gamma_pivot^p(x).

    **Arguments:**

    - `index`: p, between 2 and 5; a number or a scalar field.
    - `reference_energy`: GeV, total energy of the electron; `None`: gamma = 1.
    """

    index: Float[Array, ""] | AbstractField = param(3.0, bounds=(2, 5), symbol="p", kw_only=True)
    reference_energy: float | None = setting(None, unit="GeV", bounds=(ELECTRON_REST_ENERGY, None), kw_only=True)

    @abc.abstractmethod
    def pivot_density(self, position: Vector) -> Scalar:
        """Density per unit Lorentz factor at the reference energy, () cm^-3, at a position, (3,) kpc."""

    def __call__(self, position: Vector) -> Scalar:
        """N_0, the density per unit Lorentz factor at gamma = 1, () cm^-3, at a position, (3,) kpc."""
        density = self.pivot_density(position)
        if self.reference_energy is None:
            return density
        return density * jnp.exp(self.spectral_index(position) * math.log(self.reference_energy / ELECTRON_REST_ENERGY))

    def spectral_index(self, position: Vector) -> Scalar:
        """p, (), at a position, (3,) kpc."""
        return evaluate(self.index, position)

    def populations(self, position: Vector) -> tuple[Population, ...]:
        return (Population(self(position), self.spectral_index(position)),)

    @classmethod
    def from_flux(cls: type[T], flux: Any, energy: Any, **parameters: Any) -> T:
        """This model normalised by a flux of electrons instead of a density.

        n = 4 pi m c^2 j0 / (beta c) per unit Lorentz factor at `energy`, which becomes the `reference_energy`.

        **Arguments:** `flux`: j0, (GeV m^2 s sr)^-1; `energy`: total energy, GeV; `parameters`: of the model, whose
        first argument must be its density.

        !!! example
            >>> disk = sl.cosmic_rays.ExponentialDisk.from_flux(0.25, energy=10.0)
        """
        flux, energy = strip_unit(flux, "1 / (GeV m2 s sr)", "flux"), float(strip_unit(energy, "GeV", "energy"))
        if not energy > ELECTRON_REST_ENERGY:
            raise ValueError(f"energy = {energy} GeV must exceed the rest energy of an electron, 0.511e-3 GeV.")
        speed = math.sqrt(1 - (ELECTRON_REST_ENERGY / energy) ** 2)
        return cls(
            jnp.asarray(flux, default_float()) * (FLUX_TO_DENSITY / speed), reference_energy=energy, **parameters
        )
