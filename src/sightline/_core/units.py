"""Units at the boundary: quantities become numbers in the documented unit once, and are never carried inside."""

import inspect
import math
import re
from typing import Any, NamedTuple

import numpy as np

PHOTONS = "GeV-1 cm-2 s-1 sr-1"
"""The unit of brightness of gamma rays: photons, not their energy."""

_PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6, "k": 1e3, "M": 1e6}
_TEMPERATURE = re.compile(r"(?P<prefix>[mu]?)(?P<kind>K_RJ|K_CMB)")
_INTENSITY = re.compile(r"(?P<prefix>[kM]?)Jy/sr")


class BrightnessUnit(NamedTuple):
    """A unit of brightness.

    - `scale`: how many of `base`, `"K_RJ"`, `"K_CMB"`, `"MJy/sr"` or that of photons, it is.
    - `quantity`: its dimension in astropy's notation, e.g. `"uK"`.
    """

    scale: float
    base: str
    quantity: str


def brightness_unit(unit: Any) -> BrightnessUnit:
    """What a name such as `"uK_CMB"` or `"kJy/sr"` means.

    **Raises:** `ValueError` for a name that is not known, or of a temperature that may be either.

    !!! example
        >>> brightness_unit("mK_RJ")
        BrightnessUnit(scale=0.001, base='K_RJ', quantity='mK')
    """
    text = unit if isinstance(unit, str) else ""
    temperature, intensity = _TEMPERATURE.fullmatch(text), _INTENSITY.fullmatch(text)
    if temperature is not None:
        prefix, base = temperature["prefix"], temperature["kind"]
        return BrightnessUnit(_PREFIXES[prefix], base, f"{prefix}K")
    if intensity is not None:
        return BrightnessUnit(_PREFIXES[intensity["prefix"]] / 1e6, "MJy/sr", text)
    if text == PHOTONS:
        return BrightnessUnit(1.0, PHOTONS, PHOTONS)
    raise ValueError(
        f"unit {unit!r} is not known: choose 'K_RJ', 'K_CMB' or 'MJy/sr', of which milli and micro are 'mK_RJ' and "
        f"'uK_CMB', or 'kJy/sr' and 'Jy/sr'; of gamma rays {PHOTONS!r}."
    )


def strip_unit(value: Any, unit: Any, name: str) -> Any:
    """The number of `value` in `unit` if it has a unit of its own, or a list of such; `value` itself otherwise.

    Where an array is masked it is NaN: a mask would be lost on the way, and what lies under it taken for a value.

    **Arguments:**

    - `value`: a number, an array, an astropy quantity or column of a table, or a list or tuple of these.
    - `unit`: the documented unit, one of astropy or in its notation; `""` is dimensionless; `None`: one that is not
      known here, so that a number that has any is refused.
    - `name`: what the value is, for the error message.

    **Raises:** `ValueError` where the dimension is not that of `unit`, or the unit is of another library than astropy.

    !!! example
        >>> import astropy.units as u
        >>> strip_unit(500 * u.MHz, "GHz", "frequency")
        np.float64(0.5)
    """
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        items = [strip_unit(item, unit, name) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    own = unit_of(value)
    return _filled(value if own is None else _converted(value, own, unit, name))


def unit_of(value: Any) -> Any:
    """What an object says its unit is, in any library; `None` for one that has none."""
    if isinstance(value, (bool, int, float, str, np.generic)) or type(value) is np.ndarray:
        return None
    for place in ("unit", "units"):
        found = getattr(value, place, None)
        if found is not None and not inspect.isroutine(found):  # magnitudes and decibels are callable
            return found
    notes = getattr(value, "attrs", None)  # of xarray and pandas
    return notes.get("units", notes.get("unit")) if isinstance(notes, dict) else None


def _converted(value: Any, own: Any, unit: str | None, name: str) -> Any:
    import astropy.units as u

    if unit is None:
        raise ValueError(f"{name} was given in {str(own)!r}, and has the unit of what reads it: pass plain numbers.")
    wanted = f"a quantity convertible to {unit!r}" if unit else "a dimensionless number"
    try:
        if not isinstance(value, u.Quantity):
            value = _column(value)
        return value.to_value(u.Unit(unit))
    except (u.UnitsError, TypeError):
        raise ValueError(f"{name} was given in {str(own)!r}: pass {wanted}, or a plain number.") from None


def _column(value: Any) -> Any:
    """A column of an astropy table as a quantity, NaN where it is masked.

    **Raises:** `TypeError` for anything else.
    """
    import astropy.units as u
    from astropy.table import Column

    if not isinstance(value, Column):
        raise TypeError
    return u.Quantity(_filled(value), value.unit)


def _filled(value: Any) -> Any:
    """An array of numbers with NaN where it is masked; whole numbers of which none is masked remain so."""
    dtype = getattr(value, "dtype", None)  # times and coordinates of astropy have masks, but are no arrays
    if not (hasattr(value, "mask") and hasattr(value, "filled")) or getattr(dtype, "kind", "O") not in "biufc":
        return value
    masked = np.any(np.asarray(value.mask))
    return np.asarray(value.astype(np.result_type(dtype, np.float64)).filled(np.nan) if masked else value.filled(0))


def numbers(value: Any, unit: str | None, name: str) -> np.ndarray:
    """A copy of anything like an array of real numbers, in double precision and in `unit`; NaN where it is masked.

    **Arguments, raises:** as `strip_unit`; `TypeError` for what is no array of real numbers.

    !!! example
        >>> numbers([1, 2], "kpc", "distance")
        array([1., 2.])
    """
    stripped = strip_unit(value, unit, name)
    try:
        array = np.asarray(stripped)
    except ValueError as error:
        raise TypeError(f"{name} must be numbers in a regular array, not {type(value).__name__}: {error}") from None
    if array.dtype.kind in "cOSUMmT" or array.dtype.names:
        found = "complex numbers" if array.dtype.kind == "c" else f"{type(value).__name__} of {array.dtype}"
        raise TypeError(f"{name} must be real numbers, not {found}.")
    return np.array(array, np.float64)


def number(value: Any, unit: str | None, name: str) -> float:
    """One real number in `unit`.

    **Raises:** as `numbers`; `ValueError` for several.
    """
    array = numbers(value, unit, name)
    if array.ndim:
        raise ValueError(f"{name} must be one number, not an array of shape {array.shape}.")
    return float(array)


def whole(value: Any, name: str, least: int = 0) -> int:
    """One whole number, not below `least`.

    **Raises:** `ValueError`, or `TypeError` for what is no number.
    """
    found = number(value, "", name)
    if not (found == np.round(found) and found >= least):
        raise ValueError(f"{name} = {value} must be a whole number, {least} or more.")
    return int(found)


def refuse_units(**values: Any) -> None:
    """Refuses numbers that count something, by the name of their argument, where they have a unit.

    **Raises:** `ValueError`.
    """
    for name, value in values.items():
        strip_unit(value, None, name)


def same_unit(one: str, other: str) -> bool:
    """Whether two units in astropy's notation are one; False where it does not know them."""
    try:
        return math.isclose(float(quantity(one).to_value(other)), 1, rel_tol=1e-12)
    except (ValueError, TypeError):
        return False


def quantity(unit: str) -> Any:
    """One of a unit in astropy's notation."""
    from astropy.units import Quantity

    return Quantity(1.0, unit)
