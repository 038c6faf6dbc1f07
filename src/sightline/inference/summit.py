"""The largest density in a box of one or two numbers."""

import warnings
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..parameters import ravel
from ..statistics import Posterior

TOGETHER = 4096  # points that are evaluated at a time
SIDE, FINE = {1: 65, 2: 33}, {1: 512, 2: 64}  # points along each number of grids for the largest maximum, and for all
ZOOMS, STEPS = 8, 30
BETWEEN, SHALLOW = (
    64,
    1e-3,
)  # points, at least, of a path between two maxima, and how much lower the density must be on it
HALVES = 8  # lengths of a step that are tried
DEEP, OTHERS = 40.0, 100  # logarithms below the largest density, and how many maxima are looked at beside it


class ScanWarning(UserWarning):
    """A density with more maxima than `sl.scan` looks at."""


class Density:
    """The log density of the free numbers of a posterior, in an order of their labels.

    **Arguments:** `labels`: of all that are not held, (d,); `low`, `high`: of the box, (d,).
    """

    labels: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray

    def __init__(self, posterior: Posterior, labels: tuple[str, ...], low: np.ndarray, high: np.ndarray):
        self.labels, self.low, self.high, self._posterior = labels, low, high, posterior
        space = posterior.space
        self._places = np.array([space.labels.index(one) for one in labels])
        whole = space.to_constrained(space.to_unconstrained(space.inwards({})))  # what `pin` holds is in it
        self._others = np.asarray(ravel(whole, space.names)[0], np.float64)

    def _whole(self, points: np.ndarray) -> np.ndarray:
        """Points with what is held, (m, numbers) in the order of the space."""
        found = np.repeat(self._others[None], len(points), axis=0)
        found[:, self._places] = points
        return found

    def heights(self, points: np.ndarray) -> np.ndarray:
        """The log density at points, (m, d)."""
        found = []
        size = min(TOGETHER, 2 ** int(np.ceil(np.log2(len(points)))))
        for first in range(0, len(points), size):
            part = self._whole(points[first : first + size])
            padded = np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])
            found.append(np.asarray(_heights(self._posterior, padded), np.float64)[: len(part)])
        values = np.concatenate(found)
        return np.where(np.isnan(values), -np.inf, values)

    def slopes(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradient, (d,), and second derivatives, (d, d), at a point."""
        gradient, hessian = _slopes(self._posterior, self._whole(point[None])[0])
        own = self._places
        return np.asarray(gradient, np.float64)[own], np.asarray(hessian, np.float64)[np.ix_(own, own)]


class Summit(NamedTuple):
    """Where the density is largest: `mode`, (d,), its log, `height`, and the `scale` of each number, (d,)."""

    mode: np.ndarray
    height: float
    scale: np.ndarray


def summit(density: Density) -> Summit:
    """The largest density in the box, exact on its sides.

    **Raises:** `ValueError` where the density is nowhere finite.
    """
    mode = _climbed(density, _highest(density), density.low, density.high)
    gradient, hessian = density.slopes(mode)
    return Summit(mode, float(density.heights(mode[None])[0]), _scale(density, gradient, hessian))


def summits(density: Density) -> list[Summit]:
    """The maxima in the box that a grid tells of and that are not much lower than the largest, which comes first.

    **Raises:** `ValueError` where the density is nowhere finite.
    """
    found, points = [summit(density)], _maxima(density)
    for point in points[:OTHERS]:
        if not _is_another(density, point, found):
            continue
        mode = _climbed(density, point, *_about(density, point))
        height, slopes = float(density.heights(mode[None])[0]), density.slopes(mode)
        high, arrived = height > found[0].height - DEEP, _is_level(density, mode, slopes[0])
        if high and arrived and _is_another(density, mode, found):
            found.append(Summit(mode, height, _scale(density, *slopes)))
    if len(found) > OTHERS or (len(points) > OTHERS and len(found) > OTHERS // 2):
        warnings.warn(
            f"scan: the density of {', '.join(density.labels)} has more than {OTHERS} maxima, of which some may be "
            "left out: take a smaller range.",
            ScanWarning,
            stacklevel=4,
        )
    return sorted(found, key=lambda one: -one.height)


def _about(density: Density, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The box about a node of the grid in which the maximum lies of which it tells."""
    size = point.size  # along a line that is between the next nodes, in a plane it may be a little farther
    steps = size * (density.high - density.low) / (FINE[size] - 1)
    return np.maximum(point - steps, density.low), np.minimum(point + steps, density.high)


def _is_another(density: Density, point: np.ndarray, found: list[Summit]) -> bool:
    """Whether valleys part a point from all maxima; along a line from the nearest on either side."""
    modes = [one.mode for one in found]
    if point.size == 1:
        sides = [[one for one in modes if one[0] <= point[0]], [one for one in modes if one[0] >= point[0]]]
        modes = [min(side, key=lambda one: abs(one[0] - point[0])) for side in sides if side]
    return all(_valley(density, point, one) for one in modes)


def _valley(density: Density, one: np.ndarray, other: np.ndarray) -> bool:
    """Whether the density is lower between two points than at both."""
    step = (density.high - density.low) / (FINE[one.size] - 1)
    count = max(BETWEEN, int(4 * np.max(np.abs(other - one) / step)))  # not as many as there may be maxima
    path = one + np.linspace(0.0, 1.0, count)[:, None] * (other - one)
    heights = density.heights(path)
    return bool(np.min(heights) < min(heights[0], heights[-1]) - SHALLOW)


def _is_level(density: Density, point: np.ndarray, gradient: np.ndarray) -> bool:
    """Whether a point is a maximum, as far as the slope tells: within its sides none is left over a grid's step."""
    rising = ((point > density.low) & (gradient < 0)) | ((point < density.high) & (gradient > 0))
    step = (density.high - density.low) / (FINE[density.low.size] - 1)
    return bool(np.all(~rising | (np.abs(gradient) * step < SHALLOW)))


def _maxima(density: Density) -> np.ndarray:
    """Nodes of a grid that are higher than those next to them, (m, d), the highest first."""
    from scipy.ndimage import maximum_filter

    axes = [np.linspace(a, b, FINE[density.low.size]) for a, b in zip(density.low, density.high, strict=True)]
    points = np.stack([part.ravel() for part in np.meshgrid(*axes, indexing="ij")], axis=1)
    heights = density.heights(points).reshape([axis.size for axis in axes])
    highest = maximum_filter(heights, size=3, mode="nearest")
    places = np.flatnonzero(np.isfinite(heights) & (heights == highest))
    return points[places[np.argsort(-heights.ravel()[places])]]


def _highest(density: Density) -> np.ndarray:
    """The highest of a grid, of a finer one about it, and so on."""
    low, high, best = density.low, density.high, density.low
    for _ in range(ZOOMS):
        axes = [np.linspace(a, b, SIDE[low.size]) for a, b in zip(low, high, strict=True)]
        points = np.stack([part.ravel() for part in np.meshgrid(*axes, indexing="ij")], axis=1)
        heights = density.heights(points)
        if not np.any(np.isfinite(heights)):
            raise ValueError(f"The density of {', '.join(density.labels)} is zero all over the ranges: give others.")
        best, step = points[np.argmax(heights)], (high - low) / (SIDE[low.size] - 1)
        low, high = np.maximum(best - step, density.low), np.minimum(best + step, density.high)
    return best


def _climbed(density: Density, point: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Newton's steps up within a box, along its sides where the density rises across them, shorter ones if need be."""
    height = density.heights(point[None])[0]
    for _ in range(STEPS):
        gradient, hessian = density.slopes(point)
        free = ~(((point <= low) & (gradient <= 0)) | ((point >= high) & (gradient >= 0)))
        step = np.zeros_like(point)
        if np.any(free):
            values, vectors = np.linalg.eigh(hessian[np.ix_(free, free)])
            strength = np.maximum(np.abs(values), np.finfo(float).tiny)
            step[free] = vectors @ ((vectors.T @ gradient[free]) / strength)
        trials = np.clip(point + step * 0.5 ** np.arange(HALVES)[:, None], low, high)
        heights = density.heights(trials)
        trial, found = max(zip(trials, heights, strict=True), key=lambda pair: pair[1])
        if not found >= height - 1e-9 * max(1.0, abs(height)) or np.all(trial == point):
            break
        point, height = trial, max(height, found)
    return point


def _scale(density: Density, gradient: np.ndarray, hessian: np.ndarray) -> np.ndarray:
    """About how far the density reaches on either side, by slope and curvature."""
    width = density.high - density.low
    values, vectors = np.linalg.eigh(-hessian)
    spread = np.sqrt((vectors**2) @ (1 / np.maximum(values, 1e-300))) if np.all(values > 0) else width
    slope = 1 / np.maximum(np.abs(gradient), 1 / width)
    return np.clip(np.minimum(spread, np.where(np.isfinite(slope), slope, width)), 1e-9 * width, width)


def _vector_density(posterior: Posterior, vector: jax.Array) -> jax.Array:
    _, back = ravel(posterior.space.initial, posterior.space.names)
    return posterior.log_posterior(back(vector))


@eqx.filter_jit
def _heights(posterior: Posterior, points: Any) -> jax.Array:
    first, _ = ravel(posterior.space.initial, posterior.space.names)
    return jax.vmap(lambda one: _vector_density(posterior, one))(jnp.asarray(points, first.dtype))


@eqx.filter_jit
def _slopes(posterior: Posterior, point: Any) -> tuple[jax.Array, jax.Array]:
    first, _ = ravel(posterior.space.initial, posterior.space.names)

    def gradient(one: jax.Array) -> jax.Array:
        return jax.grad(lambda v: _vector_density(posterior, v))(one)

    at = jnp.asarray(point, first.dtype)
    return gradient(at), jax.jacfwd(gradient)(at)
