"""Intervals of one parameter from the largest density for each of its values."""

import math
from typing import Any

import numpy as np

from ..statistics import Posterior
from .curve import Curve
from .fit import fit
from .method import AbstractMethod
from .options import check_fraction, check_posterior
from .profiled import Profile
from .result import SAME, FitError

RESTARTS = 4  # from a higher maximum that was found on the way
STEPS = 25  # away from the maximum, of which each may be three times as far as the last
CLOSER = 60  # to the end of the interval
TOLERANCE = 1e-3  # of the end of the interval, in standard deviations
SHY = 1e-4  # of the way to a bound: so far from it the model is evaluated, which may be infinite on it


def profile(
    posterior: Posterior,
    name: str,
    level: float = 0.683,
    *,
    start: Any = None,
    method: AbstractMethod | None = None,
) -> Profile:
    """The interval of one parameter in which the largest density over all others has not fallen by a level.

    It is that of a fall by

    chi^2(level; 1 degree of freedom)/2

    from its maximum (1/2 for 68.3 %, 1.35 for 90 %). It needs no symmetry and no Gaussian. Of `posterior.flat()` it is
    that of the profile likelihood. Each fit starts where that of the nearest value ended; where one finds a higher
    maximum the profile begins again from there.

    **Arguments:**

    - `name`: of a parameter, or the label of one number of an array, as `"arms[3]"`.
    - `level`: a probability, between 0 and 1.
    - `start`, `method`: as for `sl.fit`.

    **Returns:** `Profile`; printed, it is a table.

    **Raises:** `ValueError` for a name that is none or a level out of range; `FitError` where no maximum is found;
    `TypeError` for what is no posterior.

    **Source:** Cash 1976, A&A 52, 307; Lampton, Margon & Bowyer 1976, ApJ 208, 177.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace({"rate": jnp.asarray(3.0)}, {"rate": dist.Uniform(0.0, 100.0)})
        >>> counts = sl.Likelihood(lambda model: model["rate"][None], [4], sl.statistics.Poisson())
        >>> sl.profile(sl.Posterior(space, counts), "rate")
        parameter  unit  best  low   high  below  above
        ---------  ----  ----  ----  ----  -----  -----
        rate             4     2.32  6.35  1.68   2.35
        68.3 %, from ... fits
    """
    check_posterior(posterior)
    check_fraction("level", level)
    posterior.space.find(name)
    for _ in range(RESTARTS):
        best = fit(posterior, method, start=start, progress=False).raise_for_status()
        curve = Curve(posterior, name, best, method)
        ends = [_end(curve, side, _quantile(level)) for side in (-1, 1)]
        if curve.highest.height <= best.log_posterior + SAME:
            return Profile(curve, level, *ends)
        start = curve.highest.parameters
    raise FitError(
        f"The profile of {name} found a higher maximum {RESTARTS} times: find the highest first, by "
        "start=sl.fit(posterior, starts=16, scout=1000, key=key)."
    )


def _quantile(level: float) -> float:
    """Standard deviations of a Gaussian to either side."""
    from scipy.special import ndtri

    return float(ndtri(0.5 * (1 + level)))


def _end(curve: Curve, side: int, target: float) -> tuple[float, bool]:
    """The end of the interval on one side, infinite where there is none, and whether it is a bound."""
    near, far, bound = (curve.best, 0.0), None, curve.bounds[side > 0]
    last = bound - SHY * (bound - curve.best) if math.isfinite(bound) else bound
    step = target * curve.scale
    if last == curve.best:
        return bound, True
    for _ in range(STEPS):
        place = min(curve.best + step, last) if side > 0 else max(curve.best - step, last)
        height = curve.deviations(place)
        if height >= target - TOLERANCE:
            far = place, height
            break
        if place == last:
            return bound, True
        near = place, height
        step *= min(max(1.05 * target / max(height, 1e-3), 1.2), 3.0)
    return (side * math.inf, False) if far is None else (_between(curve, near, far, target), False)


def _between(curve: Curve, near: tuple[float, float], far: tuple[float, float], target: float) -> float:
    """Where the deviations reach the target, by straight lines; in halves where these get no closer."""
    place, height = far
    for count in range(CLOSER):
        if abs(height - target) <= TOLERANCE or abs(far[0] - near[0]) <= 4 * np.finfo(float).eps * abs(far[0]):
            break
        straight = np.isfinite(far[1]) and count % 3 != 2
        share = (target - near[1]) / (far[1] - near[1]) if straight else 0.5
        place = near[0] + share * (far[0] - near[0])
        height = curve.deviations(place)
        near, far = ((place, height), far) if height < target else (near, (place, height))
    return place
