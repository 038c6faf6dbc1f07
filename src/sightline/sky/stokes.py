"""Stokes: maps of I, Q, U and V that know their unit, polarisation convention, frequency and sky."""

import dataclasses
import operator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.given import check_kind
from .._core.module import default_float, is_concrete
from .._core.safe import safe_angle, safe_hypot
from .._core.units import PHOTONS, brightness_unit, numbers, quantity, strip_unit
from .axes import GEV, UNITS, check_energy
from .brightness import conversion, refuse_kelvin
from .geometry import AbstractSky, difference

Maps = Float[Array, "*maps"]


BLANK = 1e30  # HEALPix files hold -1.6375e30 where nothing was observed


def is_blank(values: Any) -> Any:
    """Where maps have no value: NaN, infinite or the sentinel of HEALPix files."""
    return ~(abs(values) < BLANK)


def check_deviations(noise: "Stokes", parameters: str) -> None:
    """Refuses maps of standard deviations that are negative; those of U all are after a change of convention.

    **Raises:** `ValueError`.
    """
    for name in parameters:
        part = getattr(noise, name)
        if part is None:
            continue
        values = np.asarray(part)[~np.asarray(is_blank(part))]
        bad = int(np.sum(values < 0))
        if bad and not (name == "U" and np.all(values <= 0)):
            raise ValueError(f"noise.{name} is negative in {bad} of {part.size} pixels: give standard deviations.")


def to_frequency(frequency: Any) -> Array:
    """Frequencies in GHz, refused unless finite and positive."""
    values = strip_unit(frequency, "GHz", "frequency")
    if not is_concrete(values):
        return jnp.asarray(values, default_float())
    values = numbers(values, "GHz", "frequency")
    if not np.all(np.isfinite(values) & (values > 0)):
        raise ValueError(f"frequency = {frequency} must be finite and positive, in GHz.")
    with jax.ensure_compile_time_eval():  # instruments and likelihoods compare frequencies, also where they are traced
        return jnp.asarray(values, default_float())


def _to_maps(values: Any, unit: str, name: str) -> Any:
    """Maps as an array, in the floating-point type that they have."""
    if isinstance(values, (jax.Array, jax.ShapeDtypeStruct)):
        if jnp.issubdtype(values.dtype, jnp.complexfloating):
            raise TypeError(f"Stokes.{name} must be real numbers, not complex numbers.")
        if isinstance(values, jax.ShapeDtypeStruct) or jnp.issubdtype(values.dtype, jnp.floating):
            return values
        return values.astype(default_float())
    found, kind = numbers(values, brightness_unit(unit).quantity, f"Stokes.{name}"), getattr(values, "dtype", None)
    own = kind is not None and np.dtype(kind).kind == "f"
    return jnp.asarray(found.astype(np.dtype(kind).newbyteorder("=")) if own else found)


