"""A library on a fine grid in ln wavelength, as sharp as the instrument, and channel means of what is on that grid."""

import dataclasses
import functools
from typing import Any

import numpy as np

FINE = 4.0
"""Points of the grid in the narrowest channel."""
BRIDGE = 0.1
"""Share of the grid over which the end of a spectrum is led back to its start: transforms take it as periodic."""
REACH = 6.0
"""Standard deviations beyond which a Gaussian is nothing."""


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """Points in ln wavelength [A], at rest, in vacuum: the first, their distance, and how many are real."""

    first: float
    step: float
    count: int

    @functools.cached_property
    def length(self) -> int:
        """Points with the bridge from the end to the start."""
        from scipy.fft import next_fast_len

        return int(next_fast_len(int(self.count * (1 + BRIDGE)) + 8, real=True) or 0)

    @property
    def wavelength(self) -> np.ndarray:
        """(count,), A."""
        return np.exp(self.first + self.step * np.arange(self.count))

    @property
    def frequency(self) -> np.ndarray:
        """Of the transforms of real spectra, per unit of ln wavelength."""
        return 2 * np.pi * np.fft.rfftfreq(self.length, self.step)

    def bridged(self, values: np.ndarray) -> np.ndarray:
        """Spectra, (..., count), led back smoothly from the end to the start, (..., length)."""
        share = np.arange(1, self.length - self.count + 1) / (self.length - self.count + 1)
        share = 0.5 - 0.5 * np.cos(np.pi * share)
        last, first = values[..., -1:], values[..., :1]
        return np.concatenate([values, last + share * (first - last)], axis=-1)


def grid_over(edges: np.ndarray, reach: float, low: float, high: float) -> Grid:
    """The grid for channels, at rest, and `reach` in ln wavelength beyond, no further than from `low` to `high`."""
    step = float(np.min(np.diff(np.log(edges)))) / FINE
    first, last = np.log(max(edges[0] * np.exp(-reach), low)), np.log(min(edges[-1] * np.exp(reach), high))
    return Grid(float(first), step, int((last - first) / step) + 1)


@dataclasses.dataclass(frozen=True, eq=False)
class Templates:
    """Spectra of a library on a grid, each over its mean there.

    - `values`: (templates, grid.length); `light`: those means, Lsun A-1 Msun-1.
    """

    grid: Grid
    values: np.ndarray
    light: np.ndarray

    @functools.cached_property
    def _transforms(self) -> dict[int, np.ndarray]:
        return {}

    def transforms(self, index: np.ndarray) -> np.ndarray:
        """Fourier transforms of some of the templates: few are ever needed, and these again and again."""
        known = self._transforms
        for k in set(index.tolist()).difference(known):
            known[k] = np.fft.rfft(self.values[k])
        found = [known[k] for k in index.tolist()]
        return np.reshape(np.array(found, complex), (len(index), self.grid.length // 2 + 1))


def templates_on(grid: Grid, wavelength: np.ndarray, spectra: np.ndarray, width: Any) -> Templates:
    """A library on a grid.

    **Arguments:** `wavelength`: (w,), A, in vacuum; `spectra`: (templates, w); `width`: standard deviation of the
    Gaussian that makes them as blurred as the instrument, A at rest, at each point of the grid.
    """
    weights = point_weights(wavelength, grid.wavelength, np.broadcast_to(width, grid.count))
    values = np.asarray((weights @ spectra.T).T)
    light = np.mean(values, axis=1)
    return Templates(grid, grid.bridged(values / light[:, None]), light)


def point_weights(nodes: np.ndarray, points: np.ndarray, sigma: np.ndarray) -> Any:
    """Weights of samples in the values, at some points, of the broken line through them convolved with a Gaussian.

    The second divided difference of K(u) = u Phi(u/s) + s phi(u/s), in closed form; linear interpolation for s = 0.

    **Returns:** a sparse matrix, (points, nodes).
    """
    from scipy.sparse import csr_array

    reach = REACH * sigma + np.max(np.diff(nodes))
    first = np.clip(np.searchsorted(nodes, points - reach) - 1, 1, len(nodes) - 2)
    last = np.clip(np.searchsorted(nodes, points + reach) + 1, 1, len(nodes) - 2)
    index = first[:, None] + np.arange(np.max(last - first) + 1)
    used = index <= last[:, None]
    index = np.minimum(index, len(nodes) - 2)
    left, middle, right = (_ramp(points[:, None] - nodes[index + k], sigma[:, None]) for k in (-1, 0, 1))
    below, above = nodes[index] - nodes[index - 1], nodes[index + 1] - nodes[index]
    weights = (left - middle) / below - (middle - right) / above
    rows = np.broadcast_to(np.arange(len(points))[:, None], index.shape)
    return csr_array((weights[used], (rows[used], index[used])), shape=(len(points), len(nodes)))


def _ramp(u: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """max(u, 0) convolved with a Gaussian."""
    from scipy.special import ndtr

    scale = np.where(sigma > 0, sigma, 1.0)
    t = u / scale
    soft = u * ndtr(t) + scale * np.exp(-0.5 * t * t) / np.sqrt(2 * np.pi)
    return np.where(sigma > 0, soft, np.maximum(u, 0))


def sampler(grid: Grid, edges: np.ndarray) -> Any:
    """Weights of points of the grid in the means over channels [A, at rest, in vacuum], (channels, grid.length).

    Means over four Gauss-Legendre points of the cubic through the nearest four points of the grid.
    """
    from scipy.sparse import csr_array

    nodes, shares = np.polynomial.legendre.leggauss(4)
    points = np.log(edges[:-1, None] + 0.5 * np.diff(edges)[:, None] * (1 + nodes))
    place = (points - grid.first) / grid.step
    start = np.clip(np.floor(place).astype(int) - 1, 0, grid.count - 4)
    t = place - start
    cubic = [-(t - 1) * (t - 2) * (t - 3) / 6, t * (t - 2) * (t - 3) / 2]
    cubic += [-t * (t - 1) * (t - 3) / 2, t * (t - 1) * (t - 2) / 6]
    weights = 0.5 * shares[:, None] * np.stack(cubic, axis=-1)
    columns = start[..., None] + np.arange(4)
    rows = np.broadcast_to(np.arange(len(edges) - 1)[:, None, None], columns.shape)
    shape = (len(edges) - 1, grid.length)
    return csr_array((weights.ravel(), (rows.ravel(), columns.ravel())), shape=shape)
