"""Elementary functions that XLA does not vectorise in double precision on a CPU, as polynomials it does.

Coefficients are near-minimax fits computed with mpmath at 40 digits. A quotient closes `sincos`: XLA recomputes cheap
operations in every consumer but never a division, so that dividing by sin^2 + cos^2, which is 1 to rounding, makes
the pair be computed once.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Inexact

from .types import Number, Scalar

# pi/2 in pieces short enough that their products with a quadrant number are exact (Cody & Waite 1980).
_HALF_PI = {
    8: (1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21),
    4: (1.5703125, 0.00048351287841796875, 3.1391647326017846e-07),
}
_LIMIT = 0.79  # just above pi/4
_SIN = {
    8: (
        -0.16666666666666666,
        0.008333333333330948,
        -0.00019841269836756774,
        2.7557316101617874e-06,
        -2.505113165023518e-08,
        1.5918115263265974e-10,
    ),
    4: (-0.16666664661714697, 0.008332748154085032, -0.00019587865702101875),
}
_COS = {
    8: (
        0.041666666666666664,
        -0.0013888888888887398,
        2.480158729876456e-05,
        -2.7557317271145144e-07,
        2.087614614655861e-09,
        -1.1382623647474604e-11,
    ),
    4: (0.041666664658901405, -0.0013888302919113633, 2.4547916853691016e-05),
}
# sin(r)/r in r^2 for |r| <= pi/2
_SINC = {
    8: (
        1.0,
        -0.16666666666666666,
        0.008333333333333333,
        -0.0001984126984126984,
        2.755731922398577e-06,
        -2.5052108385418744e-08,
        1.6059043834111832e-10,
        -7.647163526513497e-13,
        2.8114472581527363e-15,
        -8.217610585326176e-18,
        1.9054642746015105e-20,
    ),
    4: (
        0.9999999999829089,
        -0.16666666616790812,
        0.008333330973271878,
        -0.00019840861058037127,
        2.752526349541792e-06,
        -2.3889104032675583e-08,
    ),
}
# (2 artanh(s) - 2 s) / s^3 in s^2 for |s| <= 0.1716
_LOG = (
    0.6666666666666666,
    0.4000000000000088,
    0.2857142857080323,
    0.2222222239180047,
    0.18181795630884753,
    0.15386240205813478,
    0.13268759668560612,
    0.13086767009948175,
)
# arctan(t)/t in t^2 for |t| <= tan(pi/8), numerator and denominator
_ARCTAN = {
    8: (
        (1.0, 1.7385887158013472417, 0.91872675896434624168, 0.14922059157054546587, 0.0035565802505518120423),
        (1.0, 2.0719220491346768224, 1.4093674420098298314, 0.34748247190104377548, 0.022388336668653010443),
    ),
    4: ((1.0, 0.75188338988517702698, 0.061068143566046938374), (1.0, 1.0852166217721189801, 0.22281188307014643166)),
}
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10


def horner(x: Inexact[Array, "*shape"], coefficients: tuple[Number, ...]) -> Inexact[Array, "*shape"]:
    """sum_k c_k x^k."""
    result = jnp.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        result = result * x + coefficient
    return result


def _reduce(x: Array, period: int) -> tuple[Array, Array]:
    """The nearest multiple n of period * pi/2, and x - n period pi/2."""
    n = jnp.round(x * (2 / (math.pi * period)))
    high, middle, low = _HALF_PI[x.dtype.itemsize]
    remainder = ((x - n * (period * high)) - n * (period * middle)) - n * (period * low)
    if x.dtype.itemsize == 4:  # too large an argument leaves a meaningless remainder, which must not overflow
        remainder = jnp.clip(remainder, -period * _LIMIT, period * _LIMIT)
    return n, remainder


@jax.custom_jvp
def sincos(x: Float[Array, "*shape"]) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    """Sine and cosine of an angle [rad], to 3e-16 for |x| < 1e6 (2e-7 for |x| < 1e3 in single precision).

    Beyond, the error is that of an argument rounded in its last place; the modulus stays at most 1.

    **Source:** argument reduction of Cody & Waite (1980), "Software Manual for the Elementary Functions", chapter 8.
    """
    quadrant, r = _reduce(x, period=1)
    size, z = x.dtype.itemsize, r * r
    sine = r + r * z * horner(z, _SIN[size])
    cosine = 1 - 0.5 * z + z * z * horner(z, _COS[size])
    quadrant = quadrant - 4 * jnp.floor(quadrant * 0.25)
    swap = (quadrant == 1) | (quadrant == 3)
    norm = sine * sine + cosine * cosine
    sin_x, cos_x = jnp.where(swap, cosine, sine), jnp.where(swap, sine, cosine)
    sin_x = jnp.where(quadrant >= 2, -sin_x, sin_x)
    cos_x = jnp.where((quadrant == 1) | (quadrant == 2), -cos_x, cos_x)
    return sin_x / norm, cos_x / norm


@sincos.defjvp
def _sincos_jvp(primals, tangents):
    (sine, cosine), (dx,) = sincos(*primals), tangents
    return (sine, cosine), (cosine * dx, -sine * dx)


@jax.custom_jvp
def sinc(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """sin(x)/x of an angle [rad], 1 at 0."""
    near, sign, r = _half_turns(x)
    ratio = horner(r * r, _SINC[x.dtype.itemsize])
    return jnp.where(near, ratio, sign * r * ratio / jnp.where(near, 1, x))


@sinc.defjvp
def _sinc_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    """(cos(x) - sin(x)/x)/x: automatic differentiation of the polynomial would store its every step."""
    (x,), (dx,), coefficients = primals, tangents, _SINC[primals[0].dtype.itemsize]
    near, sign, r = _half_turns(x)
    value, z = sinc(x), r * r
    cosine = horner(z, tuple((2 * k + 1) * c for k, c in enumerate(coefficients)))
    slope = r * horner(z, tuple(2 * k * c for k, c in enumerate(coefficients) if k))
    return value, jnp.where(near, slope, (sign * cosine - value) / jnp.where(near, 1, x)) * dx


def _half_turns(x: Array) -> tuple[Array, Array, Array]:
    """Whether |x| < pi/2, and the sign and r with which sin(x) = sign sin(r), |r| <= pi/2."""
    n, r = _reduce(x, period=2)
    return n == 0, 1 - 2 * (n - 2 * jnp.floor(n * 0.5)), r


def log(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Natural logarithm of a positive, normal number."""
    return _log(x) if x.dtype == np.float64 else jnp.log(x)


