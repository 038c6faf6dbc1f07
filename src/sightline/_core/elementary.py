"""Elementary functions that XLA does not vectorise in double precision on a CPU, or slowly, as polynomials it does.

Coefficients are near-minimax fits computed with mpmath at 40 digits. A quotient by a power of two or by +-1 closes
`sincos` and `exp`: XLA recomputes cheap operations in every consumer but never a division, and so keeps what it found.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Inexact

from .types import Number, Scalar

# pi in pieces short enough that their products with a number of half turns are exact (Cody & Waite 1980)
_PI = {
    8: (3.1415926534682512, 1.2154201012607932e-10, 4.0445324975919012e-21),
    4: (3.140625, 0.0009670257568359375, 6.2783292653563522e-07),
}
_HALF_PI = {8: (math.pi / 2, 6.123233995736766e-17), 4: (1.5707963705062866, -4.371139000186241e-08)}
_LIMIT = 1.65  # above pi/2, since a number of half turns is that of a rounded argument
_LAST_BITS = {8: 1.5 * 2.0**52, 4: 1.5 * 2.0**23}  # added to an integer, it leaves that in the last bits
_MANTISSA, _BIAS = {8: 52, 4: 23}, {8: 1023, 4: 127}
# (sin(r)/r - 1)/r^2 in r^2 for |r| <= pi/2
_SIN = {
    8: (
        -0.16666666666666666,
        0.008333333333333316,
        -0.00019841269841254885,
        2.7557319219139174e-06,
        -2.5052107613933993e-08,
        1.6058977114025027e-10,
        -7.643963964341869e-13,
        2.7313658477694193e-15,
    ),
    4: (-0.16666665961027194, 0.008333241864006316, -0.00019822702927637796, 2.6346380043388076e-06),
}
# (exp(r) - 1 - r)/r^2 in r for |r| <= log(2)/2
_EXP = (
    0.5000000000000001,
    0.16666666666666669,
    0.04166666666662399,
    0.008333333333330051,
    0.0013888888917281794,
    0.00019841269863105968,
    2.480152119021773e-05,
    2.7557268378684192e-06,
    2.7620138719733994e-07,
    2.5100424157005067e-08,
)
_LEAST, _MOST = -708.0, 708.7  # between which exp(x) is a normal number, and so are 2^n and 2^-n, n near x/log(2)
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


_MEAN_SLOPE = tuple((k + 1) / math.factorial(k + 2) for k in range(18))  # of `mean_exponential`


def horner(x: Inexact[Array, "*shape"], coefficients: tuple[Number, ...]) -> Inexact[Array, "*shape"]:
    """sum_k c_k x^k."""
    result = jnp.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        result = result * x + coefficient
    return result


@jax.custom_jvp
def mean_exponential(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """(e^x - 1)/x, the mean of e^t for t from 0 to x, with derivatives that do not cancel near 0."""
    some = x != 0
    return jnp.where(some, jnp.expm1(x) / jnp.where(some, x, 1), 1)


@mean_exponential.defjvp
def _mean_exponential_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (x,), (tangent,) = primals, tangents
    near = jnp.abs(x) < 1
    inner, outer = jnp.where(near, x, 0), jnp.where(near, 1, x)
    slope = jnp.where(near, horner(inner, _MEAN_SLOPE), (jnp.exp(outer) * (1 - 1 / outer) + 1 / outer) / outer)
    return mean_exponential(x), slope * tangent


def _nearest(x: Array) -> tuple[Array, Array]:
    """The nearest integer to x, and the same in the last bits of an integer."""
    n, size = jnp.round(x), x.dtype.itemsize
    return n, lax.bitcast_convert_type(n + _LAST_BITS[size], np.dtype(f"i{size}"))


def _half_turns(x: Array) -> tuple[Array, Array, Array]:
    """The nearest number n of half turns, (-1)^n and r = x - n pi; too large an x leaves an r without meaning."""
    size = x.dtype.itemsize
    n, bits = _nearest(x * (1 / math.pi))
    high, middle, low = _PI[size]
    r = jnp.clip(((x - n * high) - n * middle) - n * low, -_LIMIT, _LIMIT)
    one = bits.dtype.type(_BIAS[size] << _MANTISSA[size])
    return n, lax.bitcast_convert_type(bits << (8 * size - 1) | one, x.dtype), r


def _sine(r: Array) -> Array:
    """sin(r) for |r| <= pi/2."""
    z = r * r
    return r + r * z * horner(z, _SIN[r.dtype.itemsize])


@jax.custom_jvp
def sincos(x: Float[Array, "*shape"]) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    """Sine and cosine of an angle [rad], to 3e-16 for |x| < 1e6 (2e-7 for |x| < 1e3 in single precision).

    Beyond, the error is that of an argument rounded in its last place, up to |x| = 7e15 (1e7), from where on signs are
    lost; the modulus stays at most 1.

    **Source:** argument reduction of Cody & Waite (1980), "Software Manual for the Elementary Functions", chapter 8.
    """
    _, sign, r = _half_turns(x)
    quarter, rest = _HALF_PI[x.dtype.itemsize]
    return _sine(r) / sign, _sine((quarter - jnp.abs(r)) + rest) / sign


@sincos.defjvp
def _sincos_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    (sine, cosine), (dx,) = sincos(*primals), tangents
    return (sine, cosine), (cosine * dx, -sine * dx)


@jax.custom_jvp
def sinc(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """sin(x)/x of an angle [rad], 1 at 0."""
    n, sign, r = _half_turns(x)
    near, ratio = n == 0, horner(r * r, _SINC[x.dtype.itemsize])
    return jnp.where(near, ratio, sign * r * ratio / jnp.where(near, 1, x))


@sinc.defjvp
def _sinc_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    """(cos(x) - sin(x)/x)/x: automatic differentiation of the polynomial would store its every step."""
    (x,), (dx,), coefficients = primals, tangents, _SINC[primals[0].dtype.itemsize]
    n, sign, r = _half_turns(x)
    near, value, z = n == 0, sinc(x), r * r
    cosine = horner(z, tuple((2 * k + 1) * c for k, c in enumerate(coefficients)))
    slope = r * horner(z, tuple(2 * k * c for k, c in enumerate(coefficients) if k))
    return value, jnp.where(near, slope, (sign * cosine - value) / jnp.where(near, 1, x)) * dx


def exp(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Exponential function; 0 below -708 and infinite above 708.7 in double precision."""
    return _exp(x) if x.dtype == np.float64 else jnp.exp(x)


