"""The cheapest cells that meet a tolerance: a number for each ray, found on a ladder of numbers."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..geometry import ResolvedCells, Sightlines, Structures
from ..geometry.panels import divide, tail, walls_of_ray
from .accuracy import ErrorEstimate, Target, halved, mean_cells, summarise, target_of

_LADDER = (0, 1, 2, 3, 5, 7, 11, 15, 23, 31, 47, 63, 95, 127, 191, 255, 383)  # shared panels of a ray
_ROOMS = (96, 512)  # panels that a compiled body has room for
_BLOCK = 2048  # rays at a time
_CLASSES = 6  # of rays, each a compiled body of the simulation
_NEVER = 2**31
_ENOUGH = 23  # panels shared before a ray may count as settled
_TRIES = 4
_SETTLED = 0.05  # of the tolerance: rays whose values change by less need no finer cells


class Rung(NamedTuple):
    """Rays with so many panels: how many are used, (rays,), and values, (maps, rays), of those that fit."""

    used: np.ndarray
    values: np.ndarray


def choose_cells(
    target: Target, lines: Sightlines, structures: Structures, tolerance: float
) -> tuple[Sightlines, ErrorEstimate]:
    """Sightlines with the cheapest cells that meet a tolerance, and the estimate of their error.

    Every ray climbs a ladder of numbers of panels, with and without the walls of the model, until its values settle.
    The error of a rung is the largest difference of it or a finer one from the last. Each ray takes the rung with the
    least cost + lambda error^2, lambda being as small as the tolerance allows, so that cells go where they help most.
    """
    climb, strictness = _Climb(target, lines, structures, tolerance), 1.0
    found: list[tuple[bool, float, Sightlines, ErrorEstimate]] = []
    for _ in range(_TRIES):
        chosen = climb.lines(climb.choice(strictness))
        error = summarise(target(chosen), target(halved(chosen)), mean_cells(chosen))
        worst = max(float(np.max(value)) for value in error.relative.values())
        cost = float(error.mean_cells) if worst <= tolerance else worst / tolerance
        found.append((worst > tolerance, cost, chosen, error))
        if 0.8 * tolerance < worst <= tolerance:
            break
        strictness *= float(np.clip(0.9 * tolerance / max(worst, 1e-30), 0.2, 2.0))
    _, _, chosen, error = min(found, key=lambda one: one[:2])  # the cheapest that meets it, or the nearest
    return chosen, error


def with_tolerance(simulator: Any, sky: Any, frequency: Any, tolerance: float) -> Sightlines:
    """Sightlines of a sky, or of an observable, with the cheapest cells that meet a tolerance.

    **Raises:** as `Simulator.sightlines`.
    """
    if not (np.isfinite(tolerance) and 0 < tolerance < 1):
        raise ValueError(f"tolerance = {tolerance} must lie between 0 and 1: an error relative to the rms of a map.")
    target, lines = target_of(simulator, sky, frequency)
    if lines.edges is None or lines.classes:
        raise ValueError(
            "These sightlines have cells of their own: give a tolerance to a sky, or to lines without cells."
        )
    bare = eqx.tree_at(lambda s: s.edges, lines, None)
    chosen, error = choose_cells(target, bare, target.structures(), tolerance)
    return eqx.tree_at(lambda s: s.error, chosen, error, is_leaf=lambda x: x is None)


class _Climb:
    """All rungs of all rays, as far as they had to climb, and what was found there."""

    def __init__(self, target: Target, lines: Sightlines, structures: Structures, tolerance: float):
        self.target, self.sightlines, self.structures = target, lines, structures
        self.parts = 4 if target.points else 1
        self.used = np.full((2, len(_LADDER), lines.size), _NEVER, np.int64)
        self.values: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        self._ascend(tolerance)

    def _ascend(self, tolerance: float) -> None:
        alive, self.final = np.arange(self.sightlines.size), np.empty(0)
        for level in range(len(_LADDER)):
            for walls in (0, 1):
                rung = self._rung(alive, level, bool(walls))
                values = np.full((rung.values.shape[0], self.sightlines.size), np.nan)
                values[:, alive], self.used[walls, level, alive] = rung.values, rung.used
                self.values[walls].append(values)
            finest = self.values[1][level]
            self.final = np.where(np.isnan(finest), self.final, finest) if level else finest
            rms = np.sqrt(np.nanmean(self.final**2, axis=1, keepdims=True))
            self.scale = tolerance * np.where(rms > 0, rms, 1)
            if _LADDER[level] < _ENOUGH:
                continue
            # of one rung before alone, the cells may happen to be the same
            changes = [np.abs(finest - self.values[1][level - back])[:, alive] / self.scale for back in (1, 2)]
            alive = alive[np.max(changes, axis=(0, 1)) > _SETTLED]
            if not alive.size:
                return

    def _rung(self, rays: np.ndarray, level: int, walls: bool) -> Rung:
        """Values of some rays with a number of panels; those with more walls than there is room keep what fits."""
        room = next((room for room in _ROOMS if room >= _LADDER[level] + (50 if walls else 2)), _ROOMS[-1])
        parts = [self._block(rays[first : first + _BLOCK], level, walls, room) for first in range(0, len(rays), _BLOCK)]
        return Rung(*(np.concatenate(leaves, axis=-1) for leaves in zip(*parts, strict=True)))

    def _block(self, rays: np.ndarray, level: int, walls: bool, room: int) -> Rung:
        filled = np.resize(rays, min(_BLOCK, self.sightlines.size))
        part = self.sightlines.take(filled)
        edges, used = _edges(part, self.structures, jnp.asarray(_LADDER[level]), jnp.asarray(walls), room)
        part = part.with_edges(edges, self.parts)
        values = self.target(part)
        stacked = np.concatenate([np.abs(v) if np.iscomplexobj(v) else v for v in map(_flat, values.values())])
        used, fits = np.asarray(used), np.asarray(used) <= room
        stacked = np.where(fits, stacked, np.nan)
        return Rung(np.where(fits, used, _NEVER)[: len(rays)], stacked[:, : len(rays)])

    def choice(self, strictness: float) -> tuple[np.ndarray, np.ndarray]:
        """Which rung each ray takes: with walls or not, and the level, (rays,) each."""
        errors = np.stack([self._errors(walls, strictness) for walls in (0, 1)])  # (2, levels, maps, rays)
        cost = self.used.reshape(-1, self.sightlines.size).astype(float)
        errors = errors.reshape(-1, *errors.shape[2:])
        known = np.isfinite(errors).all(axis=1)
        cost = np.where(known, cost, np.inf)
        square = np.where(known, np.max(np.nan_to_num(errors), axis=1) ** 2, np.inf)
        low, high = -12.0, 12.0
        for _ in range(40):
            middle = 0.5 * (low + high)
            picked = np.argmin(cost + 10.0**middle * square, axis=0)
            chosen = np.take_along_axis(errors, picked[None, None], axis=0)[0]
            good = np.sqrt(np.mean(chosen**2, axis=-1)).max() <= 1
            low, high = (low, middle) if good else (middle, high)
        picked = np.argmin(cost + 10.0**high * square, axis=0)
        return picked // len(_LADDER), picked % len(_LADDER)

    def _errors(self, walls: int, strictness: float) -> np.ndarray:
        """Errors in units of the tolerance, (levels, maps, rays): the largest from a rung on."""
        found = np.full((len(_LADDER), *self.final.shape), np.nan)
        for level, values in enumerate(self.values[walls]):
            found[level] = np.abs(values - self.final) / (strictness * self.scale)
        filled = np.where(np.isnan(found), -1, found)
        onwards = np.maximum.accumulate(filled[::-1], axis=0)[::-1]
        return np.where(np.isnan(found), np.nan, onwards)

    def lines(self, choice: tuple[np.ndarray, np.ndarray]) -> Sightlines:
        """Sightlines in classes of rays of one number of panels."""
        walls, level = choice
        used = self.used[walls, level, np.arange(level.size)]
        sizes = class_sizes(used, _CLASSES)
        group = np.searchsorted(sizes, used)
        order = np.argsort(group, kind="stable")
        classes = []
        for number, room in enumerate(sizes):
            rays = order[group[order] == number]
            part = self.sightlines.take(rays)
            share = jnp.asarray(np.take(_LADDER, level[rays]))
            edges = _edges_of(part, self.structures, share, jnp.asarray(walls[rays] > 0), int(room))
            classes.append(part.with_edges(edges, self.parts))
        return self.sightlines.with_classes(tuple(classes), np.argsort(order, kind="stable"))


def _flat(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, values.shape[-1])


@eqx.filter_jit
def _edges(lines: Sightlines, structures: Structures, share: Array, walls: Array, room: int) -> tuple[Array, Array]:
    """Edges, (room + 1, rays) kpc, of panels in number `share` and more for walls, and how many are used, (rays,)."""
    shares, flags = (jnp.broadcast_to(value, (lines.size,)) for value in (share, walls))
    return _divided(lines, structures, shares, flags, room)


@eqx.filter_jit
def _edges_of(lines: Sightlines, structures: Structures, share: Array, walls: Array, room: int) -> Array:
    return _divided(lines, structures, share, walls, room)[0]


def _divided(lines: Sightlines, structures: Structures, share: Array, walls: Array, room: int) -> tuple[Array, Array]:
    cells = lines.cells
    assert isinstance(cells, ResolvedCells)

    def one(ray, number, cut):
        start, enter, leave, stop = walls_of_ray(cells, structures, ray.origin, ray.direction, ray.length)
        walls = jnp.sort(jnp.where(cut, jnp.concatenate([enter, leave]), start))
        places = [start[None], walls, stop[None]]
        beyond = [] if structures.extent.bounded else [tail(stop, ray.length)]
        return divide(jnp.concatenate(places + beyond), number, cells.growth, room)

    return jax.vmap(one, in_axes=(-1, 0, 0), out_axes=-1)(lines.rays, share, walls)


def class_sizes(used: np.ndarray, most: int) -> np.ndarray:
    """The numbers of panels of at most so many classes that hold rays of `used` panels at the least cost, sorted."""
    numbers, counts = np.unique(used, return_counts=True)
    below = np.append(0, np.cumsum(counts))
    best = np.full((most + 1, numbers.size + 1), np.inf)
    best[:, 0] = 0
    cut = np.zeros(best.shape, int)
    for classes in range(1, most + 1):
        for last in range(1, numbers.size + 1):
            costs = best[classes - 1, :last] + numbers[last - 1] * (below[last] - below[:last])
            cut[classes, last] = np.argmin(costs)
            best[classes, last] = costs[cut[classes, last]]
    sizes, last = [], numbers.size
    for classes in range(most, 0, -1):
        if last:
            sizes.append(numbers[last - 1])
            last = cut[classes, last]
    return np.array(sorted(sizes))
