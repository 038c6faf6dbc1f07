"""What the columns and keywords of a map mean: Stokes parameters, units, frequency, polarisation convention."""

from typing import Any

import numpy as np

from .._core.files import PathLike
from .._core.units import strip_unit
from .tables import keyword

_PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6}
_UNITS = {f"{prefix}{unit}": (factor, unit) for prefix, factor in _PREFIXES.items() for unit in ("K_RJ", "K_CMB")}
_UNITS |= {f"{prefix}Jy/sr": (factor / 1e6, "MJy/sr") for prefix, factor in {"": 1.0, "k": 1e3, "M": 1e6}.items()}
_COLUMNS = {
    part: [part, f"{part}_STOKES", f"STOKES_{part}", *(f"{part}{dash}POLARI{s}ATION" for dash in "_-" for s in "SZ")]
    for part in "IQUV"
}
_COLUMNS["I"] += ["TEMPERATURE", "INTENSITY", "T"]


def find_columns(table: Any, path: PathLike) -> dict[str, str]:
    """Names of the columns of I, Q, U, and V if there is one.

    **Raises:** `ValueError` for a table without I, Q or U.
    """
    names = table.columns.names
    found = {part: name for part in "IQUV" for name in reversed(names) if name.upper() in _COLUMNS[part]}
    missing = ", ".join(part for part in "IQU" if part not in found)
    if missing:
        raise ValueError(
            f"{path} has no column of Stokes {missing}, only {', '.join(names)}: read_map reads polarised maps; "
            "sl.io.read_columns reads any."
        )
    return found


def find_unit(table: Any, columns: list[str], path: PathLike, unit: str | None) -> tuple[float, Any]:
    """Factor and unit of the columns, from the argument or the file.

    **Raises:** `ValueError` for a unit that is not known, ambiguous or missing.
    """
    if unit is not None:
        if unit not in _UNITS:
            raise ValueError(f"unit = {unit!r} is not known: choose one of {', '.join(_UNITS)}.")
        return _UNITS[unit]
    found = {(table.columns[name].unit or "").strip() for name in columns}
    if len(found) == 1 and found <= set(_UNITS):
        return _UNITS[found.pop()]
    number = table.columns.names.index(columns[0]) + 1
    raise ValueError(
        f"{path} has TUNIT{number} = {' and '.join(map(repr, sorted(found)))}, which does not name one brightness: "
        f"pass unit=, one of {', '.join(_UNITS)}."
    )


def find_convention(table: Any, path: PathLike, convention: str | None) -> Any:
    """`"COSMO"` or `"IAU"`, from the argument or the file.

    **Raises:** `ValueError` where neither says, or for another word.
    """
    cure = 'pass convention="COSMO" (HEALPix) or "IAU"'
    found = convention or str(keyword(table.header, "POLCCONV", path, cure))
    if found.upper() not in ("COSMO", "IAU"):
        raise ValueError(f"{path}: the polarisation convention {found!r} is not known: {cure}.")
    return found.upper()


def find_frequencies(tables: list[Any], path: PathLike, frequency: Any) -> list[float]:
    """Frequency [GHz] of every table, from the argument or the file.

    **Raises:** `ValueError` for a wrong number of frequencies, or where neither says.
    """
    if frequency is None:
        return [_frequency(table.header, path) for table in tables]
    values = np.atleast_1d(np.asarray(strip_unit(frequency, "GHz", "frequency"), np.float64))
    if values.shape != (len(tables),):
        raise ValueError(f"frequency = {frequency}: {path} holds {len(tables)} tables: pass one [GHz] for each.")
    return _check_positive(values, f"frequency = {frequency}")


def _frequency(header: Any, path: PathLike) -> float:
    import astropy.units as u

    cure = "pass frequency=, in GHz"
    value, unit = keyword(header, "FREQ", path, cure), keyword(header, "UNITFREQ", path, cure)
    try:
        frequency = np.asarray([u.Quantity(float(value), unit).to_value(u.GHz)])
    except (ValueError, TypeError):
        raise ValueError(f"{path} has FREQ = {value!r}, UNITFREQ = {unit!r}, which is no frequency: {cure}.") from None
    return _check_positive(frequency, f"{path}: FREQ = {value}")[0]


def _check_positive(frequencies: np.ndarray, label: str) -> list[float]:
    if not np.all(np.isfinite(frequencies) & (frequencies > 0)):
        raise ValueError(f"{label} must be finite and positive, in GHz.")
    return frequencies.tolist()
