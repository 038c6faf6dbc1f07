"""Tables of sources as text: one row of names, maybe one of units, and the rows, however they are divided."""

import csv
import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ..._core.files import PathLike
from ..._core.reading import FileError

_DIVIDERS = (",", ";", "\t", "|")
_UNIT = r"[\[(][^\])]*[\])]"
_NAME = re.compile(rf"([^\s\[(]+)(?:[ \t]*({_UNIT}))?")
_UNITS = re.compile(rf"(?:[\s,;|]|{_UNIT})+")
_NUMBER = re.compile(r"[+-]?\d*\.?\d+\.?(?:[eE][+-]?\d+)?|nan|\*", re.IGNORECASE)


class Column(NamedTuple):
    """A column of a file: its `values`, (rows,), of numbers or text, and its `unit` there, empty where it says none."""

    values: np.ndarray
    unit: str


def text_columns(text: str, wanted: Iterable[str], path: PathLike) -> dict[str, Column]:
    """The columns of a table in text, of those whose names in small letters are `wanted`.

    The first row names the columns, also behind a `#`, each with its unit in brackets if it has one; a row of brackets
    alone gives units too, as in tables of the ATNF catalogue. Rows are divided by commas, semicolons, tabs, bars or
    spaces.

    **Raises:** `FileError` for text without names, or rows of another length.
    """
    head, rows = _split_head([line for line in text.splitlines() if line.strip() and not _is_rule(line)])
    if head is None:
        raise FileError(f"path = {path} names no columns: begin it with a line such as l,b,rm,error.")
    divider = max(_DIVIDERS, key=head.count) if any(mark in head for mark in _DIVIDERS) else None
    units: list[str] = []
    if rows and _UNITS.fullmatch(rows[0]):
        units, rows = _units(head, rows[0], divider), rows[1:]
    cells = _cells(rows, divider)
    names = _names(head, divider, len(cells[0]) if cells else 0)
    known = [given or unit for (_, given), unit in zip(names, units or [""] * len(names), strict=False)]
    for number, row in enumerate(cells):
        if len(row) != len(names):
            raise FileError(f"path = {path}: row {number} has {len(row)} values, {len(names)} columns are named.")
    chosen = [place for place, (name, _) in enumerate(names) if name.lower() in set(wanted)]
    if len({names[place][0] for place in chosen}) < len(chosen):
        raise FileError(f"path = {path} has two columns of one name: {', '.join(names[place][0] for place in chosen)}.")
    columns = {names[i][0]: Column(np.array([row[i] for row in cells], str), known[i]) for i in chosen}
    return columns | {name: Column(np.zeros(0, str), "") for name, _ in names if name and name not in columns}


def _is_rule(line: str) -> bool:
    """Whether a line is a ruler, as around the names in tables of the ATNF catalogue."""
    return ("---" in line or "===" in line) and not line.strip("-=+|# \t")


def _split_head(lines: list[str]) -> tuple[str | None, list[str]]:
    """The row of names, which may be marked by a # before the rows of data, and the others."""
    marked = None
    for place, line in enumerate(lines):
        if line.lstrip().startswith("#"):
            marked = line.strip() if line.strip(" #") else marked
            continue
        body = [line, *(other for other in lines[place + 1 :] if not other.lstrip().startswith("#"))]
        return (marked, body) if _is_data(line) else (line.strip(), body[1:])
    return marked, []


def _is_data(line: str) -> bool:
    """Whether a row holds a number, or units alone, as no row of names does."""
    parts = re.split(r"[,;|\s]", line.strip())
    return any(len(part) < 40 and _NUMBER.fullmatch(part) for part in parts) or bool(_UNITS.fullmatch(line))


def _cells(rows: list[str], divider: str | None) -> list[list[str]]:
    if divider is None:
        return [row.split() for row in rows]
    readers = (csv.reader([row], delimiter=divider, skipinitialspace=True, strict=True) for row in rows)
    return [[cell.strip() for cell in next(reader)] for reader in readers]


def _split_unit(cell: str) -> tuple[str, str]:
    """The name and the unit in brackets behind it, if there is one."""
    start = max(cell.rfind("["), cell.rfind("("))
    return (cell[:start].strip(), cell[start:]) if start > 0 and cell[-1] in ")]" else (cell, "")


def _names(head: str, divider: str | None, width: int) -> list[tuple[str, str]]:
    """Names and units; a `#` before them is the name of a column of its own only where the rows have one more."""
    if divider is None:
        found = [(name, unit or "") for name, unit in _NAME.findall(head)]
        if found and found[0][0] == "#" and len(found) != width:
            return found[1:]
        return [(name.lstrip("#") if place == 0 and name != "#" else name, u) for place, (name, u) in enumerate(found)]
    cells = _cells([head], divider)[0]
    if cells[0] != "#":
        cells[0] = cells[0].lstrip("# ")
    return [_split_unit(cell) for cell in cells]


def _units(head: str, line: str, divider: str | None) -> list[str]:
    """The unit of every column from a row of brackets beneath their names."""
    if divider is not None:
        return _cells([line], divider)[0]
    starts = [match.start() for match in _NAME.finditer(head)]
    found = [""] * len(starts)
    for match in re.finditer(_UNIT, line):
        place = int(np.searchsorted(starts, match.start() + 1)) - 1
        found[max(place, 0)] = match[0]
    return found
