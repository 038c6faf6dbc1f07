"""Units of brightness: kelvin of two kinds, intensities and photons, each in terms of the others at a frequency."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from .._core.constants import HNU_OVER_K, PLANCK, RAYLEIGH_JEANS, T_CMB
from .._core.module import is_concrete
from .._core.units import PHOTONS, brightness_unit
from .axes import GEV, SOFT


def per_kelvin(unit: str, frequency: Any) -> Any:
    """The value in `unit` of 1 K (Rayleigh-Jeans) at `frequency` [GHz]: of an array of NumPy in its precision.

    K_CMB: (e^x - 1)^2 / (x^2 e^x), x = h nu / (k T_CMB) with T_CMB = 2.7255 K; MJy/sr: 2 k nu^2 / c^2.
    """
    scale, base, _ = brightness_unit(unit)
    refuse_kelvin(unit, frequency)
    own: Any = np if isinstance(frequency, (np.ndarray, float)) else jnp
    if base == "K_RJ":
        return own.full_like(frequency, 1 / scale)
    if base == "MJy/sr":
        return RAYLEIGH_JEANS / scale * frequency**2
    x = HNU_OVER_K / T_CMB * frequency
    return (own.expm1(-x) / x) ** 2 * own.exp(x) / scale  # e^2x would leave single precision at 2.5 THz


def conversion(unit: str, given: str, frequency: Any) -> Any:
    """The value in `unit` of 1 in the unit `given`, at `frequency` [GHz].

    Photons to energy: 1 MJy/sr is 1e-17 erg s^-1 cm^-2 Hz^-1 sr^-1 / (h E) photons GeV^-1 cm^-2 s^-1 sr^-1.
    """
    bases = {brightness_unit(one).base for one in (unit, given)}
    if bases <= {"MJy/sr", PHOTONS}:  # directly: in single precision nu^2 leaves the range
        return _per_intensity(unit, frequency) / _per_intensity(given, frequency)
    if PHOTONS not in bases:
        return per_kelvin(unit, frequency) / per_kelvin(given, frequency)
    if unit == PHOTONS:
        return _per_intensity(unit, frequency) * (per_kelvin("MJy/sr", frequency) / per_kelvin(given, frequency))
    return per_kelvin(unit, frequency) / per_kelvin("MJy/sr", frequency) / _per_intensity(given, frequency)


def _per_intensity(unit: str, frequency: Any) -> Any:
    """The value in `unit`, an intensity or photons, of 1 MJy/sr."""
    scale, base, _ = brightness_unit(unit)
    if base == "MJy/sr":
        own: Any = np if isinstance(frequency, (np.ndarray, float)) else jnp
        return own.full_like(frequency, 1 / scale)
    return 1e-17 / PLANCK / (GEV * frequency)


def refuse_kelvin(unit: str, frequency: Any) -> None:
    """Refuses brightness temperatures of photons above 1 keV: 1e-43 K leaves single precision.

    **Raises:** `ValueError`.
    """
    if brightness_unit(unit).base == PHOTONS:
        raise ValueError(f"{unit!r} counts photons: compare it with an intensity, .to('MJy/sr'), not with kelvin.")
    if brightness_unit(unit).base != "MJy/sr" and is_concrete(frequency) and np.any(np.asarray(frequency) > SOFT):
        raise ValueError(
            f"unit {unit!r}: photons above 1 keV have no brightness temperature (a gamma-ray sky has 1e-43 K): use "
            f"'MJy/sr' or {PHOTONS!r}."
        )
