import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._core.given import check_key
from ..._core.module import is_concrete
from ..._core.ranks import of_one_rank
from ..._core.units import brightness_unit, numbers
from ..stokes import Stokes


def add_noise(stokes: Stokes, sigma: Any, key: jax.Array, polarised: Any = None) -> Stokes:
    """A sky with independent Gaussian noise in every pixel.

    **Arguments:**

    - `sigma`: standard deviation of I, a number, one a pixel, (npix,), or one a frequency, (nfreq, 1), in the unit of
      the sky or an astropy quantity; `polarised`: that of Q, U and V, in the same unit, by default the same.
    - `key`: a JAX random key; the same key gives the same noise, in either convention.
    - `stokes`: the sky.

    **Returns:** an `sl.Stokes` of the same shape and unit.

    **Raises:** `ValueError` for standard deviations that are negative or not finite, do not fit the maps, or have
    another unit than a brightness.

    !!! example
        >>> noisy = sl.instruments.add_noise(stokes, 1e-6, jax.random.key(0))
    """
    check_key(key)
    scale = _scale(sigma, stokes, "sigma")
    other = scale if polarised is None else _scale(polarised, stokes, "polarised")
    sky = stokes.to_convention("COSMO")
    present = [name for name in "IQUV" if getattr(sky, name) is not None]
    noisy = {}
    for one, name in zip(jax.random.split(key, len(present)), present, strict=True):
        values = getattr(sky, name)
        noisy[name] = values + (scale if name == "I" else other) * jax.random.normal(one, values.shape, values.dtype)
    return dataclasses.replace(sky, **noisy).to_convention(stokes.convention)


def _scale(sigma: Any, stokes: Stokes, name: str) -> jax.Array:
    """Standard deviations in the unit of a sky."""
    if is_concrete(sigma):
        sigma = numbers(sigma, brightness_unit(stokes.unit).quantity, name)
        if not np.all(np.isfinite(sigma) & (sigma >= 0)):
            raise ValueError(f"{name} must not be negative, NaN or infinite: give it in {stokes.unit}.")
    if not _fits(np.shape(sigma), stokes.I.shape):
        raise ValueError(
            f"{name} has shape {np.shape(sigma)}, the maps have {stokes.I.shape}: give one a pixel, (npix,), or one a "
            "frequency, (nfreq, 1)."
        )
    return of_one_rank(jnp.asarray(sigma, stokes.I.dtype), stokes.I)[0]


def _fits(shape: tuple[int, ...], maps: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, maps) == maps
    except ValueError:
        return False
