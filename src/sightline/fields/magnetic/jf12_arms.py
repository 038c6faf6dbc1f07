"""The eight logarithmic spiral arms of the models of Jansson & Farrar."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.elementary import horner, log
from ..._core.types import Scalar
from ..algebra import edge
from .jf12_shapes import DISK_RADIUS

ARM_RADII = (5.1, 6.3, 7.1, 8.3, 9.8, 11.4, 12.7, 15.5)
"""Where the outer boundaries of arms 1 to 8 cross the negative x axis, kpc."""

Arms = Float[Array, "8"]

# (arctan(t)/t - 1) / t^2 in t^2 for |t| <= tan(pi/8), near-minimax
_ARCTAN = {
    8: (
        -0.3333333333333333,
        0.1999999999999552,
        -0.14285714284666534,
        0.11111111015255669,
        -0.09090904578095735,
        0.07692183190171728,
        -0.06664511438164644,
        0.05858148832731273,
        -0.05085449318930035,
        0.039231646190551486,
        -0.019176872294336067,
    ),
    4: (
        -0.33333331761161183,
        0.1999954048196227,
        -0.14263955539545425,
        0.10743730859149465,
        -0.06451926114689661,
    ),
}


@jax.custom_jvp
def arctan2(y: Scalar, x: Scalar) -> Scalar:
    """Azimuth of (x, y) [rad], 0 at the origin, as a polynomial, which vectorises where XLA's does not."""
    a, b = jnp.abs(x), jnp.abs(y)
    flat, steep = b <= (math.sqrt(2) - 1) * a, a < (math.sqrt(2) - 1) * b
    above = jnp.where(flat, b, jnp.where(steep, -a, b - a))
    below = jnp.where(flat, a, jnp.where(steep, b, b + a))
    t = above / jnp.where(below > 0, below, 1)
    square = t * t
    start = jnp.where(flat, 0.0, jnp.where(steep, math.pi / 2, math.pi / 4)).astype(t.dtype)
    angle = start + (t + t * square * horner(square, _ARCTAN[t.dtype.itemsize]))
    angle = jnp.where(x < 0, math.pi - angle, angle)
    return jnp.where(y < 0, -angle, angle)


@arctan2.defjvp
def _arctan2_jvp(primals, tangents):
    (y, x), (dy, dx) = primals, tangents
    square = x * x + y * y
    return arctan2(y, x), (x * dy - y * dx) / jnp.where(square > 0, square, 1)


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