@jax.custom_jvp
def _exp(x: Array) -> Array:
    n, bits = _nearest(jnp.clip(x, _LEAST, _MOST) * (1 / math.log(2)))
    r = (jnp.clip(x, _LEAST, _MOST) - n * _LN2_HIGH) - n * _LN2_LOW
    inverse = lax.bitcast_convert_type((_BIAS[8] << _MANTISSA[8]) - (bits << _MANTISSA[8]), np.float64)  # 2^-n
    value = 1 + (r + r * r * horner(r, _EXP))
    return jnp.where(x < _LEAST, 0, jnp.where(x > _MOST, math.inf, value)) / inverse


@_exp.defjvp
def _exp_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    value = _exp(*primals)
    return value, value * tangents[0]


def log(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Natural logarithm of a positive, normal number; to 1e-6 above 6e307."""
    return _log(x) if x.dtype == np.float64 else jnp.log(x)


@jax.custom_jvp
def _log(x: Array) -> Array:
    bits = lax.bitcast_convert_type(x, np.int64)
    exponent = (bits - _SQRT_HALF_BITS) >> 52
    exponent = jnp.minimum(exponent, _BIAS[8] - 1)  # 2^-1023 is no normal number
    # a product, as bits have no slope: in loops JAX differentiates these lines once more, not the rule below
    f = x * lax.bitcast_convert_type((_BIAS[8] - exponent) << _MANTISSA[8], np.float64) - 1
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
    return exp(exponent * log(x))


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
