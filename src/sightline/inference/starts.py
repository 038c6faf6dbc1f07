from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.relaxed import relaxed
from ..statistics import Posterior
from .coordinates import FEW, Vector, by_name, coordinates, density
from .fit import check_start, fit
from .result import FitResult
from .whitening import Whitening, whiten

ATTEMPTS = 30  # to find a start of finite density
FAR = 2.0  # standard deviations by which the Jacobian alone may pull a maximum away
CLIMB = 200  # steps to the summit, at most


def begin_at(posterior: Posterior, start: Any) -> Whitening:
    """Coordinates about a start: of a fit, of constrained values, or, for `None`, of a fit made now.

    More than 300 numbers are not fitted: they start from the model's values. A maximum that lies on a bound is far from
    where unconstrained numbers are probable, which are infinite there: such numbers of a fit start from their summit.

    **Raises:** `ValueError` for a start without finite density.
    """
    if start is None:
        start = fit(posterior) if posterior.space.size <= FEW else {}
    space, fitted = posterior.space, isinstance(start, FitResult)
    values = space.to_unconstrained(space.inwards(start.parameters if fitted else start))
    check_start(posterior, space.to_constrained(values))
    place = coordinates(posterior, values)
    pulled = _pulled(posterior, place) if fitted and place.matrix is not None else np.zeros(0, bool)
    if not np.any(pulled):
        return place
    summit = _summit(posterior, place.origin, jnp.asarray(pulled))
    # there likelihood and Jacobian pull alike, and what bends the one bends the other: f'(theta) theta'' = -slope^2
    slope = np.asarray(_slope(posterior, summit), np.float64)
    return whiten(posterior, by_name(posterior, summit), np.where(pulled, np.square(slope), 0.0))


def _pulled(posterior: Posterior, place: Whitening) -> np.ndarray:
    """Which numbers of a maximum the Jacobian moves by more than some standard deviations: those at a bound."""
    deviation = np.sqrt(np.sum(np.square(np.asarray(place.matrix, np.float64)), axis=1))
    return np.abs(np.asarray(_slope(posterior, place.origin), np.float64)) * deviation > FAR


@eqx.filter_jit
def _slope(posterior: Posterior, origin: Vector) -> Vector:
    return jax.grad(lambda u: posterior.space.log_jacobian(by_name(posterior, u)))(origin)


@eqx.filter_jit
def _summit(posterior: Posterior, origin: Vector, moved: Array) -> Vector:
    """Unconstrained numbers, some of which are moved to where the density, with the Jacobian, is largest."""
    import optimistix as optx

    def least(u: Vector, _: None) -> Array:
        value = -posterior.log_density(by_name(posterior, jnp.where(moved, u, origin)))
        return jnp.where(jnp.isfinite(value), value, jnp.finfo(value.dtype).max)

    with relaxed():
        solver = optx.BFGS(rtol=1e-3, atol=1e-2)
        found = optx.minimise(least, solver, origin, max_steps=CLIMB, throw=False).value
        return jnp.where(moved & (least(found, None) <= least(origin, None)), found, origin)


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
