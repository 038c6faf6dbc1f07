"""Integrals over the electrons that scatter photons to one energy e1 [m_e c^2].

J = C int N(gamma)/gamma^2 (A(kappa) + t^2/(2 (1 + t)) B(kappa)) d gamma, t = e1/(gamma - e1), kappa = t/(4 gamma).

Slower electrons than gamma_0, where kappa is the largest energy of the photons, reach no e1. With delta = gamma - e1,
ln(delta/delta_0) = ln(1 + exp(x - e^-x)), the trapezoidal rule in x converges exponentially, whether the photons end
abruptly or not. Spectra of electrons that hold at one point only are known at fixed nodes of ln gamma; what they
multiply is the integral of a cubic spline.
"""

import functools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.constants import COMPTON, ELECTRON_REST_ENERGY
from ..._core.safe import held
from ..._core.types import Scalar
from ..fields.cosmic_rays.spectra import AbstractSpectrum
from ..fields.radiation.spectra import AbstractPhotonSpectrum
from ..grids.cubic import spline_matrix
from .spectrum_table import Moments

_FIRST = -2.3  # x, where exp(-e^-x) is 5e-5, and what is left out 1e-9
_DECADES = 6.0  # of electrons above gamma_0
_PER_DECADE, _TOP = 16, 13  # fixed nodes of ln gamma, up to 1e13
LOG_REST = math.log(ELECTRON_REST_ENERGY)
LOG_COMPTON = math.log(COMPTON)

INDICES = (1.0, 6.0)
"""Of power laws in the table."""
_ORDER = 20


class Electrons(eqx.Module):
    """Electrons that reach one energy, and what each contributes: J = C sum w N(gamma)/gamma.

    - `log_gamma`: ln gamma, (nodes,), ascending; `weight`: w, (nodes,).
    """

    log_gamma: Float[Array, " nodes"]
    weight: Float[Array, " nodes"]

    @classmethod
    def of(cls, photons: AbstractPhotonSpectrum, energy: Scalar, count: int) -> "Electrons":
        """Those that scatter photons to `energy` [GeV], `count` of them."""
        target = energy / ELECTRON_REST_ENERGY
        start = _slowest(photons, target)
        x, width = _places(jnp.log1p(target / start), count)
        turn = x - jnp.exp(-x)
        slope = jax.nn.sigmoid(turn) * (1 + jnp.exp(-x))
        delta = start * jnp.exp(jax.nn.softplus(turn))
        gamma = target + delta
        kappa = (target / delta) / (4 * gamma)
        first, second = jax.vmap(photons.integrals)(kappa)
        recoil = target / gamma
        weight = width * slope * ((delta / gamma) * first + 0.5 * recoil * recoil * second)
        return cls(jnp.log(gamma), weight)


def _slowest(photons: AbstractPhotonSpectrum, target: Scalar) -> Scalar:
    """gamma_0 - e1: where kappa = e1/(4 gamma (gamma - e1)) is the largest energy of the photons, or gamma is 1."""
    product = target / (4 * jnp.exp(photons.ends()[1]))
    return jnp.maximum(2 * product / (target + jnp.sqrt(target * target + 4 * product)), 1 - target)


def _places(depth: Scalar, count: int) -> tuple[Array, Scalar]:
    """x of nodes up to the last electrons, and their distance; `depth`: ln(gamma_0/delta_0)."""
    width = (depth + (_DECADES * math.log(10) - _FIRST)) / (count - 1)
    return _FIRST + width * jnp.arange(count, dtype=depth.dtype), width


def shared(electrons: Electrons, spectrum: AbstractSpectrum) -> Scalar:
    """J, () per kpc, of a spectrum that is the same everywhere."""
    logarithm = jax.vmap(spectrum.log_density)(electrons.log_gamma + LOG_REST) - electrons.log_gamma
    shift = jax.lax.stop_gradient(jnp.max(logarithm))
    return jnp.sum(electrons.weight * jnp.exp(logarithm - shift)) * jnp.exp(shift + LOG_COMPTON)


