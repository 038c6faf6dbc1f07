"""Photons of the synchrotron radiation of one electron."""

from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .samplers.base import AbstractDistribution
from .synchrotron import emission

_PLACES, _WEIGHTS = (part.tolist() for part in np.polynomial.legendre.leggauss(48))
_FAR = 4.0  # of x^(1/3): 1e-28 of the photons are beyond x = 64


class SynchrotronPhoton(AbstractDistribution):
    """The frequencies of the photons that an electron in a magnetic field radiates, x = nu/nu_c.

    p(x) = F(x)/x / (5 pi/3),  F(x) = x int_x^infinity K_5/3, up to x = 64.

    The coordinate is l = x^(1/3)/4: the density per x is infinite at 0, per l it is of order one. The mean of x is
    8/(15 sqrt 3) = 0.307920.

    **Source:** Rybicki & Lightman 1979, Radiative Processes in Astrophysics, eq. 6.31.

    !!! example
        >>> law = sl.processes.SynchrotronPhoton()
        >>> round(float(law.cumulative(0.307920)), 3)
        0.727
    """

    domain: ClassVar = {}

    def support(self, **parameters: Array) -> tuple[float, float]:
        return 0.0, _FAR**3

    def coordinate(self, x: Array, **parameters: Array) -> Array:
        return jnp.cbrt(x) / _FAR

    def value(self, l: Array, **parameters: Array) -> Array:
        return (_FAR * l) ** 3

    def unit_cumulative(self, l: Array, **parameters: Array) -> Array:
        return _integral(l) / _integral(jnp.ones_like(l))

    def unit_density(self, l: Array, **parameters: Array) -> Array:
        return _rate(l) / _integral(jnp.ones_like(l))


def _integral(l: Array) -> Array:
    parts = [0.5 * w * _rate(0.5 * l * (1 + x)) for x, w in zip(_PLACES, _WEIGHTS, strict=True)]
    return l * sum(parts[1:], parts[0])


def _rate(l: Array) -> Array:
    """F(x)/x dx/dl = 3 F/l, with its limit at 0."""
    root = jnp.maximum(_FAR * l, 1e-6)
    return 3 * _FAR * emission(root)[0] / root
