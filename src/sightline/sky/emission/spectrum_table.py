"""Integrals of the synchrotron functions over a spectrum, as functions of u = ln(nu/nu_1), nu_1 = 3 e B/(4 pi m c).

H(u) = int N(gamma) F(e^u/gamma^2) d gamma and with G for its polarised part; for absorption
2 int N(gamma)/gamma A(e^u/gamma^2) d gamma and with B: integrated by parts, no spectrum is differentiated.
The trapezoidal rule in ln gamma converges exponentially: F(e^t) is analytic for |Im t| < pi/2.

Nodes of u and of ln gamma are multiples of one step, so that x = e^u/gamma^2 takes few values and F of them is a
constant matrix. Integrals are weighted by x^a, and N is carried as its logarithm less the largest of N gamma^3, which
keeps their terms within the range of single precision.
"""

import functools
import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.constants import ELECTRON_REST_ENERGY
from ..._core.safe import held, safe_log
from ..._core.types import Scalar
from ...processes import synchrotron as kernels
from ..fields.cosmic_rays.spectra import AbstractSpectrum
from ..grids.cubic import spline, spline_matrix

_SPAN = math.log(1e10)  # of x in each integral
_LARGEST_X = math.log(100.0)
_LOWEST = _LARGEST_X  # u of 1 MHz and 2.4 mG: the slowest electrons have gamma = 1
_RANGE = math.log(2.5e17)  # of u in the table, up to 1 THz and 1e-8 uG
_POWERS = {"emission": 1.0, "absorption": 1.5}  # a, by which x^a F d gamma = gamma^(1 - 2a) F d ln gamma


class Rule:
    """Nodes and constant matrices of the quadrature with `count` nodes per decade of energy."""

    def __init__(self, count: int):
        self.step: float = 2 * math.log(10) / count  # of u and ln x, twice that of ln gamma
        self.size: int = math.ceil(_RANGE / self.step) + 1
        x = _LARGEST_X - self.step * np.arange(math.ceil(_SPAN / self.step) + 1)
        self.log_gamma: np.ndarray = 0.5 * (_LOWEST - _LARGEST_X + self.step * np.arange(self.size + x.size - 1))
        self.few: int = 2 * x.size - 1  # nodes of the spectrum of one point
        self.log_energy: np.ndarray = self.log_gamma + math.log(ELECTRON_REST_ENERGY)
        f, g, a, b = kernels.sample(np.exp(x / 3))
        weights = {name: 0.5 * self.step * np.exp(power * x) for name, power in _POWERS.items()}
        kernel = {"emission": 1.5 * (f - g), "absorption": 3 * (a - b)}
        self.matrices: dict[str, np.ndarray] = {name: self._sliding(weights[name] * kernel[name]) for name in _POWERS}
        self.u: np.ndarray = _LOWEST + self.step * np.arange(self.size)
        self.spline: np.ndarray = spline_matrix(self.size)

    def _sliding(self, row: np.ndarray) -> np.ndarray:
        """The matrix whose row i holds `row` from column i on."""
        return np.stack([np.pad(row, (i, self.size - 1 - i)) for i in range(self.size)])


@functools.cache
def rule(count: int) -> Rule:
    """The quadrature with `count` nodes per decade of energy."""
    return Rule(count)


def reach(u: Scalar) -> Scalar:
    """1 in the table; NaN below it, where electrons would be slow; 0 above it, where the field is next to none."""
    return jnp.where(u > _LOWEST + _RANGE, 0.0, jnp.where(u < _LOWEST - 1e-3, jnp.nan, 1.0)).astype(u.dtype)


class Moments(eqx.Module):
    """N gamma^3 at the nodes of ln gamma, divided by its largest value e^shift."""

    values: Float[Array, " nodes"]
    shift: Scalar


def moments(spectrum: AbstractSpectrum, nodes: Rule, dtype: np.dtype) -> Moments:
    """The spectrum as the integrals see it."""
    count = nodes.few if spectrum.varies else nodes.log_gamma.size
    at = jnp.asarray(nodes.log_energy[:count], dtype)
    exponent = jax.vmap(spectrum.log_density)(at) + jnp.asarray(3 * nodes.log_gamma[:count], dtype)
    shift = jax.lax.stop_gradient(jnp.max(exponent))
    return Moments(jnp.exp(exponent - shift), shift)


class Table(eqx.Module):
    """B-spline coefficients of ln M, shared by all points; H = (5/3 - d/du) M, its polarised part is (1 - d/du) M.

    For F = 5/3 m - x m' and G = m - x m' with m = 3/2 (F - G), and so for A and B.
    """

    coefficients: Float[Array, " coefficients"]
    step: float = eqx.field(static=True)

    def __call__(self, u: Scalar, log_field: Scalar) -> tuple[Scalar, Scalar]:
        """H/B at u, (), and what of it is polarised; anything outside the table.

        The barrier keeps XLA from looking up anew for each of I, Q and U, and for each of their derivatives.
        """
        place = (u - _LOWEST) / self.step
        last = self.coefficients.size - 3
        inside = held(place, 0, last)
        lower = jnp.clip(jnp.floor(inside), 0, last - 1)
        value, change = spline(self.coefficients, lower.astype(jnp.int32), inside - lower)
        slope = change / self.step
        fraction = (1 - slope) / (5 / 3 - slope)
        total = (2 / 3) * jnp.exp(value - log_field) / (1 - fraction)
        return jax.lax.optimization_barrier((total, fraction))


def tabulate(spectrum: Moments, nodes: Rule, kind: str) -> Table:
    """H of a spectrum for all u: two small matrix products."""
    values, dtype = spectrum.values, spectrum.values.dtype
    common = safe_log(_product(nodes.matrices[kind], values))
    logarithm = common + spectrum.shift - jnp.asarray(_POWERS[kind] * nodes.u, dtype)
    return Table(_product(nodes.spline, logarithm), nodes.step)


def _product(matrix: np.ndarray, vector: Array) -> Array:
    return jnp.dot(jnp.asarray(matrix, vector.dtype), vector, precision="highest")


def integrate(spectrum: Moments, nodes: Rule, kind: str, u: Scalar, log_field: Scalar) -> tuple[Scalar, Scalar]:
    """H/B at u, (), and what of it is polarised, of a spectrum that holds at one point."""
    values, dtype = spectrum.values, spectrum.values.dtype
    function: Callable[[Array], tuple[Array, Array]] = getattr(kernels, kind)
    root = jnp.exp(u / 3) * jnp.asarray(np.exp(-nodes.log_gamma[: nodes.few] * (2 / 3)), dtype)
    cube = root * root * root
    weights = values * (0.5 * nodes.step) * (cube if kind == "emission" else 2 * cube * jnp.sqrt(cube))
    total, polarised = (jnp.sum(weights * part) for part in function(root))
    fraction = polarised / jnp.maximum(total, float(np.finfo(dtype).tiny))
    return total * jnp.exp(spectrum.shift - _POWERS[kind] * u - log_field), fraction
