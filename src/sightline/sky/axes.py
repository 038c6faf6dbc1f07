"""The two axes of a sky, frequency [GHz] and energy of photons [GeV], and their units of brightness."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.constants import PLANCK
from .._core.module import default_float, is_concrete
from .._core.units import PHOTONS, numbers, strip_unit

UNITS = {"frequency": "GHz", "energy": "GeV"}
BRIGHTNESS = {"frequency": "K_RJ", "energy": PHOTONS}
ENERGIES = (1e-6, 1e6)
"""GeV, of the photons that a simulator makes."""
_ERG = 1.602176634e-3  # per GeV
GEV = PLANCK * 1e9 / _ERG
"""Energy of a photon of 1 GHz."""
SOFT = 1e-6 / GEV
"""GHz, 1 keV: beyond, brightness temperatures do not exist in single precision."""


class Asked(NamedTuple):
    """What a sky is asked for: the name of an axis, and values, () or (n,), in its unit."""

    axis: str
    values: Array


def asked(frequency: Any = None, energy: Any = None) -> Asked:
    """The axis of which values are given.

    **Raises:** `ValueError` for both, for none, and as `check_frequency` and `check_energy`.
    """
    if (frequency is None) == (energy is None):
        many = "both frequency and energy are given" if energy is not None else "neither is given"
        raise ValueError(f"Name either frequency= [GHz] or energy= [GeV]: {many}.")
    return Asked("frequency", check_frequency(frequency)) if energy is None else Asked("energy", check_energy(energy))


def check_frequency(frequency: Any) -> Array:
    """`frequency` as an array of GHz, refused unless finite and positive."""
    return _checked(frequency, "frequency", (0.0, np.inf))


def check_energy(energy: Any) -> Array:
    """`energy` as an array of GeV, refused outside 1e-6 to 1e6 GeV."""
    return _checked(energy, "energy", ENERGIES)


def _checked(given: Any, name: str, ends: tuple[float, float]) -> Array:
    unit = UNITS[name]
    value = strip_unit(given, unit, name)
    value = numbers(value, unit, name) if is_concrete(value) else value
    if value.ndim > 1 or not value.size:
        raise ValueError(f"{name} must be a number or a non-empty sequence, not of shape {value.shape}.")
    if not is_concrete(value):
        return jnp.asarray(value, default_float())
    if not np.all(np.isfinite(value) & (value > 0)):
        raise ValueError(f"{name} = {given} must be finite and positive, in {unit}.")
    if np.any((value < ends[0] * (1 - 1e-6)) | (value > ends[1] * (1 + 1e-6))):
        raise ValueError(f"{name} = {given} must lie within {ends[0]:g} to {ends[1]:g} {unit}.")
    with jax.ensure_compile_time_eval():  # for who compares it with that of data, also where a simulation is traced
        return jnp.asarray(value, default_float())


def label(axis: str, value: float) -> str:
    """A frequency or an energy as one reads it: 408 MHz, 2.3 GHz; 3 keV, 100 MeV, 1 GeV, 10 TeV."""
    if axis == "frequency":
        return f"{1e3 * value:.4g} MHz" if value < 1 else f"{value:.4g} GHz"
    steps = ((1e3, 1e-3, "TeV"), (1.0, 1.0, "GeV"), (1e-3, 1e3, "MeV"), (0.0, 1e6, "keV"))
    scale, unit = next((scale, unit) for least, scale, unit in steps if value >= least * (1 - 1e-6))
    return f"{value * scale:.4g} {unit}"
