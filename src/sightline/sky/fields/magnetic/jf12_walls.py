"""Where the components of the models of Jansson & Farrar jump and end."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.types import Number, Scalar
from ...geometry import Structures
from ..ends import LOGISTIC
from .jf12_shapes import DISK_RADIUS, EDGE_RADIUS, HOLE_RADIUS, ratios

_DISK = 7.0  # widths above the transition, where the disk holds less than 1e-6 of its column


def galaxy(smooth: float) -> Structures:
    """The ball that everything lies in."""
    return Structures.balls((0.0, 0.0, 0.0), EDGE_RADIUS + LOGISTIC * smooth)


def edges(smooth: float, hole: bool) -> Structures:
    """The spheres at which the halo begins, if it has a hole, and ends."""
    radii = (HOLE_RADIUS, EDGE_RADIUS) if hole else (EDGE_RADIUS,)
    return Structures.balls((0.0, 0.0, 0.0), radii).ending(galaxy(smooth))


def arms(radii: Float[Array, "8"], pitch: Scalar, height: Number | Scalar = math.inf) -> Structures:
    """The walls between the arms, r = r_k exp((phi - pi) tan i), beyond the ring and below a height."""
    at_zero = radii * jnp.exp(-math.pi / ratios(pitch)[2])
    return Structures.spiral_walls(at_zero, pitch, DISK_RADIUS, EDGE_RADIUS, height)


def disk_layer(transition_height: Scalar, transition_width: Scalar) -> Structures:
    """The layer that holds the disk."""
    height = transition_height + _DISK * transition_width
    return Structures.layer(-height, height)


def separatrix(start_radius: Scalar, elevation: Scalar) -> Structures:
    """The cones r = r_X0 + |z|/tan T between the two kinds of lines of the X field, one for each side."""
    tangent = 1 / ratios(elevation)[2]
    apex = start_radius * tangent
    return Structures.cones(jnp.stack([-apex, apex]), tangent)


def bent_separatrix(start_radius: Scalar, elevation: Scalar, plane_height: Scalar) -> Structures:
    """The same where lines cross the plane as parabolas: r = r_a + (r_s - r_a) (z/z_s)^2 between -z_s and z_s.

    As the hyperboloid through both circles, from which it differs by 3 pc at most.
    """
    spread = plane_height * ratios(elevation)[2]
    waist, rim = start_radius + 0.5 * spread, start_radius + spread
    opening = jnp.sqrt(rim * rim - waist * waist) / plane_height
    matrix = jnp.diag(jnp.stack([jnp.ones_like(waist), jnp.ones_like(waist), opening]))
    return Structures.surfaces((0.0, 0.0, 0.0), matrix, (1.0, 1.0, -1.0), waist * waist)
