"""Frequencies on the command line: numbers and ranges."""

from collections.abc import Sequence
from typing import Any

CURE = "Give positive, finite numbers in GHz, or ranges start:stop:count."
MOST = 10_000
"""Frequencies in one call."""


def spread(_: Any, tokens: Sequence[Any]) -> list[float]:
    """Numbers and ranges, `start:stop:count` with both ends, as one list of frequencies.

    **Raises:** `ValueError` for what is neither.
    """
    return [value for token in tokens for value in _values(token.value)]


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
        raise ValueError(f"{text!r} is no frequency, or more than {MOST}. {CURE}") from None


def check(_: Any, values: Sequence[float] | None) -> None:
    """Refuses frequencies that are not positive and finite, and too many of them."""
    if values is not None and len(values) > MOST:
        raise ValueError(f"{len(values)} frequencies are more than {MOST}: simulate them in several files.")
    if values is not None and (not values or not all(0 < value < float("inf") for value in values)):
        raise ValueError(CURE)
