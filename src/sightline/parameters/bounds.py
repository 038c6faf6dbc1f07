"""Priors that reach beyond what is physical."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._core.types import Bounds
from .priors import describe, has_range


class BoundsWarning(UserWarning):
    """A prior of finite range allows values beyond the physical bounds of its parameter."""


def limits(metadata: Mapping[str, Any]) -> Bounds:
    """The physical bounds of a parameter, `None` for no bound."""
    low, high = metadata.get("bounds", (None, None))
    return (0 if low is None and metadata.get("positive") else low), high


def warn_beyond(prior: Any, name: str, metadata: Mapping[str, Any]) -> None:
    """Warns of a prior of finite range that reaches beyond the bounds.

    One of infinite range, as a Gaussian, is left alone: that it has a tail there is no intention.
    """
    if not has_range(prior):
        return
    low, high = limits(metadata)
    below = low is not None and np.any(np.asarray(prior.support.lower_bound) < low)
    above = high is not None and np.any(np.asarray(prior.support.upper_bound) > high)
    if below or above:
        bounds = f"[{'-inf' if low is None else low}, {'inf' if high is None else high}]"
        warnings.warn(
            f"The prior of {name}, {describe(prior)}, reaches beyond its physical bounds {bounds}, where a model may "
            "be infinite or mean nothing: narrow the prior.",
            BoundsWarning,
            stacklevel=4,
        )
