"""Weights on the nodes of an axis, for a value or a normal distribution of values."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jax.scipy.special import ndtr
from jaxtyping import Array, Float

from ..._core.types import Scalar
from ..populations.library import YOUNGEST

Nodes = Float[Array, " n"]


def log_age(age: Any) -> Array:
    """ln of ages, Gyr, those below `YOUNGEST` taken there."""
    return jnp.log(jnp.maximum(age, YOUNGEST))


def on_nodes(value: Scalar, nodes: Nodes, sigma: Scalar | None = None) -> Nodes:
    """Weights of linear interpolation between nodes, the mean over N(value, sigma) if there is a sigma, (n,).

    w_i = c_(i-1) - c_i, where c_i = <clip((x - x_i)/(x_(i+1) - x_i), 0, 1)>, c_(-1) = 1 and c_(n-1) = 0: they sum to 1,
    and what lies beyond an end is put there.
    """
    return _moved(value, nodes) if sigma is None else _moved(value, nodes, sigma)


def _plain(value: Scalar, nodes: Nodes, sigma: Scalar | None = None) -> tuple[Nodes, list[Nodes]]:
    """Weights, and their derivatives by the value and by sigma."""
    step = nodes[1:] - nodes[:-1]
    x = (value - nodes[:-1]) / step
    passed, slope = jnp.clip(x, 0, 1), jnp.where((x >= 0) & (x < 1), 1 / step, 0)
    if sigma is None:
        return _weights(passed, 1), [_weights(slope, 0)]
    distance, safe = value - nodes, jnp.where(sigma > 0, sigma, 1)
    below, bell = ndtr(distance / safe), jnp.exp(-0.5 * (distance / safe) ** 2) / math.sqrt(2 * math.pi)
    mean, by_value, by_sigma = (-jnp.diff(one) / step for one in (safe * bell + distance * below, below, bell))
    found = [jnp.where(sigma > 0, *pair) for pair in ((mean, passed), (by_value, slope), (by_sigma, 0))]
    return _weights(found[0], 1), [_weights(one, 0) for one in found[1:]]


def _weights(passed: Nodes, first: float) -> Nodes:
    """What passes a node and not the next, where `first` passes the first and nothing the last."""
    ends = jnp.full(1, first, passed.dtype), jnp.zeros(1, passed.dtype)
    return -jnp.diff(jnp.concatenate([ends[0], passed, ends[1]]))


@jax.custom_jvp
def _moved(value: Scalar, nodes: Nodes, *sigma: Scalar) -> Nodes:
    """Weights whose derivatives are explicit, for Jacobians of many columns."""
    return _plain(value, nodes, *sigma)[0]


def _rule(primals: Any, tangents: Any) -> tuple[Nodes, Nodes]:
    if _moves(tangents[1]):
        full = [t if _moves(t) else jnp.zeros(t.shape, t.dtype) for t in tangents]
        return jax.jvp(lambda *p: _plain(*p)[0], primals, tuple(full))
    weights, slopes = _plain(*primals)
    pairs = zip(slopes, (tangents[0], *tangents[2:]), strict=True)
    return weights, sum((slope * t for slope, t in pairs if _moves(t)), start=jnp.zeros_like(weights))


_moved.defjvp(_rule, symbolic_zeros=True)


def _moves(tangent: Any) -> bool:
    return not isinstance(tangent, SymbolicZero)
