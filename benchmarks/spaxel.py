"""Age and metallicity of one spaxel of MILES: recovered from four starts, and their errors by Fisher and NUTS.

`python benchmarks/spaxel.py`; needs SIGHTLINE_DATA with the folder ssp.
"""

import os
import time
from pathlib import Path

import jax
import numpy as np
import numpyro.distributions as dist
from common import parse, save, table

import sightline as sl

jax.config.update("jax_enable_x64", True)

DATA = Path(os.environ.get("SIGHTLINE_DATA", Path(__file__).parents[2] / "shared" / "data"))
AGE, METAL = 10.0, -1.15  # Gyr, dex
STARTS = ((3.0, -0.3), (13.0, -1.1), (1.0, 0.0), (13.0, -2.2))
NAMES = ("simulator.stars.0.age", "simulator.stars.0.metallicity")


def posterior() -> sl.Posterior:
    """A spaxel at z = 0.02 on 1600 channels of 1.25 A, without noise, of S/N 100 in each."""
    path = DATA / "ssp" / "miles_kb_baSTI_ssp_grid.npz"
    library = sl.populations.read(path, unit="Lsun/Angstrom/Msun", medium="air", fwhm=2.51)
    stars = sl.particles.Stars(np.zeros((1, 3)), np.zeros((1, 3)), [1e9], [AGE], [METAL])
    ifu = sl.cubes.IFU((1, 1), 1.0, sl.cubes.Channels.regular(4750.0, 1.25, 1600))
    model = sl.Model(sl.Galaxy(stars, library, 0.02), instruments={"ifu": ifu})
    cube = model.cube("ifu")
    ages, metals = (axis[[0, -1]] for axis in (library.age, library.metallicity))
    priors = {NAMES[0]: dist.Uniform(*ages), NAMES[1]: dist.Uniform(*metals)}
    return sl.Posterior(sl.ParameterSpace(model, priors), sl.CubeLikelihood(cube, "ifu", noise=cube.flux / 100))


def spread(age: np.ndarray, metal: np.ndarray) -> tuple[float, float, float]:
    """Standard deviations of log age and [M/H], dex, and their correlation."""
    matrix = np.cov(np.log10(age), metal)
    errors = np.sqrt(np.diag(matrix))
    return errors[0], errors[1], matrix[0, 1] / np.prod(errors)


def forecast(made: sl.Posterior, age: float) -> tuple[float, float, float]:
    """`spread` by the Fisher matrix."""
    found = sl.fisher(made, {NAMES[0]: [age], NAMES[1]: [METAL]})
    errors = found.standard_deviations * [1 / (age * np.log(10)), 1]
    covariance = np.linalg.inv(found.matrix)
    return *errors, covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])


def timed(function, *arguments):
    """A result and its processor time, s."""
    start = time.process_time()
    return function(*arguments), time.process_time() - start


def recovered(made: sl.Posterior, age: float, metal: float) -> list[str]:
    """How far from the truth a fit ends that begins there."""
    best, spent = timed(lambda: sl.fit(made, start={NAMES[0]: [age], NAMES[1]: [metal]}))
    found = [float(best.parameters[name][0]) for name in NAMES]
    off = f"{found[0] / AGE - 1:.1e}", f"{found[1] - METAL:.1e}"
    return [f"{age:g} Gyr, {metal:g}", f"{best.status}, {len(best.history)}", *off, f"{spent:.1f} s"]


def widths(made: sl.Posterior, draws: int) -> list[list[str]]:
    """Fisher matrices on both sides of the node of age, and draws, whose widths are over those of the older side."""
    step = 1e-6
    older, younger = (forecast(made, AGE * (1 + side * step)) for side in (1, -1))
    start = {NAMES[0]: [AGE], NAMES[1]: [METAL]}
    chains, spent = timed(lambda: sl.sample(made, jax.random.key(0), sl.NUTS(), start=start, draws=draws, chains=4))
    drawn = spread(*(np.asarray(chains.parameters[name]).ravel() for name in NAMES))
    ways = {"Fisher matrix, older": older, "Fisher matrix, younger": younger, f"NUTS, 4 x {draws} draws": drawn}
    rows = [[name, *(f"{one:.3e}" for one in found[:2]), f"{found[2]:.4f}"] for name, found in ways.items()]
    for row, found in zip(rows, ways.values(), strict=True):
        row.append(", ".join(f"{one / asked - 1:+.2%}" for one, asked in zip(found, older, strict=True)))
    rows[-1][0] += f", {chains.verdict}, {spent:.0f} s"
    return rows


def main(draws: int) -> None:
    if not (DATA / "ssp").is_dir():
        print("skipped: needs SIGHTLINE_DATA with the folder ssp")
        return
    made = posterior()
    rows = [recovered(made, *start) for start in STARTS]
    head = ("at 10 Gyr, [M/H] = -1.15", "log age [dex]", "[M/H] [dex]", "correlation", "over the first, less 1")
    notes = (
        "MILES (Vazdekis et al. 2010), z = 0.02, 1600 channels of 1.25 A from 4750 A, a population of 10 Gyr and "
        "[M/H] = -1.15, no noise, double precision, Levenberg-Marquardt; processor time, the first with "
        "compilation.\n\nStandard deviations at S/N 100 in each channel. 10 Gyr is a node of the library, at which "
        "its spectra bend: the Fisher matrix has two sides, and draws, of data without noise, know of both.\n\n"
    )
    titles = ("start", "status, steps", "age over the true, less 1", "[M/H] less the true [dex]", "time")
    save("spaxel", "Age and metallicity of one spaxel", titles, rows, notes + table(head, widths(made, draws)))


if __name__ == "__main__":
    main(parse(__doc__, draws=1000).draws)
