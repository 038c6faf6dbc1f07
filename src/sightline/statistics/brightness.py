"""Stokes parameters of a map as an observable, and data brought to the same unit and convention."""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.module import default_float, is_concrete
from ..geometry import AbstractSky, HealpixSky, Sightlines, as_sightlines
from ..model import Model
from ..simulator.checks import check_frequency
from ..stokes import Stokes, per_kelvin
from .noise import nuisance

BLANK = 1e30  # HEALPix files hold -1.6375e30 where nothing was observed


class Brightness(eqx.Module):
    """Stokes parameters of a sky as an instrument measures them, in K (Rayleigh-Jeans) and COSMO convention.

    **Arguments:**

    - `sightlines`: a sky or `Sightlines`; `frequency`: as for a `Simulator`, GHz.
    - `parameters`: which of them, and in which order: some of `"IQUV"`.
    - `instrument`: of the `Model`, by name; `offset`: a nuisance of the `Model` by name, K_RJ: a number is added to I,
      an array, (k,), to each parameter.

    **Returns:** (k, npix), or (k, nfreq, npix) for several frequencies.

    **Raises:** `ValueError` for names that the model does not have.

    !!! example
        >>> sl.statistics.Brightness(sky, frequency=23.0, parameters="QU")(simulator).shape
        (2, 768)
    """

    sightlines: Sightlines = eqx.field(converter=as_sightlines)
    frequency: Float[Array, "*frequencies"] = eqx.field(converter=check_frequency)
    parameters: str = eqx.field(default="IQU", static=True)
    instrument: str | None = eqx.field(default=None, static=True)
    offset: str | None = eqx.field(default=None, static=True)

    def __check_init__(self) -> None:
        names = set(self.parameters)
        if not names or len(names) < len(self.parameters) or names - set("IQUV"):
            raise ValueError(f"parameters = {self.parameters!r}: name some of 'IQUV', each once.")

    def __call__(self, model: Any) -> Float[Array, "k *maps"]:
        """The maps of a `Simulator` or a `Model`."""
        stokes = self._observe(model).to("K_RJ").to_convention("COSMO")
        if stokes.V is None and "V" in self.parameters:
            raise ValueError("The model has no V: leave it out of `parameters`, or add an operator that emits it.")
        maps = jnp.stack([getattr(stokes, name) for name in self.parameters])
        return maps if self.offset is None else maps + self._zero_level(model, maps)

    def _observe(self, model: Any) -> Stokes:
        if isinstance(model, Model):
            return model.observe(self.sightlines, self.frequency, self.instrument)
        if self.instrument is not None:
            raise ValueError(f"instrument = {self.instrument!r} needs a sl.Model that has it, not a bare Simulator.")
        return model(self.sightlines, self.frequency)

    def _zero_level(self, model: Any, maps: Array) -> Array:
        level = nuisance(model, str(self.offset), "offset =")
        if level.ndim == 0:
            if "I" not in self.parameters:
                raise ValueError(f"offset = {self.offset!r} is one number, which is added to I, which is not fitted.")
            level = level * jnp.asarray([name == "I" for name in self.parameters], level.dtype)
        if level.shape[:1] != (len(self.parameters),) or level.ndim >= maps.ndim:
            raise ValueError(f"offset = {self.offset!r} has shape {level.shape}: give one number for each parameter.")
        return level.reshape(level.shape + (1,) * (maps.ndim - level.ndim))


class Converted(NamedTuple):
    """Data in K_RJ and COSMO, and what brought them there.

    - `values`: in the shape of the observable, NaN where nothing was observed.
    - `factor`: K_RJ of one unit, per frequency; `signs`: of each parameter.
    - `given`: unit and convention of the data as they came.
    """

    values: np.ndarray
    factor: np.ndarray
    signs: np.ndarray
    given: str


