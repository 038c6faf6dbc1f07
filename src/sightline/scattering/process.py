"""What happens to a packet at an electron: the contract, and scattering that keeps the energy."""

import abc
from collections.abc import Callable
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.module import Module
from .._core.types import Scalar
from .packet import Packet, Vector, angle_to, isotropic, orthonormal, perpendicular, turned, unit

THOMSON = 2.0526846e-3
"""sigma_T of one electron per cm^3, per kpc: 6.6524587e-25 cm^2 times 3.0856776e21 cm."""
NUMBERS = 8
"""Random numbers of one event that a process may use."""


class Outcome(Module):
    """A packet that leaves in a given direction: its Stokes parameters per steradian, energy [keV] and reference."""

    I: Scalar
    q: Scalar
    u: Scalar
    reference: Vector
    energy: Scalar


class AbstractProcess(Module):
    """A scattering process: subclass it and write what an electron does to a packet, and how it looks from a direction.

    An electron is drawn for each candidate of a collision (`electron`), which is one with the probability
    n(x)/n_max times `chance`: `most` is the largest cross section, per kpc and cm^-3, that any packet meets.

    !!! example
        >>> issubclass(sl.scattering.Thomson, sl.scattering.AbstractProcess)
        True
    """

    most: ClassVar[float] = THOMSON

    def electron(self, packet: Packet, numbers: Float[Array, "8"]) -> Array:
        """The electron that a packet meets, (4,): Lorentz factor - 1, direction; by default at rest."""
        return jnp.zeros(4, packet.position.dtype)

    def chance(self, packet: Packet, electron: Array) -> Scalar:
        """The cross section over `most`, at most 1."""
        return jnp.ones_like(packet.weight)

    def cross_section(self, packet: Packet) -> Scalar:
        """The mean cross section, per kpc and cm^-3: what dims a packet on its way."""
        return jnp.full_like(packet.weight, self.most)

    @property
    def uniform(self) -> bool:
        """Whether the cross section is the same everywhere, whatever the place of a packet."""
        return True

    @abc.abstractmethod
    def scatter(self, packet: Packet, electron: Array, numbers: Float[Array, "8"]) -> Packet:
        """The packet after a collision."""

    @abc.abstractmethod
    def towards(self, packet: Packet, electron: Array, direction: Vector) -> Outcome:
        """What of a collision leaves in a direction, (3,)."""


class Isotropic(AbstractProcess):
    """Scattering evenly into all directions, without polarisation, with the cross section of Thomson.

    !!! example
        >>> sl.scattering.Isotropic().most
        0.0020526846
    """

    def scatter(self, packet: Packet, electron: Array, numbers: Array) -> Packet:
        direction = isotropic(numbers[0], numbers[1])
        return _leaving(packet, direction, packet.energy)

    def towards(self, packet: Packet, electron: Array, direction: Vector) -> Outcome:
        left = _leaving(packet, direction, packet.energy)
        return Outcome(packet.weight / (4 * jnp.pi), left.q, left.u, left.reference, packet.energy)


def _leaving(packet: Packet, direction: Vector, energy: Scalar) -> Packet:
    zero = jnp.zeros_like(packet.weight)
    return Packet(packet.position, direction, perpendicular(direction), packet.weight, zero, zero, energy)


class Thomson(AbstractProcess):
    """Scattering by electrons at rest of photons far below 511 keV, with polarisation.

    dsigma/dOmega = (3/16 pi) sigma_T [(1 + c^2) I - (1 - c^2) Q], c = cos theta, Q from the plane of scattering.

    **Source:** Chandrasekhar 1960, Radiative Transfer, section 16.

    !!! example
        >>> process = sl.scattering.Thomson()
    """

    def scatter(self, packet: Packet, electron: Array, numbers: Array) -> Packet:
        cosine = rayleigh(numbers[0])
        square = cosine * cosine
        degree = jnp.sqrt(jnp.minimum(packet.q**2 + packet.u**2, 1) + 1e-30)
        modulation = degree * (1 - square) / (1 + square)
        phi = azimuth(numbers[1], modulation) + 0.5 * jnp.arctan2(packet.u, packet.q + 1e-30)
        return leave(packet, cosine, phi, 1 + square, packet.energy)

    def towards(self, packet: Packet, electron: Array, direction: Vector) -> Outcome:
        return seen_from(packet, direction, lambda cosine: (1 + cosine**2, packet.energy), 3 / (16 * jnp.pi))


