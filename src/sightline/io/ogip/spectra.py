"""Spectra in files of type I, one in a table, and of type II, one in each row."""

import mmap
import re
import warnings
from typing import Any, NamedTuple

import numpy as np

from ..._core.files import PathLike
from ..._core.reading import FileError
from ...xray.counts.spectrum import Spectrum
from ..tables import open_fits
from ..units import unit_factor
from .hdu import checked, column, find_tables, form_of, has, stating, text, value
from .ragged import ragged

_SIDES = (("BACKGROUND_UP", "BACKSCUP"), ("BACKGROUND_DOWN", "BACKSCDN"))
_SPELLINGS = [
    (re.compile(pattern, re.IGNORECASE), word)
    for pattern, word in (
        (r"\bper\b", "/"),
        (r"\s*/\s*(channels?|chan|bins?)$", ""),
        (r"\bcps\b|\bc\s*/\s*s\b", "ct/s"),
        (r"\b(counts?|cnts?|cts?|photons?|ph|events?)\b", "ct"),
        (r"\bs(ec(onds?)?)?(?![a-z])", "s"),
    )
]
_NOTHING = "", "none", "-", "number", "dimensionless", "unitless"
_ROUND = 1e-4  # what rates in single precision leave of whole counts


class Filed(NamedTuple):
    """A spectrum, and the files that its own file names: `None` for none."""

    spectrum: Spectrum
    background: str | None
    response: str | None
    area: str | None
    beside: Spectrum | None  # of regions on both sides, which gratings have in the same table
    row: int | None  # of the table, where it holds many


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

    def counted(self, name: str, unit: str) -> Any:
        """A column of counts or rates in `unit`, or `None`.

        **Raises:** `FileError` for other units.
        """
        found = self.numbers(name)
        return found if found is None else found * (self.factor(name, unit) or 1.0)

    def factor(self, name: str, unit: str) -> float | None:
        """What numbers of a column are multiplied by to be in `unit`; `None` where it names no unit."""
        if not has(self.table, name):
            return None
        given = str(form_of(self.table, name).unit or "").strip()
        for pattern, word in _SPELLINGS:
            given = pattern.sub(word, given)
        if given.lower() in _NOTHING:
            return None
        where = f"path = {self.path}: column {name}"
        return unit_factor(given if "ct" in given else f"ct {given}", unit, where)

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
        _warn_of_correction(source)
        background_file, response, area = (_file(source.words(key)) for key in ("BACKFILE", "RESPFILE", "ANCRFILE"))
        return Filed(_spectrum(source), background_file, response, area, _both_sides(source), source.row)


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
        orders = f" ({_orders(table)})" if has(table, "TG_M") else ""
        raise FileError(f"path = {path} holds {count} spectra: choose one with row=0 to row={count - 1}{orders}.")
    if not 0 <= (row or 0) < count:
        raise FileError(f"row = {row}: {path} holds {count} spectra, counted from 0.")
    return row or 0


def _orders(table: Any) -> str:
    """The spectral orders of gratings, row by row."""
    part = table.data.field("TG_PART") if has(table, "TG_PART") else np.zeros(len(table.data), int)
    pairs = enumerate(zip(part, table.data.field("TG_M"), strict=True))
    return ", ".join(f"{row}: TG_PART {one}, TG_M {order}" for row, (one, order) in pairs)


def _file(name: str) -> str | None:
    return None if name.lower() in ("", "none") else name


def _spectrum(source: _Source) -> Spectrum:
    exposure = source.numbers("EXPOSURE")
    if exposure is None:
        raise FileError(f"path = {source.path} has no EXPOSURE: add the keyword, in seconds.")
    named, unit = ("COUNTS", "ct") if has(source.table, "COUNTS") else ("RATE", "ct s-1")
    error = _errors(source, "STAT_ERR")
    if error is not None:  # in the unit of what it is the error of, where it names none
        error = error * (source.factor("STAT_ERR", unit) or source.factor(named, unit) or 1.0)
    poisson = _poisson(source, error)
    counts = source.counted("COUNTS", "ct")
    if counts is None:
        counts = np.asarray(source.counted("RATE", "ct s-1")) * exposure
        counts = _rounded(counts) if poisson else counts
        error = None if error is None else np.asarray(error) * exposure
    quality = source.numbers("QUALITY", 0)
    return Spectrum(
        counts=_used(counts, quality),
        exposure=exposure,
        channel=source.numbers("CHANNEL"),
        area_scale=_used(source.numbers("AREASCAL", 1.0), quality),
        back_scale=_used(source.numbers("BACKSCAL", 1.0), quality),
        quality=quality,
        grouping=source.numbers("GROUPING", 0),
        error=_used(error, quality),
        systematic=_used(_errors(source, "SYS_ERR"), quality),
        poisson=poisson,
    )


def _used(values: Any, quality: Any) -> Any:
    """Numbers by channel, 0 where a channel of bad quality has none, as it is not used."""
    if np.ndim(values) == 0 or np.shape(values) != np.shape(quality):
        return values
    bad = (np.asarray(quality) != 0) & (np.asarray(quality) != 2)
    return np.where(bad & np.isnan(values), 0.0, values)


def _errors(source: _Source, name: str) -> Any:
    """A column of errors, or the keyword, which says 0 where there are none."""
    if has(source.table, name):
        return source.numbers(name)
    stated = source.table.header.get(name, 0)
    return source.numbers(name) if type(stated) in (int, float) and stated != 0 else None


def _warn_of_correction(source: _Source) -> None:
    """Says that a spectrum to be subtracted, with its scale, is left out."""
    name = _file(source.words("CORRFILE"))
    if name is not None and np.any(np.asarray(source.numbers("CORRSCAL", 1.0)) != 0):
        warnings.warn(
            f"{source.path} names a correction to subtract, {name} in CORRFILE: it is left out, as nothing is ever "
            "subtracted. Give it a spectrum in the model, or set CORRFILE = 'none'.",
            stacklevel=5,
        )


def _both_sides(source: _Source) -> Spectrum | None:
    """The background of a grating, counted above and below the source: counts and sizes of both added."""
    sides = [(name, key) for name, key in _SIDES if has(source.table, name)]
    if not sides:
        return None
    missing = [key for _, key in sides if source.numbers(key) is None]
    if missing:
        raise FileError(f"path = {source.path} has no {missing[0]}, the size of a background: add the keyword.")
    counts, size = zip(*((source.counted(name, "ct"), source.numbers(key)) for name, key in sides), strict=True)
    exposure, quality = source.numbers("EXPOSURE"), source.numbers("QUALITY", 0)
    total, area, scale = (_used(v, quality) for v in (sum(counts), source.numbers("AREASCAL", 1.0), sum(size)))
    return Spectrum(total, exposure, source.numbers("CHANNEL"), area, scale, quality)


def _poisson(source: _Source, error: Any) -> bool:
    """Whether the numbers are counts: not where the file says so, gives errors instead, or has the background off."""
    header = source.table.header
    stated = header.get("POISSERR", error is None)
    return stated is True and text(header, "HDUCLAS2").upper() != "NET"


def _rounded(counts: np.ndarray) -> np.ndarray:
    """Counts from rates: whole numbers where they are all so but for rounding."""
    whole = np.round(counts)
    near = np.abs(counts - whole) <= _ROUND * np.maximum(np.abs(whole), 1.0)
    return whole if np.all(near | np.isnan(counts)) else counts