def to_brightness(
    data: Any, target: Brightness, unit: str | None, convention: str | None, same_sky: bool = True
) -> Converted:
    """Data in K_RJ and COSMO, in the shape of `target`, or of other pixels unless `same_sky`.

    **Raises:** `ValueError` for data without unit or convention, of another sky or frequency.
    """
    if isinstance(data, Stokes):
        if unit is not None or convention is not None:
            raise ValueError("A Stokes knows its unit and convention: leave `unit` and `convention` out.")
        values, unit, convention = _maps(data, target, same_sky), data.unit, data.convention
        frequency = data.frequency
    else:
        if unit is None or (convention is None and set(target.parameters) & set("QU")):
            raise ValueError(
                "data are arrays: state unit=('K_RJ', 'K_CMB' or 'MJy/sr') and, for Q and U, convention=('COSMO' or "
                "'IAU'), or pass a sl.Stokes."
            )
        values, frequency = np.asarray(data, np.float64), target.frequency
    if convention not in (None, "COSMO", "IAU"):
        raise ValueError(f"convention {convention!r} is not known: choose 'COSMO' (HEALPix) or 'IAU'.")
    size = target.sightlines.sky.size if same_sky else values.shape[-1]
    shape = (len(target.parameters), *np.shape(frequency), size)
    values = values[None] if values.shape == shape[1:] and len(target.parameters) == 1 else values
    _check_shape(values.shape, shape, target.sightlines.sky)
    factor = 1 / np.asarray(per_kelvin(unit, jnp.asarray(frequency, default_float())), np.float64)
    signs = np.array([-1.0 if convention == "IAU" and name == "U" else 1.0 for name in target.parameters])
    blank = ~(np.abs(values) < BLANK)
    values = np.where(blank, np.nan, values * factor[..., None] * signs.reshape(-1, *[1] * (len(shape) - 1)))
    given = ", ".join(filter(None, (unit, convention)))
    return Converted(values, factor, signs, given)


def _maps(data: Stokes, target: Brightness, same_sky: bool) -> np.ndarray:
    if same_sky:
        _check_same_sky(data.sky, target.sightlines.sky)
    _check_frequency(data, target)
    parts = [getattr(data, name) for name in target.parameters]
    if any(part is None for part in parts):
        raise ValueError(f"The data have no V, which parameters = {target.parameters!r} names.")
    return np.stack([np.asarray(part, np.float64) for part in parts])


def _check_frequency(data: Stokes, target: Brightness) -> None:
    if target.instrument is not None or not (is_concrete(data.frequency) and is_concrete(target.frequency)):
        return  # a band may be simulated at several frequencies
    same = data.frequency.shape == target.frequency.shape
    if not same or not np.allclose(data.frequency, target.frequency, rtol=1e-3):
        raise ValueError(f"The data are at {data.frequency} GHz, frequency = {target.frequency} GHz.")


def _check_same_sky(given: AbstractSky | None, sky: AbstractSky) -> None:
    if isinstance(given, HealpixSky) and isinstance(sky, HealpixSky):
        names = {True: "NESTED", False: "RING"}
        ours, theirs = (f"NSIDE {s.nside} in {names[s.nest]} order" for s in (sky, given))
        if ours != theirs:
            raise ValueError(f"The data are at {theirs}, the sky at {ours}: bring both to one.")
        if not np.array_equal(given.indices, sky.indices):
            raise ValueError("The data are of other pixels than the sky.")


def _check_shape(found: tuple[int, ...], shape: tuple[int, ...], sky: AbstractSky) -> None:
    if found == shape:
        return
    hint = ""
    if isinstance(sky, HealpixSky) and found and found[-1] != sky.size:
        nside = round((found[-1] / 12) ** 0.5)
        other = f", as at NSIDE {nside}" if 12 * nside**2 == found[-1] else ""
        hint = f" The data have {found[-1]} pixels{other}, the sky {sky.size}, at NSIDE {sky.nside}."
    raise ValueError(f"The data have shape {found}, the model {shape}: (parameters, frequencies, pixels).{hint}")
