"""Spectra in files of type I, one in a table, and of type II, one in each row."""

import mmap
from typing import Any, NamedTuple

import numpy as np

from ..._core.files import PathLike
from ..._core.reading import FileError
from ...xray.counts.spectrum import Spectrum
from ..tables import open_fits
from .hdu import checked, column, find_tables, has, stating, text, value
from .ragged import ragged

_ROUND = 1e-4  # what rates in single precision leave of whole counts


class Filed(NamedTuple):
    """A spectrum, and the files that its own file names: `None` for none."""

    spectrum: Spectrum
    background: str | None
    response: str | None
    area: str | None


class _Source(NamedTuple):
    """One spectrum of a table: `row` is `None` where the table holds only one."""

    table: Any
    row: int | None
    path: PathLike

    def numbers(self, name: str, default: Any = None) -> Any:
        """A column, or the keyword of that name."""
        if not has(self.table, name):
            return value(self.table.header, name, self.path, default)
        if self.row is None:
            return column(self.table, name, self.path)
        found = ragged(self.table, name, self.path)
        start = int(found.length[: self.row].sum())
        values = found.values[start : start + int(found.length[self.row])]
        return values[0] if len(values) == 1 else values

    def words(self, name: str) -> str:
        """Text of a column, or of a keyword."""
        if has(self.table, name) and self.row is not None:
            return str(self.table.data.field(name)[self.row]).strip()
        return text(self.table.header, name)


def read_spectrum(path: PathLike, row: int | None = None, background: bool = False) -> Filed:
    """The spectrum in a file, as it is filed.

    **Arguments:** `row`: which of a file of type II, from 0; `background`: whether it is read as a background:
    of several tables the one is preferred then whose HDUCLAS2 is BKG.

    **Raises:** `sl.io.FileError` for whatever is wrong with it.
    """
    with open_fits(path) as file, stating(path):
        table = checked(_table(file, path, background), path, "CHANNEL")
        if not has(table, "COUNTS") and not has(table, "RATE"):
            raise FileError(f"path = {path}: the table {table.name} has no column COUNTS or RATE.")
        source = _Source(table, _row(table, row, path, background), path)
        names = (_file(source.words(key)) for key in ("BACKFILE", "RESPFILE", "ANCRFILE"))
        return Filed(_spectrum(source), *names)


def _table(file: Any, path: PathLike, background: bool) -> Any:
    """The first spectrum of the wanted kind, else the first of all."""
    first = None
    for table in find_tables(file, ("SPECTRUM",), {"HDUCLAS1": "SPECTRUM"}):
        if (text(table.header, "HDUCLAS2").upper() == "BKG") == background:
            return table
        first = table if first is None else first
        if background and not _may_hold_background(path):
            break
    if first is None:
        raise FileError(f"path = {path} holds no spectrum: no table is called SPECTRUM.")
    return first


def _may_hold_background(path: PathLike) -> bool:
    """Whether one of the tables may be called a background: the headers of them all would take long to read."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content[:6] != b"SIMPLE" or content.find(b"'BKG") >= 0


def _row(table: Any, row: int | None, path: PathLike, background: bool) -> int | None:
    """The row to read of a file of type II; `None` for one of type I, which may be the background of all rows."""
    name = "COUNTS" if has(table, "COUNTS") else "RATE"
    count = len(table.data)
    if np.all(ragged(table, name, path).length == 1):
        if row not in (None, 0) and not background:
            raise FileError(f"row = {row}: {path} holds one spectrum, row 0.")
        return None
    if row is None and count > 1:
        raise FileError(f"path = {path} holds {count} spectra: choose one with row=0 to row={count - 1}.")
    if not 0 <= (row or 0) < count:
        raise FileError(f"row = {row}: {path} holds {count} spectra, counted from 0.")
    return row or 0


def _file(name: str) -> str | None:
    return None if name.lower() in ("", "none") else name


def _spectrum(source: _Source) -> Spectrum:
    exposure = source.numbers("EXPOSURE")
    if exposure is None:
        raise FileError(f"path = {source.path} has no EXPOSURE: add the keyword, in seconds.")
    error = source.numbers("STAT_ERR") if has(source.table, "STAT_ERR") else None
    poisson = _poisson(source, error)
    counts = source.numbers("COUNTS")
    if counts is None:
        counts = np.asarray(source.numbers("RATE")) * exposure
        counts = _rounded(counts) if poisson else counts
        error = None if error is None else np.asarray(error) * exposure
    return Spectrum(
        counts=counts,
        exposure=exposure,
        channel=source.numbers("CHANNEL"),
        area_scale=source.numbers("AREASCAL", 1.0),
        back_scale=source.numbers("BACKSCAL", 1.0),
        quality=source.numbers("QUALITY", 0),
        grouping=source.numbers("GROUPING", 0),
        error=error,
        systematic=source.numbers("SYS_ERR") if has(source.table, "SYS_ERR") else None,
        poisson=poisson,
    )


def _poisson(source: _Source, error: Any) -> bool:
    """Whether the numbers are counts: not where the file says so, gives errors instead, or has the background off."""
    header = source.table.header
    stated = header.get("POISSERR", error is None)
    return stated is True and text(header, "HDUCLAS2").upper() != "NET"


def _rounded(counts: np.ndarray) -> np.ndarray:
    """Counts from rates: whole numbers where they are all so but for rounding."""
    whole = np.round(counts)
    return whole if np.all(np.abs(counts - whole) <= _ROUND * np.maximum(np.abs(whole), 1.0)) else counts
