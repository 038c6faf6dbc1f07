"""Value and gradient of posteriors in one pass over the rays and in two, in turn: `python benchmarks/one_pass.py`."""

import argparse
import subprocess
import sys
import time
import warnings
from collections.abc import Callable

import equinox as eqx
import jax
import numpy as np
import numpyro.distributions as dist
from common import galaxy, parse, save

import sightline as sl

FREE = {
    "simulator.magnetic_field.*": dist.Normal(0, 90),
    "simulator.cosmic_rays.n0": dist.Uniform(0, 1),
    "simulator.electron_density.n0": dist.Uniform(0, 1),
}
Likelihood = sl.statistics.Likelihood


def lines_of(options: argparse.Namespace, supersample: int = 1) -> sl.Sightlines:
    nside = options.nside // supersample
    return sl.Sightlines(sl.HealpixSky(nside, supersample=supersample), sl.BoxCells(options.cells))


def of_map(lines: sl.Sightlines, frequency: float | list[float], instrument: str | None = None) -> Likelihood:
    blank = np.zeros((3, *np.shape(frequency), lines.sky.size))
    return sl.MapLikelihood(lines, frequency, blank, 1e-3, unit="K_RJ", convention="COSMO", instrument=instrument)


def catalogue(lines: sl.Sightlines) -> sl.observables.RotationMeasure:
    l, b = lines.sky.lonlat()
    return sl.observables.RotationMeasure(sl.Sightlines(sl.Directions(l, b), lines.cells))


def sources(options: argparse.Namespace) -> Likelihood:
    observable = catalogue(lines_of(options))
    return sl.SourceLikelihood(observable, np.zeros(observable.sightlines.size), 10.0, scatter="scatter")


def bins(options: argparse.Namespace) -> Likelihood:
    observable = catalogue(lines_of(options))
    noise = np.random.default_rng(0).normal(size=observable.sightlines.size)
    return sl.BinnedLikelihood(observable, noise, options.nside // 4)


CASES: dict[str, Callable[[argparse.Namespace], Likelihood]] = {
    "map": lambda options: of_map(lines_of(options), 2.4),
    "map, 4 subpixels a pixel": lambda options: of_map(lines_of(options, 2), 2.4),
    "map, 4 frequencies": lambda options: of_map(lines_of(options), [1.4, 2.4, 4.8, 23.0]),
    "map, half of its fields held": lambda options: of_map(lines_of(options), 2.4),
    "catalogue of RM": sources,
    "map behind a beam": lambda options: of_map(lines_of(options), 2.4, "beam"),
    "bins of RM": bins,
}


def hidden(likelihood: Likelihood) -> Likelihood:
    """The same with an observable that says nothing of its pixels."""
    observable = likelihood.observable
    return Likelihood(eqx.Partial(_observe, observable), likelihood.data, likelihood.noise, likelihood.kept)


def _observe(observable: Callable[[object], jax.Array], model: object) -> jax.Array:
    return observable(model)


def measure(options: argparse.Namespace) -> float:
    """Nanoseconds of processor time a point, the fastest of a few runs: clocks of shared machines say little."""
    jax.config.update("jax_enable_x64", options.bits == 64)
    name = list(CASES)[options.case]
    likelihood, held = CASES[name](options), "held" in name
    model = sl.Model(galaxy(), {"beam": sl.GaussianBeam(fwhm=7.0)}, nuisance={"scatter": 10.0})
    free = {name: prior for name, prior in FREE.items() if not held or "magnetic" in name}
    posterior = sl.Posterior(sl.ParameterSpace(model, free), likelihood if options.passes == 1 else hidden(likelihood))
    posterior = posterior.hold() if held else posterior
    function = eqx.filter_jit(lambda posterior, u: jax.value_and_grad(posterior.log_density)(u))
    start = posterior.space.to_unconstrained(posterior.space.initial)
    taken = []
    for _ in range(1 + options.runs):
        begin = time.process_time()
        jax.block_until_ready(function(posterior, start))
        taken.append(time.process_time() - begin)
    return min(taken[1:]) / (12 * options.nside**2 * options.cells) * 1e9


def child(options: argparse.Namespace, **more: int) -> float:
    """The same in a process of its own."""
    given = [f"--{name}={value}" for name, value in (vars(options) | more).items()]
    return float(subprocess.run([sys.executable, __file__, *given], capture_output=True, check=True, text=True).stdout)


def main() -> None:
    options = parse(__doc__, nside=32, cells=256, runs=5, turns=3, case=-1, bits=64, passes=0)
    if options.passes:
        print(measure(options))
        return
    rows = []
    for bits, name in [(64, name) for name in CASES] + [(32, "map"), (32, "catalogue of RM")]:
        given = {"case": list(CASES).index(name), "bits": bits}
        turns = [[child(options, **given, passes=passes) for passes in (2, 1)] for _ in range(options.turns)]
        two, one = np.min(turns, axis=0)
        rows.append([name, f"float{bits}", f"{two:.1f}", f"{one:.1f}", f"{two / one:.2f}"])
    notes = (
        "Nanoseconds of processor time per point of value and gradient of a posterior "
        f"(NSIDE {options.nside}, {options.cells} cells): LSA, cosmic-ray disk, uniform n_e, synchrotron and Faraday "
        f"rotation, 6 free parameters. The fastest of {options.turns} processes of {options.runs} runs each, in turn. "
        "Behind a beam and in bins it is always two."
    )
    save("one_pass", "One pass", ["likelihood", "precision", "two passes", "one pass", "ratio"], rows, notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
