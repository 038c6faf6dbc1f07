"""The ends of priors, where unconstrained numbers are infinite: how far inside to start, and on which side they lie."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.relaxed import relaxed

INSIDE = 1e-2  # of the range of a prior, or else of its standard deviation: by so much starts are moved off its ends
EDGE = 8.0  # of the logistic function: 3e-4 of the range from an end
FLAT = 4.0  # of the logistic function: nearer to the middle a number leans to neither end

Values = Float[Array, "..."]


def inwards(prior: Any, value: Values) -> Values:
    """A value, of which numbers on an end of the support are moved inside by a hundredth of range or deviation."""
    low, high = ends(prior)
    if is_logarithmic(prior):
        step = INSIDE * jnp.log(high / low)
        moved = jnp.where(value == low, low * jnp.exp(step), jnp.where(value == high, high * jnp.exp(-step), value))
        return moved.astype(value.dtype)
    with relaxed():
        step = INSIDE * (_deviation(prior) if low is None or high is None else high - low)
        moved = value if low is None else jnp.where(value == low, value + step, value)
        moved = moved if high is None else jnp.where(value == high, value - step, moved)
    return moved.astype(value.dtype)


def at_edge(prior: Any, value: Values, unconstrained: Values) -> Values:
    """Which numbers lie within 3e-4 of a finite range, of `LogUniform` of its logarithm, of one of the ends."""
    low, high = ends(prior)
    if low is None or high is None:
        return jnp.zeros_like(unconstrained, bool)
    if is_logarithmic(prior):
        place = jnp.log(value / low) / jnp.log(high / low)
        return jnp.minimum(place, 1 - place) < jnp.exp(-EDGE)
    return jnp.abs(unconstrained) > EDGE


def is_logarithmic(prior: Any) -> bool:
    """Whether a prior is one of the logarithm, flat: its range has decades, not differences."""
    from numpyro.distributions import ExpandedDistribution, Independent, LogUniform

    from .bounded import Bounded
    from .flat import Flat

    while isinstance(prior, (ExpandedDistribution, Independent, Bounded, Flat)):
        prior = prior.origin if isinstance(prior, Flat) else prior.base_dist
    return isinstance(prior, LogUniform)


def towards(prior: Any, unconstrained: Values) -> Values:
    """The sign of the direction in which unconstrained numbers lead to the nearest end of the support, 0 for none."""
    low, high = ends(prior)
    if low is None or high is None:
        return jnp.full_like(unconstrained, 0 if low is high else -1)  # by an exponential function
    return jnp.where(jnp.abs(unconstrained) > FLAT, jnp.sign(unconstrained), jnp.zeros_like(unconstrained))


def ends(prior: Any) -> tuple[Any, Any]:
    """The lowest and the highest numbers of the support of a prior, `None` where there is none."""
    support = getattr(prior.support, "base_constraint", prior.support)
    return getattr(support, "lower_bound", None), getattr(support, "upper_bound", None)


def _deviation(prior: Any) -> Any:
    """The standard deviation of a prior, 1 where it has none, or numpyro none for it."""
    from numpyro.distributions import ExpandedDistribution, Independent

    from .bounded import Bounded

    while isinstance(prior, (ExpandedDistribution, Independent, Bounded)):
        prior = prior.base_dist
    try:
        deviation = jnp.sqrt(prior.variance)
    except (RuntimeError, TypeError):  # of numpyro, where it has none
        return 1.0
    return jnp.where(jnp.isfinite(deviation) & (deviation > 0), deviation, 1.0)
