"""Synchrotron emission of a spectrum of electrons by direct quadrature, at any frequency."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np

from ..._core.constants import CRITICAL_FREQUENCY, ELECTRON_REST_ENERGY
from ..._core.types import Scalar
from ...processes import synchrotron as kernels
from ..fields.cosmic_rays.spectra import AbstractSpectrum

_LARGEST, _SPAN = math.log(100.0), math.log(1e10)  # of x
_STEP = math.log(10) / 16


def emitted(electrons: AbstractSpectrum, field: Scalar, frequency: Scalar) -> Scalar:
    """int N(gamma) F(nu/nu_c) d gamma, () cm^-3, at one frequency, GHz, in a field across the line of sight, uG.

    By the trapezoidal rule in ln x, which converges exponentially.
    """
    half, weight = (jnp.asarray(one, frequency.dtype) for one in _nodes())
    log_gamma = 0.5 * (jnp.log(frequency) - jnp.log(field) - math.log(CRITICAL_FREQUENCY / 2)) - half
    exponent = jax.vmap(electrons.log_density)(log_gamma + math.log(ELECTRON_REST_ENERGY)) + log_gamma
    return jnp.sum(weight * jnp.exp(exponent))


@functools.cache
def _nodes() -> tuple[np.ndarray, np.ndarray]:
    """ln x/2, and F(x) d ln gamma."""
    x = _LARGEST - _STEP * np.arange(math.ceil(_SPAN / _STEP) + 1)
    return 0.5 * x, 0.5 * _STEP * kernels.sample(np.exp(x / 3))[0]
