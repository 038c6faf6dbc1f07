"""Data of maps brought to the unit, convention, pixels and frequency of what is compared with them."""

import dataclasses
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ..._core.module import default_float
from ..._core.units import PHOTONS, brightness_unit, numbers
from ..axes import BRIGHTNESS, GEV, UNITS
from ..brightness import conversion, per_kelvin
from ..geometry import AbstractSky, HealpixSky, difference
from ..stokes import Stokes, is_blank
from .brightness import Brightness
from .labels import check_label


class Converted(NamedTuple):
    """Data in the unit of an observable and COSMO, and what brought them there.

    - `observable`: in the unit of the values, which is K_RJ, or photons, but for arrays of a band.
    - `values`: in the shape of the observable, NaN where nothing was observed.
    - `factor`: how many of its unit one unit of the data is, per frequency; `signs`: of each parameter.
    - `unit`: of the data as they came; `given`: and their convention.
    """

    observable: Brightness
    values: np.ndarray
    factor: np.ndarray
    signs: np.ndarray
    unit: str
    given: str

    def numbers(self, values: Any, name: str, power: int = 1) -> np.ndarray:
        """Noise, a floor or a covariance as plain numbers in a power of the unit of the data."""
        return numbers(values, _power(self.unit, power), name)


def _power(unit: str, power: int) -> str:
    """A power of a unit in astropy's notation: `"uK2"`, `"MJy2/sr2"`."""
    quantity = brightness_unit(unit).quantity
    if quantity == PHOTONS:
        return " ".join(f"{part[:-2]}{power * int(part[-2:])}" for part in quantity.split())
    return quantity if power == 1 else "/".join(f"{part}{power}" for part in quantity.split("/"))


def to_brightness(
    data: Any, target: Brightness, unit: str | None, convention: str | None, same_sky: bool = True
) -> Converted:
    """Data as `target` gives them, or of other pixels unless `same_sky`.

    **Raises:** `ValueError` for data without unit or convention, of another sky or frequency.
    """
    if isinstance(data, Stokes):
        if unit is not None or convention is not None:
            raise ValueError("A Stokes knows its unit and convention: leave `unit` and `convention` out.")
        values, unit, convention = stokes_values(data, target, "data", same_sky), data.unit, data.convention
        frequency = getattr(data, target.asked.axis)
        target = _labelled(target, frequency)
    else:
        if unit is None or (convention is None and set(target.parameters) & set("QU")):
            raise ValueError(
                "data are arrays: state unit=('K_RJ', 'K_CMB', 'MJy/sr', or e.g. 'uK_CMB'; of gamma rays "
                f"{PHOTONS!r}) and, for Q and U, "
                "convention=('COSMO' or 'IAU'), or pass a sl.Stokes."
            )
        values = numbers(data, brightness_unit(unit).quantity, "data")
        target, frequency = _of_arrays(target, values.shape, unit)
    if convention not in (None, "COSMO", "IAU"):
        raise ValueError(f"convention {convention!r} is not known: choose 'COSMO' (HEALPix) or 'IAU'.")
    size = target.sightlines.sky.size if same_sky else values.shape[-1]
    shape = (len(target.parameters), *np.shape(frequency), size)
    values = values[None] if values.shape == shape[1:] and len(target.parameters) == 1 else values
    _check_shape(values.shape, shape, target.sightlines.sky)
    factor = np.ones(np.shape(frequency)) if target.unit == unit else _factor(target, unit, frequency)
    signs = np.array([-1.0 if convention == "IAU" and name == "U" else 1.0 for name in target.parameters])
    signed = values * factor[..., None] * signs.reshape(-1, *[1] * (len(shape) - 1))
    given = ", ".join(filter(None, (unit, convention)))
    return Converted(target, np.where(is_blank(values), np.nan, signed), factor, signs, unit, given)


def _factor(target: Brightness, unit: str, at: Any) -> np.ndarray:
    """How many of the unit of simulations a unit of the data is, at frequencies [GHz] or energies [GeV]."""
    axis = target.asked.axis
    if axis == "frequency":
        return np.asarray(1 / np.asarray(per_kelvin(unit, jnp.asarray(at, default_float())), np.float64))
    return np.asarray(conversion(BRIGHTNESS[axis], unit, np.asarray(at, np.float64) / GEV), np.float64)


def _labelled(target: Brightness, frequency: Any) -> Brightness:
    """`target` whose instrument must give maps of this frequency: a band is simulated at several."""
    if target.instrument is None:
        return target
    label = np.asarray(frequency, np.float64).tolist()
    return dataclasses.replace(target, nominal=tuple(label) if isinstance(label, list) else label)


def _of_arrays(target: Brightness, shape: tuple[int, ...], unit: str) -> tuple[Brightness, Any]:
    """The observable for arrays, and their frequencies.

    Arrays with no axis for the frequencies that an instrument sees are of its band, whose label only the model knows:
    they keep their unit, and the model is brought to it.
    """
    several = target.instrument is not None and target.asked.values.ndim
    if several and len(shape) < 3 and shape[:-1] in ((), (len(target.parameters),)):
        return dataclasses.replace(target, unit=unit), np.ones(())
    return _labelled(target, target.asked.values), target.asked.values


def stokes_values(data: Stokes, target: Brightness, name: str, same_sky: bool = True) -> np.ndarray:
    """The parameters of a `Stokes`, which must be of the sky and frequency of `target`, (k, ...)."""
    sky = target.sightlines.sky
    apart = difference(data.sky, sky, "the sky") if same_sky and data.sky is not None else ""
    if apart:
        raise ValueError(f"The {name} {apart}: bring both to one.")
    if target.instrument is None:  # a band may be simulated at several
        axis, values = target.asked
        if data.axis != axis:
            raise ValueError(
                f"The {name} are in {data.unit!r}, no map of {axis}= : convert them, or name the other axis."
            )
        check_label(f"The {name} are at", getattr(data, axis), f"{axis} =", values, UNITS[axis])
    missing = [part for part in target.parameters if getattr(data, part) is None]
    if missing:
        raise ValueError(f"The {name} have no {missing[0]}, which parameters = {target.parameters!r} names.")
    return np.stack([np.asarray(getattr(data, part), np.float64) for part in target.parameters])


def _check_shape(found: tuple[int, ...], shape: tuple[int, ...], sky: AbstractSky) -> None:
    if found == shape:
        return
    hint = ""
    if isinstance(sky, HealpixSky) and found and found[-1] != sky.size:
        nside = round((found[-1] / 12) ** 0.5)
        other = f", as at NSIDE {nside}" if 12 * nside**2 == found[-1] else ""
        hint = f" The data have {found[-1]} pixels{other}, the sky {sky.size}, at NSIDE {sky.nside}."
    raise ValueError(f"The data have shape {found}, the model {shape}: (parameters, frequencies, pixels).{hint}")
