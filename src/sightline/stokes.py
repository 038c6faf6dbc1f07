"""Stokes: maps of I, Q, U and V that know their unit, polarisation convention, frequency and sky."""

import dataclasses
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._core.constants import HNU_OVER_K, RAYLEIGH_JEANS, T_CMB
from ._core.module import default_float, is_concrete
from ._core.safe import safe_hypot
from ._core.units import strip_unit
from .geometry import AbstractSky

Maps = Float[Array, "*maps"]


def per_kelvin(unit: str, frequency: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """The value in `unit` of 1 K (Rayleigh-Jeans) at `frequency` [GHz].

    K_CMB: (e^x - 1)^2 / (x^2 e^x), x = h nu / (k T_CMB) with T_CMB = 2.7255 K; MJy/sr: 2 k nu^2 / c^2.
    """
    if unit == "K_RJ":
        return jnp.ones_like(frequency)
    if unit == "MJy/sr":
        return RAYLEIGH_JEANS * frequency**2
    if unit == "K_CMB":
        x = HNU_OVER_K / T_CMB * frequency
        return (jnp.expm1(x) / x) ** 2 * jnp.exp(-x)
    raise ValueError(f"unit {unit!r} is not known: choose 'K_RJ', 'K_CMB' or 'MJy/sr'.")


def _to_frequency(frequency: Any) -> Array:
    values = jnp.asarray(strip_unit(frequency, "GHz", "frequency"), default_float())
    if is_concrete(values) and not _positive(np.asarray(values)):
        raise ValueError(f"frequency = {frequency} must be finite and positive, in GHz.")
    return values


def _positive(values: np.ndarray) -> bool:
    return bool(np.all(np.isfinite(values) & (values > 0)))


class Stokes(eqx.Module):
    """Stokes parameters of a sky.

    Q and U refer to east and north of the pixel. `"COSMO"` (HEALPix) and `"IAU"` differ in the sign of U; V is positive
    by IAU/IEEE in both.

    **Arguments:**

    - `I`, `Q`, `U`, `V`: (npix,) for one frequency, (nfreq, npix) for several; `V` may be `None`.
    - `frequency`: GHz, () or (nfreq,).
    - `unit`: `"K_RJ"`, `"K_CMB"` or `"MJy/sr"`.
    - `convention`: `"COSMO"` or `"IAU"`.
    - `sky`: what the last axis is; `None`: unknown.

    **Raises:** `ValueError` where units, conventions or frequencies are mixed.

    !!! example
        >>> stokes = simulator(sl.HealpixSky(nside=8), frequency=23.0)
        >>> stokes.to("K_CMB").to_convention("IAU").U.shape
        (768,)
    """

    I: Maps
    Q: Maps
    U: Maps
    V: Maps | None = None
    frequency: Float[Array, "*frequencies"] = eqx.field(converter=_to_frequency, kw_only=True)
    unit: str = eqx.field(static=True, default="K_RJ", kw_only=True)
    convention: str = eqx.field(static=True, default="COSMO", kw_only=True)
    sky: AbstractSky | None = eqx.field(default=None, kw_only=True)

    def __check_init__(self) -> None:
        per_kelvin(self.unit, jnp.ones(()))
        _check_convention(self.convention)
        for name, values in {"Q": self.Q, "U": self.U, "V": self.V}.items():
            if values is not None and jnp.shape(values) != jnp.shape(self.I):
                raise ValueError(f"Stokes: {name} has shape {jnp.shape(values)}, I has {jnp.shape(self.I)}.")
        if (
            jnp.ndim(self.I) > self.frequency.ndim + 1
            or jnp.shape(self.I)[: self.frequency.ndim] != self.frequency.shape
        ):
            raise ValueError(f"Stokes: I has shape {jnp.shape(self.I)}, frequency has {self.frequency.shape}.")

    def _map(self, function: Any, **changes: Any) -> "Stokes":
        parts = {name: function(getattr(self, name)) for name in ("I", "Q", "U")}
        return dataclasses.replace(self, **parts, V=None if self.V is None else function(self.V), **changes)

    def to(self, unit: str) -> "Stokes":
        """The same sky in another unit of brightness.

        K_CMB is the linear unit of anisotropies: it is not the temperature of a monopole, which is not linear in
        brightness.
        """
        ratio = per_kelvin(unit, self.frequency) / per_kelvin(self.unit, self.frequency)
        return self._map(lambda values: values * ratio[..., None], unit=unit)

    def to_convention(self, convention: str) -> "Stokes":
        """The same sky in another polarisation convention: U changes sign between `"COSMO"` and `"IAU"`."""
        _check_convention(convention)
        sign = 1 if convention == self.convention else -1
        return dataclasses.replace(self, U=sign * self.U, convention=convention)

    @property
    def polarised_intensity(self) -> Maps:
        """sqrt(Q^2 + U^2), in `unit`."""
        return safe_hypot(self.Q, self.U)

    def __len__(self) -> int:
        """Number of frequencies."""
        return self.frequency.size

    def __getitem__(self, index: int) -> "Stokes":
        """One of several frequencies."""
        if self.frequency.ndim == 0:
            raise ValueError("This Stokes has a single frequency: there is nothing to select.")
        if not -len(self) <= index < len(self):
            raise IndexError(f"frequency {index} of {len(self)}")
        return self._map(lambda values: values[index], frequency=self.frequency[index])

    def __add__(self, other: Any) -> "Stokes":
        _check_same(self, other)
        if (self.V is None) != (other.V is None):
            raise ValueError(
                "One of the two skies has no V: give both or drop it with dataclasses.replace(sky, V=None)."
            )
        parts = {name: getattr(self, name) + getattr(other, name) for name in ("I", "Q", "U")}
        return dataclasses.replace(self, **parts, V=None if self.V is None or other.V is None else self.V + other.V)

    def __mul__(self, factor: Any) -> "Stokes":
        return self._map(lambda values: values * factor)

    __rmul__ = __mul__

    def __sub__(self, other: Any) -> "Stokes":
        return self + (-1) * other


def _check_convention(convention: str) -> None:
    if convention not in ("COSMO", "IAU"):
        raise ValueError(f"convention {convention!r} is not known: choose 'COSMO' (HEALPix) or 'IAU'.")


def _check_same(left: Stokes, right: Any) -> None:
    if not isinstance(right, Stokes):
        raise TypeError(f"A Stokes and a {type(right).__name__} cannot be added: convert it to Stokes first.")
    if left.unit != right.unit:
        raise ValueError(f"Units differ, {left.unit} and {right.unit}: convert one with .to({left.unit!r}).")
    if left.convention != right.convention:
        raise ValueError(f"Conventions differ: convert one with .to_convention({left.convention!r}).")
    if left.sky is not None and right.sky is not None and not eqx.tree_equal(left.sky, right.sky):
        raise ValueError("Skies differ: bring both to one nside, ordering and set of pixels.")
    if not (is_concrete(left.frequency) and is_concrete(right.frequency)):
        return
    if left.frequency.shape != right.frequency.shape or not np.allclose(left.frequency, right.frequency):
        raise ValueError(f"Frequencies differ: {left.frequency} and {right.frequency} GHz.")
