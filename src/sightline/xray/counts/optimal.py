"""Groups as wide as resolution and counts allow."""

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from .grouping import AbstractGrouping, parts, usable
from .response import Response
from .rows import entries

_INSIDE = 0.7610  # of a Gaussian line's counts within its full width at half maximum
_FEW = 2.119  # x below which a group is as wide as the resolution


class Optimal(AbstractGrouping):
    """Groups that lose no more by their width than by the statistics of their counts.

    In units of the full width at half maximum F of the response a group is as wide as

    Delta/F = 1 for x <= 2.119, else (0.08 x + 7.0 + 1.8/x) / (x + 5.9), x = ln[N_r (1 + 0.20 ln R)],

    with N_r the counts in a resolution element, those within F over 0.7610, and R the number of resolution elements in
    the selected channels. Widths are rounded down to whole channels, at least one; a group is nowhere wider than any of
    its channels asks for, with those within it that are left out, and ends before a range that was not selected.
    Nothing is left out at the end, groups without counts are kept: use a Poisson likelihood.

    !!! example
        >>> import numpy as np
        >>> edges = np.linspace(1.0, 5.0, 41)
        >>> middle = 0.5 * (edges[1:] + edges[:-1])
        >>> lines = np.exp(-0.5 * ((middle[:, None] - middle) / 0.2) ** 2)
        >>> response = sl.counts.Response(edges[:-1], edges[1:], lines, channels=edges)
        >>> observation = sl.counts.Observation(sl.counts.Spectrum(np.ones(40), 1e4), response)
        >>> len(observation.group(sl.counts.Optimal()))
        11

    **Source:** Kaastra & Bleeker 2016, A&A 587, A151, equations 36 (width), 37 (x), B1 (R) and B2 to B4 (N_r).
    """

    cites: ClassVar[tuple[str, ...]] = ("Kaastra2016",)

    def __call__(self, observation: Any) -> np.ndarray:
        keep = np.flatnonzero(usable(observation))
        if not len(keep):
            return np.full(len(observation.on), -1)
        rows = observation.on.channel - observation.response.channels.label[0]
        width = resolution(observation.response)[rows]
        size, part = _sizes(observation.on.counts, width, keep), parts(observation)[keep]
        label, group, first = np.full(len(observation.on), -1), 0, 0
        while first < len(keep):
            last, room, end = first, size[first], np.searchsorted(part, part[first], side="right")
            while last < end and keep[last] - keep[first] < min(room, size[last]):
                room, last = min(room, size[last]), last + 1
            label[keep[first:last]] = group
            group, first = group + 1, last
        return label


def _sizes(counts: np.ndarray, width: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """The channels that a group about each of the channels to keep may have."""
    middle, half = keep + 0.5, 0.5 * width[keep]
    kept = np.zeros(len(counts))
    kept[keep] = np.maximum(counts[keep], 0.0)
    edges, total = np.arange(len(counts) + 1), np.r_[0.0, np.cumsum(kept)]
    held = np.interp(middle + half, edges, total) - np.interp(middle - half, edges, total)
    factor = optimal_width(held / _INSIDE, float(np.sum(1 / width[keep])))
    return np.maximum(np.floor(width[keep] * factor + 1e-9), 1).astype(int)


def optimal_width(counts: np.ndarray, elements: float) -> np.ndarray:
    """How wide groups may be, of the full width at half maximum, by the counts of a resolution element, (n,)."""
    x = np.log(np.maximum(counts * (1 + 0.20 * np.log(max(elements, 1.0))), 1.0))
    many = np.maximum(x, _FEW)
    return np.where(x <= _FEW, 1.0, (0.08 * many + 7.0 + 1.8 / many) / (many + 5.9))


def resolution(response: Response) -> np.ndarray:
    """The full width at half maximum of a line that peaks in a channel, (m,), in channels, at least 1.

    Between peaks of the model bins it is interpolated.
    """
    found = entries(response.matrix)
    order = np.argsort(found.column, kind="stable")
    row, value, columns = found.row[order], found.value[order], found.column[order]
    cuts = np.searchsorted(columns, np.arange(found.shape[1] + 1))
    peaks = [_peak(row[a:b], value[a:b]) for a, b in pairwise(cuts) if b > a]
    if not peaks:
        return np.ones(found.shape[0])
    place, width = np.array(peaks).T
    place, inverse = np.unique(place, return_inverse=True)
    mean = np.bincount(inverse, weights=width) / np.bincount(inverse)
    return np.maximum(np.interp(np.arange(found.shape[0]), place, mean), 1.0)


def _peak(row: np.ndarray, value: np.ndarray) -> tuple[float, float]:
    """Where one line peaks and how wide it is at half its height, from its elements, in channels."""
    line = np.zeros(row[-1] - row[0] + 3)  # with a 0 on either side
    line[row - row[0] + 1] = value
    top = int(np.argmax(line))
    half = 0.5 * line[top]
    left = np.flatnonzero(line[:top] < half)[-1]
    right = top + np.flatnonzero(line[top:] < half)[0]
    start = left + (half - line[left]) / (line[left + 1] - line[left])
    stop = right - (half - line[right]) / (line[right - 1] - line[right])
    return float(row[0] + top - 1), stop - start
