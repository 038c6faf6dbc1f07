"""A cube of 20 x 20 x 640 fitted with the velocities of a grid: `python benchmarks/gridded_velocities.py`.

Needs SIGHTLINE_DATA with ssp. The disk is that of `galaxy_disk.py`, of known orientation, but turns as a grid of
velocities has it, with a stream across the line of nodes. Two fits: one with a rotation curve, from
afar, and from its end one with the grid. They are kept in a temporary folder, from which an ended run continues.
"""

import dataclasses
import json
import shutil
import tempfile
import time
from pathlib import Path

import galaxy_disk as disk
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from common import parse, save

import sightline as sl

KEPT = Path(tempfile.gettempdir()) / "gridded_velocities"  # fits so far: a run that was ended continues after them
VALUES = "simulator.stars.0.velocity.values"
HALF = 16.0  # kpc, of the grid in the plane
SPREAD = 100.0  # km/s, of the prior of each component at each node
SHARED = {name: one for name, one in disk.PRIORS.items() if "orientation" not in name and "speeds" not in name}
CURVE = "simulator.stars.0.velocity.speeds"


def positions(nodes: int) -> np.ndarray:
    """Of the nodes, (3, nodes, nodes, 2) kpc."""
    axis = np.linspace(-HALF, HALF, nodes)
    return np.stack(np.meshgrid(axis, axis, [-3.0, 3.0], indexing="ij"))


def grid(values: np.ndarray) -> sl.stars.VelocityGrid:
    return sl.stars.VelocityGrid(values, half_widths=(HALF, HALF, 3.0), outside="nearest")


def turning(nodes: int, speed: float, stream: float) -> np.ndarray:
    """Velocities of a flat curve, and of a stream along y about x = 4 kpc, (3, nodes, nodes, 2) km/s."""
    x, y, _ = positions(nodes)
    radius = np.hypot(x, y) + 2.0
    extra = stream * np.exp(-((x - 4) ** 2 + y**2) / 32)
    return np.stack([-speed * y / radius, speed * x / radius + extra, 0 * x])


def values_of(galaxy: sl.Galaxy) -> np.ndarray:
    """Velocities at the nodes."""
    stars = galaxy.stars[0]
    assert isinstance(stars, sl.stars.Component)
    assert isinstance(stars.velocity, sl.stars.VelocityGrid)
    return np.asarray(stars.velocity.values)


def moving(one: sl.Galaxy, velocity: sl.fields.AbstractField) -> sl.Galaxy:
    """The galaxy with other velocities, seen from a known direction."""
    return disk.galaxy(dataclasses.replace(one.stars[0], velocity=velocity), 50.0, 60.0, 0.0, one.library)


def observed(true: sl.Galaxy, seed: int) -> tuple[sl.cubes.IFU, sl.SpectralCube]:
    """20 x 20 spaxels of 1 kpc and 640 channels of 1.25 A, S/N 50 in the brightest spaxel."""
    ifu = sl.cubes.IFU((20, 20), 1.0 / true.scale, sl.cubes.Channels.regular(4750.0, 1.25, 640))
    return ifu, sl.cubes.add_noise(true(ifu), jax.random.key(seed), signal_to_noise=50.0)


def posterior(galaxy: sl.Galaxy, seen: tuple[sl.cubes.IFU, sl.SpectralCube], priors: dict) -> sl.Posterior:
    ifu, cube = seen
    space = sl.ParameterSpace(sl.Model(galaxy, instruments={"ifu": ifu}), SHARED | priors)
    return sl.Posterior(space, sl.CubeLikelihood(cube, instrument="ifu"))


def timed(function) -> tuple[sl.FitResult, str]:
    """A fit, and its processor and wall time."""
    wall, spent = time.time(), time.process_time()
    found = function()
    return found, f"{time.process_time() - spent:.0f} s, {time.time() - wall:.0f} s"


