"""What is asked of a fit, checked."""

from typing import Any, NamedTuple

import numpy as np

from ...._core.units import number, numbers, whole
from .search import Limits


class Options(NamedTuple):
    """What is asked of every spectrum.

    - `moments`, `degree`, `additive`: orders; the last -1 for none.
    - `low`, `high`: A at rest, or `None`; `emission`: km/s, or `None`; `smooth`: weight of the regularisation.
    - `start`: km/s, or `None`; `limits`: of velocities; `steps`: evaluations at most.
    - `draws`: of the noise, for errors; `seed`: of these; `pull`: of the moments towards 0.
    """

    moments: int
    degree: int
    additive: int
    low: Any
    high: Any
    emission: float | None
    smooth: float
    start: tuple[float, float] | None
    limits: Limits
    steps: int
    draws: int
    seed: int
    pull: float

    @property
    def free(self) -> int:
        """Numbers to find beside weights."""
        return self.moments + self.degree + self.additive + 1


def checked(**given: Any) -> Options:
    """The arguments of `fit_mixture` by name as `Options`.

    **Raises:** `ValueError` that names the argument.
    """
    moments = whole(given["moments"], "moments", 2)
    if moments > 6:
        raise ValueError(f"moments = {moments}: choose 2 (velocity and dispersion) to 6.")
    smooth = number(given["regularisation"], "", "regularisation")
    if not (smooth >= 0 and np.isfinite(smooth)):
        raise ValueError(f"regularisation = {smooth} must be 0 (none) or positive.")
    emission = given["emission"]
    return Options(
        moments=moments,
        degree=whole(given["degree"], "degree"),
        additive=-1 if given["additive"] is None else whole(given["additive"], "additive"),
        low=given["low"],
        high=given["high"],
        emission=None if emission is None else number(emission, "km/s", "emission"),
        smooth=smooth,
        start=None if given["start"] is None else _pair(given["start"], "start"),
        limits=_limits(given["velocities"], given["dispersions"]),
        steps=whole(given["steps"], "steps", 1),
        draws=_draws(given["draws"]),
        seed=whole(given["seed"], "seed"),
        pull=_pull(given["moment_scatter"]),
    )


def _pull(scatter: Any) -> float:
    if scatter is None:
        return 0.0
    found = number(scatter, "", "moment_scatter")
    if not 0 < found < np.inf:
        raise ValueError(f"moment_scatter = {scatter} must be positive, e.g. 0.1, or None for no prior.")
    return 1 / found


def _draws(value: Any) -> int:
    found = whole(value, "draws")
    if found == 1:
        raise ValueError("draws = 1: the scatter of one tells nothing; give 0 for none, or e.g. 30.")
    return found


def _limits(velocities: Any, dispersions: Any) -> Limits:
    limits = Limits(_pair(velocities, "velocities"), _pair(dispersions, "dispersions"))
    for name, (low, high) in zip(("velocities", "dispersions"), (limits.velocity, limits.dispersion), strict=True):
        if not low < high:
            raise ValueError(f"{name} = {low, high} must be two rising numbers [km/s].")
    if limits.dispersion[0] <= 0:
        raise ValueError(f"dispersions = {dispersions}: the smallest must be positive.")
    return limits


def _pair(values: Any, name: str) -> tuple[float, float]:
    found = numbers(values, "km/s", name)
    if found.shape != (2,) or not np.all(np.isfinite(found)):
        raise ValueError(f"{name} = {values} must be two finite numbers [km/s].")
    return float(found[0]), float(found[1])
