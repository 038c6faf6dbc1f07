"""What the columns and keywords of a map mean: Stokes parameters, units, frequency, polarisation convention."""

import math
from typing import Any

import numpy as np

from .._core.files import PathLike
from .._core.reading import FileError
from .._core.units import strip_unit
from ..sky.axes import GEV, check_energy
from .pixels import keyword
from .tables import unit_of
from .units import UNITS, brightness, same_brightness

_COLUMNS = {
    part: [part, f"{part}_STOKES", f"STOKES_{part}", *(f"{part}{dash}POLARI{s}ATION" for dash in "_-" for s in "SZ")]
    for part in "IQUV"
}
_COLUMNS["I"] += ["TEMPERATURE", "INTENSITY", "T"]


def stokes_tables(tables: list[Any], path: PathLike) -> list[Any]:
    """The tables that hold Stokes parameters; covariances, weights and hits in tables beside them are none.

    **Raises:** `FileError` for a file without any.
    """
    known = {spelling for spellings in _COLUMNS.values() for spelling in spellings}
    found = [table for table in tables if any(name.strip().upper() in known for name in _of(table))]
    if not found:
        raise FileError(
            f"{path} has no column of Stokes I, Q, U, only {', '.join(_of(tables[0]))}: read_map reads polarised maps; "
            "sl.io.read_columns reads any."
        )
    return found


def _of(table: Any) -> list[str]:
    return table.columns.names


def find_columns(table: Any, path: PathLike) -> dict[str, str]:
    """Names of the columns of I, if there is one, Q, U, and V if there is one.

    **Raises:** `FileError` for a table without Q or U, or with two columns of one of them.
    """
    found: dict[str, str] = {}
    for part in "IQUV":
        names = [name for name in _of(table) if name.strip().upper() in _COLUMNS[part]]
        if len(names) > 1:
            raise FileError(f"{path} has {len(names)} columns of Stokes {part}: {', '.join(names)}: leave one of them.")
        if names:
            found[part] = names[0]
    missing = ", ".join(part for part in "QU" if part not in found)
    if missing:
        raise FileError(
            f"{path} has no column of Stokes {missing}, only {', '.join(_of(table))}: read_map reads polarised maps; "
            "sl.io.read_columns reads any."
        )
    return found


def check_unit(unit: str | None) -> None:
    """Refuses a unit that is none of brightness.

    **Raises:** `ValueError`.
    """
    if unit is not None and unit not in UNITS:
        raise ValueError(f"unit = {unit!r} is not known: choose one of {', '.join(UNITS)}.")


def find_unit(table: Any, columns: list[str], path: PathLike, unit: str | None) -> tuple[float, Any]:
    """Factor and unit of the columns, from the argument or the file.

    **Raises:** `ValueError` for a unit that is not known; `FileError` for one that is ambiguous, missing, or
    contradicts the argument.
    """
    check_unit(unit)
    given = sorted({unit_of(table, name) for name in columns})
    found = {brightness(text) for text in given}
    if unit is not None:
        for text in filter(None, given):
            _check_same(text, unit, path)
        return UNITS[unit]
    if len(found) == 1:
        one = found.pop()
        if one is not None and one[1] != "K":
            return one
    number = _of(table).index(columns[0]) + 1
    raise FileError(
        f"{path} has TUNIT{number} = {' and '.join(map(repr, given))}, which does not name one brightness: "
        f"pass unit=, one of {', '.join(UNITS)}."
    )


def _check_same(text: str, unit: str, path: PathLike) -> None:
    """Refuses the unit that a file has where it is not the one that was passed."""
    found, wanted = brightness(text), UNITS[unit]
    if found is None:
        raise FileError(
            f"{path} is in {text!r}, which is no brightness: sl.io.read_columns reads maps of any quantity. If the "
            "keyword TUNITn is wrong, correct it with astropy.io.fits.setval."
        )
    if not (math.isclose(found[0], wanted[0], rel_tol=1e-9) and same_brightness(found, wanted)):
        raise FileError(f"{path} is in {text!r}, which is not unit = {unit!r}: pass what the file has.")


def check_convention(convention: str | None) -> None:
    """Refuses what is no polarisation convention.

    **Raises:** `ValueError`.
    """
    if convention is not None and convention.upper() not in ("COSMO", "IAU"):
        raise ValueError(f'convention = {convention!r} is not known: pass "COSMO" (HEALPix) or "IAU".')


def find_convention(table: Any, path: PathLike, convention: str | None) -> Any:
    """`"COSMO"` or `"IAU"`, from the argument or the file.

    **Raises:** `FileError` where neither says, or for another word.
    """
    cure = 'pass convention="COSMO" (HEALPix) or "IAU"'
    found = (convention or str(keyword(table.header, "POLCCONV", path, cure))).upper()
    if found not in ("COSMO", "IAU"):
        raise FileError(f"{path}: the polarisation convention {found!r} is not known: {cure}.")
    return found


def check_frequency(frequency: Any) -> np.ndarray | None:
    """Frequencies [GHz] that were passed, (n,).

    **Raises:** `ValueError` for what is not finite and positive.
    """
    if frequency is None:
        return None
    values = np.atleast_1d(np.asarray(strip_unit(frequency, "GHz", "frequency"), np.float64))
    _check_positive(values, f"frequency = {frequency}")
    return values


def find_frequencies(tables: list[Any], path: PathLike, frequency: np.ndarray | None) -> list[float]:
    """Frequency [GHz] of every table, from the argument or the file.

    **Raises:** `FileError` for a wrong number of frequencies, or where neither says.
    """
    if frequency is None:
        return [_frequency(table.header, path) for table in tables]
    if frequency.shape != (len(tables),):
        raise FileError(f"frequency = {frequency}: {path} holds {len(tables)} tables: pass one [GHz] for each.")
    return frequency.tolist()


def _frequency(header: Any, path: PathLike) -> float:
    import astropy.units as u

    if "ENERGY" in header and "FREQ" not in header:
        return _energy(header, path) / GEV
    cure = "pass frequency=, in GHz"
    value, unit = keyword(header, "FREQ", path, cure), keyword(header, "UNITFREQ", path, cure)
    try:
        frequency = float(u.Quantity(float(value), str(unit)).to_value(u.GHz))
    except (ValueError, TypeError):
        raise FileError(f"{path} has FREQ = {value!r}, UNITFREQ = {unit!r}, which is no frequency: {cure}.") from None
    if not 0 < frequency < float("inf"):
        raise FileError(f"{path}: FREQ = {value} must be finite and positive, in GHz.")
    return frequency


def _energy(header: Any, path: PathLike) -> float:
    """Energy [GeV] of photons of a map."""
    import astropy.units as u

    value, unit = header["ENERGY"], header.get("UNITENER", "GeV")
    try:
        return float(check_energy(u.Quantity(float(value), str(unit))))
    except (ValueError, TypeError) as error:
        raise FileError(f"{path} has ENERGY = {value!r}, UNITENER = {unit!r}: {error}") from None


def _check_positive(frequencies: np.ndarray, label: str) -> None:
    if not np.all(np.isfinite(frequencies) & (frequencies > 0)):
        raise ValueError(f"{label} must be finite and positive, in GHz.")
