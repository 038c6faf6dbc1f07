"""Gradients and curvatures of pixels, added up into the numbers that are free."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array

from ..._core.dependence import dependent
from ..._core.safe import staged_sum
from ...statistics.squares import Normal, Vector
from ..mixing import MixingMatrix
from . import pixels
from .elimination import Slopes
from .triangle import place

Spreading = Callable[[MixingMatrix], pixels.Spread]


def assembled(
    mixing: Callable[[Vector], MixingMatrix], spread: Spreading, seen: pixels.Pixels, vector: Vector, size: int
) -> Normal:
    """-log L with gradient and curvature.

    **Arguments:** `mixing`: of the numbers that are free; `spread`: what gives its pixels their values; `seen`: what
    they show; `size`: how many there are.
    """

    def leaves(x: Vector) -> list[Array]:
        return jax.tree.leaves(eqx.filter(spread(mixing(x)).mixing, eqx.is_inexact_array))

    moving, of = dependent(leaves, vector), spread(mixing(vector))

    def moved(x: Vector) -> tuple[Array, ...]:
        chosen = [leaf for leaf, moves in zip(leaves(x), moving, strict=True) if moves]
        return pixels.numbers(chosen, of, moving, size)

    _, push = jax.linearize(moved, vector)
    return _summed(pixels.derivatives(of, seen, moving), push, vector)


def _summed(found: Slopes, push: Callable[[Vector], Any], vector: Vector) -> Normal:
    """What pixels say, added up into the numbers that are free."""
    pull, size = jax.linear_transpose(push, vector), len(found.gradient)

    def product(v: Vector) -> Vector:
        along = push(v)
        rows = [[found.curvature[place(q, p)] * along[p] for p in range(size)] for q in range(size)]
        return pull(tuple(sum(row[1:], row[0]) for row in rows))[0]

    diagonal = pull(tuple(found.curvature[place(q, q)] for q in range(size)))[0]
    return Normal(staged_sum(found.value), pull(found.gradient)[0], product, diagonal)
