from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.relaxed import relaxed
from ..parameters import ParameterSpace
from ..statistics import Posterior
from .coordinates import FEW, Vector, backwards, by_name, coordinates, density
from .fit import check_start, fit
from .result import FitResult
from .whitening import Whitening, whiten

ATTEMPTS = 30  # to find a start of finite density
FAR = 2.0  # standard deviations by which the Jacobian alone may pull a maximum away
CLIMB = 200  # steps to the summit, at most


def begin_at(posterior: Posterior, start: Any) -> Whitening:
    """Coordinates about a start: of a fit, of constrained values, or, for `None`, of a fit made now.

    More than 300 numbers are not fitted: they start from the model's values. A maximum that lies on a bound is far from
    where unconstrained numbers are probable, which are infinite there: such numbers start from their summit. Of more
    than 300 numbers those of a fit do.

    **Raises:** `ValueError` for a start without finite density.
    """
    if start is None:
        start = fit(posterior) if posterior.space.size <= FEW else {}
    space, fitted = posterior.space, isinstance(start, FitResult)
    values = space.to_unconstrained(space.inwards(start.parameters if fitted else start))
    check_start(posterior, space.to_constrained(values))
    place = coordinates(posterior, values)
    pulled = _pulled(posterior, place)
    if not 0 < pulled.size <= FEW or (place.matrix is None and not fitted):
        return place
    summit = _summit(posterior, place.origin, jnp.asarray(pulled))
    if place.matrix is None:
        return Whitening(summit, None)
    # there the likelihood pulls against Jacobian and prior, L' theta' = -(j + p), and bends: L' theta'' = -(j + p) j
    jacobian, prior = (np.asarray(part, np.float64)[pulled] for part in _slopes(posterior.space, summit))
    more = np.zeros(summit.size)
    more[pulled] = np.maximum(jacobian * (jacobian + prior), 0)
    return whiten(posterior, by_name(posterior, summit), more)


def _pulled(posterior: Posterior, place: Whitening) -> np.ndarray:
    """Which numbers the Jacobian moves by more than some standard deviations, as at a bound; of many, all it moves."""
    slope = np.abs(np.asarray(_slopes(posterior.space, place.origin)[0], np.float64))
    if place.matrix is None:
        return np.flatnonzero(slope)
    deviation = np.sqrt(np.sum(np.square(np.asarray(place.matrix, np.float64)), axis=1))
    return np.flatnonzero(slope * deviation > FAR)


@eqx.filter_jit
def _slopes(space: ParameterSpace, origin: Vector) -> tuple[Vector, Vector]:
    """Derivatives of the logarithms of the Jacobian and of the prior by unconstrained numbers."""
    back = backwards(space)
    jacobian = jax.grad(lambda u: space.log_jacobian(back(u)))(origin)
    return jacobian, jax.grad(lambda u: space.log_prior(space.to_constrained(back(u))))(origin)


@eqx.filter_jit
def _summit(posterior: Posterior, origin: Vector, moved: Array) -> Vector:
    """Unconstrained numbers, some of which are moved to where the density, with the Jacobian, is largest."""
    import optimistix as optx

    def least(some: Vector, _: None) -> Array:
        value = -posterior.log_density(by_name(posterior, origin.at[moved].set(some)))
        return jnp.where(jnp.isfinite(value), value, jnp.finfo(value.dtype).max)

    start = origin[moved]
    with relaxed():
        solver = optx.BFGS(rtol=1e-3, atol=1e-2)
        found = optx.minimise(least, solver, start, max_steps=CLIMB, throw=False).value
        found = jnp.where(least(found, None) <= least(start, None), found, start)
    return origin.at[moved].set(found)


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
