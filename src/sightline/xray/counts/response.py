"""What a detector makes of photons: the mean counts in every channel for photons of every energy."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.units import number, numbers, refuse_units
from .channels import Channels, as_channels
from .grid import bins_above, bins_below, check_grid
from .rows import DENSE, Entries, Rows, cut, entries, pack, product, reach, summed


class Response(eqx.Module):
    """The response of an instrument: counts/s in channel i are sum_j R_ij f_j, f_j photons cm-2 s-1 in model bin j.

    R is the product of the redistribution of energies and the effective area. It is data: nothing of it is learnt.

    **Arguments:**

    - `low`, `high`: (n,), keV, the model bins, rising and without gaps.
    - `matrix`: (m, n), cm2 (cm2 s where an exposure is multiplied in): an array, or `Rows` for a large one.
    - `channels`: `Channels`, or m + 1 edges in keV.
    - `keep`: (low, high), keV, model bins between which stay when channels are grouped, whether they reach one or not.

    A matrix of more than a million elements is kept as `Rows`, `numpy.asarray(response.matrix)` is it whole. A first
    bin that begins at 0 keV is made to begin at 0.001 of its upper edge, with a warning.

    **Raises:** `ValueError` that names the argument: shapes that do not match, bins that overlap or leave gaps, numbers
    that are not finite, energies that are not positive, elements of the matrix below 0.

    !!! example
        >>> import numpy as np, jax.numpy as jnp
        >>> edges = np.linspace(0.5, 8.0, 4)
        >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(3), channels=edges)
        >>> response.fold(jnp.array([1e-3, 2e-3, 0.0])).tolist()
        [0.1, 0.2, 0.0]

    **Source:** George et al. 2007, OGIP Calibration Memo CAL/GEN/92-002, section 2.
    """

    low: np.ndarray
    high: np.ndarray
    matrix: np.ndarray | Rows
    channels: Channels
    keep: tuple[float, float] | None = eqx.field(static=True)

    def __init__(self, low: Any, high: Any, matrix: Any, channels: Any, keep: Any = None) -> None:
        self.low, self.high = check_grid(low, high)
        self.matrix = _check_matrix(matrix, len(self.low))
        self.channels = as_channels(channels, self.matrix.shape[0])
        self.keep = None if keep is None else _pair(keep)

    @property
    def shape(self) -> tuple[int, int]:
        """Channels and model bins."""
        return len(self.channels), len(self.low)

    def fold(self, photons: Float[Array, " n"]) -> Float[Array, " m"]:
        """Mean counts/s in the channels (counts, where an exposure is multiplied in).

        **Arguments:** `photons`: (n,), photons cm-2 s-1 in each model bin; the result has their precision.

        **Raises:** `ValueError` for photons in other bins.
        """
        photons = jnp.asarray(photons)
        if photons.shape != self.matrix.shape[1:]:
            raise ValueError(f"photons has shape {photons.shape}, the response {self.matrix.shape[1]} model bins.")
        return product(self.matrix, photons)

    def grouped(self, label: np.ndarray, weight: np.ndarray | None = None) -> "Response":
        """The response of groups of channels: their rows, times a weight, are added.

        **Arguments:**

        - `label`: (m,), the group of each channel, from 0; -1 leaves it out.
        - `weight`: (m,), what rows are multiplied by.

        The model bins below the first and above the last that reach a group are dropped, but for those to `keep`.

        **Raises:** `ValueError` for labels of another shape, or none that is a group.
        """
        refuse_units(label=label, weight=weight)
        label = np.asarray(label)
        if label.shape != (len(self.channels),) or not np.any(label >= 0):
            raise ValueError(f"label has shape {label.shape}: give a group for each of {len(self.channels)} channels.")
        matrix = summed(self.matrix, label, np.ones(len(label)) if weight is None else np.asarray(weight, float))
        first, last = self._kept(*reach(matrix))
        channels = merge_channels(self.channels, label)
        return Response(self.low[first:last], self.high[first:last], cut(matrix, first, last), channels, self.keep)

    def _kept(self, first: int, last: int) -> tuple[int, int]:
        """The range of model bins, made longer where bins are to stay."""
        if self.keep is None:
            return first, last
        inside = np.flatnonzero((self.high > self.keep[0]) & (self.low < self.keep[1]))
        return (min(first, inside[0]), max(last, inside[-1] + 1)) if len(inside) else (first, last)

    def extended(self, low: Any = None, high: Any = None) -> "Response":
        """The same response with more model bins, which reach no channel: for convolutions, which need neighbours.

        **Arguments:** `low`, `high`: keV, where the bins shall begin and end; what is inside already adds none. The new
        ones are as wide in ln E as those at the ends, or somewhat narrower. Selecting and grouping leave these bins be.

        **Raises:** `ValueError` for energies that are not positive, do not rise, or need more than 100000 bins.

        !!! example
            >>> import numpy as np
            >>> edges = np.geomspace(0.5, 8.0, 5)
            >>> response = sl.counts.Response(edges[:-1], edges[1:], np.eye(4), channels=edges)
            >>> response.extended(0.25, 16.0).shape
            (4, 6)
        """
        below = np.zeros(0) if low is None else bins_below(self.low, self.high, low)
        above = np.zeros(0) if high is None else bins_above(self.low, self.high, high)
        found, left = entries(self.matrix), max(len(below) - 1, 0)
        edges = np.r_[below[:-1], self.low, above if len(above) else self.high[-1]]
        shape = (found.shape[0], len(edges) - 1)
        matrix = pack(Entries(found.row, found.column + left, found.value, shape))
        return Response(edges[:-1], edges[1:], matrix, self.channels, self._to_keep(low, high))

    def _to_keep(self, low: Any, high: Any) -> tuple[float, float] | None:
        """What is to be kept, made longer to some energies; a side without any keeps no bin of its own."""
        middle = 0.5 * (self.low[0] + self.high[-1])
        before = (middle, middle) if self.keep is None else self.keep
        to = (
            before[0] if low is None else number(low, "keV", "low"),
            before[1] if high is None else number(high, "keV", "high"),
        )
        if low is not None and high is not None and not to[0] < to[1]:
            raise ValueError(f"low = {to[0]:g} keV is not below high = {to[1]:g} keV: give the energies as they rise.")
        return min(before[0], to[0]), max(before[1], to[1])


def merge_channels(channels: Channels, label: np.ndarray) -> Channels:
    """Groups of channels, numbered from 1, each from the lowest to the highest energy of its channels."""
    keep = label >= 0
    low, high = np.full(label.max() + 1, np.inf), np.zeros(label.max() + 1)
    np.minimum.at(low, label[keep], channels.low[keep])
    np.maximum.at(high, label[keep], channels.high[keep])
    return Channels(np.arange(1, len(low) + 1), low, high)


def _pair(keep: Any) -> tuple[float, float]:
    found = numbers(keep, "keV", "keep")
    if found.shape != (2,) or not found[0] <= found[1]:
        raise ValueError(f"keep = {keep} must be two energies, low and high [keV].")
    return float(found[0]), float(found[1])


def _check_matrix(matrix: Any, columns: int) -> np.ndarray | Rows:
    found = matrix if isinstance(matrix, Rows) else numbers(matrix, "cm2", "matrix")
    if len(found.shape) != 2 or found.shape[1] != columns or not found.shape[0]:
        raise ValueError(f"matrix has shape {found.shape}: give (channels, {columns}), a column for each of low.")
    for block in found.blocks if isinstance(found, Rows) else (found,):
        if block.size and not (block.min() >= 0 and np.isfinite(block.max())):
            bad = block[~(np.isfinite(block) & (block >= 0))]
            raise ValueError(f"matrix holds {bad[0]}: effective areas are finite, and 0 cm2 or more.")
    return pack(entries(found)) if isinstance(found, np.ndarray) and found.size > DENSE else found
