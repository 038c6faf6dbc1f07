"""Rms and slope of turbulence recovered from maps of rotation measure: `python benchmarks/hyperparameters.py`.

RM is linear in the latents w of a turbulent field, RM = RM_0 + rms J(s) w: with w standard normal the evidence of rms
and slope s is that of a Gaussian of covariance rms^2 J J^T + sigma^2, without approximation.
"""

import dataclasses
import time

import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save

import sightline as sl

jax.config.update("jax_enable_x64", True)

RMS, SLOPE, OUTER, ERROR, HALF = 4.0, 5 / 3, 8.0, 1.0, (20.0, 20.0, 5.0)  # uG, kpc, rad m^-2, kpc
STRENGTHS, SLOPES = np.geomspace(1.0, 16.0, 241), np.linspace(0.0, 4.0, 17)


def observable(nside: int) -> sl.observables.RotationMeasure:
    return sl.observables.RotationMeasure(sl.Sightlines(sl.HealpixSky(nside), cells=sl.RadialCells(cells=48)))


def model(field: sl.fields.AbstractField) -> sl.Simulator:
    return sl.Simulator(magnetic_field=field, electron_density=sl.electrons.ExponentialDisk())


def response(nside: int, field: sl.magnetic.Turbulent) -> np.ndarray:
    """J, (npix, latents), rad m^-2 for an rms of 1 uG."""
    measure, one = observable(nside), dataclasses.replace(field, rms=1.0)

    def of(latents: jax.Array) -> jax.Array:
        return measure(model(dataclasses.replace(one, latents=latents)))

    pull = jax.jit(jax.vjp(of, field.latents)[1])
    rows = jax.lax.map(lambda unit: pull(unit)[0].ravel(), jnp.eye(12 * nside**2))
    return np.asarray(rows)


def evidence(data: np.ndarray, spectrum: np.ndarray, modes: np.ndarray) -> np.ndarray:
    """log p(data | rms, slope) for all `STRENGTHS`."""
    power = (modes.T @ data) ** 2
    variance = STRENGTHS[:, None] ** 2 * np.maximum(spectrum, 0) + ERROR**2
    return -0.5 * np.sum(power / variance + np.log(variance), axis=1)


def moments(weight: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    mean = float(np.sum(weight * values))
    return mean, float(np.sqrt(np.sum(weight * (values - mean) ** 2)))


def main() -> None:
    options, start = parse(__doc__.splitlines()[0], nside=8, skies=12), time.perf_counter()
    shape, keys = (24, 24, 8), jax.random.split(jax.random.key(0), options.skies)
    make = jax.jit(
        lambda key, slope: sl.magnetic.Turbulent(shape, HALF, rms=RMS, slope=slope, outer_scale=OUTER, key=key)
    )
    npix = 12 * options.nside**2
    regular = np.asarray(observable(options.nside)(model(sl.magnetic.LSA())))
    skies = []
    for key in keys:
        field = sl.magnetic.LSA() + make(key, SLOPE)
        noise = ERROR * np.random.default_rng(len(skies)).normal(size=npix)
        skies.append(np.asarray(observable(options.nside)(model(field))) + noise - regular)
    heights = np.empty((options.skies, len(SLOPES), len(STRENGTHS)))
    for number, slope in enumerate(SLOPES):
        rows = response(options.nside, make(keys[0], slope))
        spectrum, modes = np.linalg.eigh(rows @ rows.T)
        heights[:, number] = [evidence(data, spectrum, modes) for data in skies]
    rows, pulls = [], []
    for number, height in enumerate(heights):
        weight = np.exp(height - np.max(height))  # flat in the slope and in ln rms
        weight /= np.sum(weight)
        strength, slope = moments(weight.sum(axis=0), STRENGTHS), moments(weight.sum(axis=1), SLOPES)
        pulls.append([(strength[0] - RMS) / strength[1], (slope[0] - SLOPE) / slope[1]])
        pair = [f"{mean:.2f} +- {sd:.2f}" for mean, sd in (strength, slope)]
        rows.append([number, pair[0], f"{pulls[-1][0]:+.2f}", pair[1], f"{pulls[-1][1]:+.2f}"])
    mean, spread = np.mean(pulls, axis=0), np.std(pulls, axis=0)
    notes = (
        f"{options.skies} skies of rotation measure (NSIDE {options.nside}, {ERROR:g} rad m^-2), each of another "
        f"realisation of turbulence of {RMS:g} uG rms, slope 5/3 and an outer scale of {OUTER:g} kpc on 24 x 24 x 8 "
        "nodes over LSA. Mean and standard deviation of the exact posterior of rms and slope, flat in ln rms and in "
        "the slope, the latents integrated out. (found - truth)/sd has the mean and standard deviation "
        f"{mean[0]:+.2f} and {spread[0]:.2f} for the rms, {mean[1]:+.2f} and {spread[1]:.2f} for the slope. "
        f"{time.perf_counter() - start:.0f} s on two cores that had other work too."
    )
    header = ["sky", "rms [uG]", "(found - truth)/sd", "slope", "(found - truth)/sd"]
    save("hyperparameters", "Turbulence recovered from a sky", header, rows, notes)


if __name__ == "__main__":
    main()
