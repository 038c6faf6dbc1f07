"""Sampling the four parameters of `four_parameters.py`: posterior beside the Fisher matrix, effective draws a second.

`python benchmarks/samples.py [--nside 64] [--draws 250] [--walk 300] [--double 0]`.
"""

import os
import time
from typing import NamedTuple

import jax
import numpy as np
from common import parse, save
from four_parameters import ALLOWED, FREQUENCY, NOISE, START, TRUTH, chosen, gridded, model, observed

import sightline as sl

RADIANS = np.array([1.0, *np.deg2rad([1.0, 1.0, 1.0])])


class Run(NamedTuple):
    """A sample, and what it took: wall and processor seconds."""

    name: str
    chains: sl.Chains
    wall: float
    processor: float


def timed(name: str, target: sl.Posterior, algorithm, best: sl.FitResult, draws: int, warmup: int = 0) -> Run:
    """Four chains from the fit, scattered about it."""
    wall, processor = time.perf_counter(), time.process_time()
    chains = sl.sample(target, jax.random.key(2), algorithm, start=best, draws=draws, warmup=warmup, progress=True)
    return Run(name, chains, time.perf_counter() - wall, time.process_time() - processor)


def row(run: Run, fisher: np.ndarray, truth: np.ndarray, scale: np.ndarray) -> list[str]:
    """One algorithm of the table."""
    chains = run.chains
    sd = chains.standard_deviations
    number, draws, _ = chains.vector.shape
    ess, steps = float(np.min(chains.ess)), np.mean(chains.statistics["n_steps"])
    return [
        run.name,
        f"{number} x {draws}",
        ", ".join(f"{value:+.2f}" for value in (chains.means - truth) / sd),
        ", ".join(f"{value:.3g}" for value in sd * scale),
        ", ".join(f"{value:.3f}" for value in sd / fisher),
        f"{np.max(chains.r_hat):.4f}",
        f"{np.mean(chains.statistics['acceptance_rate']):.2f}",
        f"{steps:.1f}",
        f"{ess:.0f}",
        f"{run.wall:.0f}",
        f"{ess / run.wall:.3f}",
        f"{ess / (run.processor / (os.cpu_count() or 1)):.3f}",
    ]


def main() -> None:
    options = parse(__doc__, nside=64, draws=250, walk=300, double=0)
    jax.config.update("jax_enable_x64", bool(options.double))
    simulator = model(gridded())
    lines = chosen(simulator, options.nside)
    fine = sl.Sightlines(sl.HealpixSky(options.nside), sl.ResolvedCells(512, growth=8.0))
    target = observed(simulator, lines, simulator(fine, FREQUENCY))
    begin = time.perf_counter()
    best = sl.fit(target, start={f"magnetic_field.{name}": value for name, value in START.items()}, starts=1)
    print(best.raise_for_status(), f"{time.perf_counter() - begin:.0f} s", sep="\n", flush=True)
    fisher, truth = best.fisher.standard_deviations, np.array(list(TRUTH.values()))
    algorithm = sl.NUTS(gradient="gaussian")
    runs = [timed("NUTS, Gaussian gradient", target, algorithm, best, options.draws)]
    print(runs[-1].chains, runs[-1].wall, runs[-1].processor, flush=True)
    if options.walk:
        runs.append(timed("random walk", target, sl.RandomWalk(), best, options.walk))
    header = ["algorithm", "draws", "(mean - truth)/sd", "sd [uG, rad]", "sd/Fisher", "r-hat", "acceptance"]
    header += ["evaluations a draw", "least ESS", "seconds", "ESS/s", "ESS/s of the processor"]
    notes = (
        f"b0, psi0, psi1, chi0 of the LSA field at NSIDE {options.nside}, Q and U at {FREQUENCY} GHz, noise "
        f"{NOISE * 1e3:g} mK, electrons of YMW16 on a grid of 256 x 256 x 64 points, flat priors, "
        f"{'double' if options.double else 'single'} precision. Data are made with 2048 cells a ray and fitted with "
        f"{lines.error.mean_cells:.0f} on average, right to {ALLOWED:g} K. Chains start scattered about the fit by its "
        "Fisher matrix, which is also the metric; no warm-up, for its coordinates tell the step size. Seconds are "
        "those on the clock, compilation included; ESS/s of the processor counts its time instead, divided by the "
        "number of cores: what the clock would show if nothing else ran and all were always busy. Diao et al. 2024 "
        "(arXiv:2410.01136, Table 2): 0.03 with 128 threads, 0.87 on an A100."
    )
    save(
        "samples",
        "Sampling four parameters of a spiral field",
        header,
        [row(run, fisher, truth, RADIANS) for run in runs],
        notes,
    )


if __name__ == "__main__":
    main()
