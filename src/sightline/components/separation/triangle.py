"""Small symmetric systems of numbers that stay apart: each number may be a map of pixels, and all pixels one vector."""

import functools
import operator
from collections.abc import Iterable, Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

Scalar = Float[Array, ""]
Rows = tuple[tuple[Scalar, ...], ...]


def pairs(size: int) -> list[tuple[int, int]]:
    """The places of the lower triangle, row by row."""
    return [(i, j) for i in range(size) for j in range(i + 1)]


def place(i: int, j: int) -> int:
    """Where a symmetric matrix has (i, j) in its lower triangle."""
    return i * (i + 1) // 2 + j if i >= j else place(j, i)


def add(terms: Iterable[Scalar]) -> Scalar:
    """The sum of one number or more."""
    return functools.reduce(operator.add, terms)


def dot(first: Iterable[Scalar], second: Iterable[Scalar]) -> Scalar:
    """The sum of the products of two lists."""
    return add(a * b for a, b in zip(first, second, strict=True))


def cholesky(lower: Sequence[Scalar], size: int) -> Rows:
    """The rows of L of a positive matrix, L L^T, from its lower triangle, 1/L_ii in place of the diagonal."""
    rows: list[list[Scalar]] = []
    for i in range(size):
        row: list[Scalar] = []
        for j in range(i + 1):
            rest = lower[place(i, j)] - sum(a * b for a, b in zip(row[:j], rows[j] if j < i else row, strict=False))
            row.append(rest * rows[j][j] if j < i else 1 / jnp.sqrt(rest))
        rows.append(row)
    return tuple(map(tuple, rows))


def forward(factor: Rows, side: Sequence[Scalar]) -> list[Scalar]:
    """L^-1 b."""
    found: list[Scalar] = []
    for row, number in zip(factor, side, strict=True):
        found.append((number - sum(a * b for a, b in zip(row, found, strict=False))) * row[-1])
    return found


def solve(factor: Rows, side: Sequence[Scalar]) -> tuple[Scalar, ...]:
    """(L L^T)^-1 b."""
    found = forward(factor, side)
    for i in reversed(range(len(found))):
        below = sum(factor[k][i] * found[k] for k in range(i + 1, len(found)))
        found[i] = (found[i] - below) * factor[i][i]
    return tuple(found)


def log_determinant(factor: Rows) -> Scalar:
    """log |L L^T|."""
    return -2 * add(jnp.log(row[-1]) for row in factor)
