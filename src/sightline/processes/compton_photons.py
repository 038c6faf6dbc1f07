"""Inverse Compton scattering off isotropic photons: the integral over the photons, as functions of one variable.

An electron of Lorentz factor gamma scatters photons, n(e) de of them in a unit volume, to the energy e1 (energies in
m_e c^2) at the rate per energy

3 sigma_T c/(4 gamma^2) int n(e) F de/e = 3 sigma_T c/(4 gamma^2) (A(kappa) + t^2/(2 (1 + t)) B(kappa)),

t = e1/(gamma - e1), kappa = t/(4 gamma): the smallest energy that reaches e1. With q = kappa/e,

A = int n(e) (2 q ln q + (1 + 2 q)(1 - q)) de/e,  B = int n(e) (1 - q) de/e.

Source: Jones 1968, Phys. Rev. 167, 1159; Blumenthal & Gould 1970, Rev. Mod. Phys. 42, 237, eq. 2.48, for gamma >> 1.
"""

import functools
import math
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.elementary import horner

_NEAR = 1.5  # y up to which the series of a blackbody is summed: it converges for y < 2 pi
_TERMS = 48
_EULER, _STIELTJES = 0.5772156649015329, -0.07281584548367672
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
_BERNOULLI += (854513 / 138, -236364091 / 2730, 8553103 / 6, -23749461029 / 870, 8615841276005 / 14322)
_BERNOULLI += (-7709321041217 / 510, 2577687858367 / 6)


def angles(q: Float[Array, "*shape"]) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    """What multiplies n(e) de/e in A and in B, for q = kappa/e in [0, 1]."""
    lit = jnp.where(q > 0, q, 1)
    return 2 * q * jnp.log(lit) + (1 + 2 * q) * (1 - q), 1 - q


def blackbody(y: Float[Array, "*shape"]) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    """a and b of a blackbody: A and B of photons x^2/(e^x - 1) at y, energies in k T.

    b = Li_2(e^-y). Near y = 0 both are series in y and ln y, by the Mellin transform, whose poles lie at whole numbers;
    far away e^-y times Chebyshev polynomials of 1/y.

    **Arguments:** `y`: kappa/(k T/m_e c^2), not negative.
    """
    near, far = jnp.minimum(y, _NEAR), jnp.maximum(y, _NEAR)
    pairs = zip(_series(near), _tail(far), strict=True)
    first, second = (jnp.where(y < _NEAR, inner, outer) for inner, outer in pairs)
    return first, second


def _series(y: Array) -> tuple[Array, Array]:
    """a and b for y < 2 pi."""
    lit = jnp.where(y > 0, y, 1)
    logarithm, square = jnp.log(lit), y * y
    odd = square * y
    constant = -3 - math.pi**2 / 6 + _EULER**2 + 2 * _STIELTJES
    first = math.pi**2 / 6 + y * (constant - logarithm - logarithm * logarithm)
    first = first + square * (1.75 + math.log(2 * math.pi) - _EULER - logarithm) + odd * horner(square, _powers()[0])
    second = math.pi**2 / 6 + y * (logarithm - 1) - square / 4 + odd * horner(square, _powers()[1])
    return first, second


@functools.cache
def _powers() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Coefficients of y^3, y^5, ... of a and b: residues of Gamma(s + 2) zeta(s + 2) times that of the angles."""
    first, second = [], []
    for k, bernoulli in enumerate(_BERNOULLI):
        n = 2 * k + 1
        residue = bernoulli / math.factorial(n + 1)
        first.append(residue * (2 / n - 2 / (n + 1) ** 2 - 1 / (n + 1) - 1 / (n + 2)))
        second.append(residue * (1 / (n + 1) - 1 / (n + 2)))
    return tuple(first), tuple(second)


def _tail(y: Array) -> tuple[Array, Array]:
    """a and b for y > 1.5."""
    place, decay = 2 * _NEAR / y - 1, jnp.exp(-y)
    first, second = (decay * _clenshaw(place, row) for row in _chebyshev())
    return first, second


def _clenshaw(x: Array, coefficients: tuple[float, ...]) -> Array:
    """sum_k c_k T_k(x)."""
    last, before = jnp.zeros_like(x), jnp.zeros_like(x)
    for coefficient in coefficients[:0:-1]:
        last, before = coefficient + 2 * x * last - before, last
    return coefficients[0] + x * last - before


@functools.cache
def _chebyshev() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Coefficients of e^y a and e^y b in T_k(3/y - 1), y > 1.5, by quadrature over x - y."""
    nodes = np.cos(math.pi * (np.arange(_TERMS) + 0.5) / _TERMS)
    v, weights = _panels(np.append(0, np.geomspace(0.25, 64, 9)))
    y = 2 * _NEAR / (nodes[:, None] + 1)
    x = y + v
    q = y / x
    bose = x / -np.expm1(-x) * np.exp(-v)
    kernels = (2 * q * np.log(q) + (1 + 2 * q) * (1 - q), v / x)
    rows = [np.polynomial.chebyshev.chebfit(nodes, (bose * kernel) @ weights, _TERMS - 1) for kernel in kernels]
    return tuple(rows[0].tolist()), tuple(rows[1].tolist())


def _panels(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights between edges, 32 in each interval."""
    (places, weights), widths = legendre(32), np.diff(edges)[:, None]
    return (edges[:-1, None] + widths * places).ravel(), (widths * weights).ravel()


@functools.cache
def legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Places in (0, 1) and weights of the Gauss-Legendre rule."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return 0.5 * (1 + nodes), 0.5 * weights


def integrals(
    number: Callable[[Array], Array], kappa: Float[Array, ""], low: Float[Array, ""], high: Float[Array, ""], count: int
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """The parts of A and B from photons of ln e between two limits, by `count` nodes between those that reach.

    **Arguments:** `number`: n at ln e, (count,) or (..., count) for several; `kappa`: (); `low`, `high`: ln e, ().
    """
    start = jnp.clip(jnp.log(kappa), low, high)
    places, weights = legendre(count)
    logarithm = start + (high - start) * jnp.asarray(places, kappa.dtype)
    q = jnp.minimum(kappa * jnp.exp(-logarithm), 1)
    common = number(logarithm) * ((high - start) * jnp.asarray(weights, kappa.dtype))
    first, second = (jnp.sum(common * part, axis=-1) for part in angles(q))
    return first, second
