"""The cheapest cells that meet a tolerance: a number for each ray, in a few classes."""

import warnings
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..._core.units import number
from ..geometry import Sightlines
from .accuracy import ErrorEstimate, summarise, target_of
from .ladder import LADDER, Ladder

_CLASSES = 6  # of rays, each a compiled body of the simulation
_BODY = 2048  # cells that such a body must save
_TRIES = 4


class ToleranceWarning(UserWarning):
    """Cells do not meet the tolerance that was asked for."""


Choice = tuple[np.ndarray, np.ndarray]
"""Whether each ray has walls, and its rung, (rays,) each."""


def with_tolerance(simulator: Any, sky: Any, frequency: Any, tolerance: float, energy: Any = None) -> Sightlines:
    """Sightlines of a sky, or of an observable, with the cheapest cells that meet a tolerance.

    Every ray climbs a ladder of numbers of panels, with and without the walls of the model, until its values settle.
    The error of a rung is the largest difference of it or a finer one from the last. Each ray takes the rung with the
    least cost + lambda error^2, lambda being as small as the tolerance allows, so that cells go where they help most.

    **Raises:** as `Simulator.sightlines`.
    """
    tolerance = number(tolerance, "", "tolerance")
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance = {tolerance} must lie between 0 and 1: an error relative to the rms of a map.")
    target, lines = target_of(simulator, sky, frequency, energy)
    if lines.edges is None or lines.classes:
        raise ValueError(
            "These sightlines have cells of their own: give a tolerance to a sky, or to lines without cells."
        )
    bare = eqx.tree_at(lambda s: s.edges, lines, None)
    ladder = Ladder(target, bare, target.structures(), tolerance)
    choice, error = _choose(ladder, tolerance)
    if _worst(error) > tolerance:
        warnings.warn(
            f"tolerance = {tolerance:g} is not met; the nearest to it: {error!r}. Where Q and U turn by many radians "
            "within a cell, more cells help slowly: ask for less, or for a higher frequency.",
            ToleranceWarning,
            stacklevel=4,
        )
    return eqx.tree_at(lambda s: s.error, _lines(ladder, choice), error, is_leaf=lambda x: x is None)


def _choose(ladder: Ladder, tolerance: float) -> tuple[Choice, ErrorEstimate]:
    """The cheapest rungs that meet the tolerance by the estimate of halved cells, or the nearest to it."""
    found: list[tuple[bool, float, Choice, ErrorEstimate]] = []
    strictness = 1.0
    for _ in range(_TRIES):
        choice = _rungs(ladder, strictness)
        used = _panels(ladder, choice)
        sizes = class_sizes(whole_rows(used, ladder.parts), _CLASSES, _BODY // ladder.parts)
        cells = ladder.parts * float(np.mean(sizes[np.searchsorted(sizes, used)]))
        error = summarise(ladder.seen(*choice), ladder.halved(*choice), cells)
        worst = _worst(error)
        found.append((worst > tolerance, cells if worst <= tolerance else worst / tolerance, choice, error))
        if 0.8 * tolerance < worst <= tolerance:
            break
        strictness *= float(np.clip(0.9 * tolerance / max(worst, 1e-30), 0.2, 2.0))
    _, _, choice, error = min(found, key=lambda one: one[:2])
    return choice, error


def _worst(error: ErrorEstimate) -> float:
    return max(float(np.max(value)) for value in error.relative.values())


def _panels(ladder: Ladder, choice: Choice) -> np.ndarray:
    walls, level = choice
    return ladder.used[walls, level, np.arange(level.size)]


def _rungs(ladder: Ladder, strictness: float) -> Choice:
    """Which rung each ray takes, for `strictness` times the tolerance."""
    errors = np.concatenate([_errors(ladder, walls, strictness) for walls in (0, 1)])  # (2 rungs, maps, rays)
    known = np.isfinite(errors).all(axis=1)
    panels = whole_rows(ladder.used, ladder.parts).reshape(known.shape)
    cost = np.where(known, panels.astype(float), np.inf)
    square = np.where(known, np.max(np.nan_to_num(errors), axis=1) ** 2, np.inf)
    low, high = -12.0, 12.0  # of the logarithm of lambda
    for _ in range(40):
        middle = 0.5 * (low + high)
        picked = np.argmin(cost + 10.0**middle * square, axis=0)
        chosen = np.take_along_axis(errors, picked[None, None], axis=0)[0]
        good = np.sqrt(np.mean(chosen**2, axis=-1)).max() <= 1
        low, high = (low, middle) if good else (middle, high)
    picked = np.argmin(cost + 10.0**high * square, axis=0)
    return picked // len(LADDER), picked % len(LADDER)


def _errors(ladder: Ladder, walls: int, strictness: float) -> np.ndarray:
    """Errors in units of the tolerance, (rungs, maps, rays): the largest from a rung on."""
    found = np.full((len(LADDER), *ladder.final.shape), np.nan)
    for level, values in enumerate(ladder.values[walls]):
        found[level] = np.abs(values - ladder.final) / (strictness * ladder.scale)
    filled = np.where(np.isnan(found), -1, found)
    onwards = np.maximum.accumulate(filled[::-1], axis=0)[::-1]
    return np.where(np.isnan(found), np.nan, onwards)


def _lines(ladder: Ladder, choice: Choice) -> Sightlines:
    """Sightlines in classes of rays of one number of panels."""
    walls, level = choice
    used = _panels(ladder, choice)
    sizes = class_sizes(whole_rows(used, ladder.parts), _CLASSES, _BODY // ladder.parts)
    group = np.searchsorted(sizes, used)
    order = np.argsort(group, kind="stable")
    classes = []
    for kind, room in enumerate(sizes):
        rays = order[group[order] == kind]
        edges = ladder.edges(rays, walls[rays], level[rays], int(room))
        classes.append(ladder.sightlines.take(rays).with_edges(edges, ladder.parts))
    return ladder.sightlines.with_classes(tuple(classes), np.argsort(order, kind="stable"))


def whole_rows(panels: np.ndarray, parts: int) -> np.ndarray:
    """Numbers of panels, of so many parts each, that take no longer: CPUs work out the cells of a ray 16 at a time.

    Those left over would go one by one, each as slow as four; rays with fewer than 16 go 4 at a time.
    """
    if jax.default_backend() != "cpu":
        return panels
    few, many = 4 // parts, 16 // parts
    return np.where(panels <= many, -(-panels // few) * few, -(-panels // many) * many)


def class_sizes(used: np.ndarray, most: int, overhead: int = 0) -> np.ndarray:
    """The numbers of panels of at most so many classes that hold rays of `used` panels at the least cost, sorted.

    **Arguments:** `overhead`: what a class costs beside the panels of its rays, panels.
    """
    numbers, counts = np.unique(used, return_counts=True)
    below = np.append(0, np.cumsum(counts))
    best = np.full((most + 1, numbers.size + 1), np.inf)
    best[:, 0] = 0
    cut = np.zeros(best.shape, int)
    for classes in range(1, most + 1):
        for last in range(1, numbers.size + 1):
            costs = best[classes - 1, :last] + numbers[last - 1] * (below[last] - below[:last]) + overhead
            cut[classes, last] = np.argmin(costs)
            best[classes, last] = costs[cut[classes, last]]
    sizes, last = [], numbers.size
    for classes in range(int(np.argmin(best[:, -1])), 0, -1):
        if last:
            sizes.append(numbers[last - 1])
            last = cut[classes, last]
    return np.array(sorted(sizes))
