"""Time that maps of one accuracy take, ours and of synax: `python benchmarks/equal_accuracy.py --synax FOLDER`.

The model of the synax paper on its grid of electrons. Without a folder that holds synax, Sightline alone is timed.
"""

import argparse
import json
import sys
import tempfile
import warnings
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
from common import RESULTS, rms, save
from tolerance import GRID, HALF_WIDTHS, paper
from turns import Turns, serve

import sightline as sl

jax.config.update("jax_enable_x64", True)

GROWTH, TRUTH = 8.0, 2048  # panels of four cells
CASES = ("value", "value and gradient")


def chosen(simulator: sl.Simulator, sky: sl.HealpixSky, frequency: float, allowed: float) -> sl.Sightlines:
    """The cheapest cells for an rms error of so many K in Q and U."""
    coarse = simulator(sl.Sightlines(sl.HealpixSky(8), sl.ResolvedCells(growth=GROWTH)), frequency)
    tolerance = allowed / rms(np.asarray(coarse.Q))
    return simulator.sightlines(sl.Sightlines(sky, sl.ResolvedCells(growth=GROWTH)), frequency, tolerance)


def program(options: argparse.Namespace) -> None:
    """Serves maps and their gradient by 8 parameters, the electrons of each cell known."""
    simulator, sky = paper(), sl.HealpixSky(options.nside)
    if options.cells:
        lines, cells = sl.Sightlines(sky, sl.BoxCells(options.cells, HALF_WIDTHS)), options.cells
    else:
        lines = chosen(simulator, sky, options.frequency, options.allowed)
        cells = float(lines.error.mean_cells)
    lines = simulator.hold(lines, "electron_density")
    free = eqx.tree_at(lambda s: s.electron_density, jax.tree.map(lambda _: True, simulator), replace=False)
    free, fixed = eqx.partition(simulator, free)

    @eqx.filter_jit
    def maps(free: sl.Simulator, fixed: sl.Simulator, lines: sl.Sightlines) -> list[jax.Array]:
        stokes = eqx.combine(free, fixed)(lines, options.frequency)
        return [stokes.I, stokes.Q, stokes.U]

    @eqx.filter_jit
    @eqx.filter_value_and_grad
    def gradient(free: sl.Simulator, fixed: sl.Simulator, likelihood: sl.statistics.Likelihood) -> jax.Array:
        return likelihood.log_likelihood(sl.Model(eqx.combine(free, fixed)))

    blank = np.zeros((3, sky.size))
    likelihood = sl.MapLikelihood(lines, options.frequency, blank, 1.0, unit="K_RJ", convention="COSMO")
    np.savez(options.save, maps=np.stack(maps(free, fixed, lines)), cells=cells)
    functions = {"value": (maps, lines), "value and gradient": (gradient, likelihood)}
    serve({name: lambda f=f, x=x: jax.block_until_ready(f(free, fixed, x)) for name, (f, x) in functions.items()})


def truth(nside: int, frequency: float) -> np.ndarray:
    lines = sl.Sightlines(sl.HealpixSky(nside), sl.ResolvedCells(TRUTH, growth=GROWTH))
    stokes = paper()(lines, frequency)
    return np.stack([stokes.I, stokes.Q, stokes.U])


def programs(options: argparse.Namespace, folder: Path) -> dict[str, tuple[list[str], Path]]:
    """The commands, by name, and where each saves its maps."""
    shared = ["--nside", str(options.nside), "--frequency", str(options.frequency)]
    found = {}
    for allowed in options.tolerances:
        found[f"cells chosen for {allowed:g} K"] = [__file__, *shared, "--allowed", str(allowed)]
    for cells in options.equal:
        found[f"{cells} equal cells"] = [__file__, *shared, "--cells", str(cells)]
    for cells in options.equal if options.synax else ():
        adapter = str(Path(__file__).parent / "adapters" / "run_synax.py")
        grid = ["--grid", str(folder / "grid.npz"), "--folder", options.synax]
        found[f"synax, {cells} points"] = [adapter, *shared, *grid, "--cells", str(cells)]
    saved = {name: folder / f"{number}.npz" for number, name in enumerate(found)}
    return {name: ([*command, "--save", str(saved[name])], saved[name]) for name, command in found.items()}


def write_grid(path: Path) -> None:
    """Nodes and density, cm^-3, of the grid of electrons, for other codes."""
    axes = [np.linspace(-half, half, number) for half, number in zip(HALF_WIDTHS, GRID, strict=True)]
    np.savez(path, density=paper().electron_density.values, **dict(zip("xyz", axes, strict=True)))


def errors(exact: np.ndarray, path: Path, foreign: bool) -> list[float]:
    """rms errors of I, Q, U, K; of another code with its brightness scaled to the exact one, and U with its sign."""
    maps = np.load(path)["maps"]
    if foreign:
        maps = maps * np.vdot(maps[0], exact[0]) / np.vdot(maps[0], maps[0])
        maps[2] *= np.sign(np.vdot(maps[2], exact[2]))
    return [rms(one - right) for one, right in zip(maps, exact, strict=True)]


def compare(options: argparse.Namespace) -> dict[str, dict]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_grid(folder / "grid.npz")
        commands = programs(options, folder)
        exact = truth(options.nside, options.frequency)
        with Turns({name: command for name, (command, _) in commands.items()}) as turns:
            taken = turns.run(CASES, options.runs)
        found = {name: errors(exact, path, "synax" in name) for name, (_, path) in commands.items()}
        cells = {name: float(np.load(path)["cells"]) for name, (_, path) in commands.items()}
        return {name: {"cells": cells[name], "errors": found[name], "taken": taken[name]} for name in commands}


def report(options: argparse.Namespace, found: dict[str, dict]) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{options.name}.json").write_text(json.dumps(found, indent=1) + "\n")
    rows = []
    for name, one in found.items():
        row = [name, f"{one['cells']:.1f}", *(f"{error:.1e}" for error in one["errors"])]
        row += [f"{one['taken'][case][kind]:.3f}" for case in CASES for kind in ("wall", "busy")]
        rows.append([*row, f"{one['taken'][CASES[1]]['peak']:.0f}"])
    header = ["cells", "mean a ray", "I, K", "Q, K", "U, K", "value, s", "processor, s"]
    header += ["gradient, s", "processor, s", "peak, MB"]
    notes = (
        f"Maps of I, Q, U at {options.frequency:g} GHz, NSIDE {options.nside}, float64: LSA (b0 = 1.2 uG), WMAP cosmic "
        f"rays, YMW16 on {' x '.join(map(str, GRID))} nodes, whose density in each cell is known to all; gradient of "
        "the sum of squares of the maps, ours as a likelihood, by 8 parameters. rms error against "
        f"{TRUTH} panels of four cells. Medians of {options.runs} runs, by the clock and of the processor, in turn, "
        "each program warm in its own process, after a quarter of a second of calls. Synax: brightness scaled by one "
        "number, rotation measures to its kpc."
    )
    save(options.name, "Time at equal accuracy", header, rows, notes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nside", type=int, default=64)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--frequency", type=float, default=2.4)
    parser.add_argument("--tolerances", type=float, nargs="*", default=[1.6e-4, 4e-5, 1e-5])
    parser.add_argument("--equal", type=int, nargs="*", default=[64, 128, 256])
    parser.add_argument("--synax", help="folder that holds the package synax")
    parser.add_argument("--name", default="equal_accuracy")
    for name, kind in (("allowed", float), ("cells", int), ("save", str)):
        parser.add_argument(f"--{name}", type=kind, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.save:
        program(options)
    else:
        report(options, compare(options))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())
