"""Accuracy and cost of the transfer solvers: `python benchmarks/transfer.py`."""

import time
import warnings
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from common import galaxy, parse, save
from scipy import linalg

import sightline as sl
from sightline.sky.emission import FaradayVector, StokesVector, TransferCoefficients

jax.config.update("jax_enable_x64", True)
SYNCHROTRON, ROTATION = sl.emission.Synchrotron(), sl.emission.FaradayRotation()


def medium(parts: jax.Array) -> TransferCoefficients:
    """Coefficients from (11, cells): emissivity and absorption of I, Q, U, V, then rho_Q, rho_U, rho_V."""
    return TransferCoefficients(StokesVector(*parts[:4]), StokesVector(*parts[4:8]), FaradayVector(*parts[8:]))


@jax.jit
def solve(parts: jax.Array, widths: jax.Array, behind: jax.Array) -> jax.Array:
    found = sl.transfer.PolarisedTransfer()(medium(parts), widths, StokesVector(*behind))
    return jnp.stack([found.I, found.Q, found.U, found.V])


def exponential(parts: np.ndarray, widths: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """The exponential of ((-K, j), (0, 0)) D, cell by cell."""
    stokes = np.append(behind, 1.0)
    for j_i, j_q, j_u, j_v, k, k_q, k_u, k_v, r_q, r_u, r_v, width in zip(*parts[:, ::-1], widths[::-1], strict=True):
        rows = [[k, k_q, k_u, k_v], [k_q, k, r_v, -r_u], [k_u, -r_v, k, r_q], [k_v, r_u, -r_q, k]]
        generator = np.zeros((5, 5))
        generator[:4, :4], generator[:4, 4] = -np.array(rows), (j_i, j_q, j_u, j_v)
        stokes = linalg.expm(generator * width) @ stokes
    return stokes[:4]


def deviation(kappa: float, dichroism: float, rotation: float, draws: int = 40, cells: int = 8) -> float:
    """Largest error over random media, relative to the largest Stokes parameter."""
    generator, worst = np.random.default_rng(0), 0.0
    for _ in range(draws):
        directions = generator.normal(size=(2, 3, cells))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        depths = kappa * generator.uniform(0.5, 1, (1, cells))
        vectors = dichroism * depths * directions[0], rotation * directions[1]
        parts = np.concatenate([generator.uniform(-1, 1, (4, cells)), depths, *vectors])
        widths, behind = np.ones(cells), generator.normal(size=4)
        expected = exponential(parts, widths, behind)
        worst = max(worst, np.abs(solve(parts, widths, behind) - expected).max() / np.abs(expected).max())
    return worst


def slab_error(depth: float, cells: int = 64) -> float:
    """CellTransfer on an isothermal slab, against T (1 - e^-tau)."""
    rate = jnp.full(cells, depth)
    uniform = TransferCoefficients(StokesVector(I=8000 * rate), StokesVector(I=rate))
    found = sl.transfer.CellTransfer()(uniform, jnp.full(cells, 1 / cells), StokesVector())
    return abs(float(found.I) / (-8000 * np.expm1(-depth)) - 1)


def accuracy() -> list[list[object]]:
    asked = {
        "isothermal slab, tau from 1e-8 to 1e4": (1e-12, max(slab_error(t) for t in np.geomspace(1e-8, 1e4, 13))),
        "thin cells: tau, rotation 1e-6": (1e-10, deviation(1e-6, 0.9, 1e-6)),
        "tau 0.1, rotation 0.1 rad": (1e-10, deviation(0.1, 0.9, 0.1)),
        "tau 1, dichroism 90 %, rotation 1 rad": (1e-10, deviation(1.0, 0.9, 1.0)),
        "tau 1, fully dichroic, as much rotation": (1e-10, deviation(1.0, 1.0, 1.0)),
        "tau 30, rotation 10 rad": (1e-10, deviation(30.0, 0.9, 10.0)),
        "no absorption, rotation 100 rad a cell": (1e-10, deviation(0.0, 0.0, 100.0)),
        "no dichroism, tau 0.1, rotation 100 rad": (1e-10, deviation(0.1, 0.0, 100.0)),
    }
    return [[name, f"{aim:.0e}", f"{found:.0e}"] for name, (aim, found) in asked.items()]


@eqx.filter_jit
def value(simulator: sl.Simulator, lines: sl.Sightlines, frequency: jax.Array) -> list[jax.Array]:
    stokes = simulator(lines, frequency)
    return [stokes.I, stokes.Q, stokes.U]


@eqx.filter_jit
@eqx.filter_value_and_grad
def gradient(simulator: sl.Simulator, lines: sl.Sightlines, frequency: jax.Array) -> jax.Array:
    return sum(jnp.sum(part**2) for part in value(simulator, lines, frequency))


def model(*emission: sl.emission.AbstractEmissionOperator, polarised: bool = False) -> sl.Simulator:
    """The model of the speed table with other operators or the other solver."""
    transfer = sl.transfer.PolarisedTransfer() if polarised else sl.transfer.CellTransfer()
    base = galaxy()
    return sl.Simulator(
        magnetic_field=base.magnetic_field,
        electron_density=base.electron_density,
        cosmic_rays=base.cosmic_rays,
        temperature=sl.temperature.Uniform(8000.0),
        emission=emission,
        transfer=transfer,
    )


def models() -> dict[str, tuple[sl.Simulator, float | None]]:
    """What is timed, with the ratio asked for; the first is the reference."""
    circular = sl.emission.CircularSynchrotron(absorption="polarised")
    absorbing = sl.emission.Synchrotron(absorption="polarised")
    conversion = sl.emission.FaradayConversion()
    return {
        "thin synchrotron, rotation: CellTransfer": (model(SYNCHROTRON, ROTATION), None),
        "... PolarisedTransfer": (model(SYNCHROTRON, ROTATION, polarised=True), 12),
        "... free-free, total absorption: CellTransfer": (model(SYNCHROTRON, ROTATION, sl.emission.FreeFree()), 1.5),
        "... conversion: PolarisedTransfer": (model(SYNCHROTRON, ROTATION, conversion, polarised=True), 12),
        "... dichroic self-absorption, V: PolarisedTransfer": (
            model(absorbing, circular, ROTATION, conversion, polarised=True),
            12,
        ),
    }


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    jax.block_until_ready(function())
    return time.perf_counter() - start


def cost(rays: int, cells: int, runs: int) -> list[list[str]]:
    """Median times of value and gradient and their ratios to the first model, all measured in turn."""
    generator = np.random.default_rng(0)
    sky = sl.Directions(generator.uniform(0, 360, rays), generator.uniform(-90, 90, rays))
    lines, frequency, known = sl.Sightlines(sky, sl.BoxCells(cells)), jnp.asarray(2.4), models()
    cases = [(name, run) for name in known for run in (value, gradient)]
    taken = np.zeros((len(cases), runs))
    for turn in range(-1, runs):  # the first compiles
        for row, (name, run) in enumerate(cases):
            taken[row, turn] = seconds(lambda name=name, run=run: run(known[name][0], lines, frequency))
    medians = np.median(taken, axis=1).reshape(-1, 2)
    ratios, points = medians / medians[0], rays * cells
    return [
        [name, asked or "", f"{v / points * 1e9:.0f}", f"{a:.1f}", f"{g / points * 1e9:.0f}", f"{b:.1f}"]
        for (name, (_, asked)), (v, g), (a, b) in zip(known.items(), medians, ratios, strict=True)
    ]


def main() -> None:
    options = parse(__doc__, rays=256, cells=256, runs=21)
    timed = cost(options.rays, options.cells, options.runs)
    header = ["model", "ratio asked", "value [ns]", "ratio", "gradient [ns]", "ratio"]
    table = ["", "## Cost", "", "| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    table += ["| " + " | ".join(map(str, row)) + " |" for row in timed]
    notes = (
        "Accuracy: largest error relative to the largest Stokes parameter of PolarisedTransfer on random media of 8 "
        "cells beside the matrix exponential, whose own error is a few 1e-13 at the largest rotations; the slab is "
        "CellTransfer beside T (1 - e^-tau). Rotations are per cell.\n" + "\n".join(table) + "\n\n"
        f"Whole simulations, medians of {options.runs} runs in turn, per cell: LSA, cosmic-ray disk, uniform n_e, "
        f"{options.rays} rays of {options.cells} cells, 2.4 GHz, float64. Without dichroism and conversion "
        "PolarisedTransfer leaves the work to CellTransfer; with either it solves for all four Stokes parameters."
    )
    save("transfer", "Radiative transfer", ["medium", "error asked", "error found"], accuracy(), notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
