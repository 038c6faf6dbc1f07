"""The eight logarithmic spiral arms of the models of Jansson & Farrar."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import log
from ...._core.types import Scalar
from ..algebra import edge
from .jf12_shapes import DISK_RADIUS

ARM_RADII = (5.1, 6.3, 7.1, 8.3, 9.8, 11.4, 12.7, 15.5)
"""Where the outer boundaries of arms 1 to 8 cross the negative x axis, kpc."""

Arms = Float[Array, "8"]


def arm_depth(azimuth: Scalar, square: Scalar, cotangent: Scalar, outermost: Scalar) -> Scalar:
    """ln(r_8/r_-) in [0, 2 pi tan i); the spiral through a point, given its r^2, meets the negative x axis at r_-.

    From the azimuth less that of the boundary of arm 8 at the same radius, phi - pi - cot i ln(r/r_8), modulo
    2 pi: no case for spirals that wind around more than once. A division ends it: XLA then computes it once.
    """
    phase = azimuth - math.pi - 0.5 * cotangent * log(square / (outermost * outermost))
    return (phase - 2 * math.pi * jnp.floor(phase * (0.5 / math.pi))) / cotangent


def arm_value(
    depth: Scalar,
    radii: Arms,
    values: Arms,
    r: Scalar,
    cotangent: Scalar,
    smooth: float,
) -> Scalar:
    """The value of the arm at a depth, of which r cos i is the distance [kpc] across the arms."""
    scale = r * cotangent / jnp.sqrt(1 + cotangent * cotangent) if smooth else jnp.ones_like(r)
    starts, period = log(radii[-1] / radii), 2 * math.pi / cotangent
    result = values[-1]
    for k in range(7):
        result = result + (values[k] - values[k + 1]) * edge(scale * (depth - starts[k]), smooth)
    if smooth:
        wrapped = edge(-scale * depth, smooth) - edge(scale * (depth - period), smooth)
        result = result + (values[0] - values[-1]) * wrapped
    return result


def arm_intercepts(values: Arms, radii: Arms, cotangent: Scalar) -> Arms:
    """What to add to value times depth, in each arm, for the integral of the value from azimuth 0 at r = 5 kpc."""
    steps, starts = jnp.diff(values), log(radii[-1] / radii[:-1])
    origin = arm_depth(0 * cotangent, DISK_RADIUS**2 * jnp.ones_like(cotangent), cotangent, radii[-1])
    before = values[-1] * origin - jnp.sum(steps * jnp.maximum(origin - starts, 0))
    return jnp.append(jnp.cumsum((steps * starts)[::-1])[::-1], jnp.zeros_like(before)) - before


def close_flux(b_arms: Float[Array, "7"], radii: Arms, cotangent: Scalar) -> Arms:
    """The eight values of which the flux through a cylinder vanishes, given the first seven."""
    logs = log(radii)
    first = 2 * math.pi / cotangent - (logs[-1] - logs[0])
    widths = jnp.concatenate([first[None], jnp.diff(logs)])
    return jnp.append(b_arms, -jnp.sum(b_arms * widths[:-1]) / widths[-1])
