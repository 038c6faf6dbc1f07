"""Rules by which channels are grouped."""

import abc
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._core.module import Module, setting


class AbstractGrouping(Module):
    """A rule that puts the channels of an observation into groups: subclass it for one of your own.

    !!! example
        >>> issubclass(sl.counts.MinimumCounts, sl.counts.AbstractGrouping)
        True
    """

    @abc.abstractmethod
    def __call__(self, observation: Any) -> np.ndarray:
        """The group of every channel, (m,) whole numbers, -1 for those left out.

        **Arguments:** `observation`: `Observation`; only its `selected` channels may enter a group.
        """


class AsFiled(AbstractGrouping):
    """The groups that the file gives: 1 in GROUPING begins one, -1 continues it, 0 stands alone.

    Every channel whose quality is not 0 is left out of its group, a group that was not selected whole is left out.

    !!! example
        >>> import numpy as np
        >>> response = sl.counts.Response([1, 2, 3], [2, 3, 4], np.eye(3), channels=[1, 2, 3, 4])
        >>> spectrum = sl.counts.Spectrum([3, 5, 1], 1e4, grouping=[1, -1, 1])
        >>> sl.counts.Observation(spectrum, response).counts.tolist()
        [8.0, 1.0]

    **Source:** Arnaud, George & Tennant 2009, OGIP Memo 92-007, section 3.1.
    """

    def __call__(self, observation: Any) -> np.ndarray:
        on, label = observation.on, np.cumsum(observation.on.grouping != -1)
        used = (on.quality == 0) & ~observation.bad
        cut = np.isin(label, label[used & ~observation.selected])
        return np.where(used & ~cut, label, -1)


class Ungrouped(AbstractGrouping):
    """Every selected channel by itself, bad ones left out.

    !!! example
        >>> rule = sl.counts.Ungrouped()
    """

    def __call__(self, observation: Any) -> np.ndarray:
        keep = usable(observation)
        return np.where(keep, np.cumsum(keep) - 1, -1)


class MinimumCounts(AbstractGrouping):
    """Groups of the fewest channels that hold at least so many counts, from the first channel on.

    Channels that do not reach it at the end, or before a range that was not selected, are left out, bad channels too;
    those that a grouping in the file has left out (quality 2) are used again.

    **Arguments:** `minimum`: counts on the source, background included.

    !!! example
        >>> import numpy as np
        >>> response = sl.counts.Response([1, 2, 3], [2, 3, 4], np.eye(3), channels=[1, 2, 3, 4])
        >>> observation = sl.counts.Observation(sl.counts.Spectrum([3, 5, 1], 1e4), response)
        >>> observation.group(sl.counts.MinimumCounts(4)).counts.tolist()
        [8.0]
    """

    minimum: float = setting(20, positive=True, doc="Counts a group")

    def __call__(self, observation: Any) -> np.ndarray:
        return _fill(observation, [observation.on.counts], lambda counts: counts >= self.minimum)


class MinimumSignal(AbstractGrouping):
    """Groups of the fewest channels whose signal to noise reaches a minimum, from the first channel on.

    Signal to noise is (N - sum r_i B_i) / sqrt(N + sum r_i^2 B_i), N counts on the source, B_i in the background and
    r_i their ratio. Channels that do not reach it at the end, or before a range that was not selected, are left out,
    and bad ones. Beware: groups chosen by the counts that are fitted are biased towards high ones.

    **Arguments:** `minimum`: signal to noise of a group.

    !!! example
        >>> rule = sl.counts.MinimumSignal(3.0)
    """

    minimum: float = setting(3.0, positive=True, doc="Signal to noise of a group")

    def __call__(self, observation: Any) -> np.ndarray:
        counts = observation.on.counts
        off = np.zeros_like(counts) if observation.off is None else observation.scale * observation.off.counts
        spread = counts + (0.0 if observation.off is None else observation.scale * off)

        def enough(signal: float, variance: float) -> bool:
            return signal > 0 and signal * signal >= self.minimum**2 * variance

        return _fill(observation, [counts - off, spread], enough)


class Edges(AbstractGrouping):
    """Groups between given energies: a channel belongs where its middle lies.

    Channels below the first edge or not below the last are left out, groups without a channel too.

    **Arguments:** `edges`: keV, rising, at least two.

    **Raises:** `ValueError` for edges that do not rise.

    !!! example
        >>> rule = sl.counts.Edges([0.5, 1.0, 2.0, 8.0])
    """

    edges: tuple[float, ...] = setting(unit="keV", doc="Energies between groups")

    def __check_init__(self) -> None:
        if np.ndim(self.edges) != 1 or len(self.edges) < 2 or not np.all(np.diff(self.edges) > 0):
            raise ValueError(f"Edges.edges = {self.edges} must be two energies or more [keV] that rise.")

    def __call__(self, observation: Any) -> np.ndarray:
        low, high = observation.energies
        label = np.searchsorted(self.edges, 0.5 * (low + high), side="right") - 1
        inside = usable(observation) & (label < len(self.edges) - 1)
        return np.where(inside, label, -1)


def usable(observation: Any) -> np.ndarray:
    """(m,), the channels that are selected and not bad; quality 2, which other groupings have left, is usable."""
    return observation.selected & ~observation.bad


def parts(observation: Any) -> np.ndarray:
    """(m,), the number of the range of selected channels that each is in or behind; bad channels end none."""
    out = ~(observation.selected | observation.bad)
    return np.cumsum(out & np.r_[True, ~out[:-1]])


def _fill(observation: Any, terms: list[np.ndarray], full: Callable[..., bool]) -> np.ndarray:
    """Groups that end as soon as the sums of their terms are `full`."""
    keep = np.flatnonzero(usable(observation))
    sums = np.cumsum([np.r_[0.0, term[keep]] for term in terms], axis=1).T
    label, group, first, part = np.full(len(observation.on), -1), 0, 0, parts(observation)[keep]
    for last in range(1, len(sums)):
        if part[last - 1] != part[first]:
            first = last - 1
        if full(*(sums[last] - sums[first])):
            label[keep[first:last]] = group
            group, first = group + 1, last
    return label
