"""Colour scales: limits that outliers do not spoil, stretches that suit the range, units that read well."""

import math
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from .._core.types import Number
from .._core.units import brightness_unit, numbers

Stretch = Literal["auto", "linear", "log", "asinh", "diverging"]
_SYMBOLS = {"K_RJ": r"K$_\mathrm{RJ}$", "K_CMB": r"K$_\mathrm{CMB}$", "MJy/sr": "MJy/sr"}
_PREFIXES = {-9: "n", -6: "µ", -3: "m", 0: ""}


class Quantity(NamedTuple):
    """What a panel shows: values, (n,), with title and unit; stretch and limits are of their colours."""

    values: np.ndarray
    title: str
    unit: str
    stretch: Stretch
    limits: tuple[Number, Number]


def finite(values: np.ndarray) -> np.ndarray:
    """The values that are numbers; a single zero if none is."""
    good = values[np.isfinite(values)]
    return good if good.size else np.zeros(1)


def symmetric_limit(*arrays: np.ndarray, percentile: float = 99.0) -> float:
    """Half range of a diverging scale: the percentile of the absolute values, the same for all `arrays`."""
    values = np.abs(np.concatenate([finite(a) for a in arrays]))
    return float(np.percentile(values, percentile)) or float(values.max()) or 1.0


def normalisation(values: np.ndarray, stretch: Stretch = "auto", limits: tuple[Number, Number] | None = None) -> Any:
    """A matplotlib norm.

    **Arguments:**

    - `stretch`: `"auto"` takes a logarithm for positive values that span more than a factor of 10, asinh where some are
      not positive, and is linear for narrow ranges.
    - `limits`: smallest and largest value; by default the percentiles 0.5 and 99.5, or 99 of the absolute value.

    **Raises:** `ValueError` for another stretch, limits that are no two finite numbers, in the wrong order, or not
    positive on a logarithmic scale.
    """
    from matplotlib.colors import AsinhNorm, LogNorm, Normalize

    if stretch not in get_args(Stretch):
        raise ValueError(f"stretch = {stretch!r} must be one of {', '.join(map(repr, get_args(Stretch)))}.")
    low, high = _limits(values, stretch) if limits is None else _given(limits)
    stretch = _choose(low, high) if stretch == "auto" else stretch
    if not low < high or (stretch == "log" and low <= 0):
        wanted = "two positive values, or stretch 'asinh'" if stretch == "log" else "the lower one first"
        raise ValueError(f"limits = {(low, high)} do not suit stretch {stretch!r}: give {wanted}.")
    if stretch == "log":
        return LogNorm(low, high)
    return AsinhNorm(_knee(values), low, high) if stretch == "asinh" else Normalize(low, high)


def _given(limits: Any) -> list[float]:
    found = numbers(limits, None, "limits")
    if found.shape != (2,) or not np.all(np.isfinite(found)):
        raise ValueError(f"limits = {limits} must be two finite numbers, the lowest and the highest value.")
    return found.tolist()


def _limits(values: np.ndarray, stretch: Stretch) -> tuple[Number, Number]:
    if stretch == "diverging":
        half = symmetric_limit(values)
        return -half, half
    low, high = np.percentile(finite(values), [0.5, 99.5]).tolist()
    half = 0 if low < high else 0.5 * abs(low) or 0.5  # a constant map
    return low - half, high + half


def _choose(low: Number, high: Number) -> Stretch:
    if low > 0:
        return "log" if high > 10 * low else "linear"
    return "asinh"


def _knee(values: np.ndarray) -> float:
    """Where asinh turns from linear to logarithmic: the median of the absolute values."""
    return float(np.median(np.abs(finite(values)))) or 1.0


def prefixed(size: float, unit: str) -> tuple[float, str]:
    """Factor and label of a unit; temperatures take the prefix that brings `size` to between 1 and 1000.

    What is no unit of a `Stokes`, such as mJy/sr, is a label as it stands.
    """
    try:
        scale, base, _ = brightness_unit(unit)
    except ValueError:
        return 1.0, unit
    if base not in _SYMBOLS:
        return 1.0, unit
    power = 3 * math.floor(math.log10(size * scale) / 3) if size > 0 and base.startswith("K_") else 0
    power = max(min(power, 0), -9)
    return scale * 10.0**-power, _PREFIXES[power] + _SYMBOLS[base]


def label_decades(bar: Any) -> None:
    """Plain numbers on a logarithmic or asinh colour bar, 1, 2 and 5 of each decade where they have room."""
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter

    norm, (low, high) = bar.norm, (bar.norm.vmin, bar.norm.vmax)
    if isinstance(norm, LogNorm):
        bar.set_ticks(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
    else:
        powers = 10.0 ** np.arange(np.ceil(np.log10(norm.linear_width)), np.log10(max(-low, high)))
        bar.set_ticks(FixedLocator([*-powers[-powers >= low], 0, *powers[powers <= high]]))
    bar.ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _plain(x)))
    bar.ax.xaxis.set_minor_formatter(NullFormatter())


def _plain(x: float) -> str:
    """A number, in a power of ten where it is tiny or huge."""
    mantissa, _, exponent = f"{x:g}".replace("-", "\N{MINUS SIGN}").partition("e")
    if not exponent:
        return mantissa
    power = f"10^{{{int(exponent.replace(chr(0x2212), '-'))}}}"
    return f"${power}$" if mantissa == "1" else f"{mantissa}$\\times{power}$"
