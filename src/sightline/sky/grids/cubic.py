"""Cubic splines on equal steps: the coefficients of values at nodes, and the spline and its slope from four of them."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._core.types import Scalar


def spline_matrix(size: int, natural: bool = True) -> np.ndarray:
    """From values at nodes to the B-spline coefficients of the cubic spline through them, (size + 2, size).

    **Arguments:** `natural`: no curvature at the ends; otherwise the outermost two intervals share one cubic.
    """
    collocation = np.zeros((size + 2, size + 2))
    for i in range(size):
        collocation[i, i : i + 3] = 1 / 6, 2 / 3, 1 / 6
    end = (1, -2, 1) if natural else (1, -4, 6, -4, 1)
    collocation[-2, : len(end)] = collocation[-1, -len(end) :] = end
    return np.linalg.inv(collocation)[:, :size]


@jax.custom_jvp
def spline(coefficients: Array, start: Array, t: Scalar) -> tuple[Scalar, Scalar]:
    """A cubic B-spline and its slope at t, in units of the step, of the interval `start`."""
    taps = _taps(coefficients, start)
    return _sum(_weights(t), taps), _sum(_slopes(t), taps)


@spline.defjvp
def _spline_jvp(primals, tangents):
    """The division by the sum of the weights, 1, has XLA compute what the transpose scatters once, not for each tap."""
    (coefficients, start, t), (change, _, dt) = primals, tangents
    value, slope = spline(*primals)
    curvature = _sum((1 - t, 3 * t - 2, 1 - 3 * t, t), _taps(coefficients, start))
    taps, weights = _taps(change, start), _weights(t)
    norm = _sum(weights, [jnp.ones_like(t)] * 4)
    moved = slope * dt + _sum(weights, taps) / norm, curvature * dt + _sum(_slopes(t), taps) / norm
    return (value, slope), moved


def _taps(coefficients: Array, start: Array) -> list[Scalar]:
    return [coefficients.at[start + k].get(mode="promise_in_bounds") for k in range(4)]


def _weights(t: Scalar) -> tuple[Scalar, ...]:
    s = 1 - t
    square, other = t * t, s * s
    return other * s / 6, 2 / 3 - square * (1 - 0.5 * t), 2 / 3 - other * (1 - 0.5 * s), square * t / 6


def _slopes(t: Scalar) -> tuple[Scalar, ...]:
    s = 1 - t
    return -0.5 * s * s, (1.5 * t - 2) * t, (2 - 1.5 * s) * s, 0.5 * t * t


def _sum(weights: tuple[Scalar, ...], taps: list[Scalar]) -> Scalar:
    products = [w * tap for w, tap in zip(weights, taps, strict=True)]
    return products[0] + products[1] + products[2] + products[3]
