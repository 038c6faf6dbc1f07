"""The search for the velocities of one spectrum."""

import dataclasses
from typing import NamedTuple

import numpy as np

from .problem import Problem

STRIDE = 150.0
"""Between the velocities that are tried first, km/s."""
MOMENT = 0.3
"""Largest h_3, h_4...: beyond, the series is negative in places."""
NEAR = 1e-3
"""Of the range of a parameter, that counts as at its limit."""


class Found(NamedTuple):
    """Parameters, their errors, and how the search ended."""

    vector: np.ndarray
    errors: np.ndarray
    status: str


@dataclasses.dataclass(frozen=True)
class Limits:
    """Ranges of velocity and dispersion, km/s."""

    velocity: tuple[float, float]
    dispersion: tuple[float, float]

    def arrays(self, moments: int, degree: int) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest values of all parameters."""
        free = np.full(degree, np.inf)
        low = [self.velocity[0], self.dispersion[0], *np.full(moments - 2, -MOMENT), *-free]
        high = [self.velocity[1], self.dispersion[1], *np.full(moments - 2, MOMENT), *free]
        return np.array(low), np.array(high)


def search(problem: Problem, start: tuple[float, float] | None, limits: Limits, steps: int) -> Found:
    """The least misfit: first velocity and dispersion alone, then everything from there."""
    degree = len(problem.legendre)
    first = scouted(problem, limits, degree) if start is None else np.array([*start, *np.zeros(degree)])
    plain = dataclasses.replace(problem, moments=2)
    vector, status = descend(plain, first, limits, steps)
    problem.last = plain.last
    if problem.moments > 2:
        vector = np.concatenate([vector[:2], np.zeros(problem.moments - 2), vector[2:]])
        vector, status = descend(problem, vector, limits, steps)
    low, high = limits.arrays(problem.moments, degree)
    near = NEAR * np.where(np.isfinite(high - low), high - low, 0)
    free = (vector > low + near) & (vector < high - near)
    status = "at a limit" if status == "converged" and not np.all(free) else status
    return Found(vector, _errors(problem, vector, free), status)


def scouted(problem: Problem, limits: Limits, degree: int) -> np.ndarray:
    """The best of a row of velocities, at one dispersion and no polynomial."""
    plain = dataclasses.replace(problem, moments=2)
    width = float(np.clip(100.0, *limits.dispersion))
    low, high = limits.velocity
    places = np.linspace(low, high, max(3, int(np.ceil((high - low) / STRIDE)) + 2))[1:-1]
    vectors = [np.array([place, width, *np.zeros(degree)]) for place in places]
    return vectors[int(np.argmin([np.sum(plain.residuals(vector) ** 2) for vector in vectors]))]


def descend(problem: Problem, start: np.ndarray, limits: Limits, steps: int) -> tuple[np.ndarray, str]:
    """Where a search from here ends, and how."""
    from scipy.optimize import least_squares

    degree = len(problem.legendre)
    scale = np.array([50.0, 50.0, *np.full(problem.moments - 2, 0.1), *np.full(degree, 0.1)])
    low, high = limits.arrays(problem.moments, degree)
    inside = np.clip(start, low + 1e-6 * scale, high - 1e-6 * scale)
    done = least_squares(
        *(problem.residuals, inside, problem.jacobian), bounds=(low, high), x_scale=scale, max_nfev=steps, xtol=1e-7
    )
    return done.x, "converged" if done.status > 0 else "step limit"


def _errors(problem: Problem, vector: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Standard deviations of the parameters that are at no limit, weights and all let free; NaN of the others."""
    found = np.full(len(vector), np.nan)
    slopes = problem.jacobian(vector)[:, free]
    found[free] = np.sqrt(np.diag(np.linalg.pinv(slopes.T @ slopes)))
    return found
