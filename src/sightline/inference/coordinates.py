"""Coordinates in which samplers move: whitened by the Fisher matrix, or unconstrained where there are too many."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.relaxed import relaxed as relaxed
from ..parameters import ParameterSpace, ravel
from ..statistics import Posterior
from .whitening import Whitening, whiten

FEW = 300  # parameters up to which matrices are affordable

Vector = Float[Array, " n"]
Density = Callable[[Vector], Float[Array, ""]]


def coordinates(posterior: Posterior, unconstrained: Any) -> Whitening:
    """Whitened by the Fisher matrix at these values, or shifted to them where there are more than `FEW` numbers.

    **Raises:** `ValueError` where derivatives are not finite, naming parameters and data.
    """
    if posterior.space.size <= FEW:
        return whiten(posterior, unconstrained)
    origin, _ = ravel(unconstrained, posterior.space.names)
    return Whitening(origin, None)


def backwards(space: ParameterSpace) -> Callable[[Vector], Any]:
    """From the vector of unconstrained parameters to these by name."""
    shapes = jax.eval_shape(lambda values: space.to_unconstrained(values), space.initial)
    return ravel({name: jnp.zeros(shape.shape, shape.dtype) for name, shape in shapes.items()}, space.names)[1]


def by_name(posterior: Posterior, vector: Vector) -> Any:
    """Unconstrained parameters by name of their vector."""
    return backwards(posterior.space)(vector)


def density(posterior: Posterior, place: Whitening) -> Density:
    """The log density in whitened coordinates, up to a constant."""
    return lambda y: posterior.log_density(by_name(posterior, place(y)))


def constrained_vector(posterior: Posterior, place: Whitening, y: Vector) -> Vector:
    """The vector of constrained parameters."""
    values = posterior.space.to_constrained(by_name(posterior, place(y)))
    return ravel(values, posterior.space.names)[0]
