"""Fits a disk of cosmic-ray electrons to the Haslam 408 MHz survey, through the derivative of the simulator.

    SIGHTLINE_DATA=/folder/of/surveys python examples/haslam_408.py --output DIR

Data: Haslam et al. 1982, A&AS 47, 1, averaged to NSIDE 32 (1.8 deg). Model: synchrotron emission of the electrons
`sl.cosmic_rays.ExponentialDisk` in the field `sl.magnetic.LSA` (Page et al. 2007), and an offset. Fitted: n0, R0
and h, which are positive, in their logarithm, and the offset. Assumed: p = 3, since one frequency says nothing
about it; the field, with b0 = 6 uG, the total strength near the Sun (Beck 2001, SSRv 99, 243), since for p = 3 the
intensity knows only n0 b0^2; no free-free emission or absorption. `haslam_408_data.py` explains the mask and the
uncertainty of a pixel.

Errors: the Gauss-Newton covariance H^-1 = (J^T J)^-1 scaled by chi^2/dof. It takes pixels for independent, which
residuals many pixels wide are not, so a second error takes patches of 15 deg for independent: H^-1 S H^-1, where S
is the sum over patches of g g^T, g being the gradient of chi^2/2 from one patch.
"""

import argparse
import dataclasses
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
from haslam_408_data import PATCHES, checkerboard, mask, patch_of, read_survey, survey_path
from haslam_408_report import draw, write

import sightline as sl

jax.config.update("jax_enable_x64", True)  # an application may choose; the library never does

FREQUENCY, NSIDE, CELLS = 0.408, 32, 128  # GHz
HALF_WIDTHS = (
    20.0,
    20.0,
    10.0,
)  # kpc: the radius at which LSA ends, and more than five times the height found
START = (np.log(4.0e-5), np.log(5.0), np.log(1.0), 8.9)  # cm^-3, kpc, kpc, K


class TangledSynchrotron(sl.emission.AbstractEmissionOperator):
    """Emission of a field that points everywhere alike: B_perp^2 = 2/3 B^2, unpolarised. An operator of one's own."""

    needs = ("magnetic_field", "cosmic_rays")

    def __call__(self, plasma, ray, frequency):
        strength = jnp.sqrt(2 / 3 * sum(part**2 for part in plasma.magnetic_field) + 1e-12)
        across = tuple(strength * part for part in jnp.unstack(ray.east))
        total = sl.emission.Synchrotron()(dataclasses.replace(plasma, magnetic_field=across), ray, frequency)
        return sl.emission.TransferCoefficients(emissivity=sl.emission.StokesVector(I=total.emissivity.I))


class Problem(NamedTuple):
    """What is fitted: `weight` is 1/sigma, zero where masked, so that all masks share one compiled fit."""

    simulator: sl.Simulator
    lines: sl.Sightlines
    data: jax.Array
    weight: jax.Array


class Fit(NamedTuple):
    """n0, R0, h and offset, their errors for independent pixels and for independent patches, and more."""

    values: np.ndarray
    errors: np.ndarray
    patch_errors: np.ndarray
    correlation: np.ndarray
    chi2: float
    dof: int
    steps: int
    parameters: jax.Array


def sightlines(nside: int, cells: int = CELLS, half_widths: tuple[float, ...] = HALF_WIDTHS) -> sl.Sightlines:
    """Cells from the Sun to the wall of the box, the farthest twenty times as long as the nearest."""
    return sl.Sightlines(sl.HealpixSky(nside), cells=sl.BoxCells(cells=cells, half_widths=half_widths, growth=20.0))


def galaxy(emission: Any = None, **field: float) -> sl.Simulator:
    """The simulator; `field` changes parameters of LSA, `emission` the operator."""
    return sl.Simulator(
        magnetic_field=sl.magnetic.LSA(**({"b0": 6.0} | field)),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=emission or sl.emission.Synchrotron(),
    )


def brightness(parameters: jax.Array, simulator: sl.Simulator, lines: sl.Sightlines) -> jax.Array:
    """The sky at 408 MHz, (npix,) K, for ln n0, ln R0, ln h and the offset."""
    n0, scale_radius, scale_height = jnp.exp(parameters[:3])
    disk = sl.cosmic_rays.ExponentialDisk(n0, scale_radius, scale_height)
    return dataclasses.replace(simulator, cosmic_rays=disk)(lines, FREQUENCY).I + parameters[3]


def residuals(parameters: jax.Array, problem: Problem) -> jax.Array:
    """(data - model)/sigma, (npix,)."""
    return (problem.data - brightness(parameters, problem.simulator, problem.lines)) * problem.weight


@eqx.filter_jit
def solve(start: jax.Array, problem: Problem) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """The best parameters, the steps taken, the residuals and their Jacobian there."""
    solver = optx.LevenbergMarquardt(rtol=1e-4, atol=1e-4)
    solution = optx.least_squares(residuals, solver, start, args=problem, max_steps=200)
    best = solution.value
    return best, solution.stats["num_steps"], residuals(best, problem), jax.jacfwd(residuals)(best, problem)


