"""Columns of tables of sources: found under any of their names, read as numbers, angles or text, units converted."""

import re
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..._core.files import PathLike
from ..._core.reading import FileError
from ...io.tables import BAD_DATA
from ...io.units import convert
from .text import Column

_MISSING = {"", "*", "-", "--", "---", "...", "nan", "null", "none", "n/a", "na", "masked"}
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?", re.ASCII | re.IGNORECASE)
_HOURS = ("hourangle", "h", "hr", "hour", "hours", "hms")
Names = str | tuple[str, ...]


class SourceTable:
    """A table of sources as a file has it.

    **Arguments:** `path`: of the file; `columns`: by name; `rows`: how many.
    """

    path: PathLike
    columns: Mapping[str, Column]
    rows: int

    def __init__(self, path: PathLike, columns: Mapping[str, Column], rows: int):
        self.path, self.columns, self.rows = path, columns, rows

    def find(self, names: Names) -> str | None:
        """The name under which the first of some columns stands in the file, capital letters or small; or none.

        **Raises:** `FileError` where two columns differ in capital letters only.
        """
        for name in (names,) if isinstance(names, str) else names:
            found = [one for one in self.columns if one.lower() == name]
            if len(found) > 1 and name not in found:
                raise FileError(f"path = {self.path} has the columns {' and '.join(found)}: which one is meant?")
            if found:
                return name if name in found else found[0]
        return None

    def need(self, *names: Names) -> None:
        """Refuses a table without a column under one of each of these names.

        **Raises:** `FileError`, naming those that are missing.
        """
        missing = [one if isinstance(one, str) else " or ".join(one[:2]) for one in names if self.find(one) is None]
        if missing:
            raise FileError(f"{self.path} has no column {', '.join(missing)}: it holds {', '.join(self.columns)}.")

    def number(self, names: Names, unit: str) -> np.ndarray:
        """Numbers, (rows,), in a unit; NaN where the table has none, everywhere without the column.

        **Raises:** `FileError` for a value that is no number, by row and column, and for a unit of another dimension.
        """
        name = self.find(names)
        if name is None:
            return np.full(self.rows, np.nan)
        values, given = self.columns[name]
        numbers = self._numbers(name, values, _no_number)
        return convert(numbers, given, unit, f"{self.path}: column {name}")

    def angle(self, names: Names, hours: bool = False) -> np.ndarray:
        """Angles, (rows,) deg, decimal or sexagesimal; NaN as for numbers.

        **Arguments:** `hours`: whether sexagesimal values are hours, as those of right ascension are.

        **Raises:** as `number`.
        """
        name = self.find(names)
        if name is None:
            return np.full(self.rows, np.nan)
        values, given = self.columns[name]
        unit = given.strip().strip("()[]").lower()
        in_hours = unit in _HOURS or (hours and unit in ("", '"h:m:s"', "h:m:s"))
        sexagesimal = np.zeros(self.rows, bool)

        def parse(text: str) -> float:
            return _sexagesimal(text, in_hours)

        if values.dtype.kind in "US":
            sexagesimal = np.array([not _is_number(text) and _is_text(text) for text in values.astype(str)], bool)
        numbers = self._numbers(name, values, parse)
        unit = "" if ":" in unit else given
        return np.where(sexagesimal, numbers, convert(numbers, unit, "deg", f"{self.path}: column {name}"))

    def text(self, names: Names, default: str) -> np.ndarray:
        """Text, (rows,), or the default in every row."""
        name = self.find(names)
        return np.full(self.rows, default) if name is None else np.asarray(self.columns[name].values).astype(str)

    def _numbers(self, name: str, values: np.ndarray, parse: Any) -> np.ndarray:
        """Numbers from numbers or text, of which `parse` reads what is neither a number nor missing."""
        if values.dtype.kind in "fiub":
            numbers = values.astype(np.float64)
            return np.where(np.isclose(numbers, BAD_DATA, rtol=1e-5, atol=0), np.nan, numbers)
        if values.dtype.kind not in "US":
            raise FileError(f"{self.path}: column {name} holds no numbers, but {values.dtype}.")
        found = np.full(len(values), np.nan)
        for row, text in enumerate(np.char.strip(values.astype(str))):
            try:
                found[row] = float(text) if _is_number(text) else parse(text) if _is_text(text) else np.nan
            except (ValueError, TypeError, Warning) as error:
                raise FileError(f"{self.path}: row {row} of column {name} is {str(text)!r}: {error}.") from None
        return found


def _is_number(text: str) -> bool:
    return len(text) < 100 and _NUMBER.fullmatch(text.strip()) is not None


def _is_text(text: str) -> bool:
    return text.strip().lower() not in _MISSING


def _no_number(_: str) -> float:
    raise ValueError("this is no number")


def _sexagesimal(text: str, hours: bool) -> float:
    """Degrees of text such as 05:34:31.9, 05h34m31.9s, +22 00 52."""
    import astropy.units as u
    from astropy.coordinates import Angle

    if len(text) > 40 or not re.search(r"\d[\d.]*\s*[:hdms°'\"\s]\s*\d|\d\s*[hd°]", text):
        raise ValueError("this is no angle")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return float(Angle(text, u.hourangle if hours else u.deg).deg)
