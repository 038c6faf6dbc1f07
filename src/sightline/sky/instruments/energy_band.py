"""Counts of photons in bands of energy."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.contracts import AbstractDevice
from ..._core.module import default_float, is_concrete, param, setting
from ..axes import ENERGIES, PHOTONS
from ..geometry import HealpixSky
from ..pixels import check_pixels
from ..stokes import Stokes

_A_DECADE = 6  # nodes, at least 3


class EnergyBand(AbstractDevice):
    """Counts expected in each pixel of a sky and each band of energy.

    mu = Omega int I(E) A(E) dE, over the band, by Gauss-Legendre quadrature in ln E of E I.

    The sky is to be simulated at `band.energy`; `sl.statistics.BandCounts` does it.

    **Arguments:**

    - `edges`: of the bands, (n + 1,) GeV, rising.
    - `exposure`: area times time, cm2 s: a number, or (n,) for the bands; (n, npix) where it changes over the sky.

    **Returns:** counts, (n, npix), or (npix,) for a single band.

    **Raises:** `ValueError` for edges that do not rise or lie outside 1e-6 to 1e6 GeV, exposures that fit no bands or
    pixels, and for skies at other energies, in other units, or whose pixels have no area.

    !!! example
        >>> band = sl.instruments.EnergyBand(edges=(1.0, 3.0, 10.0), exposure=1e11)
        >>> len(band.energy)
        8
    """

    edges: tuple[float, ...] = setting(unit="GeV", positive=True)
    exposure: Float[Array, "*shape"] = param(unit="cm2 s", bounds=(0, None))

    def __check_init__(self) -> None:
        edges = np.asarray(self.edges)
        if edges.ndim != 1 or edges.size < 2 or np.any(np.diff(edges) <= 0):
            raise ValueError(f"EnergyBand.edges = {self.edges} must be two or more rising energies [GeV].")
        if edges[0] < ENERGIES[0] or edges[-1] > ENERGIES[1]:
            raise ValueError(f"EnergyBand.edges = {self.edges} must lie within {ENERGIES[0]:g} to {ENERGIES[1]:g} GeV.")
        shape = jnp.shape(self.exposure)
        if len(shape) > 2 or (shape and shape[0] != edges.size - 1):
            raise ValueError(
                f"EnergyBand.exposure has shape {shape}: give one number, or one a band, "
                f"({edges.size - 1},), or a map for each, ({edges.size - 1}, npix)."
            )

    @property
    def energy(self) -> tuple[float, ...]:
        """Where the sky is to be known, GeV: all nodes of all bands."""
        return tuple(self._nodes()[0].ravel().tolist())

    def _nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Energies, GeV, and weights of dE, (bands, nodes)."""
        ends = np.log(np.asarray(self.edges, np.float64))
        count = max(3, int(np.ceil(_A_DECADE * np.max(np.diff(ends)) / np.log(10))))
        x, w = np.polynomial.legendre.leggauss(count)
        half = 0.5 * np.diff(ends)[:, None]
        energy = np.exp(0.5 * (ends[1:] + ends[:-1])[:, None] + half * x)
        return energy, half * w * energy

    def __call__(self, stokes: Stokes) -> Float[Array, "*bands pixels"]:
        """Counts of a sky at `energy`."""
        energy, weights = self._nodes()
        self._check(stokes, energy)
        sky: Any = stokes.sky
        area = 4 * np.pi / (12 * sky.nside**2)
        intensity = stokes.I.reshape(*energy.shape, -1)
        counts = area * jnp.sum(jnp.asarray(weights, default_float())[..., None] * intensity, axis=1)
        exposure = self.exposure if self.exposure.ndim != 1 else self.exposure[:, None]
        found = exposure * counts
        return found if len(self.edges) > 2 else found[0]

    def _check(self, stokes: Stokes, energy: np.ndarray) -> None:
        if stokes.unit != PHOTONS:
            raise ValueError(f"EnergyBand counts photons, {PHOTONS!r}, and the sky is in {stokes.unit!r}.")
        if not isinstance(stokes.sky, HealpixSky):
            raise ValueError("EnergyBand needs pixels that have an area: simulate it on a sl.HealpixSky.")
        check_pixels(stokes, "EnergyBand")
        shape = self.exposure.shape
        if shape[1:] not in ((), (stokes.sky.size,)):
            raise ValueError(
                f"EnergyBand.exposure has shape {shape}, maps of {shape[1]} pixels, the sky has {stokes.sky.size}: "
                f"give ({shape[0]}, {stokes.sky.size}), in the order of its pixels."
            )
        given = stokes.energy
        same = given.shape == (energy.size,)
        if not same or (is_concrete(given) and not np.allclose(np.asarray(given), energy.ravel(), rtol=1e-5)):
            raise ValueError("EnergyBand: the sky is at other energies: simulate it at energy=band.energy.")
