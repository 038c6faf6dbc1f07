"""Scattering by hot electrons."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.module import param
from .._core.types import Scalar
from ..processes.klein_nishina import cross_section_ratio
from ..processes.maxwell_juttner import energy, rate, share
from ..processes.newton import inverse
from ..sky.fields import AbstractField
from .compton import REST, scatter_at_rest, towards_at_rest
from .packet import Packet, Vector, angle_to, isotropic, orthonormal, turned
from .process import THOMSON, AbstractProcess, Outcome
from .source import check_scalar

_STEPS = 16
_MU, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_ROOTS, _SHARES = (part[16:] for part in np.polynomial.hermite.hermgauss(32))  # of energies, by their square roots


class ThermalCompton(AbstractProcess):
    """Scattering by electrons of a temperature, at any energy, with polarisation.

    A candidate electron of the Maxwell-Juettner law, from any direction, collides with the probability
    (1 - beta mu) sigma_KN(k')/(2 sigma_T), k' = gamma (1 - beta mu) k the energy in its frame; there it scatters as one
    at rest. The electric field is carried by parallel transport in the boost, as is exact for free waves.

    **Arguments:** `temperature`: kT, keV: a number, or a scalar field of the place.

    **Source:** Pozdnyakov, Sobol & Sunyaev 1983, Astrophys. Space Phys. Rev. 2, 189, section 9; Jüttner 1911.

    !!! example
        >>> process = sl.scattering.ThermalCompton(51.0)
    """

    most: ClassVar[float] = 2 * THOMSON
    temperature: Float[Array, ""] | AbstractField = param(1.0, unit="keV", positive=True)

    def __check_init__(self) -> None:
        if isinstance(self.temperature, AbstractField):
            check_scalar(self.temperature, "ThermalCompton: temperature")

    @property
    def uniform(self) -> bool:
        return not isinstance(self.temperature, AbstractField)

    def _theta(self, packet: Packet) -> Scalar:
        given = self.temperature
        hot = given(packet.position) if isinstance(given, AbstractField) else given
        return jax.lax.stop_gradient(hot.astype(packet.weight.dtype)) / REST

    def electron(self, packet: Packet, numbers: Array) -> Array:
        theta = self._theta(packet)
        return jnp.append(theta * kinetic(numbers[0], theta), isotropic(numbers[1], numbers[2]))

    def chance(self, packet: Packet, electron: Array) -> Scalar:
        doppler, gamma = _doppler(packet, electron)
        return 0.5 * doppler / gamma * jnp.minimum(cross_section_ratio(packet.energy * doppler / REST), 1)

    def cross_section(self, packet: Packet) -> Scalar:
        """The mean over electrons, by Gauss's rules of 16 energies and 16 angles: to 2e-4 from kT = 1 keV to 100 MeV.

        With x = (gamma - 1)/theta the law is x^(1/2) exp(-x) gamma (2 + theta x)^(1/2).
        """
        theta = self._theta(packet)
        x, shares, mu, weights = (
            jnp.asarray(part, theta.dtype) for part in (_ROOTS**2, _ROOTS**2 * _SHARES, _MU, 0.5 * _WEIGHTS)
        )
        gamma, momentum = 1 + theta * x, jnp.sqrt(theta * x * (2 + theta * x))
        away = 1 - (momentum / gamma)[:, None] * mu
        sigma = cross_section_ratio(gamma[:, None] * away * packet.energy / REST)
        found = shares * gamma * jnp.sqrt(2 + theta * x)
        return THOMSON * jnp.dot(found, (away * sigma) @ weights) / jnp.sum(found)

    def scatter(self, packet: Packet, electron: Array, numbers: Array) -> Packet:
        left = scatter_at_rest(boosted(packet, electron), numbers)
        return boosted(left, electron.at[1:].multiply(-1))

    def towards(self, packet: Packet, electron: Array, direction: Vector) -> Outcome:
        """dOmega'/dOmega = 1/(gamma (1 - beta n))^2 of the frame of the electron."""
        probe = Packet(packet.position, direction, direction, packet.weight, packet.q, packet.u, packet.energy)
        doppler, _ = _doppler(probe, electron)
        inside = _aberrated(direction, electron)
        found = towards_at_rest(boosted(packet, electron), inside)
        left = Packet(packet.position, inside, found.reference, packet.weight, found.q, found.u, found.energy)
        seen = boosted(left, electron.at[1:].multiply(-1))
        return Outcome(found.I / doppler**2, seen.q, seen.u, seen.reference, seen.energy)


def kinetic(number: Scalar, theta: Scalar) -> Scalar:
    """x of the Maxwell-Juettner law of a number in [0, 1)."""
    start = jnp.full_like(number, 0.2)
    return energy(inverse(lambda l: share(l, theta), lambda l: rate(l, theta), number, start, _STEPS))


def _doppler(packet: Packet, electron: Array) -> tuple[Scalar, Scalar]:
    """gamma (1 - beta mu), and gamma."""
    gamma = 1 + electron[0]
    momentum = jnp.sqrt(electron[0] * (2 + electron[0]))
    return gamma - momentum * jnp.sum(electron[1:] * packet.direction), gamma


def _aberrated(direction: Vector, electron: Array) -> Vector:
    """A direction in the frame of an electron."""
    gamma, momentum = 1 + electron[0], jnp.sqrt(electron[0] * (2 + electron[0]))
    along = jnp.sum(electron[1:] * direction)
    moved = direction + (electron[0] * along - momentum) * electron[1:]
    return moved / (gamma - momentum * along)


def boosted(packet: Packet, electron: Array) -> Packet:
    """The packet in the frame of an electron: aberration and Doppler shift.

    The angle between the electric field and the plane of direction and velocity is the same in both frames.
    """
    doppler, _ = _doppler(packet, electron)
    inside = _aberrated(packet.direction, electron)
    turn = angle_to(packet.reference, jnp.cross(packet.direction, packet.reference), electron[1:])
    q, u = turned(packet.q, packet.u, *turn)
    across = electron[1:] - jnp.sum(electron[1:] * inside) * inside
    still = jnp.sum(across * across) < 1e-12
    direction, reference = orthonormal(inside, jnp.where(still, packet.reference, across))
    q, u = jnp.where(still, packet.q, q), jnp.where(still, packet.u, u)
    return Packet(packet.position, direction, reference, packet.weight, q, u, packet.energy * doppler)
