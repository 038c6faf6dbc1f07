"""The channels of a detector: their numbers and nominal energies."""

from typing import Any

import equinox as eqx
import numpy as np

from ..._core.units import numbers


class Channels(eqx.Module):
    """Channels by number, with the nominal energies between which each counts.

    **Arguments:**

    - `label`: (m,), their numbers, one after the other as in the files of the instrument, often from 0 or 1.
    - `low`, `high`: (m,), keV; a grating's channels may run down in energy.

    **Raises:** `ValueError` for labels that do not rise by 1, other shapes, energies that are not finite and rising.

    !!! example
        >>> sl.counts.Channels(label=[1, 2], low=[0.3, 0.4], high=[0.4, 0.5]).high
        array([0.4, 0.5])
    """

    label: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __init__(self, label: Any, low: Any, high: Any) -> None:
        self.label = _labels(label)
        self.low, self.high = _energies(low, "low"), _energies(high, "high")
        if not self.label.shape == self.low.shape == self.high.shape:
            raise ValueError(
                f"Channels.label, low and high have shapes {self.label.shape}, {self.low.shape} and "
                f"{self.high.shape}: give one of each a channel."
            )
        bad = np.flatnonzero(self.low > self.high)
        if len(bad):
            raise ValueError(
                f"Channels.low = {self.low[bad[0]]:g} keV is above high = {self.high[bad[0]]:g} keV in channel "
                f"{self.label[bad[0]]}, and {len(bad)} such channels are there in all: exchange low and high."
            )

    def __len__(self) -> int:
        return len(self.label)


def as_channels(channels: Any, rows: int) -> Channels:
    """Channels from themselves, or from m + 1 edges [keV] between m channels, which are numbered from 1.

    **Raises:** `ValueError` where they are not as many as the `rows` of the matrix, or no edges.
    """
    if not isinstance(channels, Channels):
        edges = numbers(channels, "keV", "channels")
        if edges.ndim != 1 or len(edges) < 2:
            raise ValueError(f"channels has shape {edges.shape}: give m + 1 edges [keV], or sl.counts.Channels(...).")
        falling = edges[0] > edges[-1]
        low, high = (edges[1:], edges[:-1]) if falling else (edges[:-1], edges[1:])
        channels = Channels(np.arange(1, len(edges)), low, high)
    if len(channels) != rows:
        raise ValueError(f"channels are {len(channels)}, the matrix has {rows} rows: give one row a channel.")
    return channels


def _labels(label: Any) -> np.ndarray:
    found = numbers(label, None, "Channels.label")
    if found.ndim != 1 or not len(found) or not np.all(np.abs(found) < 2**31) or not np.all(np.diff(found) == 1):
        raise ValueError("Channels.label must be whole numbers that rise by 1, at least one: number every channel.")
    if found[0] != np.round(found[0]):
        raise ValueError(f"Channels.label begins with {found[0]}: channels have whole numbers.")
    return found.astype(np.int64)


def _energies(values: Any, name: str) -> np.ndarray:
    found = numbers(values, "keV", f"Channels.{name}")
    if not np.all(np.isfinite(found)) or np.any(found < 0):
        raise ValueError(f"Channels.{name} must be finite energies, 0 keV or more: mend or leave out the others.")
    return found
