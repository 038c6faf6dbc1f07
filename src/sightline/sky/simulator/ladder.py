"""Maps with more and more cells: what every ray sees on each rung of a ladder of numbers of panels."""

from collections.abc import Iterator

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..geometry import Ray, ResolvedCells, Sightlines, Structures
from ..geometry.panels import divide, tail, walls_of_ray
from .accuracy import Maps, Target, between

LADDER = (0, 1, 2, 3, 5, 7, 11, 15, 23, 31, 47, 63, 95, 127, 191, 255, 383)
"""Panels that the gaps between the walls of a ray share, beside one each."""
NEVER = 2**62
_ROOMS = (96, 512)  # panels that a compiled body has room for
_BLOCK = 2048  # rays at a time
_ENOUGH = 23  # panels shared before a ray may count as settled
_SETTLED = 0.05  # of the tolerance: rays whose values change by less need no finer cells


class Ladder:
    """All rungs of all rays, with and without the walls of the model, as far as each had to climb.

    - `used`: panels, (2, rungs, rays), first without walls; `values`: for the same, a list of (maps, rays), NaN where a
      ray had settled or its walls have no room; `final`: those of the last rung of each ray, (maps, rays); `scale`: the
      tolerance of each map, (maps, 1).
    """

    target: Target
    sightlines: Sightlines
    structures: Structures

    def __init__(self, target: Target, lines: Sightlines, structures: Structures, tolerance: float):
        self.target, self.sightlines, self.structures = target, lines, structures
        self.parts = 4 if target.points else 1
        self.used: np.ndarray = np.full((2, len(LADDER), lines.size), NEVER, np.int64)
        self.values: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        self.kinds: dict[str, tuple[tuple[int, ...], bool]] = {}
        self._ascend(tolerance)

    def _ascend(self, tolerance: float) -> None:
        alive, self.final = np.arange(self.sightlines.size), np.empty(0)
        for level, share in enumerate(LADDER):
            for walls in (0, 1):
                self._climb(alive, level, walls)
            finest = self.values[1][level]
            self.final = np.where(np.isnan(finest), self.final, finest) if level else finest
            rms = np.sqrt(np.nanmean(self.final**2, axis=1, keepdims=True))
            self.scale = tolerance * np.where(rms > 0, rms, 1)
            if share < _ENOUGH:
                continue
            # of one rung before alone, the cells may happen to be the same
            changes = [np.abs(finest - self.values[1][level - back])[:, alive] / self.scale for back in (1, 2)]
            alive = alive[np.max(changes, axis=(0, 1)) > _SETTLED]
            if not alive.size:
                return

    def _climb(self, rays: np.ndarray, level: int, walls: int) -> None:
        """Values of some rays on a rung; NaN for those with more panels than there is room."""
        room = next((room for room in _ROOMS if room >= LADDER[level] + (50 if walls else 2)), _ROOMS[-1])
        share, cut = np.full(rays.size, LADDER[level]), np.full(rays.size, walls > 0)
        found = [self._see(block, share[place], cut[place], room) for place, block in _blocks(rays)]
        used, values = (np.concatenate(parts, axis=-1) for parts in zip(*found, strict=True))
        fits = used <= room
        self.values[walls].append(np.full((values.shape[0], self.sightlines.size), np.nan))
        self.values[walls][level][:, rays] = np.where(fits, values, np.nan)
        self.used[walls, level, rays] = np.where(fits, used, NEVER)

    def _see(
        self, rays: np.ndarray, share: np.ndarray, cut: np.ndarray, room: int, halved: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Panels used, (rays,), and values, (maps, rays), of one block."""
        part, edges, used = self._divided(rays, share, cut, room)
        maps = self.target(part.with_edges(between(edges) if halved else edges, self.parts))
        self.kinds = {name: (value.shape[:-1], np.iscomplexobj(value)) for name, value in maps.items()}
        rows = [row for value in maps.values() for row in _rows(value)]
        return used[: rays.size], np.stack(rows)[:, : rays.size]

    def _divided(
        self, rays: np.ndarray, share: np.ndarray, cut: np.ndarray, room: int
    ) -> tuple[Sightlines, Array, np.ndarray]:
        """The rays of one block, filled up to one size by copies, edges of their panels, and how many they are."""
        filled = np.resize(np.arange(rays.size), min(_BLOCK, self.sightlines.size))
        part = self.sightlines.take(rays[filled])
        body = next(most for most in _ROOMS if most >= room)  # of the programs that there are
        edges, used = edges_with(part, self.structures, jnp.asarray(share[filled]), jnp.asarray(cut[filled]), body)
        return part, edges[: room + 1], np.asarray(used, np.int64)

    def edges(self, rays: np.ndarray, walls: np.ndarray, level: np.ndarray, room: int) -> Array:
        """Edges [kpc], (room + 1, rays), of some rays on rungs that have at most so many panels."""
        share, cut = np.take(LADDER, level), walls > 0
        found = [self._divided(block, share[place], cut[place], room)[1] for place, block in _blocks(rays)]
        return jnp.concatenate(found, axis=1)[:, : rays.size]

    def seen(self, walls: np.ndarray, level: np.ndarray) -> Maps:
        """Maps of which ray i has the cells of rung `level[i]`, with its walls or without."""
        chosen = np.full(self.final.shape, np.nan)
        for place, values in ((w, level_) for w in (0, 1) for level_ in range(len(self.values[w]))):
            rays = (walls == place) & (level == values)
            chosen[:, rays] = self.values[place][values][:, rays]
        return self._maps(chosen)

    def halved(self, walls: np.ndarray, level: np.ndarray) -> Maps:
        """The same maps with every cell in two."""
        used, chosen = self.used[walls, level, np.arange(level.size)], np.full(self.final.shape, np.nan)
        share, least = np.take(LADDER, level), -1
        for room in (_ROOMS[0] // 2, _ROOMS[1] // 2, _ROOMS[1]):
            rays = np.flatnonzero((used > least) & (used <= room))
            for _, block in _blocks(rays):
                _, values = self._see(block, share[block], walls[block] > 0, room, halved=True)
                chosen[:, block] = values
            least = room
        return self._maps(chosen)

    def _maps(self, rows: np.ndarray) -> Maps:
        maps, first = {}, 0
        for name, (shape, is_complex) in self.kinds.items():
            count = int(np.prod(shape, dtype=int)) * (1 + is_complex)
            block, first = rows[first : first + count], first + count
            whole = block[::2] + 1j * block[1::2] if is_complex else block
            maps[name] = whole.reshape(*shape, rows.shape[1])
        return maps


def _rows(values: np.ndarray) -> list[np.ndarray]:
    """A map as real rows of one value a ray."""
    flat = values.reshape(-1, values.shape[-1])
    return [part for row in flat for part in ((np.real(row), np.imag(row)) if np.iscomplexobj(row) else (row,))]


def _blocks(rays: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    for first in range(0, rays.size, _BLOCK):
        place = slice(first, first + _BLOCK)
        yield place, rays[place]


@eqx.filter_jit
def edges_with(lines: Sightlines, structures: Structures, share: Array, cut: Array, room: int) -> tuple[Array, Array]:
    """Edges, (room + 1, rays) kpc, and numbers, (rays,), of panels: `share`, (rays,), and one a gap between walls.

    **Arguments:** `cut`: which rays have the walls of the model, (rays,); `room`: for so many panels.
    """
    cells = lines.cells
    assert isinstance(cells, ResolvedCells)

    def one(ray: Ray, number: Array, walled: Array) -> tuple[Array, Array]:
        start, enter, leave, stop = walls_of_ray(cells, structures, ray.origin, ray.direction, ray.length)
        walls = jnp.sort(jnp.where(walled, jnp.concatenate([enter, leave]), start))
        places = [start[None], walls, stop[None]]
        beyond = [] if structures.extent.bounded else [tail(stop, ray.length)]
        return divide(jnp.concatenate(places + beyond), number, cells.growth, room)

    return jax.vmap(one, in_axes=(-1, 0, 0), out_axes=-1)(lines.rays, share, cut)