class Stokes(eqx.Module):
    """Stokes parameters of a sky.

    Q and U refer to east and north of the pixel. `"COSMO"` (HEALPix) and `"IAU"` differ in the sign of U; V is positive
    by IAU/IEEE in both.

    **Arguments:**

    - `I`, `Q`, `U`, `V`: (npix,) for one frequency, (nfreq, npix) for several, or () and (nfreq,) without pixels;
      numbers in `unit`, or astropy quantities; `V` may be `None`.
    - `frequency`: GHz, () or (nfreq,); or `energy` of the photons, GeV, instead.
    - `unit`: `"K_RJ"`, `"K_CMB"` or `"MJy/sr"`, or with a prefix, `"uK_CMB"`, `"mK_RJ"`, `"Jy/sr"`; of gamma rays
      `"GeV-1 cm-2 s-1 sr-1"`, which is the default where an energy is given.
    - `convention`: `"COSMO"` or `"IAU"`.
    - `sky`: what the last axis is; `None`: unknown.

    **Raises:** `ValueError` where units, conventions, frequencies or skies are mixed, or the maps are not of the sky.

    !!! example
        >>> stokes = simulator(sl.HealpixSky(nside=8), frequency=23.0)
        >>> stokes.to("K_CMB").to_convention("IAU").U.shape
        (768,)
    """

    I: Maps
    Q: Maps
    U: Maps
    V: Maps | None = None
    frequency: Float[Array, "*frequencies"] = eqx.field(converter=to_frequency, kw_only=True)
    unit: str = eqx.field(static=True, default="K_RJ", kw_only=True)
    convention: str = eqx.field(static=True, default="COSMO", kw_only=True)
    sky: AbstractSky | None = eqx.field(default=None, kw_only=True)

    def __init__(
        self,
        I: Any,
        Q: Any,
        U: Any,
        V: Any = None,
        *,
        frequency: Any = None,
        energy: Any = None,
        unit: str | None = None,
        convention: str = "COSMO",
        sky: AbstractSky | None = None,
    ):
        if (frequency is None) == (energy is None):
            raise ValueError("Stokes: give either frequency= [GHz] or energy= [GeV].")
        if unit is None:
            unit = "K_RJ" if energy is None else PHOTONS
        if energy is not None:
            frequency = check_energy(energy) / GEV
        self.I, self.Q, self.U = _to_maps(I, unit, "I"), _to_maps(Q, unit, "Q"), _to_maps(U, unit, "U")
        self.V = None if V is None else _to_maps(V, unit, "V")
        self.frequency, self.unit, self.convention, self.sky = to_frequency(frequency), unit, convention, sky

    def __check_init__(self) -> None:
        _check_convention(self.convention)
        if self.unit != PHOTONS:
            refuse_kelvin(self.unit, self.frequency)
        for name, values in {"Q": self.Q, "U": self.U, "V": self.V}.items():
            if values is not None and jnp.shape(values) != jnp.shape(self.I):
                raise ValueError(f"Stokes: {name} has shape {jnp.shape(values)}, I has {jnp.shape(self.I)}.")
        if (
            jnp.ndim(self.I) > self.frequency.ndim + 1
            or jnp.shape(self.I)[: self.frequency.ndim] != self.frequency.shape
        ):
            raise ValueError(f"Stokes: I has shape {jnp.shape(self.I)}, frequency has {self.frequency.shape}.")
        check_kind("Stokes: sky", self.sky, AbstractSky | None, "a sl.HealpixSky or another sky")
        pixels = jnp.shape(self.I)[self.frequency.ndim :]
        if self.sky is not None and pixels and pixels != (self.sky.size,):
            raise ValueError(f"Stokes: I has {pixels[0]} pixels, sky has {self.sky.size}: give the sky of the maps.")

    def _map(self, function: Any, **changes: Any) -> "Stokes":
        parts = {name: function(getattr(self, name)) for name in ("I", "Q", "U")}
        return dataclasses.replace(self, **parts, V=None if self.V is None else function(self.V), **changes)

    def to(self, unit: str) -> "Stokes":
        """The same sky in another unit of brightness.

        K_CMB is the linear unit of anisotropies: it is not the temperature of a monopole, which is not linear in
        brightness.
        """
        ratio = jnp.expand_dims(conversion(unit, self.unit, self.frequency), range(self.frequency.ndim, self.I.ndim))
        return self._map(lambda values: _unblanked(values) * ratio, unit=unit)

    def to_convention(self, convention: str) -> "Stokes":
        """The same sky in another polarisation convention: U changes sign between `"COSMO"` and `"IAU"`."""
        _check_convention(convention)
        sign = 1 if convention == self.convention else -1
        return dataclasses.replace(self, U=sign * _unblanked(self.U), convention=convention)

    @property
    def axis(self) -> str:
        """What tells maps apart: `"energy"` for maps of photons, `"frequency"` for all others."""
        return "energy" if self.unit == PHOTONS else "frequency"

    @property
    def energy(self) -> Float[Array, "*frequencies"]:
        """Energies of the photons, h nu, () or (nfreq,) GeV."""
        return GEV * self.frequency

    @property
    def polarised_intensity(self) -> Maps:
        """sqrt(Q^2 + U^2), in `unit`; its derivatives are 0 where it is."""
        scale, q, u = self._scaled()
        return scale * safe_hypot(q, u)

    @property
    def polarisation_angle(self) -> Maps:
        """psi = atan2(U, Q)/2 of the electric vector, from north, -90 to 90 deg.

        It is counted towards east in the `"IAU"` convention, towards west in `"COSMO"`: `to_convention` turns its sign.
        The magnetic field in the plane of the sky is at right angles to it. 0 with derivatives of 0 where Q = U = 0.
        """
        _, q, u = self._scaled()
        return jnp.rad2deg(0.5 * safe_angle(u, q))

    @property
    def polarisation_fraction(self) -> Maps:
        """sqrt(Q^2 + U^2)/I, dimensionless; 0 with derivatives of 0 where I = 0."""
        intensity = jnp.where(is_blank(self.I), jnp.nan, self.I)
        dark = intensity == 0
        scale = jnp.where(dark, 1, jax.lax.stop_gradient(intensity))
        return jnp.where(dark, 0, (self.polarised_intensity / scale) / jnp.where(dark, 1, intensity / scale))

    def _scaled(self) -> tuple[Maps, Maps, Maps]:
        """The larger of |Q| and |U|, and both in its unit: squares of faint ones leave single precision."""
        q, u = (jnp.where(is_blank(part), jnp.nan, part) for part in (self.Q, self.U))
        largest = jax.lax.stop_gradient(jnp.maximum(jnp.abs(q), jnp.abs(u)))
        scale = jnp.where(largest > 0, largest, 1)
        return scale, q / scale, u / scale

    def quantity(self, name: str) -> Any:
        """One of the maps as an astropy quantity.

        astropy knows one kelvin: whether it is one of Rayleigh and Jeans or of the CMB, `unit` says.

        **Arguments:** `name`: `"I"`, `"Q"`, `"U"`, `"V"`, `"polarised_intensity"`, `"polarisation_angle"`,
        `"polarisation_fraction"`, `"frequency"` or `"energy"`.

        **Returns:** (npix,) or (nfreq, npix), in `unit`, deg, 1, GHz or GeV.

        **Raises:** `ValueError` for another name, or V where there is none.

        !!! example
            >>> stokes.to("uK_RJ").quantity("polarised_intensity").unit
            Unit("uK")
        """
        brightness = dict.fromkeys(("I", "Q", "U", "V", "polarised_intensity"), brightness_unit(self.unit).quantity)
        units = {**brightness, "polarisation_angle": "deg", "polarisation_fraction": "", **UNITS}
        if name not in units or getattr(self, name) is None:
            known = [one for one in units if getattr(self, one) is not None]
            raise ValueError(f"name = {name!r}: choose one of {', '.join(known)}.")
        values = getattr(self, name)
        return np.asarray(values if name in UNITS else _unblanked(values)) * quantity(units[name])

    def __len__(self) -> int:
        """Number of frequencies."""
        return self.frequency.size

    def __getitem__(self, index: int) -> "Stokes":
        """One of several frequencies."""
        if self.frequency.ndim == 0:
            raise ValueError("This Stokes has a single frequency: there is nothing to select.")
        try:
            index = operator.index(index)
        except TypeError:
            raise TypeError(f"index is a {type(index).__name__}: give the number of a frequency, from 0.") from None
        if not -len(self) <= index < len(self):
            raise IndexError(f"frequency {index} of {len(self)}")
        frequency = np.asarray(self.frequency)[index] if is_concrete(self.frequency) else self.frequency[index]
        return self._map(lambda values: values[index], frequency=frequency)

    def __add__(self, other: Any) -> "Stokes":
        _check_same(self, other)
        if (self.V is None) != (other.V is None):
            raise ValueError(
                "One of the two skies has no V: give both or drop it with dataclasses.replace(sky, V=None)."
            )
        names = ("I", "Q", "U") if self.V is None else ("I", "Q", "U", "V")
        parts = {name: _unblanked(getattr(self, name)) + _unblanked(getattr(other, name)) for name in names}
        return dataclasses.replace(self, **parts, sky=other.sky if self.sky is None else self.sky)

    def __radd__(self, other: Any) -> "Stokes":
        return self if isinstance(other, int) and other == 0 else self + other  # Python's `sum` begins with 0

    def __mul__(self, factor: Any) -> "Stokes":
        if isinstance(factor, Stokes):
            raise TypeError("Two Stokes cannot be multiplied: multiply by a number or an array.")
        factor = strip_unit(factor, "", "The factor of a Stokes")
        factor = jnp.asarray(factor) if isinstance(factor, (list, tuple)) else factor
        return self._map(lambda values: _unblanked(values) * factor)

    __rmul__ = __mul__
    __array_ufunc__ = None  # NumPy and astropy leave products to __rmul__

    def __truediv__(self, divisor: Any) -> "Stokes":
        if isinstance(divisor, Stokes):
            raise TypeError("A Stokes cannot be divided by another: divide by a number or an array.")
        return self * (1 / divisor)

    def __neg__(self) -> "Stokes":
        return self * -1

    def __sub__(self, other: Any) -> "Stokes":
        return self + (-1) * other


