"""The shape of the spiral arms of NE2001, and which pieces of it are nearest to a point; NumPy only."""

import functools
import itertools
from typing import NamedTuple

import numpy as np

from .ne2001_lookup import Columns, cover

_SPIRALS = (
    (4.25, 3.48, 0.0, 6.0),
    (4.89, 3.76, 4.24, 6.0),
    (4.25, 3.48, 3.141, 6.0),
    (4.89, 4.90, 2.525, 6.0),
    (4.57, 8.10, 5.847, 0.55),
)  # of arms 1 to 5: a, r_min [kpc], theta_min [rad], extent [rad]
_SCULPTED = {
    1: ((290, 395, -0.11, 350, 105),),
    2: ((370, 410, 0.04, 390, 40), (315, 370, -0.07, 345, 55), (180, 315, 0.16, 260, 135)),
}  # of arms 2 and 3: range [deg], amplitude, centre [deg], width [deg]
REACH = 1.95  # kpc, 3 w_a, where arms are cut
SEGMENTS = 4  # of an arm that are tried as the nearest to a point
_WIDTHS = (0.1, 0.04, 0.1, 0.1, 0.1)  # kpc, of columns narrow enough for that
_NODES = 20
_STEP = 5.0  # deg kpc, along the curve times its smallest radius
_FAR = 1e3  # kpc


class Arms(NamedTuple):
    """Which segments of an arm may be nearest to a point within REACH, for all arms.

    They are the SEGMENTS from number `first[offset + column]` on, `column` that of the point among the arm's
    `columns`, all far away where the arm is out of reach. Segment k runs from corner k to k + 1, at `x`, `y`
    [kpc]; `inverse` is 1/length^2 [kpc^-2].
    """

    columns: tuple[Columns, ...]
    offset: np.ndarray
    first: np.ndarray
    x: np.ndarray
    y: np.ndarray
    inverse: np.ndarray


def nodes(spiral: int) -> tuple[np.ndarray, np.ndarray]:
    """Azimuth [deg] and radius [kpc] of the nodes: a logarithmic spiral, moved in or out here and there."""
    a, r_min, theta_min, extent = _SPIRALS[spiral]
    turned = np.arange(_NODES) * extent / (_NODES - 1)
    theta, radius = np.rad2deg(theta_min + turned), r_min * np.exp(turned / a)
    for start, end, amplitude, centre, width in _SCULPTED.get(spiral, ()):
        factor = 1 + amplitude * np.cos(np.deg2rad((theta - centre) * 180 / width))
        radius = np.where((theta > start) & (theta <= end), radius * factor, radius)
    return theta, radius


def natural_spline(knots: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The natural cubic spline through `values` at `knots`, evaluated `at`."""
    steps, slopes = np.diff(knots), np.diff(values) / np.diff(knots)
    matrix = np.diag(np.r_[1, 2 * (steps[1:] + steps[:-1]), 1])
    matrix += np.diag(np.r_[steps[:-1], 0], -1) + np.diag(np.r_[0, steps[1:]], 1)
    bend = np.linalg.solve(matrix, np.r_[0, 6 * np.diff(slopes), 0])
    i = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(steps) - 1)
    u = (at - knots[i]) / steps[i]
    v = 1 - u
    cubic = bend[i] * (v**3 - v) + bend[i + 1] * (u**3 - u)
    return values[i] * v + values[i + 1] * u + cubic * steps[i] ** 2 / 6


def polyline(spiral: int) -> np.ndarray:
    """Corners, (n, 2) kpc, of an arm: a spline through its nodes, sampled every 5 deg kpc/r_min."""
    theta, radius = nodes(spiral)
    step = _STEP / radius[0]
    at = np.arange(theta[0] + 1e-3 * step, theta[-1], step)
    r, azimuth = natural_spline(theta, radius, at), np.deg2rad(at)
    return np.stack([-r * np.cos(azimuth), -r * np.sin(azimuth)], axis=1)


def nearest_segments(points: np.ndarray, columns: Columns) -> tuple[np.ndarray, np.ndarray]:
    """Number and distance of the segment nearest to each corner of the columns; -1 for one far away."""
    reach = REACH + 2 * columns.width
    x = columns.x + columns.width * np.arange(columns.nx + 1)
    y = columns.y + columns.width * np.arange(columns.ny + 1)
    square, nearest = np.full((len(x), len(y)), reach**2), np.full((len(x), len(y)), -1)
    for number, (start, end) in enumerate(itertools.pairwise(points)):
        lower, upper = np.minimum(start, end) - reach, np.maximum(start, end) + reach
        (i, j), (k, l) = (np.searchsorted(axis, [lower[n], upper[n]]) for n, axis in enumerate((x, y)))
        dx, dy, (ux, uy) = x[i:j, None] - start[0], y[None, k:l] - start[1], end - start
        along = np.clip((dx * ux + dy * uy) / (ux**2 + uy**2), 0, 1)
        found = (dx - along * ux) ** 2 + (dy - along * uy) ** 2
        closer = found < square[i:j, k:l]
        square[i:j, k:l][closer], nearest[i:j, k:l][closer] = found[closer], number
    return nearest, np.sqrt(square)


def first_segments(points: np.ndarray, columns: Columns) -> np.ndarray:
    """The first of the SEGMENTS that may be nearest to a point of each column; -1 where all is out of reach.

    Lines of equal nearest point are straight, so that the extremes within a column are at its corners.
    """
    nearest, distance = (_corners(values) for values in nearest_segments(points, columns))
    first, last = nearest.min(axis=0), nearest.max(axis=0)
    reached = (distance.min(axis=0) < REACH + 0.75 * columns.width) & (first >= 0)
    if np.any((last - first)[reached] >= SEGMENTS):
        raise ValueError(f"columns of {columns.width} kpc about an arm are too wide for {SEGMENTS} segments each.")
    return np.where(reached, np.minimum(first, len(points) - 1 - SEGMENTS), -1).reshape(-1)


def _corners(values: np.ndarray) -> np.ndarray:
    return np.stack([values[:-1, :-1], values[1:, :-1], values[:-1, 1:], values[1:, 1:]])


@functools.cache
def outermost() -> float:
    """The largest distance of an arm from the Galactic centre, kpc."""
    return max(float(np.max(np.hypot(*polyline(spiral).T))) for spiral in range(len(_SPIRALS)))


@functools.cache
def arm_table() -> Arms:
    """The arms, built once."""
    lines = [polyline(spiral) for spiral in range(len(_SPIRALS))]
    columns = [cover(line - REACH, line + REACH, width) for line, width in zip(lines, _WIDTHS, strict=True)]
    starts = np.cumsum([0, *map(len, lines)])
    windows = [first_segments(*arm) for arm in zip(lines, columns, strict=True)]
    first = [np.where(window >= 0, start + window, starts[-1]) for window, start in zip(windows, starts, strict=False)]
    nowhere = _FAR + np.outer(np.arange(SEGMENTS + 1.0), [1, 0])
    x, y = np.concatenate([*lines, nowhere]).T
    offset, inverse = np.cumsum([0, *map(len, first[:-1])]), 1 / (np.diff(x) ** 2 + np.diff(y) ** 2)
    return Arms(tuple(columns), offset, np.concatenate(first).astype(np.int16), x, y, inverse)
