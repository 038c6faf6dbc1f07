"""Tables of FITS files of the OGIP formats: found by name or class, and their columns read as plain numbers."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..._core.files import PathLike
from ..._core.reading import FileError
from ..tables import check_table

_UNITS = {"kev": 1.0, "ev": 1e-3, "mev": 1e3, "gev": 1e6, "meV": 1e-6}


@contextlib.contextmanager
def stating(path: PathLike) -> Iterator[None]:
    """What is wrong with the content of a file is a `FileError` that names it."""
    try:
        yield
    except FileError:
        raise
    except ValueError as error:
        raise FileError(f"path = {path}: {error}") from None


def find_tables(file: Any, names: tuple[str, ...], classes: dict[str, str]) -> Iterator[Any]:
    """The tables that have one of these names, or whose HDUCLAS keywords are these, one after the other."""
    from astropy.io import fits

    for hdu in file:
        if not isinstance(hdu, fits.BinTableHDU):
            continue
        header = hdu.header
        called = str(hdu.name).strip().upper()
        if called in names or all(text(header, key).upper() == value for key, value in classes.items()):
            yield hdu


def checked(table: Any, path: PathLike, *needed: str) -> Any:
    """A table that is sound, has rows, and has these columns.

    **Raises:** `FileError`.
    """
    check_table(table, path)
    if not len(table.data):
        raise FileError(f"path = {path}: the table {table.name} has no rows.")
    missing = [name for name in needed if not has(table, name)]
    if missing:
        raise FileError(
            f"path = {path}: the table {table.name} has no column {missing[0]}, but {', '.join(table.columns.names)}."
        )
    return table


def has(table: Any, name: str) -> bool:
    """Whether a table has a column, in capitals or not."""
    return name in (str(own).upper() for own in table.columns.names)


def text(header: Any, key: str) -> str:
    """A keyword as text without blanks around, empty where it is missing."""
    value = header.get(key, "")
    return value.strip() if isinstance(value, str) else ""


def value(header: Any, key: str, path: PathLike, default: float | None = None) -> float | None:
    """A keyword as a number.

    **Raises:** `FileError` where it is no finite number.
    """
    found = header.get(key, default)
    if found is default:
        return default
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not np.isfinite(found):
        raise FileError(f"path = {path} has {key} = {found!r}, which is no number: correct the keyword.")
    return float(found)


def column(table: Any, name: str, path: PathLike) -> np.ndarray:
    """A column of fixed length, (rows,) or (rows, width), in double precision; NaN where it says it has no value.

    **Raises:** `FileError` for a column that holds no real numbers.
    """
    form = form_of(table, name)
    values = np.asarray(table.data.field(form.name))
    if values.dtype.kind not in "fiu":
        raise FileError(f"path = {path}: column {name} holds no numbers, but {form.format}.")
    found = values.astype(np.float64).reshape(len(values), -1)
    if form.null is not None and values.dtype.kind in "iu":
        raw = np.asarray(table.data.view(np.ndarray)[form.name]).reshape(found.shape)
        found[raw == int(form.null)] = np.nan
    return found[:, 0] if found.shape[1] == 1 else found


def energies(table: Any, name: str, path: PathLike) -> np.ndarray:
    """A column of energies, (rows,), keV, whatever unit of energy it has.

    **Raises:** `FileError` for other units and columns.
    """
    unit = str(form_of(table, name).unit or "keV").strip()
    factor = _UNITS.get(unit, _UNITS.get(unit.lower()))  # case matters between meV and MeV alone
    if factor is None:
        raise FileError(f"path = {path}: column {name} is in {unit!r}, and must be in keV: convert it.")
    return _one(column(table, name, path), name, path) * factor


def scalars(table: Any, name: str, path: PathLike) -> np.ndarray:
    """A column of one number a row, (rows,).

    **Raises:** `FileError` for others.
    """
    return _one(column(table, name, path), name, path)


def _one(values: np.ndarray, name: str, path: PathLike) -> np.ndarray:
    if values.ndim != 1:
        raise FileError(f"path = {path}: column {name} holds {values.shape[1]} numbers a row, and must hold one.")
    return values


def form_of(table: Any, name: str) -> Any:
    """How a column is stored, by its name in capitals."""
    own = next(own for own in table.columns.names if str(own).upper() == name)
    return table.columns[own]
