"""Tables of plain text, and of notebooks."""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np


class Table:
    """Rows under a header, with a title: printing it shows aligned columns, a notebook a table.

    **Arguments:** `header`: names of the columns; `rows`: one cell a column each; `title`, `notes`: above and below.

    !!! example
        >>> Table(["name", "unit"], [["b0", "uG"]])
        name  unit
        ----  ----
        b0    uG
    """

    header: list[str]
    title: str
    notes: str

    def __init__(self, header: Sequence[str], rows: Sequence[Sequence[object]], title: str = "", notes: str = ""):
        self.header, self.title, self.notes = list(header), title, notes
        self.rows: list[list[str]] = [[str(cell) for cell in row] for row in rows]

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.header, *self.rows, strict=True)]
        lines = [self.header, ["-" * width for width in widths], *self.rows]
        text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
        return "\n".join(line.rstrip() for line in [self.title, *text, self.notes] if line)

    def _repr_html_(self) -> str:
        """The table as a notebook shows it."""
        head, *body = (_row(cells, mark) for cells, mark in [(self.header, "th"), *((row, "td") for row in self.rows)])
        caption = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        notes = f"<p>{escape(self.notes)}</p>" if self.notes else ""
        return f"<table>{caption}<thead>{head}</thead><tbody>{''.join(body)}</tbody></table>{notes}"


def _row(cells: Sequence[str], mark: str) -> str:
    return f"<tr>{''.join(f'<{mark}>{escape(cell)}</{mark}>' for cell in cells)}</tr>"


def brief(value: Any) -> str:
    """A number, or the range of an array, in a cell."""
    if not np.size(value):
        return "empty"
    if np.ndim(value) == 0:
        return f"{float(value):.6g}"
    return f"{float(np.min(value)):.4g} ... {float(np.max(value)):.4g}"
