"""Widths that depend on wavelength: a number, or values between which they are linear."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

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


def at(wavelength: Wavelengths, values: Float[Array, "*m"], nodes: Nodes) -> Float[Array, "*n"]:
    """The value at wavelengths, (n,): linear between the nodes, the first and last value beyond; without nodes ()."""
    if nodes is None:
        return values
    return jnp.interp(wavelength, jnp.asarray(nodes, wavelength.dtype), values)
