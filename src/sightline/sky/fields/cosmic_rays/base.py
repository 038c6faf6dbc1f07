"""The contract of cosmic-ray electrons: a density and a spectral index at one point."""

import abc
from typing import Any, ClassVar, TypeVar

from jaxtyping import Array, Float

from ...._core.constants import ELECTRON_REST_ENERGY
from ...._core.module import param, setting
from ...._core.types import Scalar, Vector
from ...._core.units import number, strip_unit
from ..base import AbstractField, copies, evaluate
from ..population import Population
from .spectra.base import density_of

T = TypeVar("T", bound="AbstractCosmicRays")


class AbstractCosmicRays(AbstractField):
    """Cosmic-ray electrons with a power law at every point: N(gamma) = N_0(x) gamma^-p(x), all directions.

    A subclass writes `pivot_density`, in cm^-3 per unit Lorentz factor: that at gamma = 1, or at `reference_energy`
    if that is given, which is the better handle where p is fitted or varies: N_0(x) = n_pivot(x) gamma_pivot^p(x).

    **Arguments:**

    - `index`: p, between 2 and 5; a number or a scalar field.
    - `reference_energy`: GeV, total energy of the electron; `None`: gamma = 1.

    For `from_flux` a subclass names what takes the density, `density_argument`, if that is not the first argument; or
    `flux_arguments`, those that take a flux and its energy.

    !!! example
        >>> issubclass(sl.cosmic_rays.ExponentialDisk, sl.cosmic_rays.AbstractCosmicRays)
        True
    """

    density_argument: ClassVar[str | None] = None
    flux_arguments: ClassVar[tuple[str, str] | None] = None
    index: Float[Array, ""] | AbstractField = param(3.0, bounds=(2, 5), symbol="p", kw_only=True)
    reference_energy: float | None = setting(None, unit="GeV", bounds=(ELECTRON_REST_ENERGY, None), kw_only=True)

    @abc.abstractmethod
    def pivot_density(self, position: Vector) -> Scalar:
        """Density per unit Lorentz factor at the reference energy, () cm^-3, at a position, (3,) kpc."""

    def __call__(self, position: Vector) -> Scalar:
        """N_0, the density per unit Lorentz factor at gamma = 1, () cm^-3, at a position, (3,) kpc."""
        return self.populations(position)[0].normalisation

    def spectral_index(self, position: Vector) -> Scalar:
        """p, (), at a position, (3,) kpc."""
        return evaluate(self.index, position)

    def populations(self, position: Vector) -> tuple[Population, ...]:
        place = copies(position)
        return (Population(self.pivot_density(place()), self.spectral_index(place()), pivot=self.pivot),)

    @property
    def pivot(self) -> float:
        """Lorentz factor at the reference energy."""
        return 1.0 if self.reference_energy is None else self.reference_energy / ELECTRON_REST_ENERGY

    @classmethod
    def from_flux(cls: type[T], flux: Any, energy: Any, **parameters: Any) -> T:
        """This model normalised by a flux of electrons instead of a density.

        n = 4 pi m c^2 j0 / (beta c) per unit Lorentz factor at `energy`, which becomes the `reference_energy`.

        **Arguments:** `flux`: j0, (GeV m^2 s sr)^-1, a number, or what the model takes as densities; `energy`: total
        energy, GeV; `parameters`: of the model.

        **Raises:** `ValueError` for an energy below the rest energy.

        !!! example
            >>> disk = sl.cosmic_rays.ExponentialDisk.from_flux(0.25, energy=10.0)
        """
        flux, energy = strip_unit(flux, "1 / (GeV m2 s sr)", "flux"), number(energy, "GeV", "energy")
        density = density_of(flux, energy)
        if cls.flux_arguments:
            return cls(**dict(zip(cls.flux_arguments, (flux, energy), strict=True)), **parameters)
        named = {} if cls.density_argument is None else {cls.density_argument: density}
        return cls(*(() if named else (density,)), **named, reference_energy=energy, **parameters)
