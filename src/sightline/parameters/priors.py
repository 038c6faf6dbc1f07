"""Priors of one parameter: what they must be, how they are spelt, and how they look to least squares."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from .._core.module import is_concrete
from .._core.relaxed import relaxed
from .._core.units import strip_unit
from .densities import Values, inside, is_mapped, log_density, unconstrain
from .edges import inwards


def check_prior(prior: Any, name: str, shape: tuple[int, ...]) -> Any:
    """`prior` as a distribution of arrays of `shape`, its numbers being arrays.

    **Raises:** `TypeError` for what is no continuous distribution, `ValueError` for another shape, an empty range, or
    numbers with a unit: they have that of the parameter.
    """
    from numpyro.distributions import Delta, Distribution

    if not isinstance(prior, Distribution):
        hint = ", a class: call it" if isinstance(prior, type) else ""
        raise TypeError(f"The prior of {name} must be a numpyro distribution, not {prior!r}{hint}.")
    if isinstance(_of_one(prior), Delta):
        raise TypeError(f"The prior of {name} is a single value: leave it out of the priors, or hold it by space.pin.")
    if not is_mapped(prior):
        raise TypeError(
            f"The prior of {name}, {describe(prior)}, has a support that no free numbers lead to: circle "
            "and sphere are given by angles."
        )
    if prior.is_discrete:
        raise TypeError(f"The prior of {name} is discrete: {describe(prior)}. It must be continuous.")
    events = len(prior.event_shape)
    batch = shape[: len(shape) - events]
    if shape[len(shape) - events :] != prior.event_shape or not _fits(prior.batch_shape, batch):
        raise ValueError(
            f"The prior of {name} is of shape {prior.batch_shape + prior.event_shape}, the parameter of shape {shape}: "
            "give a prior of one number, or of the shape of the parameter."
        )
    _check_ends(prior, name)
    prior = prior if prior.batch_shape == batch else prior.expand(batch)
    return jax.tree.map(lambda leaf: jnp.asarray(strip_unit(leaf, None, f"The prior of {name}"), float), prior)


def _of_one(prior: Any) -> Any:
    """The distribution of each number of an array."""
    from numpyro.distributions import ExpandedDistribution, Independent

    while isinstance(prior, (ExpandedDistribution, Independent)):
        prior = prior.base_dist
    return prior


def _check_ends(prior: Any, name: str) -> None:
    """Refuses a prior whose range is empty, where its ends are known."""
    while hasattr(prior, "base_dist") and not hasattr(prior, "low"):
        prior = prior.base_dist
    low, high = getattr(prior, "low", None), getattr(prior, "high", None)
    if low is None or high is None or isinstance(low, Tracer) or isinstance(high, Tracer):
        return
    if np.all(np.asarray(low) < np.asarray(high)):
        return
    raise ValueError(f"The prior of {name}, {describe(prior)}, has an empty range: give low below high.")


def _fits(batch: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(batch, shape) == shape
    except ValueError:
        return False


def check_start(prior: Any, name: str, value: Values, unit: str) -> None:
    """Refuses a value outside the support, or where the prior has no finite density; on an edge, just inside."""
    shown = f"{name} = {np.asarray(value)}" + (f" {unit}" if unit else "")
    value = inwards(prior, value)
    if not np.all(inside(prior, value)):
        raise ValueError(
            f"{shown} lies outside the support of its prior, {describe(prior)}: start inside, with "
            "dataclasses.replace(module, name=value), or widen the prior."
        )
    if not np.all(np.isfinite(unconstrain(prior, value))) or not np.all(np.isfinite(log_density(prior, value))):
        raise ValueError(f"{shown} lies where its prior, {describe(prior)}, has no finite density: start elsewhere.")


def draw(prior: Any, name: str, key: jax.Array) -> Values:
    """A value drawn from a prior.

    **Raises:** `ValueError` for an improper one.
    """
    from numpyro.distributions import ImproperUniform

    if isinstance(prior, ImproperUniform):
        raise ValueError(f"{name}: {describe(prior)} is improper and cannot be drawn from: give a proper prior.")
    with relaxed():
        return prior.sample(key)


def begin(prior: Any, name: str, key: jax.Array) -> Values:
    """A value to start from, drawn from a prior, of a flat one from what it was before.

    **Raises:** `ValueError` for an improper one.
    """
    from .pinned import Pinned

    if isinstance(prior, Pinned):
        return draw(Pinned(getattr(prior.base_dist, "origin", prior.base_dist), prior.places, prior.values), name, key)
    return draw(getattr(prior, "origin", prior), name, key)


def flattened(prior: Any) -> Any:
    """The improper density that is constant over the support of a prior."""
    from .flat import Flat
    from .pinned import Pinned

    if isinstance(prior, Pinned):
        return Pinned(flattened(prior.base_dist), prior.places, prior.values)
    return Flat(getattr(prior, "origin", prior))


def pinned(prior: Any, name: str, place: int, start: Values, unit: str) -> Any:
    """A prior one of whose numbers, by its place in the ravelled array, is held at what it is in `start`.

    **Raises:** `ValueError` for a prior whose numbers are not free of each other, as fractions that add up to 1, and
    as `check_start`, where the number is known.
    """
    from numpyro.distributions import constraints

    from .pinned import Pinned, of_numbers

    several, support = isinstance(prior, Pinned), of_numbers(prior.support)
    if not several and support is not constraints.real and not {"lower_bound", "upper_bound"} & set(dir(support)):
        raise ValueError(f"{name}: one number of {describe(prior)} cannot be held, as others depend on it.")
    if is_concrete(start):
        check_start(prior, name, start, unit)
    value = jnp.ravel(start)[place]
    if several:
        return Pinned(prior.base_dist, (*prior.places, place), (*prior.values, value))
    return Pinned(prior, (place,), (value,))


def held(prior: Any) -> dict[int, Any]:
    """What is held of a prior, by place in the ravelled array."""
    return dict(zip(getattr(prior, "places", ()), getattr(prior, "values", ()), strict=True))


def has_range(prior: Any) -> bool:
    """Whether the support is an interval of finite length, which the logistic function leads to."""
    support = getattr(prior.support, "base_constraint", prior.support)
    return hasattr(support, "lower_bound") and hasattr(support, "upper_bound")


def is_normalised(prior: Any) -> bool:
    """Whether a prior is a density whose integral over what it allows is known to be 1."""
    from numpyro.distributions import ExpandedDistribution, ImproperUniform, Independent

    from .bounded import Bounded
    from .pinned import Pinned

    while isinstance(prior, (ExpandedDistribution, Independent)):
        prior = prior.base_dist
    return not isinstance(prior, (ImproperUniform, Pinned)) and (not isinstance(prior, Bounded) or prior.is_normalised)


def describe(prior: Any) -> str:
    """A prior in words, e.g. `Uniform(low=0, high=10)`."""
    from numpyro.distributions import (
        Distribution,
        ExpandedDistribution,
        ImproperUniform,
        Independent,
        TransformedDistribution,
    )

    if isinstance(prior, (ExpandedDistribution, Independent)):
        return describe(prior.base_dist)
    base = None if isinstance(prior, TransformedDistribution) else getattr(prior, "base_dist", None)
    numbers = {name: getattr(prior, name, None) for name in prior.arg_constraints}
    if isinstance(prior, ImproperUniform):
        support = getattr(prior.support, "base_constraint", prior.support)
        ends = {"low": "lower_bound", "high": "upper_bound"}
        numbers = {name: getattr(support, attribute, None) for name, attribute in ends.items()}
    parts = [describe(base)] if isinstance(base, Distribution) else []
    parts += [f"{name}={_brief(value)}" for name, value in numbers.items() if value is not None]
    kind = "ImproperUniform" if isinstance(prior, ImproperUniform) else type(prior).__name__
    return f"{kind}({', '.join(parts)})"


def _brief(value: Any) -> str:
    return f"{float(value):g}" if np.size(value) == 1 else f"array{np.shape(value)}"


def prior_residuals(prior: Any, value: Values) -> Float[Array, " n"] | None:
    """r with log p = const - r.r/2, of a Gaussian prior; empty for a flat one, `None` for any other."""
    import numpyro.distributions

    from .bounded import Bounded
    from .pinned import Pinned

    dist: Any = numpyro.distributions
    if isinstance(prior, (dist.ExpandedDistribution, dist.Independent)):
        return prior_residuals(prior.base_dist, value)
    if isinstance(prior, (dist.Uniform, dist.ImproperUniform)):
        return jnp.zeros(0, value.dtype)
    if isinstance(prior, (Bounded, Pinned)):
        return prior_residuals(prior.base_dist, value)
    base = getattr(prior, "base_dist", prior)
    if isinstance(prior, dist.HalfNormal):
        return (value / prior.scale).ravel()
    if isinstance(prior, dist.MultivariateNormal):
        apart = (value - prior.loc)[..., None]
        tril = jnp.broadcast_to(prior.scale_tril, (*apart.shape[:-1], apart.shape[-2]))
        return jax.scipy.linalg.solve_triangular(tril, apart, lower=True).ravel()
    truncated = (dist.Normal, dist.LeftTruncatedDistribution, dist.RightTruncatedDistribution)
    if isinstance(prior, (*truncated, dist.TwoSidedTruncatedDistribution)) and isinstance(base, dist.Normal):
        return ((value - base.loc) / base.scale).ravel()
    return None
