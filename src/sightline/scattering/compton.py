"""Scattering by electrons at rest that take energy."""

import jax.numpy as jnp
from jaxtyping import Array

from .._core.constants import ELECTRON_REST_ENERGY
from .._core.types import Scalar
from ..processes.klein_nishina import cross_section_ratio, haversine, rate, share
from ..processes.newton import inverse
from .packet import Packet, Vector
from .process import THOMSON, AbstractProcess, Outcome, azimuth, leave, seen_from

REST = ELECTRON_REST_ENERGY * 1e6
"""m_e c^2, keV."""
_STEPS = 8


class Compton(AbstractProcess):
    """Scattering of photons of any energy by free electrons at rest, with polarisation.

    dsigma/dOmega = (3/16 pi) sigma_T (k'/k)^2 [k'/k + k/k' - sin^2 theta (1 + Q)], Q from the plane of scattering.

    **Source:** Klein & Nishina 1929, Z. Phys. 52, 853; Fano 1949, J. Opt. Soc. Am. 39, 859, for the polarisation.

    !!! example
        >>> process = sl.scattering.Compton()
    """

    def chance(self, packet: Packet, electron: Array) -> Scalar:
        return jnp.minimum(cross_section_ratio(packet.energy / REST), 1)

    def cross_section(self, packet: Packet) -> Scalar:
        return THOMSON * cross_section_ratio(packet.energy / REST)

    def scatter(self, packet: Packet, electron: Array, numbers: Array) -> Packet:
        return scatter_at_rest(packet, numbers)

    def towards(self, packet: Packet, electron: Array, direction: Vector) -> Outcome:
        return towards_at_rest(packet, direction)


def scatter_at_rest(packet: Packet, numbers: Array) -> Packet:
    """The packet after Compton scattering, in the frame in which the electron was at rest."""
    k = packet.energy / REST
    l = lost(numbers[0], k)
    half = jnp.clip(haversine(l, k), 0, 1)
    cosine, ratio = 1 - 2 * half, 1 / (1 + 2 * k * half)
    even = 1 + cosine * cosine + (1 - ratio) ** 2 / ratio
    odd = 4 * half * (1 - half)
    degree = jnp.sqrt(jnp.minimum(packet.q**2 + packet.u**2, 1) + 1e-30)
    phi = azimuth(numbers[1], degree * odd / even) + 0.5 * jnp.arctan2(packet.u, packet.q + 1e-30)
    return leave(packet, cosine, phi, even, packet.energy * ratio)


def towards_at_rest(packet: Packet, direction: Vector) -> Outcome:
    """What leaves in a direction, over the cross section of this packet."""
    k = packet.energy / REST

    def law(cosine: Scalar) -> tuple[Scalar, Scalar]:
        ratio = 1 / (1 + k * (1 - cosine))
        return 1 + cosine * cosine + (1 - ratio) ** 2 / ratio, packet.energy * ratio

    ratio = 1 / (1 + k * (1 - jnp.sum(packet.direction * direction)))
    return seen_from(packet, direction, law, 3 / (16 * jnp.pi) * ratio**2 / cross_section_ratio(k))


def lost(number: Scalar, k: Scalar) -> Scalar:
    """The coordinate of `KleinNishina` of a number in [0, 1)."""
    return inverse(lambda l: share(l, k), lambda l: rate(l, k), number, number, _STEPS)
