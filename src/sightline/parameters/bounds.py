"""Priors cut at the physical bounds of their parameters."""

import math
import warnings
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool

from .._core.module import is_concrete
from .._core.types import Bounds
from .priors import describe, has_range


class BoundsWarning(UserWarning):
    """A prior of finite range allows values beyond the physical bounds of its parameter: it is cut there."""


def limits(metadata: Mapping[str, Any]) -> Bounds:
    """The physical bounds of a parameter, `None` for no bound."""
    low, high = metadata.get("bounds", (None, None))
    return (0 if low is None and metadata.get("positive") else low), high


def spell(metadata: Mapping[str, Any]) -> str:
    """The physical bounds of a parameter in words, empty for none: `0 to ∞`, `positive`."""
    low, high = metadata.get("bounds", (None, None))
    if low is None and high is None:
        return "positive" if metadata.get("positive") else ""
    return f"{'−∞' if low is None else low} to {'∞' if high is None else high}"


def interval(metadata: Mapping[str, Any]) -> str:
    """The physical bounds of a parameter as an interval, empty for none: `[0, inf]`."""
    low, high = limits(metadata)
    if low is None and high is None:
        return ""
    return f"[{'-inf' if low is None else low}, {'inf' if high is None else high}]"


def refuse_beyond(value: Any, ends: Bounds, name: str, unit: str) -> None:
    """Refuses a value, unless it is traced, beyond physical bounds by more than rounding.

    **Raises:** `ValueError`.
    """
    if ends == (None, None) or not is_concrete(value):
        return
    found = np.asarray(value)  # in NumPy: JAX would trace it where something else is traced
    bad = found[~is_within(found, ends)]
    if bad.size:
        unit = f" {unit}" if unit else ""
        low, high = _filled(ends)
        raise ValueError(f"{name} = {bad[0]:g}{unit} is outside its bounds [{low:g}, {high:g}]{unit}.")


def is_within(value: Any, ends: Bounds) -> Bool[Array | np.ndarray, "*shape"]:
    """Which numbers of an array are not beyond physical bounds by more than rounding; NaN is not."""
    room = 4 * float(jnp.finfo(value.dtype).eps)
    low, high = _filled(ends)
    return ~((value < low - room * abs(low)) | (value > high + room * abs(high)))


def _filled(ends: Bounds) -> tuple[float, float]:
    low, high = ends
    return (-math.inf if low is None else float(low)), (math.inf if high is None else float(high))


def inherited(outer: Mapping[str, Any], inner: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metadata of a leaf that is the value of a field which stands for a parameter: within the bounds of both."""
    if outer is inner or not inner.get("value") or limits(outer) == (None, None):
        return inner
    (low, high), (least, most) = limits(inner), limits(outer)
    lows, highs = ([x for x in pair if x is not None] for pair in ((low, least), (high, most)))
    return {**inner, "bounds": (max(lows, default=None), min(highs, default=None))}


def confine(prior: Any, name: str, metadata: Mapping[str, Any]) -> Any:
    """`prior` cut at the bounds of its parameter, so that unconstrained numbers cannot lead beyond them.

    **Raises:** `ValueError` for a prior that allows nothing within the bounds.

    **Warns:** `BoundsWarning` for one of finite range that reaches beyond. That one of infinite range, as a Gaussian,
    has a tail there is no intention.
    """
    low, high = limits(metadata)
    least, most = _ends(prior)
    whole = _whole(prior)
    if whole is not None and (low, high) != (None, None):
        least, most = whole
        if not (_filled((low, high))[0] <= least and most <= _filled((low, high))[1]):
            raise ValueError(
                f"The prior of {name}, {describe(prior)}, is of numbers that depend on each other, which cannot be cut "
                f"at its bounds {spell(metadata)}: give one within, or the parameter no bounds."
            )
        return prior
    low = None if low is None or np.all(least >= low) else low
    high = None if high is None or np.all(most <= high) else high
    if low is None and high is None:
        return prior
    bounds = f"[{'-inf' if low is None else low}, {'inf' if high is None else high}]"
    if np.any(least >= (math.inf if high is None else high)) or np.any(most <= (-math.inf if low is None else low)):
        raise ValueError(f"The prior of {name}, {describe(prior)}, allows nothing within its bounds {bounds}.")
    if has_range(prior):
        warnings.warn(
            f"The prior of {name}, {describe(prior)}, reaches beyond its physical bounds {bounds}, where a model may "
            "be infinite or mean nothing: it is cut there. Narrow the prior.",
            BoundsWarning,
            stacklevel=4,
        )
    return _cut(prior, low, high)


def _whole(prior: Any) -> tuple[float, float] | None:
    """The range of numbers that depend on each other, as fractions that add up to 1; `None` for independent ones."""
    from numpyro.distributions import constraints

    support = prior.support
    while hasattr(support, "base_constraint"):
        support = support.base_constraint
    if not getattr(support, "event_dim", 0):
        return None
    units = constraints.l1_ball, constraints.corr_cholesky, constraints.corr_matrix
    known = {type(constraints.simplex): (0.0, 1.0), type(constraints.positive_ordered_vector): (0.0, math.inf)}
    return (known | {type(one): (-1.0, 1.0) for one in units}).get(type(support), (-math.inf, math.inf))


def _ends(prior: Any) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the support of a prior, infinite where it has none."""
    support = getattr(prior.support, "base_constraint", prior.support)
    low, high = (getattr(support, name, end) for name, end in (("lower_bound", -math.inf), ("upper_bound", math.inf)))
    return np.asarray(low), np.asarray(high)


def _cut(prior: Any, low: Any, high: Any) -> Any:
    """The prior between bounds, `None` where it does not reach beyond."""
    import numpyro.distributions

    from .bounded import Bounded, between

    dist: Any = numpyro.distributions
    if isinstance(prior, dist.ExpandedDistribution):
        return _cut(prior.base_dist, low, high).expand(prior.batch_shape)
    if isinstance(prior, dist.Independent):
        return dist.Independent(_cut(prior.base_dist, low, high), prior.reinterpreted_batch_ndims)
    least, most = _ends(prior)
    low = (
        None if low is None and not np.any(np.isfinite(least)) else jnp.maximum(least, -jnp.inf if low is None else low)
    )
    high = (
        None if high is None and not np.any(np.isfinite(most)) else jnp.minimum(most, jnp.inf if high is None else high)
    )
    if isinstance(prior, dist.Uniform):
        return dist.Uniform(low, high)
    if isinstance(prior, dist.ImproperUniform):
        events = len(prior.event_shape)
        return dist.ImproperUniform(between(low, high, events), prior.batch_shape, prior.event_shape)
    truncated = dist.LeftTruncatedDistribution, dist.RightTruncatedDistribution, dist.TwoSidedTruncatedDistribution
    base = prior.base_dist if isinstance(prior, truncated) else prior
    if isinstance(base, (dist.Normal, dist.Cauchy, dist.Laplace, dist.Logistic)):
        return dist.TruncatedDistribution(base, low, high)
    return Bounded(prior, low, high)
