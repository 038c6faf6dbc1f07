"""What is counted: packets that escape, and what collisions send towards observers."""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.module import Module, is_concrete, setting
from .packet import Packet, observed, unit

_LAST = 60.0  # mean free paths of candidates, beyond which nothing is expected
_OPAQUE = 1e30  # an optical depth of which nothing is left, in single precision too
_COLUMN, _COLUMN_WEIGHTS = (part.tolist() for part in np.polynomial.legendre.leggauss(8))


class AbstractTally(Module):
    """Counts of packets: I, Q, U in bins, of each packet by itself, so that errors know what belongs together.

    !!! example
        >>> issubclass(sl.scattering.Escape, sl.scattering.AbstractTally)
        True
    """

    @abc.abstractmethod
    def empty(self) -> Float[Array, "3 *bins"]:
        """Counts of none."""

    @abc.abstractmethod
    def escaped(self, packet: Packet) -> Float[Array, "3 *bins"] | None:
        """What an escaping packet adds; `None`: nothing."""

    @abc.abstractmethod
    def flown(self, packet: Packet, numbers: Float[Array, "9"], medium: Any) -> Float[Array, "3 *bins"] | None:
        """What the next flight is expected to add, by numbers in [0, 1) of its own; `None`: nothing."""


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

    def flown(self, packet: Packet, numbers: Array, medium: Any) -> None:
        return None


class Peel(AbstractTally):
    """What is seen from directions far away: every flight sends there what its collisions are expected to, dimmed.

    Along a flight of a packet, to the edge of the region, collisions send

    $$I = \\int_0^L n(s)\\,\\sigma\\,e^{-n_{max}\\sigma s}\\,\\frac{d\\sigma}{\\sigma\\,d\\Omega}\\,e^{-\\tau(s)}\\,ds$$

    towards an observer, tau(s) the depth on the way out. One point of it is drawn for each observer, by the exponential
    between the depths from both ends: in a uniform density the integrand over its density does not vary, so that light
    from close to a surface, seen along it, has small errors too; in others the mean is the same.

    Light that comes straight from the source is not in it. The column on the way out is a Gauss-Legendre sum of 8
    points, exact where the density is smooth on the way.

    **Arguments:** `directions`: (n, 3), towards the observers; `energies`: edges of bins, keV; `None`: all in one.

    **Returns:** per packet and steradian, (n,) or (n, energies); of a slab, divide by the cosine for a brightness.

    **Raises:** `ValueError` for directions that are zero or of another shape, and edges that do not rise.

    **Source:** Lux & Koblinger 1991, Monte Carlo Particle Transport Methods, for estimators by the expected value.

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

    def flown(self, packet: Packet, numbers: Array, medium: Any) -> Array:
        rate = medium.process.most * medium.majorant
        far = jnp.minimum(medium.region.exit(packet.position, packet.direction), _LAST / rate)
        return jnp.stack([self._one(packet, numbers, medium, rate, far, one) for one in self.directions], axis=1)

    def _one(
        self, packet: Packet, numbers: Array, medium: Any, rate: Array, far: Array, direction: tuple[float, ...]
    ) -> Array:
        aim, process = unit(jnp.asarray(direction, packet.position.dtype)), medium.process

        def exponent(s: Array) -> Array:
            """-ln of the share that neither an earlier candidate nor the way out takes, of light as it is."""
            return rate * s + _depth(_moved(packet, s), aim, packet.energy, medium)

        steepness = jax.lax.stop_gradient(exponent(far) - exponent(jnp.zeros_like(far)))
        s, log_over = _drawn(numbers[0], jax.lax.stop_gradient(far), steepness)
        here = _moved(packet, s)
        electron = process.electron(here, numbers[1:])
        left = process.towards(here, electron, aim)
        kept = jnp.exp(log_over - rate * s - _depth(here, aim, left.energy, medium))
        q, u = observed(aim, left.reference, left.q, left.u)
        hit = process.most * medium.density(here.position) * process.chance(here, electron)
        parts = hit * left.I * kept * jnp.stack([jnp.ones_like(q), q, u])
        return _spread(parts, left.energy, self.energies)


def _moved(packet: Packet, s: Array) -> Packet:
    return eqx.tree_at(lambda p: p.position, packet, packet.position + s * packet.direction)


def _depth(packet: Packet, aim: Array, energy: Array, medium: Any) -> Array:
    """The optical depth on the way out; of a way without end, along a slab, so much that nothing is left."""
    out = eqx.tree_at(lambda p: (p.direction, p.energy), packet, (aim, energy))
    far = medium.region.exit(packet.position, aim)
    ends = jnp.isfinite(far)
    way = packet.position, aim, jnp.where(ends, far, 0)
    if medium.process.uniform:
        return jnp.where(ends, medium.process.cross_section(out) * column(medium.density, *way), _OPAQUE)

    def opacity(place: Array) -> Array:
        return medium.density(place) * medium.process.cross_section(eqx.tree_at(lambda p: p.position, out, place))

    return jnp.where(ends, column(opacity, *way), _OPAQUE)


def _drawn(number: Array, far: Array, steepness: Array) -> tuple[Array, Array]:
    """A place s in [0, far] of density ~ e^(-steepness s/far), and -ln of that density."""
    size = jnp.maximum(jnp.abs(steepness), 1e-3)
    share = -jnp.log1p(number * jnp.expm1(-size)) / size
    log_over = jnp.log(far) + jnp.log(-jnp.expm1(-size) / size) + size * share
    return far * jnp.where(steepness < 0, 1 - share, share), log_over


def column(density: Any, position: Array, direction: Array, far: Array) -> Array:
    """The integral of a density on a way: of electrons their column, cm^-3 kpc."""
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
