"""Time at equal accuracy, cells of a tolerance against equal ones: `python benchmarks/preset_accuracy.py`.

Every preset at 23 GHz, and the model of the synax paper at 408 MHz, where Faraday rotation decides the cells.
"""

import dataclasses
import time
import warnings
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from common import parse, relative, save
from tolerance import paper

import sightline as sl

TOLERANCE = 1e-3
EQUAL = (512, 2048)
FINER = 16  # times the default panels: the truth

Seconds = list[float]


@eqx.filter_jit
def value(simulator: sl.Simulator, lines: sl.Sightlines, frequency: float) -> list[jax.Array]:
    stokes = simulator(lines, frequency)
    return [stokes.Q, stokes.U]


@eqx.filter_jit
def gradient(simulator: sl.Simulator, lines: sl.Sightlines, frequency: float) -> sl.Simulator:
    """Of the sum of squares of Q and U, by every leaf."""
    return eqx.filter_grad(lambda one: sum(jnp.sum(part**2) for part in value(one, lines, frequency)))(simulator)


def seconds(function: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    jax.block_until_ready(function(*arguments))
    return time.perf_counter() - start


def error(simulator: sl.Simulator, lines: sl.Sightlines, frequency: float, exact: list[jax.Array]) -> float:
    """The larger of the relative rms errors of Q and U."""
    return max(relative(part, right) for part, right in zip(value(simulator, lines, frequency), exact, strict=True))


def as_good(
    simulator: sl.Simulator, sky: sl.HealpixSky, frequency: float, exact: list[jax.Array], wanted: float, reach: float
) -> tuple[sl.Sightlines, int, float]:
    """Equal cells to the farthest end of any ray, as many as make an error no larger, or the most."""
    for cells in EQUAL:
        lines = sl.Sightlines(sky, sl.RadialCells(cells, distance=reach))
        found = error(simulator, lines, frequency, exact)
        if found <= wanted:
            break
    return lines, cells, found


def row(name: str, simulator: sl.Simulator, cells: sl.ResolvedCells, nside: int, frequency: float, runs: int) -> list:
    sky = sl.HealpixSky(nside)
    fine = simulator.sightlines(sl.Sightlines(sky, dataclasses.replace(cells, cells=FINER * cells.cells)))
    exact = value(simulator, fine, frequency)
    lines = simulator.sightlines(sl.Sightlines(sky, cells), frequency, TOLERANCE)
    found, reach = error(simulator, lines, frequency, exact), float(np.max(np.asarray(fine.edges)[-1]))
    equal, number, reached = as_good(simulator, sky, frequency, exact, found, reach)
    taken: dict[str, list[Seconds]] = {"chosen": [], "equal": []}
    for _ in range(runs + 1):
        for kind, these in (("chosen", lines), ("equal", equal)):
            taken[kind].append([seconds(f, simulator, these, frequency) for f in (value, gradient)])
    chosen, others = (np.median(times[1:], axis=0) for times in taken.values())
    ratios = [f"{other / ours:.1f}" for other, ours in zip(others, chosen, strict=True)]
    return [
        name,
        f"{found:.1e}",
        f"{lines.error.mean_cells:.0f}",
        f"{reached:.1e}",
        number,
        f"{chosen[0]:.3f}",
        *ratios,
    ]


def main() -> None:
    options = parse(__doc__, nside=4, runs=3)
    rows = [row("the paper's, 408 MHz", paper(), sl.ResolvedCells(growth=8.0), options.nside, 0.408, options.runs)]
    print(rows[-1], flush=True)
    for entry in sl.presets.list():
        preset = sl.presets.load(entry.name)
        rows.append(row(entry.name, preset.simulator, preset.cells, options.nside, 23.0, options.runs))
        print(rows[-1], flush=True)
        jax.clear_caches()
    header = ["model", "error", "mean cells", "error of equal cells", "equal cells", "value, s"]
    header += ["value, equal/chosen", "gradient, equal/chosen"]
    notes = (
        f"Q and U, NSIDE {options.nside}, float64: cells for a tolerance of {TOLERANCE:g} against equal ones to the "
        f"farthest end of a ray, the fewest of {', '.join(map(str, EQUAL))} that make no larger an error, or the most, "
        f"where none do: errors of these are listed. Largest relative rms errors of Q and U against {FINER} times the "
        f"default panels; gradients of the sum of squares by every leaf; medians of {options.runs} runs in turn."
    )
    save("preset_accuracy", "Time at equal accuracy of the presets", header, rows, notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    jax.config.update("jax_enable_x64", True)
    main()
