"""Jacobians with respect to unconstrained parameters, column by column in forward mode."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.memory import foresee
from ..parameters import ravel
from ..statistics import Posterior

COLUMNS = 8  # evaluated at a time
_CURE = "methods without one are sl.LBFGS() and sl.Adam(), sl.sample from a start and sl.inference.MeanField()"

Vector = Float[Array, " n"]


def information(posterior: Posterior, values: Any) -> Array:
    """Numbers whose Jacobian is that of the Fisher information, of constrained values."""
    return posterior.information(values)


def constrained(posterior: Posterior, values: Any) -> Array:
    """The vector of constrained values."""
    return ravel(values, posterior.space.names)[0]


@eqx.filter_jit
def jacobian(
    function: Callable[[Posterior, Any], Array], posterior: Posterior, unconstrained: Any
) -> Float[Array, "m n"]:
    """The Jacobian of a function of constrained values with respect to the vector of unconstrained ones."""
    vector, back = ravel(unconstrained, posterior.space.names)

    def along(direction: Vector) -> Array:
        of = lambda u: function(posterior, posterior.space.to_constrained(back(u)))  # noqa: E731
        column = jax.jvp(of, (vector,), (direction,))[1]
        foresee(column.size * vector.size, f"A Jacobian of {column.size} data by {vector.size} parameters", _CURE)
        return column

    basis = jnp.eye(vector.size, dtype=vector.dtype)
    return jax.lax.map(along, basis, batch_size=min(COLUMNS, vector.size)).T


@eqx.filter_jit
def prior_curvature(posterior: Posterior, values: Any) -> Float[Array, "n n"]:
    """Minus the second derivatives of the log prior in constrained parameters."""
    vector, back = ravel(values, posterior.space.names)
    return -jax.hessian(lambda x: posterior.space.log_prior(back(x)))(vector)


@eqx.filter_jit
def unconstrained_curvature(posterior: Posterior, unconstrained: Any) -> Float[Array, "n n"]:
    """Minus the second derivatives of the prior density of unconstrained parameters."""
    space = posterior.space
    vector, back = ravel(unconstrained, space.names)

    def density(u: Vector) -> Array:
        return space.log_prior(space.to_constrained(back(u))) + space.log_jacobian(back(u))

    return -jax.hessian(density)(vector)
