from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp

from ..._core.module import setting
from ..._core.types import Scalar
from ..fields.photons import Photons
from ..fields.population import Population
from ..geometry import Ray, Structures
from . import compton_table
from .base import AbstractEmissionOperator, Plasma, StokesVector, TransferCoefficients, of_fields


class InverseCompton(AbstractEmissionOperator):
    """Gamma rays: isotropic photons scattered by the cosmic-ray electrons, Thomson to Klein-Nishina.

    j(E) = 3 sigma_T c/(16 pi m c^2) int d gamma N(gamma)/gamma^2 int n(e) F(q, t) de/e,

    F = 2 q ln q + (1 + 2 q)(1 - q) + t^2/(2 (1 + t)) (1 - q), t = e1/(gamma - e1), q = t/(4 gamma e),

    energies in m c^2, for gamma >> 1. Every population of the cosmic rays scatters every one of the radiation; a power
    law extends to all energies. Photons keep their number: the unit is GeV^-1 cm^-2 s^-1 sr^-1 per kpc.

    Where the spectra of electrons and photons are the same everywhere, there is one integral for each energy, for all
    points. For a field of temperatures it is tabulated against ln T, good to 2e-6, and for a field of indices against
    p, between 1 and 6. Spectra of electrons that vary are known at 209 nodes of ln gamma at each point: choose a
    smaller `chunk` of the simulator.

    Energies are those from 1e-6 to 1e6 GeV: others are refused, or give NaN where they are traced.

    **Arguments:** `nodes`: of the integral over the electrons.

    **Raises:** `ValueError` for energies outside 1e-6 to 1e6 GeV.

    **Source:** Jones 1968, Phys. Rev. 167, 1159; Blumenthal & Gould 1970, Rev. Mod. Phys. 42, 237, eq. 2.48.

    !!! example
        >>> simulator = sl.Simulator(
        ...     cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        ...     radiation=sl.radiation.CMB() + sl.radiation.Disk(3000.0, 1.0),
        ...     emission=sl.emission.InverseCompton(),
        ... )
        >>> gamma = simulator(sl.HealpixSky(nside=1), energy=[0.1, 1.0, 10.0])
        >>> gamma.unit
        'GeV-1 cm-2 s-1 sr-1'
    """

    cites: ClassVar[tuple[str, ...]] = ("Jones1968", "Blumenthal1970")
    nodes: int = setting(160, bounds=(40, 1000))
    needs: ClassVar[tuple[str, ...]] = ("cosmic_rays", "radiation")
    axis: ClassVar[str] = "energy"
    indices: ClassVar[tuple[float, float]] = compton_table.INDICES

    def __check_init__(self) -> None:
        if not isinstance(self.nodes, int):
            raise TypeError(f"InverseCompton.nodes = {self.nodes!r} must be a whole number of nodes.")

    def structures(self, told: Mapping[str, Structures]) -> Structures:
        return of_fields(told)

    def __call__(self, plasma: Plasma, ray: Ray, energy: Scalar) -> TransferCoefficients:
        """Emissivity, GeV^-1 cm^-2 s^-1 sr^-1 per kpc, of I at `energy`, () GeV."""
        del ray
        self.check_frequency(energy)
        known = jnp.where(self.covers(energy), energy, jnp.nan)
        parts = [
            population.density * photons.density * self._strength(_emitter(population, known), photons, known)
            for population in plasma.cosmic_rays
            for photons in plasma.radiation
        ]
        return TransferCoefficients(StokesVector(I=sum(parts[1:], parts[0])))

    def _strength(
        self, emitter: Callable[[compton_table.Electrons], Scalar], photons: Photons, energy: Scalar
    ) -> Scalar:
        """J of unit densities, () per kpc."""

        def one(spectrum: Any) -> Scalar:
            return emitter(compton_table.Electrons.of(spectrum, energy, self.nodes))

        if not photons.spectrum.varies:
            return one(photons.spectrum)
        return photons.spectrum.blend(photons.spectrum.table(eqx.filter_vmap(one)(photons.spectrum.members())))


def _emitter(population: Population, energy: Scalar) -> Callable[[compton_table.Electrons], Scalar]:
    """What makes J of the electrons that reach an energy."""
    if population.spectrum is None:
        return lambda at: compton_table.power_law(compton_table.power_laws(at, population.pivot), population.index)
    if not population.spectrum.varies:
        return lambda at: compton_table.shared(at, population.spectrum)
    electrons = compton_table.moments_at_nodes(population.spectrum, energy.dtype)
    return lambda at: compton_table.NodeWeights.of(at)(electrons)
