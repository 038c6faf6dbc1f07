"""The largest density for each value of one parameter."""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from ..parameters.edges import ends
from ..statistics import Posterior
from .fit import fit
from .method import CONVERGED, FINISHED, AbstractMethod
from .result import FitResult


class Point(NamedTuple):
    """The largest log posterior, `height`, for one value, the `parameters` there, and the `status` of the fit."""

    value: float
    height: float
    parameters: Any
    status: str


class Curve:
    """Largest densities for values of one number, each found by a fit that starts where that of the nearest ended.

    - `best`: the value at the maximum; `bounds`: of its prior; `scale`: its standard deviation or a guess.
    - `points`: in the order tried, the maximum first; `highest`: of them.
    """

    posterior: Posterior
    label: str
    method: AbstractMethod | None
    name: str
    place: int

    def __init__(self, posterior: Posterior, label: str, result: FitResult, method: AbstractMethod | None):
        self.posterior, self.label, self.method = posterior, label, method
        self.name, self.place = posterior.space.find(label)
        self.best: float = float(np.ravel(result.parameters[self.name])[self.place])
        self.points: list[Point] = [Point(self.best, result.log_posterior, result.parameters, result.status)]
        self.bounds: tuple[float, float] = self._bounds()
        self.scale: float = self._scale(result)

    @property
    def highest(self) -> Point:
        """The point of the largest density."""
        return max(self.points, key=lambda point: point.height)

    @property
    def unit(self) -> str:
        """Of the parameter."""
        return self.posterior.space.units[self.posterior.space.names.index(self.name)]

    def deviations(self, value: float) -> float:
        """sqrt(2 (log p_max - log p)) at a value: what would be standard deviations of a Gaussian."""
        nearest = min(self.points, key=lambda point: abs(point.value - value))
        point = self._point(value, self._with(nearest.parameters, value))
        self.points.append(point)
        return float(np.sqrt(2 * max(self.points[0].height - point.height, 0.0)))

    def _point(self, value: float, start: Any) -> Point:
        height = float(self.posterior.log_posterior(start))
        if not np.isfinite(height):
            return Point(value, -np.inf, self.points[0].parameters, "no finite density")
        if self.posterior.space.size == 1:
            return Point(value, height, start, CONVERGED)
        space = self.posterior.space.pin(self.label, value)
        pinned = eqx.tree_at(lambda one: one.space, self.posterior, space)
        found = fit(pinned, self.method, start=start, covariance=0, progress=False)
        return Point(value, found.log_posterior, found.parameters, found.status)

    def failed(self) -> int:
        """How many fits did not reach their goal."""
        return sum(point.status not in (CONVERGED, FINISHED) for point in self.points)

    def _with(self, parameters: Any, value: float) -> Any:
        array = parameters[self.name]
        changed = jnp.ravel(array).at[self.place].set(value).reshape(array.shape)
        return {**parameters, self.name: changed}

    def _bounds(self) -> tuple[float, float]:
        prior = self.posterior.space.priors[self.posterior.space.names.index(self.name)]
        shape = self.posterior.space.initial[self.name].shape
        low, high = (
            np.broadcast_to(np.asarray(end), shape).ravel() if end is not None else None for end in ends(prior)
        )
        return -np.inf if low is None else float(low[self.place]), np.inf if high is None else float(high[self.place])

    def _scale(self, result: FitResult) -> float:
        known = np.inf
        if result.fisher is not None:
            known = float(np.ravel(result.standard_deviations[self.name])[self.place])
        if np.isfinite(known) and known > 0:
            return known
        width = self.bounds[1] - self.bounds[0]
        return 0.1 * (width if np.isfinite(width) else abs(self.best) or 1.0)