@jax.custom_jvp
def _log(x: Array) -> Array:
    bits = lax.bitcast_convert_type(x, np.int64)
    exponent = (bits - _SQRT_HALF_BITS) >> 52
    f = lax.bitcast_convert_type(bits - (exponent << 52), np.float64) - 1
    s, n = f / (2 + f), exponent.astype(np.float64)
    z = s * s
    half_square = 0.5 * f * f
    tail = s * (half_square + z * horner(z, _LOG))
    return n * _LN2_HIGH - ((half_square - (tail + n * _LN2_LOW)) - f)


@_log.defjvp
def _log_jvp(primals, tangents):
    return _log(*primals), tangents[0] / primals[0]


def power(x: Float[Array, "*shape"], exponent: Float[Array, "*#shape"] | Scalar | Number) -> Float[Array, "*shape"]:
    """x^exponent for x > 0."""
    return jnp.exp(exponent * log(x))


@jax.custom_jvp
def arctan2(y: Float[Array, "*shape"], x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Angle [rad] from the x axis towards the y axis, in [-pi, pi]; 0, with derivative 0, at the origin."""
    width, height = jnp.abs(x), jnp.abs(y)
    large, small = jnp.maximum(width, height), jnp.minimum(width, height)
    steep = small > math.tan(math.pi / 8) * large
    t = jnp.where(steep, small - large, small) / jnp.where(steep, small + large, jnp.where(large > 0, large, 1))
    above, below = (horner(t * t, coefficients) for coefficients in _ARCTAN[t.dtype.itemsize])
    angle = t * above / below + jnp.where(steep, math.pi / 4, 0)
    angle = jnp.where(height > width, math.pi / 2 - angle, angle)
    angle = jnp.where(x < 0, math.pi - angle, angle)
    return jnp.where(y < 0, -angle, angle)


@arctan2.defjvp
def _arctan2_jvp(primals, tangents):
    (y, x), (dy, dx) = primals, tangents
    square = x * x + y * y
    inverse = jnp.where(square > 0, 1 / jnp.where(square > 0, square, 1), 0)
    return arctan2(y, x), x * inverse * dy - y * inverse * dx


def azimuth(y: Float[Array, "*shape"], x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """`arctan2` in [0, 2 pi]."""
    angle = arctan2(y, x)
    return jnp.where(angle < 0, angle + 2 * math.pi, angle)
