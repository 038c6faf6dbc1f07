"""The contract of a spectrum of photons: their number, and the two integrals of inverse Compton scattering."""

import abc
import math
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ....._core.constants import ELECTRON_REST_ENERGY
from ....._core.given import energies_in
from ....._core.module import Module
from ....._core.types import Scalar

REST = ELECTRON_REST_ENERGY * 1e9
"""m_e c^2 [eV]."""
LOG_REST = math.log(REST)


class AbstractPhotonSpectrum(Module):
    """Isotropic photons: n(e) de of them in a unit volume, energies in units of m_e c^2 = 510999 eV.

    A subclass writes `number`, `total`, `ends` and `integrals`, A and B of `sightline.processes.compton_photons`.

    !!! example
        >>> spectrum = sl.radiation.spectra.Greybody(temperature=30.0, energy_density=0.5)
        >>> round(float(spectrum(jnp.asarray(0.01))), 2)  # cm^-3 eV^-1 at 10 meV
        3679.01
    """

    varies: ClassVar[bool] = False  # whether it holds at one point only

    @abc.abstractmethod
    def number(self, log_energy: Scalar) -> Scalar:
        """n, () cm^-3 per m_e c^2, at ln(e/m_e c^2), ()."""

    @abc.abstractmethod
    def total(self) -> Scalar:
        """The energy density, () eV cm^-3."""

    @abc.abstractmethod
    def ends(self) -> tuple[Scalar, Scalar]:
        """ln(e/m_e c^2), (), below and above which there are next to no photons."""

    @abc.abstractmethod
    def integrals(self, kappa: Scalar) -> tuple[Scalar, Scalar]:
        """A and B, () cm^-3 per m_e c^2, at kappa, (), an energy in m_e c^2."""

    def __call__(self, energy: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """n, (...) cm^-3 eV^-1, at energies, (...) eV.

        **Raises:** `ValueError` for an energy that is not positive, or has another unit.
        """
        return jnp.vectorize(self.number)(jnp.log(energies_in(energy, "eV")) - LOG_REST) / REST


class AbstractPointSpectrum(AbstractPhotonSpectrum):
    """Photons of one point out of a family: what they emit is made, there, from what members of the family emit.

    The members do not depend on the point, so that their integrals are done once for all points.
    """

    varies: ClassVar[bool] = True

    @abc.abstractmethod
    def members(self) -> AbstractPhotonSpectrum:
        """The members, stacked: arrays have them first."""

    @abc.abstractmethod
    def table(self, values: Float[Array, " members"]) -> Float[Array, " entries"]:
        """What `blend` reads, of what the members emit."""

    @abc.abstractmethod
    def blend(self, table: Float[Array, " entries"]) -> Scalar:
        """What these photons emit."""