def kept(name: str, made) -> dict:
    """Numbers by name: those of a run that was ended, or made and written down."""
    path = KEPT / f"{name}.json"
    if not path.is_file():
        KEPT.mkdir(exist_ok=True)
        path.write_text(json.dumps(made()))
    return json.loads(path.read_text())


def told(made: sl.Posterior, best: sl.FitResult, spent: str) -> dict:
    """What all fits tell."""
    steps = f"{best.status}, {len(best.history)}"
    return {"numbers": made.space.size, "steps": steps, "chi2": float(best.chi2 / best.dof), "spent": spent}


def with_a_curve(first: sl.Galaxy, seen: tuple[sl.cubes.IFU, sl.SpectralCube]) -> dict:
    """A fit with a rotation curve, which knows of no stream."""
    made = posterior(first, seen, {CURVE: disk.PRIORS[CURVE]})
    best, spent = timed(lambda: sl.fit(made, sl.BFGS(tolerance=0.1)))
    return told(made, best, spent) | {
        "values": {name: np.asarray(one).tolist() for name, one in best.parameters.items()}
    }


def with_a_grid(first: sl.Galaxy, seen: tuple[sl.cubes.IFU, sl.SpectralCube], true: sl.Galaxy, start: dict) -> dict:
    """A fit with velocities of a grid, from values of another fit."""
    known = values_of(true)
    made = posterior(first, seen, {VALUES: dist.Normal(turning(known.shape[1], 150.0, 0.0), SPREAD)})
    method = sl.BFGS(tolerance=0.01)
    best, spent = timed(lambda: sl.fit(made, method, start=start, covariance=1000, checkpoint=KEPT / "fit"))
    errors, deviations = compared(best, true)
    names = {"gradient": "simulator.stars.0.history.gradient", "mass": "simulator.stars.0.density.mass"}
    found = {short: float(best.parameters[name]) for short, name in names.items()} | {"data": made.size}
    return told(made, best, spent) | found | {"errors": errors.tolist(), "deviations": deviations.tolist()}


def in_the_plane(true: sl.Galaxy) -> np.ndarray:
    """Where the lines of sight of the spaxels' middles pass z = 0, (400, 3) kpc."""
    axes = np.asarray(true.orientation.axes())
    east, north = np.meshgrid(np.arange(-9.5, 10), np.arange(-9.5, 10))
    origin = east.reshape(-1, 1) * axes[0] + north.reshape(-1, 1) * axes[1]
    return origin - origin[:, 2:] / axes[2, 2] * axes[2]


def away(velocity: sl.fields.AbstractField, true: sl.Galaxy) -> np.ndarray:
    """Velocities away from us at the spaxels' middles, km/s."""
    return np.asarray(jax.vmap(velocity)(in_the_plane(true))) @ np.asarray(true.orientation.axes())[2]


def compared(best: sl.FitResult, true: sl.Galaxy) -> tuple[np.ndarray, np.ndarray]:
    """Errors and standard deviations of velocities away from us at the spaxels' middles, km/s."""
    places, line = in_the_plane(true), np.asarray(true.orientation.axes())[2]
    known = values_of(true)
    seen = jax.jacobian(lambda values: jax.vmap(grid(values))(places) @ line)(jnp.zeros(known.shape))
    rows = np.asarray(seen).reshape(len(places), -1)
    assert best.fisher is not None
    free = np.array([label.startswith(VALUES) for label in best.fisher.labels])
    covariance = np.asarray(best.fisher.covariance)[np.ix_(free, free)]
    errors = rows @ np.ravel(best.parameters[VALUES] - known)
    return errors, np.sqrt(np.einsum("ij,jk,ik->i", rows, covariance, rows))