def fit(problem: Problem, start: Any = START) -> Fit:
    """The fit by Levenberg-Marquardt and its errors of both kinds."""
    best, steps, residual, jacobian = map(np.asarray, solve(jnp.asarray(start), problem))
    dof, chi2 = int(np.sum(np.asarray(problem.weight) > 0)) - len(best), float(residual @ residual)
    inverse = np.linalg.inv(jacobian.T @ jacobian)
    pixels, patches = np.sqrt(np.diag(inverse)), patch_errors(residual, jacobian, inverse)
    values = np.append(np.exp(best[:3]), best[3])
    slope = np.append(values[:3], 1.0)  # d value / d parameter
    errors = (slope * pixels * np.sqrt(chi2 / dof), slope * patches)
    return Fit(values, *errors, inverse / np.outer(pixels, pixels), chi2, dof, int(steps), jnp.asarray(best))


def patch_errors(residual: np.ndarray, jacobian: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Errors of the parameters, (4,), for patches that are independent of each other."""
    gradients = np.zeros((12 * PATCHES**2, jacobian.shape[1]))
    np.add.at(gradients, patch_of(len(residual)), jacobian * residual[:, None])
    return np.sqrt(np.diag(inverse @ gradients.T @ gradients @ inverse))


def difference(problem: Problem, parameters: jax.Array) -> np.ndarray:
    """Data - model, (npix,) K, masked pixels too."""
    return np.asarray(problem.data - brightness(parameters, problem.simulator, problem.lines))


def held_out(problem: Problem, best: Fit) -> list[tuple[str, Fit, float, float, float]]:
    """Fits to half of the patches, and the rms [K] of data - model there, elsewhere, and elsewhere for the full fit."""
    even, used = checkerboard(len(problem.data)), np.asarray(problem.weight) > 0
    rows = []
    for name, seen in (("even", even), ("odd", ~even)):
        half = fit(problem._replace(weight=jnp.where(seen, problem.weight, 0)), best.parameters)
        own, full = (difference(problem, parameters) for parameters in (half.parameters, best.parameters))
        rms = (np.sqrt(np.mean(d[used & s] ** 2)) for d, s in ((own, seen), (own, ~seen), (full, ~seen)))
        rows.append((name, half, *map(float, rms)))
    return rows


def variations(problem: Problem, sigma: np.ndarray, best: Fit) -> dict[str, Fit]:
    """The same fit with other masks, weights and fields: what the errors do not contain."""
    nside = problem.lines.sky.nside
    masks = {
        "plane masked to 10 deg": mask(nside, plane=10),
        "inner field not masked": mask(nside, inner=False),
        "whole disk of Loop I masked": mask(nside, whole_loop=True),
        "rims of Loops II-IV masked, +- 6 deg": mask(nside, rims=6),
    }
    cases = {name: problem._replace(weight=jnp.asarray(~out / sigma)) for name, out in masks.items()}
    cases["every pixel with sigma = 3 K"] = problem._replace(weight=jnp.where(problem.weight > 0, 1 / 3, 0.0))
    cases["field not tilted, chi0 = 0"] = problem._replace(simulator=galaxy(chi0=0.0))
    cases["field of 6 uG, but tangled"] = problem._replace(simulator=galaxy(TangledSynchrotron()))
    return {name: fit(case, best.parameters) for name, case in cases.items()}


def discretisation(problem: Problem, best: Fit) -> float:
    """Largest relative change of the unmasked model with four times as many cells in a box twice as high."""
    fine = sightlines(problem.lines.sky.nside, 4 * len(problem.lines.widths), (20.0, 20.0, 20.0))
    model, finer = (brightness(best.parameters, problem.simulator, lines) for lines in (problem.lines, fine))
    return float(jnp.max(jnp.where(problem.weight > 0, jnp.abs(finer / model - 1), 0)))


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit a disk of cosmic-ray electrons to the Haslam 408 MHz survey.")
    parser.add_argument("--output", type=Path, required=True, help="folder for haslam_408.md and haslam_408.png")
    output, began = parser.parse_args().output, time.perf_counter()
    try:
        path = survey_path()
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(f"error: {error}")
    data, sigma = read_survey(path, NSIDE)
    problem = Problem(galaxy(), sightlines(NSIDE), jnp.asarray(data), jnp.asarray(~mask(NSIDE) / sigma))
    best = fit(problem)
    print(
        f"Fitted in {time.perf_counter() - began:.0f} s; now the held-out halves and other assumptions.",
        flush=True,
    )
    checks = held_out(problem, best), variations(problem, sigma, best), discretisation(problem, best)
    text = write(best, problem, difference(problem, best.parameters), *checks)
    (output / "haslam_408.md").write_text(text)
    draw(output / "haslam_408.png", problem, difference(problem, best.parameters))
    print(f"{text}\nTook {time.perf_counter() - began:.0f} s; written to {output}.")


if __name__ == "__main__":
    main()
