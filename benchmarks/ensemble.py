"""Turbulence and a regular field from rotation measures, by ensembles: `python benchmarks/ensemble.py`.

RM is linear in the latents of a turbulent field: the exact covariance of the data is known, and stands beside.
"""

import time
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save
from scipy.interpolate import CubicSpline

import sightline as sl

jax.config.update("jax_enable_x64", True)

OUTER, ERROR, HALF, NSIDE = 8.0, 1.0, (20.0, 20.0, 5.0), 4  # kpc, rad m^-2, kpc
TRUTH = {"ln rms": np.log(4.0), "slope": 5 / 3, "b0": 1.2}  # uG, uG
GRIDS = {
    "ln rms": np.linspace(-1.2, 1.2, 25) + TRUTH["ln rms"],
    "slope": np.linspace(0.0, 4.0, 25),
    "b0": np.linspace(-2.4, 4.8, 25),
}
COUNTS = (32, 64, 128, 256)
MEASURE = sl.observables.RotationMeasure(
    sl.Sightlines(sl.HealpixSky(NSIDE), cells=sl.RadialCells(cells=32), observer=sl.SUN)
)


class Truth(NamedTuple):
    """What the exact likelihood takes: responses to the latents at all slopes, and to the regular field of 1 uG."""

    responses: np.ndarray
    regular: np.ndarray


def build(values: dict[str, float], latents: jax.Array) -> sl.Simulator:
    turbulence = sl.magnetic.Turbulent(
        (24, 24, 8), HALF, rms=jnp.exp(values["ln rms"]), slope=values["slope"], outer_scale=OUTER, latents=latents
    )
    field = sl.fields.Sum(regular=sl.magnetic.LSA(b0=values["b0"]), turbulence=turbulence)
    return sl.Simulator(magnetic_field=field, electron_density=sl.electrons.ExponentialDisk())


@jax.jit
def response(slope: jax.Array, latents: jax.Array) -> jax.Array:
    """J, (npix, latents): rotation measures for an rms of 1 uG are J times the latents."""
    values = {"ln rms": jnp.zeros(()), "slope": slope, "b0": jnp.zeros(())}
    pull = jax.vjp(lambda w: MEASURE(build(values, w)), latents)[1]
    return jax.lax.map(lambda unit: pull(unit)[0].ravel(), jnp.eye(12 * NSIDE**2))


@eqx.filter_jit
def heights(likelihood: sl.EnsembleLikelihood, simulator: sl.Simulator, data: jax.Array) -> jax.Array:
    """log L of each row of the data: they share the realisations."""
    return jax.vmap(lambda d: eqx.tree_at(lambda e: e.likelihood.data, likelihood, d).log_likelihood(simulator))(data)


def exact(name: str, truth: Truth, data: np.ndarray) -> np.ndarray:
    """log L of each row of the data, at all values of one parameter."""
    found = []
    for number, value in enumerate(GRIDS[name]):
        values = TRUTH | {name: value}
        rows = truth.responses[number + 1 if name == "slope" else 0]
        covariance = np.exp(2 * values["ln rms"]) * rows @ rows.T + ERROR**2 * np.eye(len(rows))
        away = data - values["b0"] * truth.regular
        square = np.sum(away * np.linalg.solve(covariance, away.T).T, axis=1)
        found.append(-0.5 * (square + np.linalg.slogdet(covariance)[1]))
    return np.stack(found, axis=1)


def summarise(name: str, curves: np.ndarray) -> list[str]:
    """Pulls, how often the truth lies within one and two standard deviations, and those, for a flat prior."""
    fine, found = np.linspace(GRIDS[name][0], GRIDS[name][-1], 2401), []
    for curve in curves:
        height = CubicSpline(GRIDS[name], curve)(fine)
        weight = np.exp(height - np.max(height))
        weight /= np.sum(weight)
        mean = np.sum(weight * fine)
        found.append([mean - TRUTH[name], np.sqrt(np.sum(weight * (fine - mean) ** 2))])
    away, sd = np.array(found).T
    pull = away / sd
    inside = [f"{100 * np.mean(np.abs(pull) < width):.0f} %" for width in (1, 2)]
    return [f"{np.mean(pull):+.2f} +- {np.std(pull):.2f}", *inside, f"{np.mean(sd):.3f}"]


def main() -> None:
    options, start = parse(__doc__.splitlines()[0], sets=8, skies=10, most=256), time.perf_counter()
    latents = jnp.zeros((3, 24, 24, 8))
    responses = np.stack([response(jnp.asarray(slope), latents) for slope in (TRUTH["slope"], *GRIDS["slope"])])
    regular = np.asarray(MEASURE(build({"ln rms": -50.0, "slope": 5 / 3, "b0": 1.0}, latents)))
    random = np.random.default_rng(1)
    drawn = random.normal(size=(options.sets, options.skies, latents.size))
    data = TRUTH["b0"] * regular + np.exp(TRUTH["ln rms"]) * drawn @ responses[0].T
    data += ERROR * random.normal(size=data.shape)
    table = []
    for name, grid in GRIDS.items():
        curves = np.concatenate([exact(name, Truth(responses, regular), one) for one in data])
        table.append([name, "exact covariance", *summarise(name, curves)])
        for count in (count for count in COUNTS if count <= options.most):
            found = []
            for number, one in enumerate(data):
                plain = sl.SourceLikelihood(MEASURE, data=one[0], error=ERROR)
                likelihood = sl.EnsembleLikelihood(plain, jax.random.split(jax.random.key(100 + number), count))
                models = [build(TRUTH | {name: value}, latents) for value in grid]
                found.append(np.stack([heights(likelihood, model, jnp.asarray(one)) for model in models], axis=1))
            table.append([name, f"{count} realisations", *summarise(name, np.concatenate(found))])
            print(table[-1], f"{time.perf_counter() - start:.0f} s", flush=True)
    notes = (
        f"{options.sets * options.skies} mocks of {12 * NSIDE**2} rotation measures (NSIDE {NSIDE}, {ERROR:g} "
        f"rad m^-2), each of another realisation of turbulence of 4 uG rms, slope 5/3 and an outer scale of {OUTER:g} "
        f"kpc over LSA of b0 = 1.2 uG, and {options.sets} sets of keys. One parameter is free, with a flat prior: mean "
        "and standard deviation of (found - truth)/sd, how often the truth lies within one and two standard "
        "deviations, and the mean of these. "
        f"{time.perf_counter() - start:.0f} s on two cores that had other work too."
    )
    header = ["parameter", "likelihood", "(found - truth)/sd", "within 1 sd", "within 2 sd", "mean sd"]
    save("ensemble", "Turbulence and a regular field by ensembles of realisations", header, table, notes)


if __name__ == "__main__":
    main()
