import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._core.module import is_concrete
from ..stokes import Stokes


def add_noise(stokes: Stokes, sigma: Any, key: jax.Array, polarised: Any = None) -> Stokes:
    """A sky with independent Gaussian noise in every pixel.

    **Arguments:**

    - `sigma`: standard deviation of I, a number or one a pixel, in the unit of the sky; `polarised`: that of Q, U and
      V, by default the same.
    - `key`: a JAX random key; the same key gives the same noise.

    **Raises:** `ValueError` for a negative sigma.

    !!! example
        >>> noisy = sl.instruments.add_noise(stokes, 1e-6, jax.random.key(0))
    """
    sigma = jnp.asarray(sigma)
    polarised = sigma if polarised is None else jnp.asarray(polarised)
    if any(is_concrete(scale) and not np.all(np.asarray(scale) >= 0) for scale in (sigma, polarised)):
        raise ValueError("sigma must not be negative or NaN: give standard deviations in the unit of the sky.")
    scales = {"I": sigma, "Q": polarised, "U": polarised, "V": polarised}
    present = {name: scale for name, scale in scales.items() if getattr(stokes, name) is not None}
    keys = jax.random.split(key, len(present))
    noisy = {}
    for one, (name, scale) in zip(keys, present.items(), strict=True):
        values = getattr(stokes, name)
        noisy[name] = values + scale * jax.random.normal(one, values.shape, values.dtype)
    return dataclasses.replace(stokes, **noisy)
