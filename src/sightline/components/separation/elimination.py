"""Amplitudes of one pixel eliminated: sums over bands, a small linear system, and what it leaves.

Systems share nothing: one is a Stokes parameter, or all of them where their noise is correlated. Parameters of equal
noise are several maps of one system, whose matrix is built and factorised once. Written for one pixel, of numbers that
stay apart, so that pixels make the vectors. Nothing is kept of a band but what it adds to sums; residuals come from a
second pass, which loses no digits however bright the pixel is.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from ...sky.instruments.bands import Nodes
from ..mixing import MixingMatrix
from .triangle import Rows, Scalar, add, cholesky, dot, forward, log_determinant, pairs, place, solve


class Seen(NamedTuple):
    """What one pixel shows in one system: in all bands, or in one.

    - `maps`: for each map the Stokes parameters, (bands,) K_CMB.
    - `precision`: the lower triangle of the inverse covariance of the Stokes parameters, (bands,).
    """

    maps: tuple[tuple[Array, ...], ...]
    precision: tuple[Array, ...]


class Prior(NamedTuple):
    """Gaussian priors of the amplitudes of one system: 1/variance, and the mean of each map, component by component."""

    weight: tuple[Scalar, ...]
    mean: tuple[tuple[Scalar, ...], ...]


class Solved(NamedTuple):
    """One system solved: the Cholesky factor of A^T N^-1 A + S^-1, and the amplitudes of each map.

    Amplitudes are those of the Stokes parameters of the first component, then of the next.
    """

    factor: Rows
    amplitudes: tuple[tuple[Scalar, ...], ...]


class Atom(NamedTuple):
    """A derivative of one component by one of the numbers that move in a pixel."""

    number: int
    component: int


class Slopes(NamedTuple):
    """f of a pixel, its gradient by the numbers that move, and the lower triangle of its curvature."""

    value: Scalar
    gradient: tuple[Scalar, ...]
    curvature: tuple[Scalar, ...]


Systems = tuple[Seen, ...]
Priors = tuple[Prior, ...] | None


def eliminate(mixing: MixingMatrix, bands: Nodes, systems: Systems, priors: Priors) -> tuple[Solved, ...]:
    """The amplitudes that fit a pixel best: (A^T N^-1 A + S^-1) s = A^T N^-1 d + S^-1 m."""

    def normal(band: Nodes, systems: Systems) -> Any:
        column = _apart(mixing.column(band))
        return [_normal(column, one) for one in systems]

    sums = _total(normal, bands, systems)
    known = priors or (None,) * len(systems)
    return tuple(
        _solve(matrix, sides, len(mixing.components), prior) for (matrix, sides), prior in zip(sums, known, strict=True)
    )


def misfit(mixing: MixingMatrix, bands: Nodes, systems: Systems, solved: tuple[Solved, ...], priors: Priors) -> Scalar:
    """f of a pixel: r.N^-1 r/2, r = d - A s; with a prior, minus the log of the integral over the amplitudes."""

    def square(band: Nodes, systems: Systems) -> Scalar:
        column = _apart(mixing.column(band))
        return add(_square(_left(column, one, seen)) for one, seen in zip(solved, systems, strict=True))

    return _total(square, bands, systems) + _volume(solved, priors)


def slopes(
    mixing: MixingMatrix,
    bands: Nodes,
    systems: Systems,
    solved: tuple[Solved, ...],
    priors: Priors,
    moving: Sequence[bool],
) -> Slopes:
    """f of a pixel with its gradient and Gauss-Newton curvature by the leaves that move, the amplitudes following.

    df/dx = -r.N^-1 dA s + tr[C d(A^T N^-1 A)]/2, H = (dA s).(N^-1 - N^-1 A C A^T N^-1) dA s, where the trace is there
    with a prior, and C is the inverse of what the amplitudes are solved with.
    """

    def sums(band: Nodes, systems: Systems) -> Any:
        column, slope = _apart(mixing.column(band)), _slope(mixing, band, moving)
        return [_moments(column, slope, one, seen) for one, seen in zip(solved, systems, strict=True)]

    atoms, size = layout(mixing, moving)
    found = _total(sums, bands, systems)
    parts = [_combined(one, part, atoms, size, priors is not None) for one, part in zip(solved, found, strict=True)]
    total = jax.tree.map(lambda *terms: sum(terms), *parts)
    return total._replace(value=total.value + _volume(solved, priors))


def layout(mixing: MixingMatrix, moving: Sequence[bool]) -> tuple[tuple[Atom, ...], int]:
    """The derivatives that count, in the order of `_slope`, and how many numbers move in a pixel."""
    leaves = jax.tree.leaves(eqx.filter(mixing, eqx.is_inexact_array))
    atoms, first = [], 0
    for slot, leaf, moves in zip(mixing.slots, leaves, moving, strict=True):
        if moves:
            atoms += [Atom(first + i, slot.first + j) for j in range(slot.count) for i in range(leaf.size)]
            first += leaf.size
    return tuple(atoms), first


def _apart(numbers: Array) -> tuple[Scalar, ...]:
    return tuple(numbers[i] for i in range(numbers.shape[0]))


def _slope(mixing: MixingMatrix, band: Nodes, moving: Sequence[bool]) -> tuple[Scalar, ...]:
    found = zip(mixing.derivatives(band), moving, strict=True)
    return tuple(itertools.chain(*(_apart(one.reshape(-1)) for one, moves in found if moves)))


def _total(function: Callable[[Nodes, Systems], Any], bands: Nodes, systems: Systems) -> Any:
    """The sum over bands of numbers in any structure."""
    first = jax.tree.map(lambda leaf: leaf[0], (bands, systems))
    start = jax.tree.map(lambda one: jnp.zeros(one.shape, one.dtype), jax.eval_shape(function, *first))

    def body(carry: Any, band: Any) -> tuple[Any, None]:
        return jax.tree.map(jnp.add, carry, function(*band)), None

    return jax.lax.scan(body, start, (bands, systems))[0]


def _weighted(precision: Sequence[Scalar], values: Sequence[Scalar]) -> list[Scalar]:
    """N^-1 of a vector of Stokes parameters."""
    size = len(values)
    return [add(precision[place(s, t)] * values[t] for t in range(size)) for s in range(size)]


def _normal(column: tuple[Scalar, ...], seen: Seen) -> Any:
    """A^T N^-1 A, its different numbers, and A^T N^-1 d of each map."""
    matrix = [[p * column[i] * column[j] for p in seen.precision] for i, j in pairs(len(column))]
    weighted = [_weighted(seen.precision, one) for one in seen.maps]
    return matrix, [[a * number for a in column for number in one] for one in weighted]


def _solve(matrix: Any, sides: Any, components: int, prior: Prior | None) -> Solved:
    size = len(sides[0])
    stokes = size // components
    lower = [matrix[place(i // stokes, j // stokes)][place(i % stokes, j % stokes)] for i, j in pairs(size)]
    if prior is not None:
        lower = [one + prior.weight[i] if i == j else one for one, (i, j) in zip(lower, pairs(size), strict=True)]
        sides = [
            [one + w * m for one, w, m in zip(side, prior.weight, mean, strict=True)]
            for side, mean in zip(sides, prior.mean, strict=True)
        ]
    factor = cholesky(lower, size)
    return Solved(factor, tuple(solve(factor, side) for side in sides))


def _left(column: tuple[Scalar, ...], solved: Solved, seen: Seen) -> list[tuple[list[Scalar], list[Scalar]]]:
    """The residuals of each map, and N^-1 of them."""
    found, size = [], len(seen.maps[0])
    for stokes, s in zip(seen.maps, solved.amplitudes, strict=True):
        left = [d - dot(column, s[k::size]) for k, d in enumerate(stokes)]
        found.append((left, _weighted(seen.precision, left)))
    return found


def _square(left: list[tuple[list[Scalar], list[Scalar]]]) -> Scalar:
    return 0.5 * add(dot(r, weighted) for r, weighted in left)


def _moments(column: tuple[Scalar, ...], slope: tuple[Scalar, ...], solved: Solved, seen: Seen) -> Any:
    """What a band adds: f; N^-1 r along each derivative; derivatives along columns, and along each other."""
    left = _left(column, solved, seen)
    pulls = [[[d * one for one in weighted] for _, weighted in left] for d in slope]
    cross = [[[p * d * a for p in seen.precision] for a in column] for d in slope]
    squares = [[p * slope[i] * slope[j] for p in seen.precision] for i, j in pairs(len(slope))]
    return _square(left), pulls, cross, squares


def _combined(solved: Solved, sums: Any, atoms: tuple[Atom, ...], size: int, volume: bool) -> Slopes:
    """The derivatives of one system."""
    value, pulls, cross, squares = sums
    stokes = len(pulls[0][0]) if atoms else 1
    zero = jnp.zeros_like(value)
    gradient, curvature = [zero] * size, [zero] * len(pairs(size))
    for number, s in enumerate(solved.amplitudes):
        taken: list[list[Scalar]] = [[zero] * len(s) for _ in range(size)]
        for k, atom in enumerate(atoms):
            own = s[atom.component * stokes : (atom.component + 1) * stokes]
            gradient[atom.number] -= dot(pulls[k][number], own)
            along = [one for part in cross[k] for one in _weighted(part, own)]
            taken[atom.number] = [a + b for a, b in zip(taken[atom.number], along, strict=True)]
            for other in range(len(atoms)):
                q, p = atom.number, atoms[other].number
                if q >= p:
                    theirs = s[atoms[other].component * stokes : (atoms[other].component + 1) * stokes]
                    both = _weighted(squares[place(k, other)], theirs)
                    curvature[place(q, p)] += dot(own, both)
        inner = [forward(solved.factor, one) for one in taken]
        for n, (q, p) in enumerate(pairs(size)):
            curvature[n] -= dot(inner[q], inner[p])
        if volume:
            for q, part in enumerate(_traces(solved.factor, cross, atoms, size, stokes)):
                gradient[q] += part
    return Slopes(value, tuple(gradient), tuple(curvature))


def _traces(factor: Rows, cross: Any, atoms: tuple[Atom, ...], size: int, stokes: int) -> list[Scalar]:
    """tr[C d(A^T N^-1 A)]/2 by each number that moves."""
    found: list[Any] = [0.0] * size
    zero, one = jnp.zeros_like(factor[0][0]), jnp.ones_like(factor[0][0])
    for k, atom in enumerate(atoms):
        for s in range(stokes):
            row = atom.component * stokes + s
            inverse = solve(factor, [one if i == row else zero for i in range(len(factor))])
            for i, part in enumerate(cross[k]):
                found[atom.number] += sum(part[place(s, t)] * inverse[i * stokes + t] for t in range(stokes))
    return found


def _volume(solved: tuple[Solved, ...], priors: Priors) -> Any:
    """What the integral over amplitudes adds to f: (s - m) S^-1 (s - m)/2 + log|1 + S A^T N^-1 A|/2."""
    if priors is None:
        return 0.0
    total: Any = 0.0
    for one, prior in zip(solved, priors, strict=True):
        for s, mean in zip(one.amplitudes, prior.mean, strict=True):
            away = sum(w * (a - m) ** 2 for w, a, m in zip(prior.weight, s, mean, strict=True))
            spread = log_determinant(one.factor) - sum(jnp.log(w) for w in prior.weight)
            total = total + 0.5 * (away + spread)
    return total
