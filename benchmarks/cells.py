"""Error of maps against cells, with and without walls, for every preset: `python benchmarks/cells.py`.

The default cells of each preset are judged by sixteen times as many.
"""

import dataclasses
import warnings

import jax
import jax.numpy as jnp
import numpy as np
from common import parse, relative, save

import sightline as sl

jax.config.update("jax_enable_x64", True)

LADDER = (8, 16, 32, 64, 128)
FREQUENCY = 23.0  # GHz


def padded(edges: np.ndarray, room: int) -> jax.Array:
    """Edges, (n, rays), with panels of no width at the end: one compiled function serves all."""
    return jnp.asarray(np.pad(edges, ((0, room + 1 - len(edges)), (0, 0)), mode="edge"))


def without_walls(edges: np.ndarray, cells: int, growth: float) -> np.ndarray:
    """As many cells between the same ends, with the same growth, and no wall."""
    widths = growth ** np.linspace(0, 1, cells)
    share = np.append(0, np.cumsum(widths) / np.sum(widths))[:, None]
    return edges[0] + share * (edges[-1] - edges[0])


def judge(preset: sl.presets.Preset, sky: sl.HealpixSky, fine: int) -> tuple[list[str], list[list[str]]]:
    """The row of the default cells, and those of the ladder, of one preset."""
    simulator = preset.simulator
    default = simulator.sightlines(preset.sightlines(sky))
    finest = dataclasses.replace(preset.cells, cells=16 * preset.cells.cells)
    truth_lines = simulator.sightlines(sl.Sightlines(sky, finest))
    room = truth_lines.edges.shape[0] - 1

    def maps(edges: np.ndarray, parts: int = 4) -> np.ndarray:
        stokes = simulator(default.with_edges(padded(edges, room), parts), FREQUENCY)
        return np.stack([stokes.I, stokes.Q, stokes.U]).astype(float)

    truth, own = maps(np.asarray(truth_lines.edges)), maps(np.asarray(default.edges))
    rm = [np.asarray(simulator.rotation_measure(preset.sightlines(sky)))]
    rm += [np.asarray(simulator.rotation_measure(sl.Sightlines(sky, dataclasses.replace(preset.cells, cells=fine))))]
    row = [preset.name, *(f"{100 * relative(*pair):.3f}" for pair in zip(own, truth, strict=True))]
    row += [f"{100 * relative(*rm):.3f}", str(4 * (default.edges.shape[0] - 1))]
    ladder = []
    for cells in LADDER:
        coarse = dataclasses.replace(preset.cells, cells=max(cells // 4, 1))
        lines = simulator.sightlines(sl.Sightlines(sky, coarse))
        edges = np.asarray(lines.edges)
        used = 4 * int(np.median(np.count_nonzero(np.diff(edges, axis=0) > 0, axis=0)))
        plain = without_walls(edges, used // 4, 20.0)
        errors = [[relative(one, exact) for one, exact in zip(maps(e), truth, strict=True)] for e in (edges, plain)]
        ladder.append([preset.name, str(used), *(f"{value:.1e}" for value in np.array(errors).T.ravel())])
    return row, ladder


def main() -> None:
    options = parse(__doc__, nside=4, fine=768)
    sky, rows, ladders = sl.HealpixSky(options.nside), [], []
    for entry in sl.presets.list():
        row, ladder = judge(sl.presets.load(entry.name), sky, options.fine)
        print(row, *ladder, sep="\n", flush=True)
        rows.append(row)
        ladders += ladder
        jax.clear_caches()
    header = ["preset", "I, %", "Q, %", "U, %", "RM, %", "cells of a ray"]
    notes = (
        f"rms error over the rms of the map, NSIDE {options.nside}, float64, {FREQUENCY:g} GHz: default cells against "
        f"panels {16} times as many; RM against {options.fine} panels."
    )
    save("preset_cells", "Default cells of the presets", header, rows, notes)
    header = ["preset", "cells", *(f"{name}, {how}" for name in "IQU" for how in ("walls", "none"))]
    notes = (
        f"rms error over the rms of the map against panels 16 times those of the default, NSIDE {options.nside}, "
        f"{FREQUENCY:g} GHz: cells cut at walls, and as many (the median of the rays) of the same growth that are not."
    )
    save("cells", "Cells with and without walls", header, ladders, notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
