"""Functions whose textbook form is 0/0 or has an infinite slope somewhere, with finite values and derivatives there."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from .elementary import exp, horner, sincos

# (1 - e^-z)/z = sum_k (-z)^k/(k+1)!, used for |z| < 1/2
_PHI1 = tuple((-1) ** k / math.factorial(k + 1) for k in range(15))
# sinh(w)/w = sum_k w^2k/(2k+1)!, used for |w| < 1/2
_SINHC = tuple(1 / math.factorial(2 * k + 1) for k in range(8))


def safe_sqrt(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """sqrt(x) for x >= 0, with derivative 0 instead of infinity at 0."""
    positive = x > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, x, 1)), 0)


def safe_hypot(x: Float[Array, "*shape"], y: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """sqrt(x^2 + y^2), with derivative 0 at the origin."""
    return safe_sqrt(x * x + y * y)


def safe_angle(y: Float[Array, "*shape"], x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """atan2(y, x), with value and derivatives 0 at the origin."""
    nowhere = (x == 0) & (y == 0)
    return jnp.where(nowhere, 0, jnp.arctan2(y, jnp.where(nowhere, 1, x)))


def held(x: Float[Array, "*shape"], low: Any, high: Any) -> Float[Array, "*shape"]:
    """x between two ends, at which its slope is 1 and not that of `jnp.clip`, a half: nodes lie there."""
    low, high = jnp.asarray(low, x.dtype), jnp.asarray(high, x.dtype)
    return jnp.where(x < low, low, jnp.where(x > high, high, x))


def safe_log(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """log x, of the least normal number below it, with derivatives of any order.

    Those of the logarithm itself leave the range of numbers where 1/x^2 does.
    """
    least = float(np.finfo(x.dtype).tiny)
    some = x > least
    known = jnp.where(some, x, least)
    inverse = jax.lax.stop_gradient(1 / known)  # a quotient would be reordered to 0/0
    return jnp.log(known * inverse) - jnp.log(inverse)


def safe_norm(vector: Float[Array, "*shape n"]) -> Float[Array, "*shape"]:
    """Length of the vectors along the last axis, with derivative 0 at the origin."""
    return safe_sqrt(jnp.sum(vector * vector, axis=-1))


def sech2(u: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """1/cosh(u)^2 without overflow; the kink of |u| does not show because the function is even."""
    e = exp(-2 * jnp.abs(u))
    return 4 * e / ((1 + e) * (1 + e))


def phi1(z: Inexact[Array, "*shape"]) -> Inexact[Array, "*shape"]:
    """(1 - e^-z)/z for real or complex z, 1 at 0: the emission that leaves a cell of optical depth z."""
    small = jnp.abs(z) < 0.5
    inside, outside = jnp.where(small, z, 0), jnp.where(small, 1, z)
    terms = len(_PHI1) if np.finfo(z.dtype).eps < 1e-10 else 9
    return jnp.where(small, horner(inside, _PHI1[:terms]), (1 - jnp.exp(-outside)) / outside)


def phi1_rotating(
    depth: Float[Array, "*shape"], angle: Float[Array, "*shape"]
) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    """Real and imaginary part of phi1(depth - i angle), in real arithmetic.

    Near 0 it is e^(-z/2) sinh(z/2)/(z/2), the second factor by its series; elsewhere (1 - e^-z)/z.
    """
    small = depth * depth + angle * angle < 1
    sine, cosine = sincos(0.5 * angle)
    half = jnp.exp(-0.5 * depth)
    half_re, half_im = half * cosine, half * sine
    near = _times(half_re, half_im, *_sinhc(jnp.where(small, 0.5 * depth, 0), jnp.where(small, -0.5 * angle, 0)))
    z_re, z_im = jnp.where(small, 1, depth), jnp.where(small, 0, -angle)
    decay_re, decay_im = half_re * half_re - half_im * half_im, 2 * half_re * half_im
    scale = 1 / (z_re * z_re + z_im * z_im)
    far = _times(1 - decay_re, -decay_im, z_re * scale, -z_im * scale)
    return jnp.where(small, near[0], far[0]), jnp.where(small, near[1], far[1])


def _times(a_re: Array, a_im: Array, b_re: Array, b_im: Array) -> tuple[Array, Array]:
    return a_re * b_re - a_im * b_im, a_re * b_im + a_im * b_re


def _sinhc(w_re: Array, w_im: Array) -> tuple[Array, Array]:
    square = _times(w_re, w_im, w_re, w_im)
    re, im = jnp.full_like(w_re, _SINHC[-1]), jnp.zeros_like(w_im)
    for coefficient in _SINHC[-2::-1]:
        re, im = _times(re, im, *square)
        re = re + coefficient
    return re, im


def accumulate(x: Float[Array, " n"]) -> Float[Array, " n"]:
    """Sum of all earlier elements, 0 for the first: within blocks by a triangular product, over blocks recursively.

    XLA's own cumulative sum does not vectorise on a CPU and costs as much as the field it sums.
    """
    n = x.shape[0]
    if n <= _BLOCK:
        return jnp.dot(x, _earlier(n, x.dtype), precision="highest")
    blocks = jnp.pad(x, (0, -n % _BLOCK)).reshape(-1, _BLOCK)
    within = jnp.dot(blocks, _earlier(_BLOCK, x.dtype), precision="highest")
    return (within + accumulate(jnp.sum(blocks, axis=1))[:, None]).reshape(-1)[:n]


_BLOCK = 16


def _earlier(n: int, dtype: Any) -> np.ndarray:
    return np.triu(np.ones((n, n), dtype), 1)


def staged_sum(terms: Array) -> Array:
    """The sum of a vector by way of the sums of its parts, so that single precision keeps the small terms."""
    parts = max(1, round(terms.size**0.5))
    rows = jnp.pad(terms, (0, -terms.size % parts)).reshape(parts, -1)
    return jnp.sum(jnp.sum(rows, axis=1))
