"""Noise of a cube, with the variance that it was drawn from."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.given import check_key
from ..._core.module import is_concrete
from ..._core.units import numbers
from .spectral_cube import SpectralCube

Flux = Float[Array, "channels spaxels"]


def add_noise(
    cube: SpectralCube,
    key: Array,
    signal_to_noise: Any = None,
    background: Any = 1e-3,
    electrons: Any = None,
    read_noise: Any = 0.0,
    sky: Any = 0.0,
) -> SpectralCube:
    """A cube with independent Gaussian noise, and its variance.

    By a signal-to-noise ratio S: the same in all channels of a spaxel, of variance
    v = (F/S)^2 [(1 - b) f/F + b], f the mean flux of the spaxel and F that of the brightest. By electrons: of variance
    v = (c f + s + r^2)/c^2, f the flux in one channel and spaxel, c f, s and r electrons of the source, of the sky and
    root mean square of reading.

    **Arguments:**

    - `cube`: without a variance; `key`: a JAX random key; the same key gives the same noise.
    - `signal_to_noise` S: the ratio in one channel of the brightest spaxel; `background` b: the variance of a spaxel
      without light over that of the brightest, 0 to 1, not 0.
    - `electrons` c: of a flux of 1 in the unit of the cube, erg s-1 cm-2 A-1 times its scale, a number or
      (channels,); `read_noise` r: electrons; `sky` s:
      electrons in a channel and spaxel, a number or (channels,). One of r and s is positive.

    **Returns:** an `sl.SpectralCube` with a variance.

    **Raises:** `ValueError` for a cube that has a variance, both or neither way to say how much noise, numbers outside
    the ranges above, no light, and a variance too small for the precision.

    !!! example
        >>> plane, channels = sl.cubes.Spaxels((1, 2), 1.0), sl.cubes.Channels.regular(5000.0, 1.0, 3)
        >>> clean = sl.SpectralCube(np.array([[4e-16, 1e-16]] * 3), channels, plane)
        >>> noisy = sl.cubes.add_noise(clean, jax.random.key(0), signal_to_noise=20.0)
        >>> [round(1e17 * float(one) ** 0.5, 3) for one in noisy.variance[0]]
        [2.0, 1.001]
    """
    if not isinstance(cube, SpectralCube):
        raise TypeError(f"add_noise takes a sl.SpectralCube, not a {type(cube).__name__}.")
    check_key(key)
    read, dark = numbers(read_noise, "", "read_noise"), numbers(sky, "", "sky")
    if cube.variance is not None:
        raise ValueError("The cube has a variance: noise comes once; cube.replace(variance=None) forgets it.")
    if (signal_to_noise is None) == (electrons is None):
        raise ValueError("Say how much noise: signal_to_noise=, or electrons= with read_noise= or sky=; one of them.")
    if electrons is None:
        variance = _by_ratio(cube.flux, _positive(signal_to_noise, "signal_to_noise"), _share(background))
    else:
        count = _column(_positive(electrons, "electrons"), cube, "electrons")
        still = _still(cube, read, dark)
        variance = (count * jnp.maximum(cube.flux, 0) + still) / count / count
    _check_variance(variance)
    noise = jnp.sqrt(variance) * jax.random.normal(key, cube.flux.shape, cube.flux.dtype)
    return cube.replace(flux=cube.flux + noise, variance=variance)


def _by_ratio(flux: Flux, ratio: float, background: float) -> Flux:
    mean = jnp.maximum(jnp.mean(flux, axis=0), 0)
    brightest = jnp.max(mean)
    if is_concrete(brightest) and not float(brightest) > 0:
        raise ValueError("The cube has no light, and so no signal-to-noise ratio: say electrons= and read_noise=.")
    share = (1 - background) * mean / brightest + background
    return jnp.broadcast_to((brightest / ratio) ** 2 * share, flux.shape)


def _still(cube: SpectralCube, read: np.ndarray, dark: np.ndarray) -> Array:
    """Electrons whose variance does not depend on the source, (channels, 1)."""
    if np.any(~(read >= 0)) or np.any(~(dark >= 0)) or np.any(read**2 + dark <= 0):
        raise ValueError(f"read_noise = {read}, sky = {dark}: neither is negative, one of them is positive.")
    return _column(read**2 + dark, cube, "sky")


def _column(values: np.ndarray, cube: SpectralCube, name: str) -> Array:
    if values.shape not in ((), (len(cube.channels),)):
        raise ValueError(f"{name} has shape {values.shape}: give one number, or one for each channel.")
    return jnp.asarray(np.broadcast_to(values, len(cube.channels))[:, None], cube.flux.dtype)


def _positive(value: Any, name: str) -> Any:
    found = numbers(value, "", name)
    if name == "signal_to_noise" and found.ndim:
        raise ValueError(f"signal_to_noise has shape {found.shape}: give one number, that of the brightest spaxel.")
    if not np.all((found > 0) & np.isfinite(found)):
        raise ValueError(f"{name} = {value} must be positive.")
    return found


def _share(background: Any) -> float:
    found = float(numbers(background, "", "background"))
    if not 0 < found <= 1:
        raise ValueError(f"background = {background}: must be above 0, so that every variance is positive, up to 1.")
    return found


def _check_variance(variance: Flux) -> None:
    tiny = float(jnp.finfo(variance.dtype).tiny)
    if is_concrete(variance) and not np.all(np.asarray(variance) >= tiny):
        smallest = float(jnp.min(variance))
        raise ValueError(
            f"The smallest variance, {smallest:g}, is no normal number in {variance.dtype}: work in double precision, "
            "or say fluxes in a smaller unit, cube.rescaled(1e-20)."
        )
