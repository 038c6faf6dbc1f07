"""Units as files spell them: brightness, whose kelvins are of two kinds, and everything else, by astropy."""

import math
import re
from typing import Any

import numpy as np

from .._core.reading import FileError
from .._core.units import PHOTONS

_PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
UNITS = {f"{prefix}{unit}": (factor, unit) for prefix, factor in _PREFIXES.items() for unit in ("K_RJ", "K_CMB")}
UNITS |= {"MJy/sr": (1.0, "MJy/sr"), "kJy/sr": (1e-3, "MJy/sr"), "Jy/sr": (1e-6, "MJy/sr"), PHOTONS: (1.0, PHOTONS)}
"""Units of brightness: the factor to, and name of, that of `Stokes`."""
_KELVIN = re.compile(r"(m|u|µ|μ|micro|milli|n)?\s*K(?:elvins?)?[\s,_(\[-]*([A-Za-z]*)[)\]]?", re.IGNORECASE)
_NUMBER = re.compile(
    r"\s*(?:10\s*(?:(?:\*\*|\^)\s*\(?\s*([+-]?\d+)\s*\)?|([+-]\d+))|(\d+\.?\d*(?:[eE][+-]?\d+)?))\s*\*?\s*(.*)",
    re.DOTALL,
)
_KINDS = {"": "K"} | dict.fromkeys(("RJ", "ANTENNA", "ANT", "TB", "B", "RAYLEIGHJEANS"), "K_RJ")
_KINDS |= {"CMB": "K_CMB", "THERMODYNAMIC": "K_CMB", "THERMO": "K_CMB"}
_WORDS = {"milli": "m", "micro": "u", "µ": "u", "μ": "u"}
_SPELLINGS = {"degrees": "deg", "degree": "deg", "hours": "hourangle", "hour": "hourangle", "hr": "hourangle"}
_SPELLINGS |= {"h": "hourangle", "hms": "hourangle", "dms": "deg", "counts": "count"}
_SPELLINGS |= dict.fromkeys(("angstroms", "angstrom", "ang", "ångström"), "Angstrom")


def brightness(text: str) -> tuple[float, str] | None:
    """The factor and kind, `K_RJ`, `K_CMB`, `MJy/sr`, photons or `K`, that a unit names; `None` if no brightness.

    !!! example
        >>> brightness("mK,thermodynamic"), brightness("10^-6 K"), brightness("kpc")
        ((0.001, 'K_CMB'), (1e-06, 'K'), None)
    """
    factor, rest = split_factor(_bare(text))
    plain = _bare(rest)
    known = _brightness(plain) if 0 < factor < math.inf and not re.match(r"[\d.+-]", plain) else None
    return None if known is None else (factor * known[0], known[1])


def same_brightness(one: tuple[float, str], other: tuple[float, str]) -> bool:
    """Whether two kinds of brightness may be one: kelvins alone may be of either temperature.

    !!! example
        >>> same_brightness((1.0, "K"), (1.0, "K_CMB")), same_brightness((1.0, "K"), (1.0, "MJy/sr"))
        (True, False)
    """
    kinds = {one[1], other[1]}
    return len(kinds) == 1 or ("K" in kinds and kinds <= {"K", "K_RJ", "K_CMB"})


def split_factor(text: str) -> tuple[float, str]:
    """The number that a unit begins with, 1 if none, and the rest.

    !!! example
        >>> split_factor("10**(-20)*erg"), split_factor("10-20 erg"), split_factor("1.5e3 K_CMB"), split_factor("K")
        ((1e-20, 'erg'), (1e-20, 'erg'), (1500.0, 'K_CMB'), (1.0, 'K'))
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        return 1.0, text
    power = found[1] or found[2]
    return float(f"1e{power}") if power else float(found[3]), found[4]


def _brightness(plain: str) -> tuple[float, str] | None:
    """See `brightness`, of a unit without a number before it."""
    if plain in UNITS:
        return UNITS[plain]
    found = _KELVIN.fullmatch(plain)
    if found is not None and not plain.startswith("M"):
        prefix, kind = (found[1] or "").lower(), found[2].upper()
        if kind in _KINDS:
            return _PREFIXES[_WORDS.get(prefix, prefix)], _KINDS[kind]
    for unit in ("MJy/sr", PHOTONS, "K") if plain else ():
        try:
            found = _parse(plain.replace("ph ", ""))
            if not hasattr(found, "function_unit"):  # of magnitudes and logarithms
                return float(found.to(unit)), unit
        except (ValueError, TypeError):
            continue
    return None


def convert(values: np.ndarray, given: str, wanted: str, where: str) -> np.ndarray:
    """Numbers in the unit `given`, in that which is `wanted`; those without a unit, `""`, have it already.

    **Arguments:** `where`: the file and column, for the error.

    **Raises:** `FileError` for a unit that is not known or has another dimension.

    !!! example
        >>> convert(np.array([2.0]), "rad/cm^2", "rad m-2", "sources.csv: column rm")
        array([20000.])
    """
    if not given or given == wanted:
        return values
    factor = unit_factor(given, wanted, where)
    return values if factor == 1 else values * np.asarray(factor, values.dtype)


def unit_factor(given: str, wanted: str, where: str, angles: bool = True) -> float:
    """What numbers in the unit `given` are multiplied by to be in that which is `wanted`.

    **Arguments:** `angles`: whether radians may be left out, as in rad m^-2, but not where they are of a solid angle.

    **Raises:** as `convert`.
    """
    here, there = brightness(given), brightness(wanted)
    if here is not None and there is not None:
        if not same_brightness(here, there):
            raise FileError(f"{where} is in {given!r}, which is no {wanted!r}: convert it (sl.Stokes.to) first.")
        return here[0] / there[0]
    import astropy.units as u

    try:
        return float(_parse(given).to(_parse(wanted), equivalencies=u.dimensionless_angles() if angles else []))
    except (ValueError, TypeError) as error:
        raise FileError(f"{where} has the unit {given!r}, which is none of {wanted!r}: {error}") from None


def check_unit(unit: str, where: str) -> None:
    """Refuses a unit that no reader would know; `""` is none.

    **Arguments:** `where`: what has it, for the error.

    **Raises:** `ValueError`.
    """
    if unit and brightness(unit) is None:
        try:
            _parse(re.sub(r"\(?(u?K)_(?:CMB|RJ)\)?", r"\1", unit))  # powers of them
        except ValueError as error:
            raise ValueError(f"{where}: {error}. Spell it as FITS does, 'rad m-2', or give '' for none.") from None


def _bare(text: str) -> str:
    """A unit without brackets around it."""
    plain = text.strip()
    while len(plain) > 1 and (plain[0], plain[-1]) in (("(", ")"), ("[", "]")):
        plain = plain[1:-1].strip()
    return plain


def _parse(text: str) -> Any:
    """A unit of astropy from text in any of its formats.

    **Raises:** `ValueError` for what is none.
    """
    import astropy.units as u

    plain = _bare(text)
    plain = _SPELLINGS.get(plain.lower(), plain).replace("**", "^")
    for form in ("generic", "fits", "cds"):
        try:
            return u.Unit(plain, format=form)
        except (ValueError, TypeError, KeyError):
            continue
    raise ValueError(f"{text!r} is no unit that astropy knows")
