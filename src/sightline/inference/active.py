"""Which parameters a maximum holds at a bound: they are no longer free, and their errors say little."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..parameters import labels, ravel
from ..parameters.box import box
from ..parameters.edges import inwards, towards
from ..parameters.priors import held as pinned_places
from ..statistics import Posterior
from .fisher import Fisher
from .jacobian import jacobian
from .method import Outcome

CLOSE = 1e-2  # standard deviations from a bound, below which a maximum lies at it


class Bounds(NamedTuple):
    """Where a maximum lies on bounds.

    - `active`: labels of the numbers there; `multipliers`: d log p/d theta towards the outside, by label.
    """

    active: list[str]
    multipliers: dict[str, float]


def bounds(posterior: Posterior, values: Any, held: list[str]) -> Bounds:
    """The multipliers of Karush, Kuhn and Tucker of the numbers that bounds hold."""
    vector, _ = ravel(values, posterior.space.names)
    places = np.flatnonzero(np.isin(labels(values, posterior.space.names), held))
    if not places.size:
        return Bounds([], {})
    low, high = box(posterior.space)
    middle = np.asarray(vector - low > high - vector)[places]
    slope = np.asarray(_slopes(posterior, values, jnp.asarray(places)))
    return Bounds(held, dict(zip(held, np.where(middle, slope, -slope).tolist(), strict=True)))


@eqx.filter_jit
def _slopes(posterior: Posterior, values: Any, places: Array) -> Array:
    """Derivatives of the log posterior with respect to some of the constrained numbers, in forward mode."""
    vector, back = ravel(values, posterior.space.names)

    def along(place: Array) -> Array:
        direction = jnp.zeros_like(vector).at[place].set(1)
        return jax.jvp(lambda x: posterior.log_posterior(back(x)), (vector,), (direction,))[1]

    return jax.lax.map(along, places)


def active(posterior: Posterior, outcome: Outcome, information: Fisher | None) -> list[str]:
    """Labels of the numbers that lie at a bound of their prior, which the density would have them cross.

    They are on the bound, at the edge of a prior of finite range, or nearer to a bound than a hundredth of their
    standard deviation while the density rises towards it; the last is known where the information is.
    """
    space, values = posterior.space, outcome.values(posterior)
    near = _near(posterior, outcome.unconstrained, information) if outcome.constrained is None else {}
    flags = []
    for name, prior in zip(space.names, space.priors, strict=True):
        value = values[name]
        flag = np.array(inwards(prior, value) != value).ravel()
        free = np.setdiff1d(np.arange(flag.size), list(pinned_places(prior)))
        if name in near and near[name].size == free.size:  # number by number
            flag[free] |= near[name].ravel()
        flags.append(flag)
    known = np.concatenate(flags) & ~space.held
    return [label for label, flag in zip(labels(values, space.names), known, strict=True) if flag]


def _near(posterior: Posterior, unconstrained: Any, information: Fisher | None) -> dict[str, np.ndarray]:
    """Which unconstrained numbers are so near to a bound that the logistic function says no more."""
    edges = {name: np.asarray(edge) for name, edge in posterior.space.at_edge(unconstrained).items()}
    if information is None:
        return edges
    leaning = _leaning(posterior, unconstrained, information)
    return {name: edge | leaning[name] for name, edge in edges.items()}


def _leaning(posterior: Posterior, unconstrained: Any, information: Fisher) -> dict[str, np.ndarray]:
    """Which unconstrained numbers are close to a bound, with the density rising towards it."""
    space = posterior.space
    vector, back = ravel(unconstrained, space.names)
    close = np.diagonal(information.unconstrained_matrix) < CLOSE**2
    if not np.any(close):  # nor is a derivative compiled to be told so
        return {name: np.zeros(np.shape(unconstrained[name]), bool) for name in space.names}
    slope, close = back(jacobian(_height, posterior, unconstrained)[0]), back(jnp.asarray(close, vector.dtype))
    return {
        name: np.asarray((slope[name] * towards(prior, unconstrained[name]) > 0) & (close[name] > 0))
        for name, prior in zip(space.names, space.priors, strict=True)
    }


def _height(posterior: Posterior, values: Any) -> Array:
    return posterior.log_posterior(values)[None]
