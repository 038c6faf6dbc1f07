"""Files of tables of sources: archives of NumPy, FITS, ECSV, VOTable and text, told apart by what they hold."""

import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..._core.archives import read_archive, scan_archive
from ..._core.files import PathLike
from ..._core.reading import FileError, read_text, reading
from ...io.tables import check_table, open_fits, read_values, unit_of
from .columns import SourceTable
from .text import Column, text_columns

_WHAT = "is no table that astropy reads, nor text with a row of names"
_OUTSIDE = re.compile(r"<!(?:DOCTYPE|ENTITY)|<STREAM[^>]*href", re.IGNORECASE)


def read_table(path: PathLike, wanted: Iterable[str]) -> SourceTable:
    """A table of sources: an archive of NumPy, FITS, ECSV, VOTable, or text with a row of names.

    **Arguments:** `wanted`: names, in small letters, of the columns that are read; others are not.

    **Raises:** `FileNotFoundError`; `FileError` for another kind of file, and for columns of unequal length.

    !!! example
        >>> from pathlib import Path
        >>> _ = Path("sources.csv").write_text("l [deg], b [deg], rm [rad/m2]\\n10, 5, -30\\n20, 6, *\\n")
        >>> read_table("sources.csv", ("l", "rm")).number("rm", "rad m-2")
        array([-30.,  nan])
    """
    names = set(wanted)
    with reading(path, _WHAT):
        with open(path, "rb") as file:
            start = file.read(9)
        if start[:2] == b"PK":
            columns = _of_archive(path, names)
        elif start == b"SIMPLE  =" or start[:2] in (b"\x1f\x8b", b"BZ", b"\xfd7"):
            columns = _of_fits(path, names)
        elif Path(path).suffix in (".npz", ".fits", ".fit"):
            raise FileError(f"path = {path} {_WHAT}: it is not what the end of its name says.")
        else:
            columns = _of_text(path, read_text(path, _WHAT), names)
        lengths = {len(column.values) for name, column in columns.items() if name.lower() in names}
        if len(lengths) > 1:
            raise FileError(f"path = {path} holds arrays of several shapes, which are no columns of one table.")
        return SourceTable(path, columns, next(iter(lengths), 0))


def _of_archive(path: PathLike, wanted: set[str]) -> dict[str, Column]:
    entries = scan_archive(path)
    if len({entry.shape for entry in entries.values()}) > 1 or any(len(entry.shape) != 1 for entry in entries.values()):
        raise FileError(f"path = {path} holds arrays of several shapes, which are no columns of one table.")
    found = read_archive(path, [name for name in entries if name.lower() in wanted])
    return {name: Column(found.get(name, np.zeros(0)), "") for name in entries}


def _of_fits(path: PathLike, wanted: set[str]) -> dict[str, Column]:
    from astropy.io import fits

    with open_fits(path) as file:
        tables = [hdu for hdu in file[1:] if isinstance(hdu, fits.BinTableHDU)]
        if not tables:
            raise FileError(f"path = {path} holds no binary table.")
        table: Any = tables[0]
        check_table(table, path)
        names: list[str] = table.columns.names
        if len(set(names)) < len(names):
            raise FileError(f"path = {path} has two columns of one name.")
        return {
            name: Column(
                _fits_values(table, name, path) if name.lower() in wanted else np.zeros(0), unit_of(table, name)
            )
            for name in names
        }


def _fits_values(table: Any, name: str, path: PathLike) -> np.ndarray:
    values = np.asarray(table.data.field(name))
    if values.ndim != 1:
        raise FileError(f"path = {path}: column {name} holds several values a row.")
    return values.astype(str) if values.dtype.kind in "SU" else read_values(table, name, path)


def _of_text(path: PathLike, text: str, wanted: set[str]) -> dict[str, Column]:
    """A table in text of any of the kinds that say what they are, or of none."""
    from astropy.io import ascii
    from astropy.table import Table

    start = text.lstrip()[:200]
    if start.startswith("# %ECSV"):
        table: Any = ascii.read(text.splitlines(), format="ecsv", guess=False)
    elif start.startswith("<?xml") or "<VOTABLE" in start:
        if _OUTSIDE.search(text):
            raise FileError(f"path = {path} refers to other files or defines entities: such a VOTable is not read.")
        table = Table.read(io.BytesIO(text.encode()), format="votable")
    else:
        return text_columns(text, wanted, path)
    return {
        name: Column(_values(table[name], name, path) if name.lower() in wanted else np.zeros(0), _unit(table[name]))
        for name in table.colnames
    }


def _unit(column: Any) -> str:
    unit = getattr(column, "unit", None)
    return "" if unit is None else str(unit)


def _values(column: Any, name: str, path: PathLike) -> np.ndarray:
    """A column of astropy; what is masked becomes NaN in numbers and empty in text."""
    values = np.ma.getdata(getattr(column, "value", column))
    mask = np.broadcast_to(getattr(column, "mask", False), np.shape(values))
    if values.ndim != 1 or values.dtype.kind not in "fiubSUO":
        raise FileError(f"path = {path}: column {name} is no column of one number or text a row.")
    if values.dtype.kind in "fiub":
        return np.where(mask, np.nan, values.astype(np.float64))
    return np.where(mask, "", values.astype(str))
