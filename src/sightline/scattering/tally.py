"""What is counted: packets that escape, and what collisions send towards observers."""

import abc
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.module import Module, is_concrete, setting
from .packet import Packet, observed, unit
from .process import AbstractProcess
from .region import AbstractRegion

_COLUMN, _COLUMN_WEIGHTS = (part.tolist() for part in np.polynomial.legendre.leggauss(8))


class AbstractTally(Module):
    """Counts of packets: I, Q, U in bins, of each packet by itself, so that errors know what belongs together."""

    @abc.abstractmethod
    def empty(self) -> Float[Array, "3 *bins"]:
        """Counts of none."""

    @abc.abstractmethod
    def escaped(self, packet: Packet) -> Float[Array, "3 *bins"] | None:
        """What an escaping packet adds; `None`: nothing."""

    @abc.abstractmethod
    def scattered(
        self, packet: Packet, electron: Array, process: AbstractProcess, region: AbstractRegion, density: Any
    ) -> Float[Array, "3 *bins"] | None:
        """What a collision adds; `None`: nothing."""


class Escape(AbstractTally):
    """Packets that leave the region, by the cosine of their direction with +z and by energy.

    **Arguments:** `cosines`: how many bins of it from -1 to 1; `energies`: edges of bins, keV; `None`: all in one.

    **Returns:** the share of the packets, (cosines,) or (cosines, energies): two bins are reflection and transmission
    of a slab.

    !!! example
        >>> sl.scattering.Escape(cosines=20).empty().shape
        (3, 20)
    """

    cosines: int = setting(2, bounds=(1, None))
    energies: tuple[float, ...] | None = setting(None, unit="keV", positive=True)

    def __check_init__(self) -> None:
        check_energies(self.energies, "Escape")

    def empty(self) -> Array:
        return jnp.zeros((3, self.cosines, *_bins(self.energies)))

    def escaped(self, packet: Packet) -> Array:
        place = jnp.clip(jnp.floor((packet.direction[2] + 1) * (0.5 * self.cosines)), 0, self.cosines - 1)
        hot = (jnp.arange(self.cosines) == place.astype(int)).astype(packet.weight.dtype)
        q, u = observed(packet.direction, packet.reference, packet.q, packet.u)
        parts = packet.weight * jnp.stack([jnp.ones_like(q), q, u])
        return _spread(parts[:, None] * hot, packet.energy, self.energies)

    def scattered(self, packet: Packet, electron: Any, process: Any, region: Any, density: Any) -> None:
        return None


class Peel(AbstractTally):
    """What is seen from directions far away: every collision sends its light there, dimmed on its way out.

    Light that comes straight from the source is not in it. The column on the way out is a Gauss-Legendre sum of 8
    points, exact where the density is smooth on the way.

    **Arguments:** `directions`: (n, 3), towards the observers; `energies`: edges of bins, keV; `None`: all in one.

    **Returns:** per packet and steradian, (n,) or (n, energies); of a slab, divide by the cosine for a brightness.

    !!! example
        >>> sl.scattering.Peel([(0.0, 0.0, 1.0), (1.0, 0.0, 1.0)]).empty().shape
        (3, 2)
    """

    directions: tuple[tuple[float, ...], ...] = setting()
    energies: tuple[float, ...] | None = setting(None, unit="keV", positive=True)

    def __check_init__(self) -> None:
        check_energies(self.energies, "Peel")
        found = np.asarray(self.directions, float)
        if found.ndim != 2 or found.shape[1] != 3 or not np.all(np.any(found != 0, axis=1)):
            raise ValueError(f"Peel.directions = {self.directions} must be (n, 3), none of them zero.")

    def empty(self) -> Array:
        return jnp.zeros((3, len(self.directions), *_bins(self.energies)))

    def escaped(self, packet: Packet) -> None:
        return None

    def scattered(
        self, packet: Packet, electron: Array, process: AbstractProcess, region: AbstractRegion, density: Any
    ) -> Array:
        found = [self._one(packet, electron, process, region, density, one) for one in self.directions]
        return jnp.stack(found, axis=1)

    def _one(
        self,
        packet: Packet,
        electron: Array,
        process: AbstractProcess,
        region: AbstractRegion,
        density: Any,
        direction: tuple[float, ...],
    ) -> Array:
        aim = unit(jnp.asarray(direction, packet.position.dtype))
        left = process.towards(packet, electron, aim)
        out = Packet(packet.position, aim, left.reference, left.I, left.q, left.u, left.energy)
        depth = process.cross_section(out) * column(density, packet.position, aim, region.exit(packet.position, aim))
        q, u = observed(aim, left.reference, left.q, left.u)
        parts = left.I * jnp.exp(-depth) * jnp.stack([jnp.ones_like(q), q, u])
        return _spread(parts, left.energy, self.energies)


def column(density: Any, position: Array, direction: Array, far: Array) -> Array:
    """The column of electrons on a way, cm^-3 kpc."""
    half = 0.5 * far
    parts = [w * density(position + half * (1 + x) * direction) for x, w in zip(_COLUMN, _COLUMN_WEIGHTS, strict=True)]
    return half * sum(parts[1:], parts[0])


def check_energies(energies: Any, who: str) -> None:
    """Refuses edges that do not rise.

    **Raises:** `ValueError`.
    """
    if energies is not None and is_concrete(energies):
        edges = np.asarray(energies)
        if edges.ndim != 1 or edges.size < 2 or np.any(np.diff(edges) <= 0):
            raise ValueError(f"{who}.energies = {energies} must be two or more rising edges [keV].")


def _bins(energies: tuple[float, ...] | None) -> tuple[int, ...]:
    return () if energies is None else (len(energies) - 1,)


def _spread(values: Array, energy: Array, energies: tuple[float, ...] | None) -> Array:
    """Values in the bin of their energy, on a last axis; nothing of what lies outside all."""
    if energies is None:
        return values
    edges = jnp.asarray(energies, energy.dtype)
    return values[..., None] * ((energy >= edges[:-1]) & (energy < edges[1:])).astype(values.dtype)
