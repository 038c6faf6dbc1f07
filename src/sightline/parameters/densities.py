"""The supports and densities of priors, whole at their ends."""

import copy
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from .._core.relaxed import relaxed

Values = Float[Array, "..."]
HAIR = 4.0  # units in the last place inside, of the way to the middle; from 0 less, whatever the prior's scale is
FROM_ZERO = 1e-30


def mixing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Lets numpyro mix types of numbers where the user forbids it; results have the type of the value."""

    @functools.wraps(function)
    def wrapped(prior: Any, value: Values) -> Any:
        with relaxed():
            result = function(prior, value)
        return result.astype(bool if result.dtype == bool else value.dtype)

    return wrapped


def is_mapped(prior: Any) -> bool:
    """Whether a way from unconstrained numbers to the support of a prior is known; that of whole numbers is none."""
    try:
        return prior.is_discrete or bijection(prior) is not None
    except RuntimeError:  # numpyro says so that there is none
        return False


def bijection(prior: Any) -> Any:
    """The way from unconstrained numbers to the support of a prior."""
    from numpyro.distributions import biject_to

    return biject_to(prior.support)


@mixing
def inside(prior: Any, value: Values) -> Bool[Array, "..."]:
    """Whether a value lies in the support of a prior, for every independent element."""
    return jnp.asarray(prior.support(value))


@mixing
def constrain(prior: Any, unconstrained: Values) -> Values:
    """The value in the support of unconstrained numbers."""
    return bijection(prior)(unconstrained)


@mixing
def unconstrain(prior: Any, value: Values) -> Values:
    """The unconstrained numbers of a value."""
    return bijection(prior).inv(value)


@mixing
def log_jacobian(prior: Any, unconstrained: Values) -> Float[Array, ""]:
    """log |det dT/du| of the way from unconstrained numbers to the value."""
    transform = bijection(prior)
    return jnp.sum(transform.log_abs_det_jacobian(unconstrained, transform(unconstrained)))


@mixing
def log_density(prior: Any, value: Values) -> Float[Array, ""]:
    """The density of a value; -inf outside the support, with finite derivatives.

    At the end of an open support it is that of the formula, where this is finite: fits arrive there. Where the formula
    has 0 log 0, as Gamma(1, b) at 0, it is that of a place by rounding inside.
    """
    known = prior.support(value)
    closed = _closed(prior.support, value, known)
    if closed is not None:
        known = known | (closed & jnp.isfinite(jax.lax.stop_gradient(_at(prior, value, closed))))
    return jnp.sum(jnp.where(known, _at(prior, value, known), -jnp.inf))


def _at(prior: Any, value: Values, known: Bool[Array, "..."]) -> Float[Array, "..."]:
    """The formula where a value is known, elsewhere that of any other."""
    formula, inverse = _unchecked(prior), bijection(prior)
    somewhere = inverse(jnp.zeros_like(inverse.inv(value)))

    def inside(part: float) -> Array:
        share = jnp.where(place == 0, FROM_ZERO, HAIR * jnp.finfo(value.dtype).eps)
        return place + part * share.astype(value.dtype) * (somewhere - place)

    place = _of_each(known, value, somewhere)
    if _is_said(prior):
        return formula.log_prob(place)
    here, near, nearer = (jax.lax.stop_gradient(formula.log_prob(inside(one))) for one in (0.0, 1.0, 1 / 64))
    unsaid = jnp.isnan(here) & (jnp.abs(near - nearer) < 1e-3)  # what goes on to rise or fall has no end
    return formula.log_prob(_of_each(unsaid, inside(1.0), place))


def _of_each(flag: Bool[Array, "..."], one: Values, other: Values) -> Values:
    """One or another array, by flags of its first axes."""
    return jnp.where(flag.reshape(flag.shape + (1,) * (one.ndim - flag.ndim)), one, other)


def _is_said(prior: Any) -> bool:
    """Whether the formula of a prior has a number wherever its support is."""
    from numpyro.distributions import Independent, LogUniform, Uniform, constraints

    while isinstance(prior, Independent) or type(prior).__name__ in ("ExpandedDistribution", "Bounded", "Pinned"):
        prior = prior.base_dist
    return isinstance(prior, (Uniform, LogUniform)) or prior.support in (constraints.real, constraints.real_vector)


def _unchecked(prior: Any) -> Any:
    """The same distribution without numpyro's own look at the support, which is open where ours is closed."""
    found = copy.copy(prior)
    found._validate_args = False
    for inner in ("base_dist", "_component_distribution"):
        if hasattr(found, inner):
            setattr(found, inner, _unchecked(getattr(found, inner)))
    if hasattr(found, "_component_distributions"):
        found._component_distributions = [_unchecked(one) for one in found._component_distributions]
    return found


def _closed(support: Any, value: Values, known: Bool[Array, "..."]) -> Bool[Array, "..."] | None:
    """Whether a value lies in an open support or on its ends; `None` for a support that is not open."""
    from numpyro.distributions import constraints

    while hasattr(support, "base_constraint"):
        support = support.base_constraint
    if not isinstance(support, (constraints.greater_than, constraints.less_than, constraints.open_interval)):
        return None
    ends = [getattr(support, name) for name in ("lower_bound", "upper_bound") if hasattr(support, name)]
    each = jnp.any(jnp.stack([support(value), *(value == end for end in ends)]), axis=0)
    return jnp.all(each.reshape(*known.shape, -1), axis=-1)
