"""Thermal electrons at any temperature."""

from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .samplers.base import AbstractDistribution

_PLACES, _WEIGHTS = (part.tolist() for part in np.polynomial.legendre.leggauss(64))
_FAR = 7.0  # of s: e^-49 is left


class MaxwellJuttner(AbstractDistribution):
    """The kinetic energy of thermal electrons, x = (gamma - 1)/theta, theta = kT/m_e c^2.

    p(x) ~ gamma sqrt(gamma^2 - 1) e^-x, gamma = 1 + theta x.

    The coordinate is l = sqrt(x)/7; 1e-21 of the electrons beyond x = 49 are left out.

    **Source:** Juettner 1911, Ann. Phys. 339, 856.

    !!! example
        >>> law = sl.processes.MaxwellJuttner()
        >>> round(float(law.cumulative(1.5, temperature=1e-4)), 4)  # Maxwell: 0.6084
        0.6083
    """

    domain: ClassVar = {"temperature": (1e-6, 1e3)}

    def support(self, **parameters: Array) -> tuple[float, float]:
        return 0.0, _FAR**2

    def coordinate(self, x: Array, **parameters: Array) -> Array:
        return jnp.sqrt(x) / _FAR

    def value(self, l: Array, **parameters: Array) -> Array:
        return energy(l)

    def unit_cumulative(self, l: Array, **parameters: Array) -> Array:
        return share(l, parameters["temperature"])

    def unit_density(self, l: Array, **parameters: Array) -> Array:
        return rate(l, parameters["temperature"])


def energy(l: Array) -> Array:
    """x of l."""
    return jnp.square(_FAR * l)


def share(l: Array, theta: Array) -> Array:
    """The probability below l."""
    return _integral(l, theta) / _integral(jnp.ones_like(l), theta)


def rate(l: Array, theta: Array) -> Array:
    """The density per l."""
    return _rate(l, theta) / _integral(jnp.ones_like(l), theta)


def _integral(l: Array, theta: Array) -> Array:
    parts = [0.5 * w * _rate(0.5 * l * (1 + x), theta) for x, w in zip(_PLACES, _WEIGHTS, strict=True)]
    return l * sum(parts[1:], parts[0])


def _rate(l: Array, theta: Array) -> Array:
    """gamma sqrt((gamma^2 - 1)/theta) e^-x dx/dl, finite for theta -> 0."""
    x = jnp.square(_FAR * l)
    return (1 + theta * x) * jnp.sqrt(2 + theta * x) * _FAR * l * jnp.exp(-x) * 2 * _FAR**2 * l