def leave(packet: Packet, cosine: Scalar, phi: Scalar, even: Scalar, energy: Scalar) -> Packet:
    """The packet scattered by theta and phi, phi from its reference: `even` is 1 + c^2, more where energy is lost."""
    sine = jnp.sqrt(jnp.maximum((1 - cosine) * (1 + cosine), 0))
    side = jnp.cross(packet.direction, packet.reference)
    across = jnp.cos(phi) * packet.reference + jnp.sin(phi) * side
    q, u = turned(packet.q, packet.u, jnp.cos(phi), jnp.sin(phi))
    total, q, u = matrix(cosine, even, q, u)
    direction, reference = orthonormal(
        sine * across + cosine * packet.direction, cosine * across - sine * packet.direction
    )
    return Packet(packet.position, direction, reference, packet.weight, q / total, u / total, energy)


def matrix(cosine: Scalar, even: Scalar, q: Scalar, u: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """I, Q, U after scattering of I = 1, Q and U from the plane of scattering."""
    odd = (1 - cosine) * (1 + cosine)
    total = even - odd * q
    floor = jnp.finfo(total.dtype).tiny * 1e8
    return jnp.maximum(total, floor), (1 + cosine * cosine) * q - odd, 2 * cosine * u


def seen_from(
    packet: Packet, direction: Vector, law: Callable[[Scalar], tuple[Scalar, Scalar]], factor: Scalar | float
) -> Outcome:
    """What leaves in a direction; `law`: 1 + c^2 with more, and the energy, of c; `factor`: per steradian."""
    side = jnp.cross(packet.direction, packet.reference)
    cosine = jnp.sum(packet.direction * direction)
    turn = angle_to(packet.reference, side, direction)
    across = turn[0] * packet.reference + turn[1] * side
    normal = jnp.cross(packet.direction, direction)
    sine = jnp.sqrt(jnp.sum(normal * normal) + jnp.finfo(cosine.dtype).tiny)
    even, energy = law(cosine)
    total, q, u = matrix(cosine, even, *turned(packet.q, packet.u, *turn))
    reference = unit(cosine * across - sine * packet.direction)
    return Outcome(packet.weight * total * factor, q / total, u / total, reference, energy)


def rayleigh(number: Scalar) -> Scalar:
    """cos theta of a number in [0, 1), of the density (3/8)(1 + c^2): the root of c^3 + 3 c = 8 u - 4."""
    half = 4 * number - 2
    root = jnp.cbrt(jnp.abs(half) + jnp.sqrt(half * half + 1))
    return jnp.clip(jnp.sign(half) * (root - 1 / root), -1, 1)


def azimuth(number: Scalar, modulation: Scalar) -> Scalar:
    """phi in [0, 2 pi) of the density (1 - m cos 2 phi)/(2 pi), by Halley's rule kept in a bracket.

    It is Kepler's equation for x = 2 phi; 14 steps reach rounding where m = 1 too, x = 0 being a triple root there.
    """
    aim = 2 * jnp.pi * jnp.mod(2 * number, 1)  # of x - m sin x

    def step(_: int, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        x, low, high = state
        sine, cosine = modulation * jnp.sin(x), modulation * jnp.cos(x)
        off, slope = x - sine - aim, 1 - cosine
        low, high = jnp.where(off <= 0, x, low), jnp.where(off >= 0, x, high)
        below = 2 * slope * slope - off * sine
        new = x - 2 * off * slope / jnp.where(below > 0, below, 1)
        inside = (below > 0) & (new >= low) & (new <= high)
        return jnp.where(inside, new, 0.5 * (low + high)), low, high

    start = (aim + 0.85 * modulation * jnp.sign(jnp.pi - aim), jnp.zeros_like(aim), jnp.full_like(aim, 2 * jnp.pi))
    x = jax.lax.stop_gradient(jax.lax.fori_loop(0, 14, step, start)[0])
    return 0.5 * x + jnp.where(number >= 0.5, jnp.pi, 0)
