"""Rotation-measure synthesis of maps at many frequencies."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ..._core.given import check_kind
from ..._core.module import is_concrete
from ..._core.units import numbers
from ..stokes import Stokes, is_blank, to_frequency
from .faraday_spectrum import wavelength_squared


def rotation_measure_synthesis(stokes: Stokes, depth: Any, weights: Any = None) -> Complex[Array, "n pixels"]:
    """The Faraday spectrum seen through the frequencies of a cube.

    F'(phi) = sum_i w_i P_i e^(-2 i phi (lambda_i^2 - lambda_0^2))/sum_i w_i, lambda_0^2 the weighted mean of lambda^2

    It is the convolution of F(phi) e^(2 i phi lambda_0^2) with `rotation_measure_spread`: angles are those at lambda_0,
    where they are best known. P is taken as it is: divide by the spectrum of the emission first where that is steep.
    A channel of weight 0 is left out, whatever it holds. A pixel that is blank in another channel is blank.

    **Arguments:** `stokes`: of several frequencies; `depth`: phi, (n,) rad m^-2; `weights`: numbers, (nfreq,), equal by
    default.

    **Returns:** complex, (n, npix), in the unit of `stokes` per beam of the spread function.

    **Raises:** `ValueError` for a single frequency, weights that do not fit or depths that are not finite; `TypeError`
    for what is no `sl.Stokes`.

    **Source:** Brentjens & de Bruyn 2005, A&A 441, 1217, eqs. 25 and 32.

    !!! example
        >>> cube = simulator(sky, frequency=jnp.linspace(1.0, 2.0, 32))
        >>> sl.observables.rotation_measure_synthesis(cube, jnp.linspace(-300.0, 300.0, 61)).shape
        (61, 768)
    """
    check_kind("stokes", stokes, Stokes, "a sl.Stokes of several frequencies")
    if stokes.frequency.ndim != 1 or stokes.frequency.size < 2:
        raise ValueError("rotation_measure_synthesis needs a Stokes of several frequencies, not of one.")
    sky = stokes.to_convention("IAU")
    waves, share = _waves(stokes.frequency, depth, weights)
    left_out = (share == 0).reshape(-1, *[1] * (sky.Q.ndim - 1))
    q, u = (jnp.where(left_out, 0, jnp.where(is_blank(part), jnp.nan, part)) for part in (sky.Q, sky.U))
    return waves @ jax.lax.complex(q, u)


def rotation_measure_spread(frequency: Any, depth: Any, weights: Any = None) -> Complex[Array, " n"]:
    """The rotation-measure spread function: what `rotation_measure_synthesis` makes of a source at phi = 0.

    **Arguments:** `frequency`: (nfreq,) GHz; `depth`: phi, (n,) rad m^-2; `weights`: numbers, (nfreq,), equal by
    default.

    **Returns:** complex numbers, (n,), 1 at phi = 0.

    **Source:** Brentjens & de Bruyn 2005, A&A 441, 1217, eq. 26.

    !!! example
        >>> float(abs(sl.observables.rotation_measure_spread([1.0, 1.5, 2.0], [0.0])[0]))
        1.0
    """
    return jnp.sum(_waves(to_frequency(frequency), depth, weights)[0], axis=1)


def _waves(
    frequency: Float[Array, " nfreq"], depth: Any, weights: Any
) -> tuple[Complex[Array, "n nfreq"], Float[Array, " nfreq"]]:
    """w_i e^(-2 i phi (lambda_i^2 - lambda_0^2))/sum w, and w_i/sum w."""
    square = wavelength_squared(frequency)
    weights = jnp.ones_like(square) if weights is None else _array(weights, "", "weights", square)
    if weights.shape != square.shape:
        raise ValueError(f"weights has shape {weights.shape}, there are {square.size} frequencies.")
    if is_concrete(weights) and not _are_weights(np.asarray(weights)):
        raise ValueError("weights must be finite, not negative, nor all zero.")
    share = weights / jnp.sum(weights)
    depth = _array(depth, "rad / m2", "depth", square)
    if depth.ndim != 1 or not depth.size:
        raise ValueError(f"depth has shape {depth.shape}: give a list of Faraday depths, (n,) rad m^-2.")
    if is_concrete(depth) and not np.all(np.isfinite(depth)):
        raise ValueError("depth must be finite: leave out Faraday depths that are not.")
    angle = -2 * depth[:, None] * (square - jnp.sum(share * square))
    return jax.lax.complex(share * jnp.cos(angle), share * jnp.sin(angle)), share


def _array(values: Any, unit: str, name: str, like: Array) -> Array:
    return jnp.asarray(numbers(values, unit, name) if is_concrete(values) else values, like.dtype)


def _are_weights(values: np.ndarray) -> bool:
    return bool(np.all(np.isfinite(values) & (values >= 0)) and np.any(values > 0))
