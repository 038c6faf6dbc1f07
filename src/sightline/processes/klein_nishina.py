"""Compton scattering off electrons at rest: Klein and Nishina's cross section, energies and angles."""

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.elementary import mean_exponential
from .._core.module import is_concrete
from .._core.units import numbers
from .samplers.base import AbstractDistribution
from .samplers.domain import strip

Values = Float[Array, "*shape"]

_PLACES, _WEIGHTS = (part.tolist() for part in np.polynomial.legendre.leggauss(24))


def cross_section_ratio(energy: Any) -> Values:
    """sigma/sigma_T of photons of energy k [m_e c^2]: 1 - 2 k for k << 1, (3/8 k) (ln 2 k + 1/2) for k >> 1.

    sigma/sigma_T = (3/8) (ln(1 + 2 k)/k) int_0^1 (eps^2 + 1 - eps sin^2 theta) dl, eps = k'/k = (1 + 2 k)^-l,

    by a Gauss-Legendre rule, which holds to rounding from k = 1e-8 to 1e8, in either precision.

    **Arguments:** `energy`: k, a number without unit, (...). **Returns:** numbers, (...).

    **Source:** Klein & Nishina 1929, Z. Phys. 52, 853.

    !!! example
        >>> round(float(sl.processes.cross_section_ratio(1.0)), 6)
        0.430728
    """
    k = _energy(energy)
    return 0.75 * _moment(jnp.ones_like(k), k, 0) / mean_exponential(jnp.log1p(2 * k))


def mean_energy_ratio(energy: Any) -> Values:
    """The mean of k'/k, the energy of a scattered photon over that before: 1 - k for k << 1.

    **Arguments:** `energy`: k in units of m_e c^2, (...). **Returns:** numbers, (...).

    !!! example
        >>> round(float(sl.processes.mean_energy_ratio(1e-3)), 5)
        0.999
    """
    k = _energy(energy)
    one = jnp.ones_like(k)
    return _moment(one, k, 1) / _moment(one, k, 0)


def _energy(energy: Any) -> Array:
    """k, refused below 0."""
    if is_concrete(energy) and not np.all(numbers(energy, "", "energy") >= 0):
        raise ValueError(f"energy = {energy}: k, in m_e c^2, must not be negative.")
    return strip(energy, "energy")


def _moment(l: Array, k: Array, power: int) -> Array:
    """int_0^l eps^power (eps^2 + 1 - eps sin^2 theta) dl."""
    parts = [0.5 * w * _rate(0.5 * l * (1 + x), k, power) for x, w in zip(_PLACES, _WEIGHTS, strict=True)]
    return l * sum(parts[1:], parts[0])


def _rate(l: Array, k: Array, power: int) -> Array:
    ratio = jnp.exp(-l * jnp.log1p(2 * k))
    half = haversine(l, k)
    return ratio**power * (ratio * ratio + 1 - ratio * 4 * half * (1 - half))


def share(l: Array, k: Array) -> Array:
    """The probability below l = ln(k/k')/ln(1 + 2 k)."""
    return _moment(l, k, 0) / _moment(jnp.ones_like(l), k, 0)


def rate(l: Array, k: Array) -> Array:
    """The density per l."""
    return _rate(l, k, 0) / _moment(jnp.ones_like(l), k, 0)


def haversine(l: Array, k: Array) -> Array:
    """(1 - cos theta)/2 of l = ln(k/k')/ln(1 + 2 k)."""
    width = jnp.log1p(2 * k)
    return l * mean_exponential(l * width) / mean_exponential(width)


class KleinNishina(AbstractDistribution):
    """How much energy a photon loses in Compton scattering off an electron at rest: x = 1 - k'/k.

    p(eps) ~ eps + 1/eps - sin^2 theta, cos theta = 1 - (1/eps - 1)/k, eps = k'/k = 1 - x from 1/(1 + 2 k) to 1.

    The coordinate is l = -ln(eps)/ln(1 + 2 k), per which the density is of order one for all k.

    **Source:** Klein & Nishina 1929, Z. Phys. 52, 853.

    !!! example
        >>> law = sl.processes.KleinNishina()
        >>> round(float(law.cumulative(0.3, energy=1.0)), 4)
        0.4471
    """

    domain: ClassVar = {"energy": (1e-6, 1e4)}

    def support(self, **parameters: Array) -> tuple[float, Array]:
        k = parameters["energy"]
        return 0.0, 2 * k / (1 + 2 * k)

    def coordinate(self, x: Array, **parameters: Array) -> Array:
        return -jnp.log1p(-x) / jnp.log1p(2 * parameters["energy"])

    def value(self, l: Array, **parameters: Array) -> Array:
        return -jnp.expm1(-l * jnp.log1p(2 * parameters["energy"]))

    def unit_cumulative(self, l: Array, **parameters: Array) -> Array:
        return share(l, parameters["energy"])

    def unit_density(self, l: Array, **parameters: Array) -> Array:
        return rate(l, parameters["energy"])


class Azimuth(AbstractDistribution):
    """The angle phi between the polarisation of a photon and the plane in which it is scattered, in [0, pi].

    p(phi) = (1 - m cos 2 phi)/pi: modulation m = 1 forbids the direction of the electric field.

    !!! example
        >>> round(float(sl.processes.Azimuth().cumulative(0.7853982, modulation=1.0)), 4)
        0.0908

    **Source:** Chandrasekhar 1960, Radiative Transfer, section 16, for Thomson scattering.
    """

    domain: ClassVar = {"modulation": (0.0, 1.0)}

    def support(self, **parameters: Array) -> tuple[float, float]:
        return 0.0, np.pi

    def unit_cumulative(self, l: Array, **parameters: Array) -> Array:
        return l - parameters["modulation"] * jnp.sin(2 * np.pi * l) / (2 * np.pi)

    def unit_density(self, l: Array, **parameters: Array) -> Array:
        return 1 - parameters["modulation"] * jnp.cos(2 * np.pi * l)