def power_laws(electrons: Electrons, pivot: float) -> Float[Array, " order"]:
    """ln J of N = (gamma/pivot)^-p as coefficients of Chebyshev polynomials of p."""
    low, high = INDICES
    nodes, matrix = _chebyshev()
    p = jnp.asarray(0.5 * (low + high) + 0.5 * (high - low) * nodes, electrons.weight.dtype)
    places = electrons.log_gamma[None]
    exponent = -p[:, None] * (places - math.log(pivot)) - places
    values = jax.nn.logsumexp(exponent, b=electrons.weight[None], axis=-1) + LOG_COMPTON
    return jnp.dot(jnp.asarray(matrix, values.dtype), values, precision="highest")


def power_law(coefficients: Float[Array, " order"], index: Scalar) -> Scalar:
    """J, () per kpc, of one of them; NaN outside the table."""
    low, high = INDICES
    place = (index - 0.5 * (low + high)) / (0.5 * (high - low))
    inside = held(place, -1, 1)
    last, before = jnp.zeros_like(inside), jnp.zeros_like(inside)
    for k in range(_ORDER - 1, 0, -1):
        last, before = coefficients[k] + 2 * inside * last - before, last
    value = coefficients[0] + inside * last - before
    return jnp.exp(jnp.where(jnp.abs(place) <= 1 + 1e-6, value, jnp.nan))


@functools.cache
def _chebyshev() -> tuple[np.ndarray, np.ndarray]:
    """Nodes in (-1, 1), and the matrix from values there to coefficients."""
    angles = math.pi * (np.arange(_ORDER) + 0.5) / _ORDER
    matrix = 2 / _ORDER * np.cos(np.arange(_ORDER)[:, None] * angles)
    matrix[0] *= 0.5
    return np.cos(angles), matrix


def log_gamma_nodes() -> np.ndarray:
    """The fixed nodes of ln gamma."""
    return math.log(10) / _PER_DECADE * np.arange(_PER_DECADE * _TOP + 1)


def moments_at_nodes(spectrum: AbstractSpectrum, dtype: np.dtype) -> Moments:
    """N gamma^3 of a spectrum that holds at one point, at the fixed nodes."""
    nodes = log_gamma_nodes()
    logarithm = jax.vmap(spectrum.log_density)(jnp.asarray(nodes + LOG_REST, dtype)) + jnp.asarray(3 * nodes, dtype)
    shift = jax.lax.stop_gradient(jnp.max(logarithm))
    return Moments(jnp.exp(logarithm - shift), shift)


class NodeWeights(eqx.Module):
    """What the fixed nodes contribute: J = C e^scale sum w N gamma^3."""

    weight: Float[Array, " nodes"]
    scale: Scalar

    @classmethod
    def of(cls, electrons: Electrons) -> "NodeWeights":
        """Of the cubic spline through the nodes, integrated."""
        last = _PER_DECADE * _TOP
        place = electrons.log_gamma * (_PER_DECADE / math.log(10))
        known, inside = place <= last, held(place, 0, last)
        lower = jnp.clip(jnp.floor(inside), 0, last - 1)
        start = jax.lax.stop_gradient(electrons.log_gamma[0])
        weight = jnp.where(known, electrons.weight, 0) * jnp.exp(-4 * (electrons.log_gamma - start))
        spread = jnp.zeros(last + 3, weight.dtype)
        for k, tap in enumerate(_taps(inside - lower)):
            spread = spread.at[lower.astype(jnp.int32) + k].add(weight * tap)
        return cls(jnp.dot(spread, jnp.asarray(_spline(), weight.dtype), precision="highest"), -4 * start)

    def __call__(self, electrons: Moments) -> Scalar:
        """J, () per kpc."""
        total = jnp.dot(self.weight, electrons.values, precision="highest")
        return jnp.maximum(total, 0) * jnp.exp(electrons.shift + self.scale + LOG_COMPTON)


def _taps(t: Array) -> tuple[Array, ...]:
    """The four cubic B-splines of an interval."""
    s = 1 - t
    return s**3 / 6, 2 / 3 - t * t * (1 - 0.5 * t), 2 / 3 - s * s * (1 - 0.5 * s), t**3 / 6


@functools.cache
def _spline() -> np.ndarray:
    return spline_matrix(_PER_DECADE * _TOP + 1)
