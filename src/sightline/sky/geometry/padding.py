"""Rays filled up to one of a few numbers, so that a sky of another size does not compile everything anew."""

from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._core.module import is_concrete
from .sightlines import Sightlines

T = TypeVar("T")

_FEW = 8  # rays, which take no longer than one
_MANY = 64  # batches, from which on at most an eighth is added, and a quarter below


def room(size: int, chunk: int) -> int:
    """Into how many rays so many are filled up: rays, or batches, whose number has three or four binary digits.

    12 NSIDE^2 rays, NSIDE and chunk powers of two, stay what they are.
    """
    if size <= chunk:
        return min(max(_rounded(size, 3), _FEW), chunk)
    batches = -(-size // chunk)
    return chunk * _rounded(batches, 3 if batches < _MANY else 4)


def _rounded(count: int, digits: int) -> int:
    step = 1 << max(count.bit_length() - digits, 0)
    return -(-count // step) * step


def padded(lines: Sightlines, chunk: int) -> Sightlines:
    """Lines with copies of the last ray behind, whose results are to be dropped.

    Traced lines stay as they are, all lines inside jit, where each length is a program anyway, and those in classes, on
    a mesh or that hold fields, which are made once for a fit.
    """
    if lines.classes or lines.known or lines.mesh is not None or not _concrete(lines) or _in_jit():
        return lines
    more = room(lines.size, chunk) - lines.size
    if not more:
        return lines
    where = lambda s: (s.rays, s.edges)  # noqa: E731
    return eqx.tree_at(where, lines, jax.tree.map(lambda leaf: fill(leaf, more), where(lines)), is_leaf=_missing)


def kept(values: T, size: int) -> T:
    """The values of the first rays, which are on the last axis."""
    return jax.tree.map(lambda leaf: leaf if leaf.shape[-1] == size else leaf[..., :size], values)


def fill(leaf: Array, more: int) -> Array:
    """An array with the last ray, on its last axis, repeated: by NumPy, which compiles nothing, where it lies."""
    widths = [(0, 0)] * (leaf.ndim - 1) + [(0, more)]
    if not more:
        return leaf
    if not is_concrete(leaf):
        return jnp.pad(leaf, widths, mode="edge")
    values = np.pad(np.asarray(leaf), widths, mode="edge")
    return jax.device_put(values, leaf.sharding) if leaf.committed else jnp.asarray(values)


def _concrete(lines: Sightlines) -> bool:
    return all(map(is_concrete, jax.tree.leaves((lines.rays, lines.edges))))


def _in_jit() -> bool:
    """Inside jit every operation is traced."""
    return not is_concrete(jnp.zeros(()))


def _missing(leaf: object) -> bool:
    return leaf is None
