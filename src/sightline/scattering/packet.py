"""One packet of photons, and the frame in which its polarisation is measured."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.types import Scalar

Vector = Float[Array, "3"]


class Packet(eqx.Module):
    """Photons that travel together.

    - `position`: kpc; `direction`: a unit vector; `reference`: one perpendicular to it, from which Q is measured: Q > 0
      for an electric field along it, U > 0 for one 45 deg from it towards direction x reference.
    - `weight`: of all photons; `q`, `u`: Q/I and U/I; `energy`: keV.
    """

    position: Vector
    direction: Vector
    reference: Vector
    weight: Scalar
    q: Scalar
    u: Scalar
    energy: Scalar


def norm(vector: Vector) -> Scalar:
    """The length of a vector, with the derivative 0 where it is 0."""
    square = jnp.sum(vector * vector)
    lit = square > 0
    return jnp.where(lit, jnp.sqrt(jnp.where(lit, square, 1)), 0)


def unit(vector: Vector) -> Vector:
    """A vector of length 1 along another."""
    return vector / jnp.maximum(norm(vector), jnp.finfo(vector.dtype).tiny)


def perpendicular(direction: Vector) -> Vector:
    """The reference of an observer: north, the part of +z across the direction; +x where it is along z."""
    z = jnp.asarray([0.0, 0.0, 1.0], direction.dtype)
    x = jnp.asarray([1.0, 0.0, 0.0], direction.dtype)
    north = z - direction[2] * direction
    east = x - direction[0] * direction
    return unit(jnp.where(jnp.sum(north * north) > 1e-10, north, east))


def turned(q: Scalar, u: Scalar, cosine: Scalar, sine: Scalar) -> tuple[Scalar, Scalar]:
    """Q and U from a reference turned by an angle phi towards direction x reference, of cos phi and sin phi."""
    double, twice = cosine * cosine - sine * sine, 2 * cosine * sine
    return q * double + u * twice, u * double - q * twice


def angle_to(reference: Vector, side: Vector, target: Vector) -> tuple[Scalar, Scalar]:
    """cos phi and sin phi of the part of `target` in the plane of `reference` and `side`; 1, 0 for none."""
    x, y = jnp.sum(reference * target), jnp.sum(side * target)
    square = x * x + y * y
    lit = square > jnp.finfo(x.dtype).tiny * 1e8
    length = jnp.sqrt(jnp.where(lit, square, 1))
    return jnp.where(lit, x / length, 1), jnp.where(lit, y / length, 0)


def observed(direction: Vector, reference: Vector, q: Scalar, u: Scalar) -> tuple[Scalar, Scalar]:
    """Q and U from the north of an observer towards whom the packet flies: the IAU convention with +z north."""
    return turned(q, u, *angle_to(reference, jnp.cross(direction, reference), perpendicular(direction)))


def orthonormal(direction: Vector, reference: Vector) -> tuple[Vector, Vector]:
    """Both, rounding of many scatterings taken away."""
    direction = unit(direction)
    return direction, unit(reference - jnp.sum(direction * reference) * direction)


def isotropic(first: Scalar, second: Scalar) -> Vector:
    """A direction from two numbers in [0, 1)."""
    cosine = 2 * first - 1
    sine = 2 * jnp.sqrt(first * (1 - first))
    phi = 2 * jnp.pi * second
    return jnp.stack([sine * jnp.cos(phi), sine * jnp.sin(phi), cosine])
