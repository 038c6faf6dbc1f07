from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from ..statistics import Posterior
from .coordinates import FEW, Vector, density
from .fit import check_start, fit
from .result import FitResult
from .whitening import Whitening

ATTEMPTS = 30  # to find a start of finite density


def begin_at(posterior: Posterior, start: Any) -> Any:
    """Unconstrained parameters to start from: of a fit, of constrained values, or, for `None`, of a fit made now.

    More than 300 numbers are not fitted: they start from the model's values.

    **Raises:** `ValueError` for a start without finite density.
    """
    if start is None:
        start = fit(posterior) if posterior.space.size <= FEW else {}
    space = posterior.space
    values = space.to_unconstrained(space.inwards(start.parameters if isinstance(start, FitResult) else start))
    check_start(posterior, space.to_constrained(values))
    return values


def scatter(posterior: Posterior, place: Whitening, key: Array) -> Vector:
    """A start from the Gaussian of the whitening; nearer to its origin where the density there is not finite.

    **Raises:** `ValueError` where none is found.
    """
    origin = place.origin
    width = 1.0 if place.matrix is not None else 1e-2
    for attempt, one in enumerate(jax.random.split(jax.random.fold_in(key, 3), ATTEMPTS)):
        y = width * 0.8**attempt * jax.random.normal(one, origin.shape, origin.dtype)
        if bool(_is_finite(posterior, place, y)):
            return y
    raise ValueError("No start with finite density and derivatives was found near `start`: start elsewhere.")


@eqx.filter_jit
def _is_finite(posterior: Posterior, place: Whitening, y: Vector) -> Array:
    value, slope = jax.value_and_grad(density(posterior, place))(y)
    return jnp.isfinite(value) & jnp.all(jnp.isfinite(slope))