def report(nodes: int, curve: dict, fit: dict, before: np.ndarray) -> None:
    """The table."""
    errors, deviations = np.array(fit["errors"]), np.array(fit["deviations"])
    worth = [fit["data"] - one["numbers"] for one in (curve, fit)]
    gain = curve["chi2"] * worth[0] - fit["chi2"] * worth[1]
    pulls = np.abs(errors / deviations)
    rows = [
        ["data, free numbers", f"20 x 20 x 640 = {fit['data']}, {fit['numbers']}, of which {6 * nodes**2} velocities"],
        ["status, steps", fit["steps"]],
        ["processor time, wall time", fit["spent"]],
        ["chi^2/dof", f"{fit['chi2']:.4f}"],
        ["the same with a rotation curve in place of the grid", f"{curve['chi2']:.4f}"],
        ["chi^2 below that with a rotation curve", f"{gain:.0f}"],
        ["velocities, rms error [km/s]", f"{np.sqrt(np.mean(errors**2)):.2f}"],
        ["the same of the rotation curve [km/s]", f"{np.sqrt(np.mean(before**2)):.2f}"],
        [
            "their standard deviations, median and largest [km/s]",
            f"{np.median(deviations):.2f}, {deviations.max():.2f}",
        ],
        ["error over standard deviation, rms and largest", f"{np.sqrt(np.mean(pulls**2)):.2f}, {pulls.max():.2f}"],
        ["errors below one standard deviation", f"{np.mean(pulls < 1):.0%}"],
        ["gradient of [M/H] [dex/kpc], true -0.05", f"{fit['gradient']:.4f}"],
        ["mass over the true", f"{fit['mass'] / 3e10:.3f}"],
    ]
    notes = (
        f"The disk of galaxy_disk.md, of known orientation, on 20 x 20 spaxels of 1 kpc and 640 channels of 1.25 A, "
        f"S/N 50 in the brightest spaxel; 130 populations of MILES. Its velocities are those of a grid of {nodes} x "
        f"{nodes} x 2 nodes, {2 * HALF / (nodes - 1):g} kpc apart in the plane, with three components: a flat curve of "
        "215 km/s, and a stream of 40 km/s across the line of nodes, 4 kpc from the centre. Mass, scale, dispersions, "
        "histories and the gradient of [M/H] are fitted, too.\n\n"
        f"A cube sees one component, of nearly one layer, so that most of the {6 * nodes**2} numbers are known by "
        f"their prior alone, {SPREAD:g} km/s about a curve of 150 km/s: with it, and with nodes that are some spaxels "
        "apart, the fit is well posed. What is compared is what is seen: velocities along the line of sight where "
        "those of the 400 spaxels' middles pass the plane, with standard deviations of the Fisher matrix. Degrees of "
        "freedom are data less all numbers, those that the prior knows, too.\n\n"
        f"By BFGS in coordinates whitened by the Fisher matrix, from a fit with a rotation curve ({curve['numbers']} "
        f"numbers, {curve['steps']} steps, {curve['spent']}), itself from 100 to 150 km/s, a flat history and no "
        "gradient. Double precision, beside other programs."
    )
    save("gridded_velocities", "Velocities of a grid from a cube of 20 x 20 x 640", ("what", "found"), rows, notes)


def main(nodes: int, seed: int) -> None:
    if not (disk.DATA / "ssp").is_dir():
        print("skipped: needs SIGHTLINE_DATA with the folder ssp")
        return
    spectra = disk.library()
    true, start = moving(disk.truth(spectra), grid(turning(nodes, 215.0, 40.0))), disk.start(spectra)
    seen = observed(true, seed)
    own = f"{nodes}_{seed}"
    curve = kept(f"curve_{own}", lambda: with_a_curve(moving(start, start.stars[0].velocity), seen))
    values = dict(curve["values"])
    field = sl.stars.Rotation(disk.CURVE, values.pop(CURVE))
    turned = jax.vmap(field)(positions(nodes).reshape(3, -1).T).T.reshape(positions(nodes).shape)
    fit = kept(f"grid_{own}", lambda: with_a_grid(moving(start, grid(turned)), seen, true, values))
    report(nodes, curve, fit, away(field, true) - away(grid(values_of(true)), true))
    shutil.rmtree(KEPT)


if __name__ == "__main__":
    options = parse(__doc__, nodes=9, seed=1)
    main(options.nodes, options.seed)
