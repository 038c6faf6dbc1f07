"""Pieces of Markdown that the reports of the examples are made of."""

import textwrap
from collections.abc import Iterable


def table(head: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """A table with a line of heads."""
    head = tuple(head)
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def paragraph(text: str) -> str:
    """Text of lines of 110 characters."""
    return textwrap.fill(text, 110) + "\n"


def listing(items: Iterable[str]) -> str:
    """One point for each text."""
    return "\n".join(textwrap.fill(item, 110, initial_indent="- ", subsequent_indent="  ") for item in items) + "\n"
