"""Frequencies and energies on the command line: numbers and ranges."""

from collections.abc import Callable, Sequence
from typing import Any

MOST = 10_000
"""Frequencies in one call."""
Spread = Callable[[Any, Sequence[Any]], list[float]]
Check = Callable[[Any, Sequence[float] | None], None]


def read_in(unit: str, what: str) -> tuple[Spread, Check]:
    """What turns words into numbers of a unit, and what refuses those that are not positive and finite.

    Words are numbers and ranges, `start:stop:count` with both ends.
    """
    cure = f"Give positive, finite numbers in {unit}, or ranges start:stop:count."

    def spread(_: Any, tokens: Sequence[Any]) -> list[float]:
        try:
            return [value for token in tokens for value in _values(token.value)]
        except _NoNumber as error:
            raise ValueError(f"{str(error)!r} is no {what}, or more than {MOST}. {cure}") from None

    def check(_: Any, values: Sequence[float] | None) -> None:
        if values is not None and len(values) > MOST:
            raise ValueError(f"{len(values)} numbers are more than {MOST}: simulate them in several files.")
        if values is not None and (not values or not all(0 < value < float("inf") for value in values)):
            raise ValueError(cure)

    return spread, check


class _NoNumber(ValueError):
    """A word that is neither number nor range."""


def _values(text: str) -> list[float]:
    try:
        if ":" not in text:
            return [float(text)]
        start, stop, count = text.split(":")
        if int(count) > MOST:
            raise ValueError
        first, last, steps = float(start), float(stop), max(int(count) - 1, 0)
        return [first + (last - first) * step / steps for step in range(steps + 1)]
    except (ValueError, ZeroDivisionError):
        raise _NoNumber(text) from None
