"""The normal equations of a posterior that is a sum of squares."""

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..parameters import ravel
from .likelihood import AbstractLikelihood, whitened
from .posterior import Posterior
from .squares import Normal, Vector, least_squares

COLUMNS = 8  # of the curvature, at a time


def has_own(likelihood: AbstractLikelihood) -> bool:
    """Whether a likelihood brings its own gradient and curvature."""
    return type(likelihood).normal is not AbstractLikelihood.normal


def is_squares(posterior: Posterior) -> bool:
    """Whether all is a sum of squares but likelihoods that bring their own gradient and curvature."""
    plain = tuple(one for one in posterior.likelihoods if not has_own(one))
    return eqx.tree_at(lambda one: one.likelihoods, posterior, plain).has_residuals()


def normal(posterior: Posterior, vector: Vector) -> Normal:
    """Minus the log posterior, but for a constant, of the vector of constrained values.

    **Raises:** `ValueError` where it is no sum of squares.
    """
    model, back = _model(posterior)
    plain = [one for one in posterior.likelihoods if not has_own(one)]

    def rest(x: Vector) -> Array:
        parts = [whitened(one, model(x)) for one in plain]
        return jnp.concatenate([part.astype(x.dtype) for part in (*parts, *posterior.gaussian(back(x)))])

    return sum(_own(posterior, model, vector), least_squares(rest, vector))


@eqx.filter_jit
def own_curvature(posterior: Posterior, values: Mapping[str, Array]) -> Float[Array, "n n"]:
    """The curvature of the likelihoods that bring their own, in constrained numbers."""
    vector, _ = ravel(values, posterior.space.names)
    first, *others = _own(posterior, _model(posterior)[0], vector)
    product = sum(others, first).product
    return jax.lax.map(product, jnp.eye(vector.size, dtype=vector.dtype), batch_size=min(COLUMNS, vector.size))


def _own(posterior: Posterior, model: Callable[[Vector], Any], vector: Vector) -> list[Normal]:
    found = [one.normal(model, vector) for one in posterior.likelihoods if has_own(one)]
    return [one for one in found if one is not None]


def _model(posterior: Posterior) -> tuple[Callable[[Vector], Any], Callable[[Vector], dict[str, Array]]]:
    """From the vector of constrained numbers to the model, and to a dict of them."""
    _, back = ravel(posterior.space.initial, posterior.space.names)
    return lambda x: posterior.space.replace(back(x)), back
