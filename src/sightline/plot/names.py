"""Names of parameters as figures have them: short, with a unit, and numbers that fit beside an axis."""

import difflib
import fnmatch
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

_SYMBOLS = {"uG": "µG", "deg": "°", "K_RJ": r"K$_\mathrm{RJ}$", "K_CMB": r"K$_\mathrm{CMB}$"}
_MANY = 40
"""Parameters beyond which nothing can be read."""
_LONG = 18
"""Characters that fit beside a panel."""


def short(labels: Sequence[str]) -> list[str]:
    """The last parts of dotted names, as many as tell them apart.

    !!! example
        >>> short(["magnetic_field.b0", "magnetic_field.disk.h", "electron_density.disk.h"])
        ['b0', 'magnetic_field.disk.h', 'electron_density.disk.h']
    """
    parts = [label.split(".") for label in labels]

    def tail(place: int, size: int) -> str:
        return ".".join(parts[place][-size:])

    def unique(place: int, size: int) -> bool:
        return sum(tail(other, size) == tail(place, size) for other in range(len(parts))) == 1

    sizes = [next((n for n in range(1, len(p)) if unique(i, n)), len(p)) for i, p in enumerate(parts)]
    return [tail(place, size) for place, size in enumerate(sizes)]


def written(labels: Sequence[str], symbols: Sequence[str]) -> list[str]:
    """The symbols that parameters declare, where these tell them apart; else the short names.

    !!! example
        >>> written(["dust.temperature", "synchrotron.index", "offset"], ["T_d", "p", ""])
        ['$T_d$', '$p$', 'offset']
        >>> written(["disk.height", "halo.height"], ["h", "h"])
        ['disk.height', 'halo.height']
    """
    marks = [_mark(*pair) for pair in zip(labels, symbols, strict=True)]
    pairs = zip(marks, short(labels), strict=True)
    return [mark if mark and marks.count(mark) == 1 else name for mark, name in pairs]


def _mark(label: str, symbol: str) -> str:
    """A symbol as matplotlib sets it, with the place within an array."""
    place = label[label.rindex("[") :] if label.endswith("]") else ""
    return f"${symbol}${place}" if symbol else ""


def pretty(unit: str) -> str:
    """A unit with its exponents raised, `cm-3` as `cm$^{-3}$`."""
    return _SYMBOLS.get(unit) or re.sub(r"(?<=[A-Za-z])\^?(-?\d+)", r"$^{\1}$", unit.replace(" / m2", " m-2"))


def choose(labels: Sequence[str], names: Sequence[str] | None) -> list[str]:
    """Labels of the parameters to draw: those of `names`, which may be globs, or names of whole arrays.

    **Raises:** `ValueError` for a name that is not there, or more than can be read.
    """
    chosen = list(labels) if names is None else []
    for name in [names] if isinstance(names, str) else names or ():
        arrays = [label for label in labels if label.partition("[")[0] == name]
        found = arrays or [label for label in labels if label == name] or fnmatch.filter(labels, name)
        if not found:
            near = difflib.get_close_matches(name, labels, n=3, cutoff=0.3) or list(labels)[:6]
            raise ValueError(f"There is no parameter {name!r}: near it are {', '.join(near)}.")
        chosen += [label for label in found if label not in chosen]
    if len(chosen) > _MANY:
        raise ValueError(f"{len(chosen)} parameters cannot be read in one figure: name up to {_MANY} by names=[...].")
    return chosen


class Axis(NamedTuple):
    """How numbers of one parameter are written: (value - offset) * factor, under a label that says so."""

    label: str
    offset: float
    factor: float

    def __call__(self, values: Any) -> np.ndarray | np.floating:
        """Numbers as they are drawn."""
        return (np.asarray(values) - self.offset) * self.factor

    def limits(self, low: float, high: float) -> tuple[float, float]:
        """Two numbers as they are drawn."""
        return float(self(low)), float(self(high))


def axis(name: str, unit: str, low: float, high: float) -> Axis:
    """The axis of values between two numbers.

    What hardly varies is drawn as its difference from a round number; what is tiny or huge, in a power of ten.
    """
    size, spread = max(abs(low), abs(high)), high - low
    offset, less = 0.0, ""
    if 0 < spread < 1e-4 * size:
        digits = 1 - math.floor(math.log10(spread))
        offset, size = round((low + high) / 2, digits), spread
        less = f" \N{MINUS SIGN} {offset:.{max(digits, 0)}f}".replace("\N{MINUS SIGN} -", "+ ")
    power = math.floor(math.log10(size)) if size > 0 else 0
    power = 0 if -2 <= power < 4 else power
    scale = f"$10^{{{power}}}$ " if power else ""
    text = f"{scale}{pretty(unit)}".strip()
    return Axis(_wrapped(name, f"{less} [{text}]" if text else less), offset, 10.0**-power)


def _wrapped(name: str, rest: str) -> str:
    """A label in lines where one would be longer than its panel."""
    owner, _, last = name.rpartition(".")
    lines = [f"{owner}.", last] if owner and _size(name) + len(rest) > _LONG else [name]
    lines = [*lines[:-1], lines[-1] + rest] if _size(lines[-1]) + len(rest) <= 1.5 * _LONG else [*lines, rest.strip()]
    return "\n".join(lines)


def _size(text: str) -> int:
    """About how many characters wide a name is: commands of a formula are one each."""
    bare = re.sub(r"\\[A-Za-z]+", "x", text.replace(r"\mathrm", ""))
    return len(re.sub(r"[${}^_]", "", bare)) if "$" in text else len(text)


def ticks(low: float, high: float, number: int) -> list[float]:
    """Up to so many round numbers between two, away from both ends, where they would run into a neighbour's."""
    from matplotlib.ticker import MaxNLocator

    values, margin = np.asarray(MaxNLocator(number + 1).tick_values(low, high)), 0.1 * (high - low)
    return [value for value in values.tolist() if low + margin <= value <= high - margin]