def _unblanked(values: Maps) -> Maps:
    """Maps with NaN instead of the sentinel of HEALPix files, of which arithmetic would make a brightness."""
    if not is_concrete(values):  # which stays linear, so that instruments have an adjoint
        return values
    found = np.asarray(values)
    blank = np.abs(found) >= BLANK
    return jnp.asarray(np.where(blank, found.dtype.type(np.nan), found)) if np.any(blank) else values


def _check_convention(convention: str) -> None:
    if convention not in ("COSMO", "IAU"):
        raise ValueError(f"convention {convention!r} is not known: choose 'COSMO' (HEALPix) or 'IAU'.")


def _check_same(left: Stokes, right: Any) -> None:
    if not isinstance(right, Stokes):
        raise TypeError(f"A Stokes and a {type(right).__name__} cannot be added: convert it to Stokes first.")
    if left.axis != right.axis:
        raise ValueError("Maps of gamma rays and of radio waves cannot be added: they are at other photon energies.")
    if left.unit != right.unit:
        raise ValueError(f"Units differ, {left.unit} and {right.unit}: convert one with .to({left.unit!r}).")
    if left.convention != right.convention:
        raise ValueError(f"Conventions differ: convert one with .to_convention({left.convention!r}).")
    if left.I.shape != right.I.shape:
        raise ValueError(f"Maps have shapes {left.I.shape} and {right.I.shape}: bring both to one sky and frequencies.")
    if left.sky is not None and right.sky is not None:
        apart = difference(left.sky, right.sky, "those of the other")
        if apart:
            raise ValueError(f"Skies differ: the maps of one {apart}. Bring both to one nside, ordering and pixels.")
    known = is_concrete(left.frequency) and is_concrete(right.frequency)
    if known and not np.allclose(left.frequency, right.frequency):
        unit, what = UNITS[left.axis], "Energies" if left.axis == "energy" else "Frequencies"
        raise ValueError(f"{what} differ: {getattr(left, left.axis)} and {getattr(right, right.axis)} {unit}.")
