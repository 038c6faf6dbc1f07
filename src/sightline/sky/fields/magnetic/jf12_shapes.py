"""What the components of the models of Jansson & Farrar share: edges, disk and halo, lines of the X field."""

import jax
import jax.numpy as jnp

from ...._core.elementary import exp, sincos
from ...._core.types import Scalar
from ..algebra import edge

SUN = (-8.5, 0.0, 0.0)
"""Where the models have the Sun, kpc."""
RING_RADIUS, DISK_RADIUS = 3.0, 5.0
"""Cylindrical radii at which the molecular ring and the arms begin, kpc."""
HOLE_RADIUS, EDGE_RADIUS = 1.0, 20.0
"""Spherical radii at which the halo begins and everything ends, kpc."""


def ratios(angle: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """Sine, cosine and cotangent of an angle [deg]."""
    sine, cosine = sincos(jnp.deg2rad(angle))
    return sine, cosine, cosine / sine


def within(radius: float, square: Scalar, smooth: float) -> Scalar:
    """1 at distances, given squared, below `radius`, 0 elsewhere; with the soft edge of `edge`."""
    return edge((radius * radius - square) * (0.5 / radius), smooth)


def shell(square: Scalar, smooth: float) -> Scalar:
    """1 between 1 and 20 kpc of the Galactic centre, at a distance given squared, 0 elsewhere."""
    return within(EDGE_RADIUS, square, smooth) - within(HOLE_RADIUS, square, smooth)


def halo_weight(z: Scalar, height: Scalar, width: Scalar) -> Scalar:
    """L(|z|, h, w) = 1/(1 + exp(-2 (|z| - h)/w)), the transition to the halo; the disk has the rest."""
    return jax.nn.sigmoid((jnp.abs(z) - height) * (2 / width))


def x_lines(
    r: Scalar,
    height: Scalar,
    inner: Scalar,
    angles: tuple[Scalar, ...],
    start_radius: Scalar,
    scale_radius: Scalar,
) -> tuple[Scalar, Scalar]:
    """B_r/r and B_z of the northern X field per B_X; `inner` is 1 inside the separatrix r_c, 0 outside.

    With m = max(r, r_c), both sides have r_p/r = 1 - |z|/(m tan T) and the elevation arctan(m tan T/r).
    """
    sine, cosine, cotangent = angles
    rise = height * cotangent
    separatrix = start_radius + rise
    reach = jnp.where(r < separatrix, separatrix, r)
    ratio = 1 - rise / reach
    b = exp(-ratio * r / scale_radius) * ratio * (1 + inner * (ratio - 1))
    r_cosine, reach_sine = r * cosine, reach * sine
    b = b / jnp.sqrt(r_cosine * r_cosine + reach_sine * reach_sine)
    return b * cosine, b * reach_sine
