"""Uniform B-splines on a box of n cells a side: their values, refinement and the coefficients of a function.

A spline of degree d along one axis has n + d coefficients; coefficient i belongs to the basis function whose support
ends with cell i. Degree 0 is constant in each cell, degree 1 is linear between nodes, degree 2 has a continuous slope.
"""

import itertools

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.safe import held
from ..._core.types import Scalar, Vector
from .regular import HalfWidths, Values

Degrees = tuple[int, int, int]


def basis(fraction: Scalar, degree: int) -> list[Scalar]:
    """Values of the degree + 1 basis functions that live in a cell, a fraction of the way through it."""
    rest = 1 - fraction
    if degree == 0:
        return [jnp.ones_like(fraction)]
    if degree == 1:
        return [rest, fraction]
    return [0.5 * rest * rest, 0.5 + fraction * rest, 0.5 * fraction * fraction]


def evaluate(
    coefficients: Float[Array, "mx my mz"], degrees: Degrees, position: Vector, half_widths: HalfWidths
) -> Scalar:
    """The tensor product spline at a position, (3,) kpc, clipped to the box."""
    _, my, mz = coefficients.shape
    flat, indices, weights = coefficients.reshape(-1), [], []
    for x, half, count, degree in zip(position, half_widths, coefficients.shape, degrees, strict=True):
        cells = count - degree
        u = (x + half) * (cells / (2 * half))
        cell = jnp.clip(jnp.floor(u), 0, cells - 1)
        indices.append(cell.astype(jnp.int32))
        weights.append(basis(held(u - cell, 0, 1), degree))
    i, j, k = indices
    total = jnp.zeros((), coefficients.dtype)
    for a, b, c in itertools.product(*(range(degree + 1) for degree in degrees)):
        weight = weights[0][a] * weights[1][b] * weights[2][c]
        total = total + weight * flat[((i + a) * my + (j + b)) * mz + (k + c)]
    return total


def refine(values: Values, degrees: Degrees, factor: int) -> Float[Array, "*channels mx my mz"]:
    """Coefficients of the same spline on cells `factor` times smaller: the two-scale relation of B-splines.

    **Source:** Lane & Riesenfeld 1980, IEEE Trans. Pattern Anal. 2, 35.
    """
    for axis, degree in zip((-3, -2, -1), degrees, strict=True):
        matrix = jnp.asarray(_two_scale(values.shape[axis] - degree, degree, factor), values.dtype)
        moved = jnp.tensordot(values, matrix, axes=(axis, 1), precision="highest")
        values = jnp.moveaxis(moved, -1, axis)
    return values


def _two_scale(cells: int, degree: int, factor: int) -> np.ndarray:
    """Fine coefficients of each coarse basis function, (factor cells + degree, cells + degree)."""
    mask = np.ones(1)
    for _ in range(degree + 1):
        mask = np.convolve(mask, np.ones(factor))
    mask = mask / factor**degree
    coarse = np.arange(cells + degree)
    fine = factor * coarse[:, None] - (factor - 1) * degree + np.arange(mask.size)
    inside = (fine >= 0) & (fine < factor * cells + degree)
    matrix = np.zeros((factor * cells + degree, cells + degree))
    matrix[fine[inside], np.broadcast_to(coarse[:, None], fine.shape)[inside]] = np.broadcast_to(mask, fine.shape)[
        inside
    ]
    return matrix


def sites(cells: int, half: float, degree: int, margin: int) -> np.ndarray:
    """Middles of the supports of the basis functions [kpc], with `margin` more on both sides."""
    index = np.arange(-margin, cells + degree + margin)
    return -half + (index - 0.5 * (degree - 1)) * (2 * half / cells)


def filtered(samples: Values, degree: int) -> Float[Array, "*channels mx my mz"]:
    """Coefficients that reproduce polynomials of `degree` from samples at `sites`, one fewer on every side.

    **Source:** the quasi-interpolant of de Boor & Fix 1973, J. Approx. Theory 8, 19: c_i = f_i - (second difference)/8
    for degree 2.
    """
    for axis in (-3, -2, -1):
        line = jnp.moveaxis(samples, axis, 0)
        middle, second = line[1:-1], line[2:] - 2 * line[1:-1] + line[:-2]
        samples = jnp.moveaxis(middle - second / 8 if degree == 2 else middle, 0, axis)
    return samples
