"""Energy bins of a response: checked, mended where that is usual, and continued to lower and higher energies."""

import warnings
from typing import Any

import numpy as np

from ..._core.units import number, numbers

_MOST = 100_000  # bins that one end may be continued by
_SLACK = 1e-3  # of a bin: what rounding may leave between neighbours
_TINY = 1e-3  # of the upper edge: where a first bin begins that was filed to begin at 0


def check_grid(low: Any, high: Any) -> tuple[np.ndarray, np.ndarray]:
    """The edges of bins, (n,) each, keV: positive, rising, without gaps.

    A first bin that begins at 0 keV, where spectra have no logarithm, is made to begin at 0.001 of its upper edge, with
    a warning. Neighbours that differ by rounding get one common edge.

    **Raises:** `ValueError` that names the bin.
    """
    low, high = numbers(low, "keV", "low"), numbers(high, "keV", "high")
    if low.ndim != 1 or low.shape != high.shape or not len(low):
        raise ValueError(f"low and high have shapes {low.shape} and {high.shape}: give both for each of n bins, (n,).")
    _check_energies(low, high)
    if low[0] == 0:
        low = np.r_[_TINY * high[0], low[1:]]
        warnings.warn(f"low[0] = 0 keV: the first bin of the model begins at {low[0]:g} keV instead.", stacklevel=4)
    return _joined(low, high)


def _check_energies(low: np.ndarray, high: np.ndarray) -> None:
    for name, values in (("low", low), ("high", high)):
        bad = np.flatnonzero(~np.isfinite(values) | (values < 0))
        if len(bad):
            raise ValueError(f"{name}[{bad[0]}] = {values[bad[0]]} keV: energies are finite and positive.")
    bad = np.flatnonzero(low >= high)
    if len(bad):
        i = bad[0]
        raise ValueError(f"low[{i}] = {low[i]:g} keV is not below high[{i}] = {high[i]:g} keV: give rising bins.")
    if np.any(low[1:] == 0):
        raise ValueError("low is 0 keV beyond the first bin: give rising bins.")


def _joined(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bins whose neighbours share an edge exactly."""
    width = np.minimum(high - low, np.inf)
    gap = np.abs(low[1:] - high[:-1])
    bad = np.flatnonzero(gap > _SLACK * np.minimum(width[1:], width[:-1]) + 1e-6 * low[1:])
    if len(bad):
        i = bad[0]
        raise ValueError(
            f"low[{i + 1}] = {low[i + 1]:.9g} keV is not high[{i}] = {high[i]:.9g} keV: bins must follow each other "
            "without gap or overlap. Fill gaps with bins whose column of the matrix is 0."
        )
    joined = np.r_[low[1:], high[-1]]
    if np.any(low >= joined):
        raise ValueError("low holds bins as narrow as the rounding of their edges: give the edges in double precision.")
    return low, joined


def bins_below(low: np.ndarray, high: np.ndarray, to: Any) -> np.ndarray:
    """Edges from `to` up to the first bin, none where it begins lower, as wide as it in ln E or somewhat narrower.

    **Raises:** `ValueError` for energies that are not finite and positive, or need more than 100000 bins.
    """
    return _edges(_positive(to, "low"), low[0], np.log(high[0] / low[0]))


def bins_above(low: np.ndarray, high: np.ndarray, to: Any) -> np.ndarray:
    """Edges from the last bin up to `to`, as `bins_below`."""
    return _edges(high[-1], _positive(to, "high"), np.log(high[-1] / low[-1]))


def _positive(value: Any, name: str) -> float:
    found = number(value, "keV", name)
    if not (np.isfinite(found) and found > 0):
        raise ValueError(f"{name} = {value} must be a finite, positive energy [keV].")
    return found


def _edges(start: float, stop: float, width: float) -> np.ndarray:
    if start >= stop:
        return np.zeros(0)
    count = int(min(np.ceil(np.log(stop / start) / width - 1e-9), _MOST + 1))
    if count > _MOST:
        raise ValueError(
            f"more than {_MOST} bins as wide as that at the end of the response lie between {start:g} and {stop:g} "
            "keV: extend it by less."
        )
    return np.geomspace(start, stop, max(count, 1) + 1)
