"""Tables of plain text."""

from collections.abc import Sequence


class Table:
    """Rows under a header, with a title: printing it shows aligned columns.

    **Arguments:** `header`: names of the columns; `rows`: one cell a column each; `title`, `notes`: above and below.

    !!! example
        >>> Table(["name", "unit"], [["b0", "uG"]])
        name  unit
        ----  ----
        b0    uG
    """

    def __init__(self, header: Sequence[str], rows: Sequence[Sequence[object]], title: str = "", notes: str = ""):
        self.header, self.title, self.notes = list(header), title, notes
        self.rows = [[str(cell) for cell in row] for row in rows]

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.header, *self.rows, strict=True)]
        lines = [self.header, ["-" * width for width in widths], *self.rows]
        text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
        return "\n".join(line.rstrip() for line in [self.title, *text, self.notes] if line)
