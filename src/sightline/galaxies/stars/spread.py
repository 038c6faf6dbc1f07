"""Weights on the nodes of an axis, for a value or a normal distribution of values."""

import math
from typing import Any

import jax.numpy as jnp
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
    step = nodes[1:] - nodes[:-1]
    passed = jnp.clip((value - nodes[:-1]) / step, 0, 1)
    if sigma is not None:
        above = _above(value - nodes, sigma)
        passed = jnp.where(sigma > 0, (above[:-1] - above[1:]) / step, passed)
    ends = jnp.ones(1, passed.dtype), jnp.zeros(1, passed.dtype)
    return -jnp.diff(jnp.concatenate([ends[0], passed, ends[1]]))


def _above(distance: Nodes, sigma: Scalar) -> Nodes:
    """<max(u, 0)> of u ~ N(distance, sigma)."""
    safe = jnp.where(sigma > 0, sigma, 1)
    z = distance / safe
    return safe * jnp.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) + distance * ndtr(z)
