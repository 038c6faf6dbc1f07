"""Uncertainty of a field on a grid, against its closed form: `python benchmarks/grid_uncertainty.py`.

RM is linear in the latents w of a Gaussian process, RM = RM_0 + J w with w standard normal: sightlines that were not
observed have a Gaussian posterior, known without approximation. Every method says it through draws of all latents.
"""

import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from common import parse, save

import sightline as sl

jax.config.update("jax_enable_x64", True)

HALF, SHAPE, RMS, LENGTHS, ERROR = (20.0, 20.0, 5.0), (33, 33, 9), 2.0, (5.0, 5.0, 2.0), 20.0  # kpc, uG, rad m^-2
LATENTS = "magnetic_field.latents"


def model() -> sl.Simulator:
    """LSA with deviations, and an exponential disk of electrons."""
    process = sl.magnetic.GaussianProcess(SHAPE, HALF, mean=sl.magnetic.LSA(), rms=RMS, lengths=LENGTHS)
    return sl.Simulator(magnetic_field=process, electron_density=sl.electrons.ExponentialDisk())


def observables(nside: int) -> list[sl.observables.RotationMeasure]:
    """Of sightlines that are observed, and of the others, a fifth."""
    others = np.random.default_rng(1).random(12 * nside**2) < 0.2
    parts = (np.flatnonzero(~others), np.flatnonzero(others))
    skies = (sl.HealpixSky(nside, pixels=part) for part in parts)
    return [sl.observables.RotationMeasure(sl.Sightlines(sky, cells=sl.RadialCells(cells=48))) for sky in skies]


def response(observable: sl.observables.RotationMeasure, space: sl.ParameterSpace) -> np.ndarray:
    """J, (npix, latents)."""
    latents = space.initial[LATENTS]
    value, pull = jax.vjp(lambda w: observable(space.replace({LATENTS: w})), latents)
    rows = jax.jit(lambda units: jax.lax.map(lambda unit: pull(unit)[0].ravel(), units))(jnp.eye(value.size))
    return np.asarray(rows)


def exact(data: np.ndarray, here: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean, less RM_0, and standard deviation of the sightlines that were not observed."""
    matrix = np.linalg.solve(here @ here.T + ERROR**2 * np.eye(len(here)), here @ there.T)
    variance = np.sum(there**2, axis=1) - np.sum((here @ there.T) * matrix, axis=0)
    return matrix.T @ data, np.sqrt(variance)


def methods(posterior: sl.Posterior, draws: int) -> dict[str, Callable[[], sl.inference.Chains]]:
    """Chains of latents, by name."""
    key = jax.random.key(3)
    start = sl.fit(posterior, sl.LBFGS(steps=60), covariance=0)

    def near(method: object) -> sl.inference.Chains:
        found = sl.approximate(posterior, key, method, start=start)
        return found.sample(jax.random.key(4), draws=400)

    def microcanonical() -> sl.inference.Chains:
        settings = {"chains": 2, "draws": draws, "warmup": draws // 2, "thin": max(1, draws // 200)}
        return sl.sample(posterior, key, sl.MCLMC(), start=start, **settings)

    return {
        "MCLMC": microcanonical,
        "LowRank(rank=50)": lambda: near(sl.inference.LowRank(rank=50)),
        "LowRank(rank=150)": lambda: near(sl.inference.LowRank(rank=150)),
        "MeanField()": lambda: near(sl.inference.MeanField()),
    }


def main() -> None:
    options = parse(__doc__.splitlines()[0], nside=4, draws=2000)
    space = sl.ParameterSpace(
        model(), {LATENTS: dist.Normal(0.0, 1.0).expand(model().magnetic_field.latents.shape).to_event()}
    )
    observed, others = observables(options.nside)
    here, there = response(observed, space), response(others, space)
    truth = jax.random.normal(jax.random.key(2), space.initial[LATENTS].shape)
    known, unseen = (np.asarray(one(space.replace({LATENTS: truth}))) for one in (observed, others))
    data = known + ERROR * np.random.default_rng(5).normal(size=known.size)
    base, other_base = (np.asarray(one(space.model)) for one in (observed, others))
    mean, sd = exact(data - base, here, there)
    posterior = sl.Posterior(space, sl.SourceLikelihood(observed, data, error=ERROR))
    rows = [["exact", "0", "1.000", f"{np.mean(((unseen - other_base - mean) / sd) ** 2):.2f}", ""]]
    see = jax.jit(lambda w: others(space.replace({LATENTS: w})))
    for name, run in methods(posterior, options.draws).items():
        start = time.perf_counter()
        chains = run()
        spent = time.perf_counter() - start
        flat = np.asarray(chains.parameters[LATENTS]).reshape(-1, *truth.shape)
        drawn = np.stack([see(jnp.asarray(w)) for w in flat]) - other_base
        found, spread = drawn.mean(axis=0), drawn.std(axis=0)
        off = np.sqrt(np.mean(((found - mean) / sd) ** 2))
        pull = np.mean(((unseen - other_base - found) / spread) ** 2)
        rows.append([name, f"{off:.2f}", f"{np.median(spread / sd):.3f}", f"{pull:.2f}", f"{spent:.0f}"])
        print(rows[-1], flush=True)
    notes = (
        f"{known.size} rotation measures of {ERROR:g} rad m^-2 and {unseen.size} that were not observed (NSIDE "
        f"{options.nside}), from a magnetic Gaussian process of {RMS:g} uG rms and lengths {LENGTHS} kpc about LSA, "
        f"with {truth.size} latents on {SHAPE} nodes. Of the sightlines that were not observed: rms difference of the "
        "posterior mean to the exact one in exact standard deviations, median ratio of standard deviations, and mean "
        "square of (truth - mean)/sd, which the exact posterior says should be 1. Every method starts at a fit by "
        "L-BFGS. Two cores that had other work too."
    )
    header = ["method", "mean, off by [sd]", "sd/exact", "mean square pull", "time [s]"]
    save("grid_uncertainty", "Uncertainty of a field on a grid", header, rows, notes)


if __name__ == "__main__":
    main()
