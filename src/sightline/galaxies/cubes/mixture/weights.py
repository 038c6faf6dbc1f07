"""Weights of templates, none negative, that fit a spectrum best; few columns of the matrix are ever computed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

TOLERANCE = 1e-9
"""Of a gradient, over the lengths of a column and of the data, that counts as none."""


class Solution(NamedTuple):
    """Numbers of the columns with positive weights, the weights, these columns, and what they leave of the data."""

    index: np.ndarray
    weights: np.ndarray
    columns: np.ndarray
    residual: np.ndarray


def nonnegative(
    columns: Callable[[np.ndarray], np.ndarray],
    gradient: Callable[[np.ndarray], np.ndarray],
    data: np.ndarray,
    start: np.ndarray,
) -> Solution:
    """The least squares |A x - data|^2 for x >= 0, by active sets.

    **Arguments:**

    - `columns`: columns of A by their numbers, (n, k), of lengths that are about alike; `gradient`: A^T times a vector.
    - `start`: numbers of columns that a similar problem needed.

    **Source:** Lawson and Hanson 1974, Solving Least Squares Problems, chapter 23.
    """
    state = _begin(columns, data, start)
    limit, blocked = TOLERANCE * float(np.linalg.norm(data)), set()
    for _ in range(10 * len(gradient(data)) + 10):
        slope = gradient(state.residual)
        slope[[*state.index, *blocked]] = -np.inf
        best = int(np.argmax(slope))
        column = columns(np.array([best]))
        if not slope[best] > limit * float(np.linalg.norm(column)):
            break
        added, grew = _add(state, column, best, data)
        blocked = set() if grew else blocked | {best}
        state = added if grew else state
    return state


def _begin(columns: Any, data: np.ndarray, start: np.ndarray) -> Solution:
    """The columns of `start` with positive weights."""
    index = np.asarray(start, int)
    matrix = columns(index)
    while len(index):
        weights = _solve(matrix, data)
        if np.all(weights > 0):
            return _state(index, weights, matrix, data)
        index, matrix = index[weights > 0], matrix[:, weights > 0]
    return Solution(index, np.zeros(0), matrix.reshape(len(data), 0), data)


def _add(state: Solution, column: np.ndarray, best: int, data: np.ndarray) -> tuple[Solution, bool]:
    """One column more, and without those that must go for it; whether it could be added."""
    index, matrix = np.append(state.index, best), np.concatenate([state.columns, column], axis=1)
    weights = np.append(state.weights, 0.0)
    wanted = _solve(matrix, data)
    if not wanted[-1] > 0:  # what its gradient says is rounding
        return state, False
    while np.any(wanted <= 0):
        down = wanted <= 0
        share = np.min(weights[down] / np.maximum(weights[down] - wanted[down], 1e-300))
        weights = weights + share * (wanted - weights)
        keep = ~(down & (weights <= 1e-12 * np.max(np.abs(weights))))
        if np.all(keep):
            keep[np.argmin(np.where(down, weights, np.inf))] = False
        index, matrix, weights = index[keep], matrix[:, keep], weights[keep]
        wanted = _solve(matrix, data)
    return _state(index, wanted, matrix, data), True


def _solve(matrix: np.ndarray, data: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(matrix, data, rcond=1e-12)[0]


def _state(index: np.ndarray, weights: np.ndarray, matrix: np.ndarray, data: np.ndarray) -> Solution:
    return Solution(index, weights, matrix, data - matrix @ weights)
