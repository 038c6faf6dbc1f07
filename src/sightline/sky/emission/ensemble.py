"""Means over unresolved magnetic fields: what an isotropic Gaussian field adds to powers of B_perp.

The field across the ray is B_perp plus a Gaussian of variance V/2 along each axis, V = 2 sigma^2/3 with sigma the rms
of the modulus in three dimensions. With x = B_perp^2/V and theta the angle from B_perp (the moments of Rice 1945),

<b^(2a)> = V^a Gamma(1 + a) 1F1(-a; 1; -x),  <b^(2a) cos 2 theta> = V^a x Gamma(2 + a)/2 1F1(1 - a; 3; -x).

For a = 1 (p = 3) these are B_perp^2 + V and B_perp^2. Divided by those values and by (B_perp^2 + V)^(a - 1) they are
1 + (a - 1) u h(a, v), u = V/(B_perp^2 + V), with h an expansion in Chebyshev polynomials of a and
v = 3 V/(B_perp^2 + 3 V), good to 2e-9 of either moment for 3/4 <= a <= 7/4 and to 3e-5 for 3/8 <= a <= 9/4.
"""

import functools
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.types import Scalar
from ..fields import AbstractField
from ..fields.base import value_at_a_place

_LOW, _HIGH = 0.75, 1.75
_ENDS = (0.375, 2.25)
_ORDERS = (10, 22)  # of a and of v
_STRETCH = 3.0
_DARK = 1e-15  # uG^2: below, the squares in derivatives would leave single precision


def check_amplitude(field: Any, name: str) -> None:
    """Refuses what cannot be the rms amplitude of a random field.

    **Raises:** `TypeError` for anything but a scalar field or `None`.
    """
    if field is None:
        return
    if not isinstance(field, AbstractField):
        raise TypeError(
            f"{name} must be a scalar field of the rms [uG], such as sl.magnetic.JF12RandomAmplitude(), not {field!r}."
        )
    found = value_at_a_place(field)
    if found.shape != ():
        raise TypeError(f"{name} must be a scalar field, the rms of the modulus; {type(field).__name__} is a vector.")


def mean_powers(regular: Scalar, variance: Scalar, a: Scalar) -> tuple[Scalar, Scalar]:
    """What multiplies (B_perp^2 + V)^(a - 1) (B_perp^2 + V) and (B_perp^2 + V)^(a - 1) B_perp^2 in the mean.

    **Arguments:** `regular`: B_perp^2, `variance`: V, () uG^2; `a`: half the power of B_perp; beyond [3/8, 9/4] h keeps
    its last value.

    **Returns:** the factors of the total and of the polarised emission, (), 1 where a = 1 or V = 0.
    """
    dark = regular + variance < _DARK
    regular, variance = jnp.where(dark, 1, regular), jnp.where(dark, 0, variance)
    total, stretched = regular + variance, regular + _STRETCH * variance
    small = (a - 1) * variance / total
    chebyshev = _polynomials((2 * jnp.clip(a, *_ENDS) - (_LOW + _HIGH)) / (_HIGH - _LOW), _ORDERS[0])
    v = 2 * _STRETCH * variance / stretched - 1
    tables = (np.asarray(table, v.dtype) for table in _tables())
    intensity, polarised = (_clenshaw(v, jnp.unstack(jnp.tensordot(chebyshev, t, 1))) for t in tables)
    return 1 + small * intensity, 1 + small * polarised


def _polynomials(t: Scalar, count: int) -> Float[Array, " count"]:
    """The first Chebyshev polynomials of t, by their recurrence."""
    values = [jnp.ones_like(t), t]
    for _ in range(count - 2):
        values.append(2 * t * values[-1] - values[-2])
    return jnp.stack(values)


def _clenshaw(t: Scalar, coefficients: tuple[Scalar, ...]) -> Scalar:
    after, current = jnp.zeros_like(t), jnp.zeros_like(t)
    for coefficient in coefficients[:0:-1]:
        after, current = current, coefficient + 2 * t * current - after
    return coefficients[0] + t * current - after


@functools.cache
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Chebyshev coefficients of h(a, v) of the total and of the polarised emission, interpolated at Chebyshev nodes."""
    nodes = [np.cos(np.pi * (np.arange(n) + 0.5) / n) for n in _ORDERS]
    a = (_LOW + _HIGH + (_HIGH - _LOW) * nodes[0][:, None]) / 2
    x = _STRETCH * (2 / (1 + nodes[1]) - 1)
    inverses = [np.linalg.inv(np.polynomial.chebyshev.chebvander(t, t.size - 1)) for t in nodes]
    moments = _moment(a, x, 0), _moment(a, x, 1)
    first, second = ((m / (1 + x) ** (a - 1) - 1) * (1 + x) / (a - 1) for m in moments)
    return inverses[0] @ first @ inverses[1].T, inverses[0] @ second @ inverses[1].T


def _moment(a: np.ndarray, x: np.ndarray, polarised: int) -> np.ndarray:
    """<b^(2a)>/(V^a (1 + x)), or <b^(2a) cos 2 theta>/(V^a x)."""
    from scipy import special

    if polarised:
        return special.gamma(2 + a) / 2 * _kummer(1 - a, 3, x)
    return special.gamma(1 + a) * _kummer(-a, 1, x) / (1 + x)


def _kummer(a: np.ndarray, b: int, x: np.ndarray) -> np.ndarray:
    """1F1(a; b; -x): its asymptotic series (DLMF 13.7.2) beyond x = 60, where scipy loses digits."""
    from scipy import special

    far = np.maximum(x, 60)
    terms = [np.ones_like(a + x)]
    for k in range(1, 25):
        terms.append(terms[-1] * (a + k - 1) * (a - b + k) / (k * far))
    series = special.gamma(b) / special.gamma(b - a) * far ** (-a) * sum(terms)
    return np.where(x > 60, series, special.hyp1f1(a, b, -np.minimum(x, 60)))
