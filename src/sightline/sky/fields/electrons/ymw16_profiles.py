"""Functions of YMW16 as quotients of polynomials, much faster than XLA's in double precision on a CPU.

Coefficients are near-minimax fits computed with mpmath at 50 digits. Each function is closed by a division,
so that XLA computes it once rather than in every consumer.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from ...._core.elementary import horner

_LN2 = {8: (0.693147180369123816490, 1.90821492927058770002e-10), 4: (0.693359375, -2.12194440054690583e-4)}
# r coth(r/2) in r^2 for |r| <= ln(2)/2, so that e^r = (C + r)/(C - r)
_COTH = {
    8: (
        2.0,
        0.16666666666666574616,
        -0.0027777777776883492798,
        6.6137562959447567051e-05,
        -1.6533880805704169412e-06,
        4.1374855333709650819e-08,
    ),
    4: (2.0, 0.16666613226090156818, -0.0027659019108635602104),
}
_INTEGER = {8: (jnp.int64, 1.5 * 2.0**52, 52, 1023 << 52), 4: (jnp.int32, 1.5 * 2.0**23, 23, 127 << 23)}
_STEEPEST = 80.0  # e^-80 stays a normal number in single precision


def _exponential_parts(x: Array) -> tuple[Array, Array]:
    """p and q of e^x = p/q, for |x| <= 80; x beyond is clipped."""
    size = x.dtype.itemsize
    integer, magic, shift, bias = _INTEGER[size]
    x = jnp.clip(x, -_STEEPEST, _STEEPEST)
    n = jnp.round(x * (1 / math.log(2)))
    high, low = _LN2[size]
    r = (x - n * high) - n * low
    power = lax.bitcast_convert_type((lax.bitcast_convert_type(n + magic, integer) << shift) + bias, x.dtype)
    c = horner(r * r, _COTH[size])
    return power * (c + r), c - r


@jax.custom_jvp
def exponential(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """e^x for |x| <= 80; beyond, its value there."""
    p, q = _exponential_parts(x)
    return p / q


@exponential.defjvp
def _exponential_jvp(primals, tangents):
    value = exponential(*primals)
    return value, value * tangents[0]


def profile(
    inside: Bool[Array, ""], *u: Float[Array, ""], exponent: Float[Array, ""] | None = None
) -> Float[Array, ""]:
    """e^exponent times the product of 1/cosh(u)^2 inside, else 0; |exponent| and 2|u| count up to 80."""
    return _profile(inside, u, exponent)


@jax.custom_jvp
def _profile(inside: Array, u: tuple[Array, ...], exponent: Array | None) -> Array:
    numerator, denominator = (1, 1) if exponent is None else _exponential_parts(exponent)
    for p, q in (_exponential_parts(-2 * jnp.abs(x)) for x in u):
        numerator, denominator = numerator * (4 * p * q), denominator * ((p + q) * (p + q))
    return jnp.where(inside, numerator, 0) / denominator


@_profile.defjvp
def _profile_jvp(primals, tangents):
    inside, u, exponent = primals
    _, du, change = tangents
    changes = [_slope(x) * dx for x, dx in zip(u, du, strict=True)] + ([] if exponent is None else [change])
    value = _profile(inside, u, exponent)
    return value, value * sum(changes[1:], changes[0])


@jax.custom_jvp
def _slope(u: Array) -> Array:
    """The derivative of log 1/cosh(u)^2, -2 tanh(u)."""
    p, q = _exponential_parts(-2 * jnp.abs(u))
    return 2 * jnp.sign(u) * (p - q) / (p + q)


@_slope.defjvp
def _slope_jvp(primals, tangents):
    (u,) = primals
    return _slope(u), -2 * _profile(jnp.full_like(u, True, bool), (u,), None) * tangents[0]


def offset(x: Float[Array, ""], centre: Float[Array, ""], width: Float[Array, ""]) -> Float[Array, ""]:
    """(x - centre)/width, as a multiple of x plus a constant: the cheapest form to differentiate."""
    inverse = 1 / width
    return x * inverse - centre * inverse
