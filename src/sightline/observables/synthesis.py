"""Rotation-measure synthesis of maps at many frequencies."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._core.module import is_concrete
from ..stokes import Stokes
from .faraday_spectrum import wavelength_squared


def rotation_measure_synthesis(stokes: Stokes, depth: Any, weights: Any = None) -> Complex[Array, "n pixels"]:
    """The Faraday spectrum seen through the frequencies of a cube.

    F'(phi) = sum_i w_i P_i e^(-2 i phi (lambda_i^2 - lambda_0^2))/sum_i w_i, lambda_0^2 the weighted mean of lambda^2

    It is the convolution of F(phi) e^(2 i phi lambda_0^2) with `rotation_measure_spread`: angles are those at lambda_0,
    where they are best known. P is taken as it is: divide by the spectrum of the emission first where that is steep.

    **Arguments:** `stokes`: of several frequencies; `depth`: phi, (n,) rad m^-2; `weights`: (nfreq,), equal by default.

    **Returns:** complex, (n, npix), in the unit of `stokes` per beam of the spread function.

    **Raises:** `ValueError` for a single frequency or weights that do not fit.

    **Source:** Brentjens & de Bruyn 2005, A&A 441, 1217, eqs. 25 and 32.

    !!! example
        >>> cube = simulator(sky, frequency=jnp.linspace(1.0, 2.0, 32))
        >>> sl.observables.rotation_measure_synthesis(cube, jnp.linspace(-300.0, 300.0, 61)).shape
        (61, 768)
    """
    if stokes.frequency.ndim != 1 or stokes.frequency.size < 2:
        raise ValueError("rotation_measure_synthesis needs a Stokes of several frequencies, not of one.")
    sky = stokes.to_convention("IAU")
    waves = _waves(stokes.frequency, depth, weights)
    return waves @ jax.lax.complex(sky.Q, sky.U)


def rotation_measure_spread(frequency: Any, depth: Any, weights: Any = None) -> Complex[Array, " n"]:
    """The rotation-measure spread function: what `rotation_measure_synthesis` makes of a source at phi = 0.

    **Arguments:** `frequency`: (nfreq,) GHz; `depth`: phi, (n,) rad m^-2; `weights`: (nfreq,), equal by default.

    **Returns:** complex, (n,), 1 at phi = 0.

    **Source:** Brentjens & de Bruyn 2005, A&A 441, 1217, eq. 26.

    !!! example
        >>> float(abs(sl.observables.rotation_measure_spread([1.0, 1.5, 2.0], [0.0])[0]))
        1.0
    """
    return jnp.sum(_waves(jnp.asarray(frequency), depth, weights), axis=1)


def _waves(frequency: Float[Array, " nfreq"], depth: Any, weights: Any) -> Complex[Array, "n nfreq"]:
    """w_i e^(-2 i phi (lambda_i^2 - lambda_0^2))/sum w."""
    square = wavelength_squared(frequency)
    weights = jnp.ones_like(square) if weights is None else jnp.asarray(weights, square.dtype)
    if weights.shape != square.shape:
        raise ValueError(f"weights has shape {weights.shape}, there are {square.size} frequencies.")
    if is_concrete(weights) and (np.any(np.asarray(weights) < 0) or not np.any(np.asarray(weights) > 0)):
        raise ValueError("weights must not be negative, nor all zero.")
    share = weights / jnp.sum(weights)
    depth = jnp.asarray(depth, square.dtype)
    if depth.ndim != 1 or not depth.size:
        raise ValueError(f"depth has shape {depth.shape}: give a list of Faraday depths, (n,) rad m^-2.")
    angle = -2 * depth[:, None] * (square - jnp.sum(share * square))
    return jax.lax.complex(share * jnp.cos(angle), share * jnp.sin(angle))
