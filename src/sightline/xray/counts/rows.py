"""Matrices whose rows reach few columns each: their numbers one by one, and as blocks cut to what they reach."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

DENSE = 1_000_000
"""Matrices of at most so many elements are kept whole."""
_HEIGHT = 128  # rows of a block: fewer make larger programs, more waste what is cut off
_BLOCKS = 64
_MOST = 400_000_000  # elements in blocks, of 8 bytes each


class Entries(NamedTuple):
    """The elements of a matrix that are not zero: `row`, `column`, `value`, (k,), and its `shape`."""

    row: np.ndarray
    column: np.ndarray
    value: np.ndarray
    shape: tuple[int, int]


class Rows(eqx.Module):
    """A matrix as blocks of consecutive rows, each cut to the columns from its first to its last that is not zero.

    **Arguments:**

    - `blocks`: arrays, (rows, width) each, from the top down.
    - `starts`: the first column of each; `columns`: how many the matrix has.

    !!! example
        >>> import numpy as np
        >>> rows = sl.counts.Rows((np.ones((2, 1)), np.ones((1, 2))), starts=(0, 1), columns=3)
        >>> np.asarray(rows)
        array([[1., 0., 0.],
               [1., 0., 0.],
               [0., 1., 1.]])
    """

    blocks: tuple[np.ndarray, ...]
    starts: tuple[int, ...] = eqx.field(static=True)
    columns: int = eqx.field(static=True)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return sum(len(block) for block in self.blocks), self.columns

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        whole = np.zeros(self.shape)
        for block, top, start in _blocks(self):
            whole[top : top + len(block), start : start + block.shape[1]] = block
        return whole if dtype is None else whole.astype(dtype)

    def __matmul__(self, vector: Float[Array, " n"]) -> Float[Array, " m"]:
        """The product with a vector, in its precision."""
        cuts = (vector[s : s + b.shape[1]] for b, s in zip(self.blocks, self.starts, strict=True))
        return jnp.concatenate([_product(b, cut) for b, cut in zip(self.blocks, cuts, strict=True)])


def product(matrix: np.ndarray | Rows, vector: Float[Array, " n"]) -> Float[Array, " m"]:
    """A matrix of either kind times a vector, in the precision of the vector."""
    return matrix @ vector if isinstance(matrix, Rows) else _product(matrix, vector)


def _product(matrix: np.ndarray, vector: Array) -> Array:
    return jnp.matmul(jnp.asarray(matrix, vector.dtype), vector, precision=jax.lax.Precision.HIGHEST)


def entries(matrix: np.ndarray | Rows) -> Entries:
    """The elements of a matrix that are not zero, row by row."""
    parts = []
    for block, top, start in _blocks(matrix):
        row, column = np.nonzero(block)
        parts.append((row + top, column + start, block[row, column]))
    row, column, value = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Entries(row, column, value, matrix.shape)


def _blocks(matrix: np.ndarray | Rows) -> Iterator[tuple[np.ndarray, int, int]]:
    """Blocks, each with its first row and column."""
    if not isinstance(matrix, Rows):
        yield matrix, 0, 0
        return
    top = 0
    for block, start in zip(matrix.blocks, matrix.starts, strict=True):
        yield block, top, start
        top += len(block)


def summed(matrix: np.ndarray | Rows, label: np.ndarray, weight: np.ndarray) -> np.ndarray | Rows:
    """The rows of one label, from 0, times their weights, added; label -1 is left out."""
    shape = (int(label.max()) + 1, matrix.shape[1])
    if shape[0] * shape[1] > DENSE:
        found = entries(matrix)
        keep = label[found.row] >= 0
        row, column, value = found.row[keep], found.column[keep], found.value[keep]
        return pack(Entries(label[row], column, value * weight[row], shape))
    whole = np.zeros(shape)
    for block, top, start in _blocks(matrix):
        own = label[top : top + len(block)]
        kept = np.flatnonzero(own >= 0)
        if len(kept):
            first, last = own[kept].min(), own[kept].max() + 1
            choose = np.zeros((last - first, len(block)))
            choose[own[kept] - first, kept] = weight[top + kept]
            whole[first:last, start : start + block.shape[1]] += choose @ block
    return whole


def reach(matrix: np.ndarray | Rows) -> tuple[int, int]:
    """The first column that is not 0, and the one behind the last; all where every one is 0."""
    used = np.zeros(matrix.shape[1], bool)
    for block, _, start in _blocks(matrix):
        used[start : start + block.shape[1]] |= np.any(block, axis=0)
    places = np.flatnonzero(used)
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, len(used))


def cut(matrix: np.ndarray | Rows, first: int, last: int) -> np.ndarray | Rows:
    """The columns from `first` to before `last`, beyond which all are 0."""
    if not isinstance(matrix, Rows):
        return np.ascontiguousarray(matrix[:, first:last])
    blocks, starts = [], []
    for block, _, start in _blocks(matrix):
        left, right = max(first - start, 0), max(min(last - start, block.shape[1]), 0)
        blocks.append(block[:, left:right])
        starts.append(max(start - first, 0))
    return Rows(tuple(blocks), tuple(starts), last - first)


def pack(found: Entries) -> np.ndarray | Rows:
    """A matrix of these elements, whole where it is small, else as `Rows`; elements of one place add up."""
    rows, columns = found.shape
    if rows * columns <= DENSE:
        return _fill(found.row * columns + found.column, found.value, rows * columns).reshape(rows, columns)
    height = max(_HEIGHT, -(-rows // _BLOCKS))
    top = np.arange(0, rows, height)
    left, right = _reached(found, top)
    tall, width = np.minimum(height, rows - top), right - left
    end = np.cumsum(tall * width)
    _check_size(int(end[-1]), found.shape)
    place = np.arange(rows) // height
    begin = (end - tall * width - left)[place] + (np.arange(rows) - top[place]) * width[place]  # of each row, less left
    at = begin[found.row]
    at += found.column
    flat = _fill(at, found.value, int(end[-1]))
    blocks = [part.reshape(shape) for part, *shape in zip(np.split(flat, end[:-1]), tall, width, strict=True)]
    return Rows(tuple(blocks), tuple(left.tolist()), columns)


def _reached(found: Entries, top: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first column that each block reaches and the one behind the last, 0 and 0 for a block of zeros."""
    rows, columns = found.shape
    left, right = np.full(rows, columns), np.full(rows, -1)
    np.minimum.at(left, found.row, found.column)
    np.maximum.at(right, found.row, found.column)
    left, right = np.minimum.reduceat(left, top), np.maximum.reduceat(right, top) + 1
    return np.where(right > 0, left, 0), right


def _fill(place: np.ndarray, value: np.ndarray, size: int) -> np.ndarray:
    flat = np.zeros(size)
    flat[place] = value  # twice as quick as to add: where as many are there as were put no place had two
    if np.count_nonzero(flat) == np.count_nonzero(value):
        return flat
    return np.bincount(place, weights=value, minlength=size).astype(np.float64, copy=False)


def _check_size(size: int, shape: tuple[int, int]) -> None:
    """Refuses a matrix whose rows reach so much that no memory holds it.

    **Raises:** `ValueError`.
    """
    if size > _MOST:
        raise ValueError(
            f"a matrix of {shape[0]} channels and {shape[1]} energies that reach most of them would take "
            f"{8e-9 * size:.0f} GB: bin it first, or cut its lowest channels off."
        )
