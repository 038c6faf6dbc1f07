"""Any posterior near one point, as methods that know bounds take it: its curvature is that of Fisher's information."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from ..parameters import ravel
from .normal import is_squares, normal
from .posterior import Posterior
from .squares import Normal, Vector


def scoring(posterior: Posterior, vector: Vector) -> Normal:
    """Minus the log posterior of the vector of constrained values, by Fisher scoring; least squares are what they are.

    **Raises:** `ValueError` for regularisers that are no sums of squares.
    """
    if is_squares(posterior):
        return normal(posterior, vector)
    _, back = ravel(posterior.space.initial, posterior.space.names)
    value, gradient = jax.value_and_grad(lambda x: -posterior.log_posterior(back(x)))(vector)
    _, push = jax.linearize(lambda x: posterior.information(back(x)), vector)
    pull, prior = jax.linear_transpose(push, vector), _prior(posterior, vector)
    return Normal(value, gradient, lambda v: pull(push(v))[0] + jnp.matmul(prior, v, precision="highest"))


def _prior(posterior: Posterior, vector: Vector) -> Array:
    """Minus the second derivatives of the log prior, (n, n); of numbers by themselves where they are not positive."""
    _, back = ravel(posterior.space.initial, posterior.space.names)
    whole = jnp.nan_to_num(jax.hessian(lambda x: -posterior.space.log_prior(back(x)))(vector))
    alone = jnp.diag(jnp.maximum(jnp.diagonal(whole), 0))
    scale = jnp.sqrt(jnp.where(jnp.diagonal(alone) > 0, jnp.diagonal(alone), 1))
    least = jnp.linalg.eigvalsh(whole / jnp.outer(scale, scale))[0]
    return jnp.where(least > -8 * vector.size * jnp.finfo(vector.dtype).eps, whole, alone)
