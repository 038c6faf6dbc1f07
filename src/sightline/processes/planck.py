"""Photons of a blackbody."""

from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .samplers.base import AbstractDistribution

_PLACES, _WEIGHTS = (part.tolist() for part in np.polynomial.legendre.leggauss(48))
_FAR, _MIDDLE = 60.0, 2.5  # x beyond which 1e-23 of the photons are left; where half of them are
_END = _FAR / (_FAR + _MIDDLE)


class Planck(AbstractDistribution):
    """The energies of the photons of a blackbody, x = h nu/kT.

    p(x) = x^2/(e^x - 1)/(2 zeta(3)), up to x = 60.

    The coordinate is l = (62.5/60) x/(x + 2.5), per which the density is of order one.

    **Source:** Planck 1901, Ann. Phys. 309, 553; the mean is pi^4/(30 zeta(3)) = 2.701178.

    !!! example
        >>> law = sl.processes.Planck()
        >>> round(float(law.cumulative(2.701178)), 4)
        0.5793
    """

    domain: ClassVar = {}

    def support(self, **parameters: Array) -> tuple[float, float]:
        return 0.0, _FAR

    def coordinate(self, x: Array, **parameters: Array) -> Array:
        return x / (x + _MIDDLE) / _END

    def value(self, l: Array, **parameters: Array) -> Array:
        return _MIDDLE * l * _END / (1 - l * _END)

    def unit_cumulative(self, l: Array, **parameters: Array) -> Array:
        return _integral(l) / _integral(jnp.ones_like(l))

    def unit_density(self, l: Array, **parameters: Array) -> Array:
        return _rate(l) / _integral(jnp.ones_like(l))


def _integral(l: Array) -> Array:
    """By two panels, so that both ends are resolved."""
    halves = (0.0, 0.5), (0.5, 0.5)
    parts = [
        0.25 * w * _rate(l * (a + 0.5 * b * (1 + x))) for a, b in halves for x, w in zip(_PLACES, _WEIGHTS, strict=True)
    ]
    return l * sum(parts[1:], parts[0])


def _rate(l: Array) -> Array:
    """x^2/(e^x - 1) dx/dl."""
    rest = 1 - l * _END
    x = _MIDDLE * l * _END / rest
    lit = jnp.where(x > 0, x, 1)
    number = jnp.where(x > 0, lit * lit * jnp.exp(-lit) / -jnp.expm1(-lit), 0)
    return number * _MIDDLE * _END / (rest * rest)
