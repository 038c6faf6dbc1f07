"""Which parameters a maximum holds at a bound: they are no longer free, and their errors say little."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..parameters import labels, ravel
from ..parameters.edges import inwards, towards
from ..statistics import Posterior
from .fisher import Fisher
from .jacobian import jacobian

CLOSE = 1e-2  # standard deviations from a bound, below which a maximum lies at it


def active(posterior: Posterior, unconstrained: Any, information: Fisher | None) -> list[str]:
    """Labels of the numbers that lie at a bound of their prior, which the density would have them cross.

    They are on the bound, at the edge of a prior of finite range, or nearer to a bound than a hundredth of their
    standard deviation while the density rises towards it; the last is known where the information is.
    """
    space = posterior.space
    values, edges = space.to_constrained(unconstrained), space.at_edge(unconstrained)
    near = {} if information is None else _leaning(posterior, unconstrained, information)
    flags = []
    for name, prior in zip(space.names, space.priors, strict=True):
        value = values[name]
        flag = np.asarray(inwards(prior, value) != value)
        if unconstrained[name].shape == value.shape:  # number by number
            flag = flag | np.asarray(edges[name]) | near.get(name, False)
        flags.append(flag.ravel())
    return [label for label, flag in zip(labels(values, space.names), np.concatenate(flags), strict=True) if flag]


def _leaning(posterior: Posterior, unconstrained: Any, information: Fisher) -> dict[str, np.ndarray]:
    """Which unconstrained numbers are close to a bound, with the density rising towards it."""
    space = posterior.space
    vector, back = ravel(unconstrained, space.names)
    slope = back(jacobian(_height, posterior, unconstrained)[0])
    known = back(jnp.asarray(np.diagonal(information.unconstrained_matrix), vector.dtype))
    return {
        name: np.asarray((slope[name] * towards(prior, unconstrained[name]) > 0) & (known[name] < CLOSE**2))
        for name, prior in zip(space.names, space.priors, strict=True)
    }


def _height(posterior: Posterior, values: Any) -> Array:
    return posterior.log_posterior(values)[None]
