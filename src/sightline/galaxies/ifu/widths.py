"""Widths that depend on wavelength: a number, or values between which they are linear."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import default_float
from ..._core.units import numbers
from ..cubes.line import FWHM as FWHM

Wavelengths = Float[Array, " n"]
Nodes = tuple[float, ...] | None


def check_table(who: str, name: str, values: Any, nodes: Nodes) -> None:
    """Refuses values that are neither one number nor one for each of the rising wavelengths.

    **Raises:** `ValueError`.
    """
    if nodes is None and values.ndim:
        raise ValueError(f"{who}.{name} has shape {values.shape}: give the wavelengths [A] of these values, too.")
    if nodes is None:
        return
    if np.ndim(nodes) != 1 or not len(nodes) or np.any(np.diff(nodes) <= 0):
        raise ValueError(f"{who}.wavelength = {nodes} must be numbers in a row, each larger than the last.")
    if values.shape != (len(nodes),):
        raise ValueError(f"{who}.{name} has shape {values.shape}, wavelength has {len(nodes)}: give one for each.")


def in_angstrom(wavelength: Any) -> Array:
    """Wavelengths, (...) A, as an array."""
    known = isinstance(wavelength, jax.Array)
    return wavelength if known else jnp.asarray(numbers(wavelength, "Angstrom", "wavelength"), default_float())


def at(wavelength: Wavelengths, values: Float[Array, "*m"], nodes: Nodes) -> Float[Array, "*n"]:
    """The value at wavelengths, (n,): linear between the nodes, the first and last value beyond; without nodes ()."""
    waves = in_angstrom(wavelength)
    return values if nodes is None else jnp.interp(waves, jnp.asarray(nodes, waves.dtype), values)
