"""The dilogarithm of real numbers, with its derivative."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.elementary import horner

Values = Float[Array, "*shape"]

# Li2 = w - w^2/4 + w^3 sum_k c_k w^2k, w = -ln(1-z), with c_k = B_(2k+2)/(2k+3)! of the Bernoulli numbers B_n
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_SERIES = tuple(number / math.factorial(2 * k + 3) for k, number in enumerate(_BERNOULLI))
_SLOPE = tuple(1 / (n + 1) for n in range(16))  # -ln(1-z)/z = sum_n z^n/(n+1), used for |z| < 1/10


@jax.custom_jvp
def dilogarithm(z: Values) -> Values:
    """The dilogarithm Li2(z), relative error 1e-15 in double precision.

    $$\\mathrm{Li}_2(z) = -\\int_0^z \\frac{\\ln(1-t)}{t}\\,dt = \\sum_{k=1}^\\infty \\frac{z^k}{k^2}$$

    From -1 to 1/2 it is a series in ln(1-z); the reflections z to 1/z and z to 1-z bring the rest there. Its slope,
    -ln(1-z)/z, is infinite at 1: there the derivative is that of the number next below.

    **Arguments:** `z`: (...), up to 1.

    **Returns:** numbers, (...); NaN above 1, where the function is complex.

    !!! example
        >>> round(float(dilogarithm(jnp.asarray(1.0))), 6)
        1.644934

    **Source:** Lewin 1981, Polylogarithms and Associated Functions, sections 1.1 to 1.3.
    """
    low, high = z < -1, z > 0.5
    inner = jnp.where(low, 1 / jnp.where(low, z, 1), jnp.where(high, 1 - z, z))
    w = -jnp.log1p(-jnp.where(z > 1, 0, inner))
    series = w * (1 - w / 4 + w * w * horner(w * w, _SERIES))
    left = -(math.pi**2) / 6 - 0.5 * jnp.square(jnp.log(jnp.where(low, -z, 1))) - series
    right = math.pi**2 / 6 + w * jnp.log(jnp.where(z < 1, 1 - z, 1)) - series
    found = jnp.where(low, left, jnp.where(high, right, series))
    return jnp.where(z > 1, jnp.nan, found)


def slope(z: Values) -> Values:
    """dLi2/dz = -ln(1-z)/z, by its series near 0 so that its own derivatives hold too."""
    near = jnp.abs(z) < 0.1
    inside, outside = jnp.where(near, z, 0), jnp.where(near, 1, z)
    rest = jnp.maximum(1 - outside, 0.5 * jnp.finfo(z.dtype).eps)
    found = jnp.where(near, horner(inside, _SLOPE), -jnp.log(rest) / outside)
    return jnp.where(z > 1, jnp.nan, found)


@dilogarithm.defjvp
def _jvp(primals: tuple[Values], tangents: tuple[Values]) -> tuple[Values, Values]:
    (z,), (dz,) = primals, tangents
    return dilogarithm(z), slope(z) * dz
