"""One divergence-free grid over a published field, fitted to three kinds of data: does it predict what it has not seen?

    SIGHTLINE_DATA=/folder/of/surveys python examples/grid_joint.py --output DIR

Data: the survey at 408 MHz (`haslam_408_data.py`, NSIDE 16), rotation measures, and Q and U at 23 GHz
(`joint_fit_data.py`).

Model: B = the published UF23 `base` + the curl of a potential on a grid in 40 x 40 x 10 kpc. Thermal electrons are
YMW16, the random field has the shape of the halo of JF12b, the disk of cosmic rays the height and radius that
`joint_fit.py` found without the test patches. Free in every fit: density of cosmic rays, random field, zero level at
408 MHz. A striation is not free: for p = 3 only its product with the density counts. What stays as it is, UF23 and
YMW16, is evaluated once, in the cells of the sightlines (`HealpixRadialGrid`).

Prior of the grid: -2 log p = int d^3x/L^3 (|dA|^2 + L^2 |d^2 A|^2)/s^2, first and second derivatives along the axes; a
third of the numbers is gauge. s, about the rms of the field, is chosen by the validation patches on the coarse grid;
the grid is then refined once and fitted again. Patches of 14.7 deg: the test ones are those that `joint_fit.py` holds
out, validation ones are drawn by a seed; the test patches are looked at once with the grid, when all was chosen.
"""

import argparse
import dataclasses
import time
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import haslam_408_data as haslam
import healpy as hp
import jax
import jax.numpy as jnp
import joint_fit_data as joint
import numpy as np
import numpyro.distributions as dist
from grid_joint_report import KINDS, cells_of, draw, write

import sightline as sl

PRESET, SEED, VALIDATION, STRENGTHS, LENGTH = "UF23-base", 20261121, 0.15, (0.3, 1.0, 3.0), 2.5  # uG, kpc
HALF, GRID = (20.0, 20.0, 5.0), "simulator.magnetic_field.terms.grid."
NUISANCE = {
    "simulator.cosmic_rays.n0": dist.LogNormal(np.log(3.2e-5), 1.0),
    "simulator.emission.0.random.rms": dist.LogNormal(np.log(7.3), 1.0),
    "nuisance.zero_level": dist.Normal(8.9, 1.3),  # K; Wehus et al. 2017, A&A 597, A131
}
ELSEWHERE = 1e4  # data of other patches have errors so many times as large


class RandomHalo(sl.fields.AbstractField):
    """rms of the random halo of JF12b (Planck intermediate results XLII 2016, A&A 596, A103), uG."""

    rms: jax.Array = sl.param(7.332, unit="uG")

    def __call__(self, position):
        x, y, z = position
        return self.rms * jnp.exp(-jnp.sqrt(x * x + y * y + 1e-6) / 10.97 - z * z / (2 * 2.84**2))


class Data(NamedTuple):
    """Rotation measures with Q and U, the survey [K] with its uncertainty and mask, and the patches of each part."""

    joint: joint.Data
    brightness: np.ndarray
    sigma: np.ndarray
    used: np.ndarray
    parts: dict[str, np.ndarray]


class Part(NamedTuple):
    """The likelihood of one kind of data, and the pixel of each, of maps of `nside`."""

    likelihood: sl.Likelihood
    pixel: np.ndarray
    nside: int

    def within(self, patches: np.ndarray) -> sl.Likelihood:
        """Only some patches count; the shapes stay, so that nothing is compiled anew."""
        inside = patches[joint.patch_of(self.pixel, self.nside)]
        sigma = self.likelihood.noise.sigma * jnp.asarray(np.where(inside, 1.0, ELSEWHERE), self.likelihood.data.dtype)
        return eqx.tree_at(lambda one: one.noise.sigma, self.likelihood, sigma)


class Pulls(NamedTuple):
    """(data - model)/error of one kind of data, (k, n), with the pixel of each."""

    values: np.ndarray
    pixel: np.ndarray
    nside: int

    def chi2(self, patches: np.ndarray) -> tuple[float, int]:
        """chi^2 in some patches, and of how many numbers."""
        inside = self.values[:, patches[joint.patch_of(self.pixel, self.nside)]]
        return float(np.sum(inside**2)), inside.size


def read(nside: int = joint.NSIDE) -> Data:
    """All data, and the patches to fit, to choose by and to test."""
    both = joint.read(nside)
    others = np.flatnonzero(~both.held)
    validation = np.zeros_like(both.held)
    number = round(VALIDATION * both.held.size)
    validation[np.random.default_rng(SEED).choice(others, number, replace=False)] = True
    parts = {"fitted": ~both.held & ~validation, "validation": validation, "test": both.held}
    return Data(both, *haslam.read_survey(haslam.survey_path(), nside), ~haslam.mask(nside), parts)


def division(cells: int) -> sl.RadialCells:
    """Cells of a sightline from the Sun to the edge of the published field."""
    preset = sl.presets.load(PRESET)
    return sl.RadialCells(cells, preset.cells.distance, growth=10.0)


def lines(sky: Any, cells: int) -> sl.Sightlines:
    """From the Sun of the published field."""
    return sl.Sightlines(sky, cells=division(cells), observer=sl.presets.load(PRESET).observer)


@eqx.filter_jit
def _sampled(field: Any, places: Any) -> Any:
    return jnp.moveaxis(jax.lax.map(field.prepare(), places, batch_size=4096), 0, -1)


def model(shape: tuple[int, int, int], nside: int, cells: int) -> sl.Model:
    """The published field and electrons in the cells of the sightlines, with an empty grid of so many cells."""
    preset = sl.presets.load(PRESET)
    known, given = preset.simulator, division(cells)
    shells = {"edges": tuple(given.distance * np.asarray(given.edges())), "observer": preset.observer}
    places = jnp.asarray(sl.grids.healpix_nodes(nside, *shells.values()).reshape(-1, 3), jnp.result_type(float))
    values = [_sampled(field, places) for field in (known.magnetic_field, known.electron_density)]
    field, electrons = (one.reshape(*one.shape[:-1], 12 * nside**2, cells) for one in values)
    grid = sl.magnetic.VectorPotentialGrid.zeros(shape, HALF, order=2, walls="closed")
    simulator = sl.Simulator(
        sl.fields.Sum(background=sl.magnetic.HealpixRadialGrid(field, **shells), grid=grid),
        sl.electrons.HealpixRadialGrid(electrons, **shells),
        dataclasses.replace(known.cosmic_rays, n0=3.2e-5, scale_height=4.34, scale_radius=4.053),
        sl.emission.Synchrotron(random=RandomHalo()),
    )
    return sl.Model(simulator, {"wmap": sl.GaussianBeam(fwhm=joint.BEAM)}, {"zero_level": 8.9})


def likelihoods(data: Data, cells: int) -> list[Part]:
    """Those of the survey, of rotation measures and of Q and U, on the whole sky."""
    whole = lines(sl.HealpixSky(hp.npix2nside(data.brightness.size)), cells)
    return [_survey(data, whole), _measures(data.joint, cells), _polarised(data.joint, whole)]


def _survey(data: Data, whole: sl.Sightlines) -> Part:
    given = {"parameters": "I", "unit": "K_RJ", "offset": "zero_level", "mask": data.used, "name": KINDS[0]}
    one = sl.MapLikelihood(whole, 0.408, data.brightness[None], data.sigma[None], **given)
    return Part(one, np.flatnonzero(data.used), hp.npix2nside(data.used.size))


def _measures(data: joint.Data, cells: int) -> Part:
    """One sightline a bin, through its middle."""
    pixels, place = np.unique(data.source_bin, return_inverse=True)
    sky = sl.Directions(*hp.pix2ang(joint.RM_BINS, pixels, lonlat=True))
    given = {"minimum": joint.LEAST, "floor": joint.RM_FLOOR, "name": KINDS[1], "evaluate": "bins"}
    one = sl.BinnedLikelihood(sl.observables.RotationMeasure(lines(sky, cells)), data.rm, place, **given)
    return Part(one, pixels[np.asarray(one.kept)], joint.RM_BINS)


def _polarised(data: joint.Data, whole: sl.Sightlines) -> Part:
    observable = sl.statistics.Brightness(whole, joint.FREQUENCY, "QU", instrument="wmap")
    given = {"unit": "K_RJ", "convention": "COSMO", "floor": joint.MAP_FLOOR, "name": KINDS[2]}
    one = sl.BinnedLikelihood(observable, data.maps, data.map_bin, **given)
    return Part(one, np.asarray(one.kept), joint.MAP_BINS)


def prior(shape: tuple[int, ...], strength: float) -> list[sl.Smoothness]:
    """The prior of the grid, the integral as a sum over its cells."""
    size = 2 * np.asarray(HALF) / shape
    share = np.prod(size) / LENGTH**3 / strength**2
    weights = {1: share / size**2, 2: share * LENGTH**2 / size**4}
    return [sl.Smoothness(f"{GRID}potential_*", weight, order=order) for order, weight in weights.items()]


def posterior(start: sl.Model, data: list[sl.Likelihood], strength: float) -> sl.Posterior:
    """That of the grid and of the nuisance parameters."""
    grid = start.simulator.magnetic_field.terms["grid"]
    flat = {f"{GRID}potential_{x}": getattr(grid, f"potential_{x}").shape for x in "xyz"}
    free = {name: dist.ImproperUniform(dist.constraints.real, (), shape) for name, shape in flat.items()}
    return sl.Posterior(sl.ParameterSpace(start, NUISANCE | free), data, prior(cells_of(grid), strength))


@eqx.filter_jit
def _residuals(likelihood: sl.Likelihood, one: sl.Model) -> Any:
    return likelihood.residuals(one)


def pulls(parts: list[Part], one: sl.Model) -> list[Pulls]:
    """What a model leaves of each kind of data."""
    return [Pulls(-np.atleast_2d(_residuals(part.likelihood, one)), part.pixel, part.nside) for part in parts]


def alone(start: sl.Model, fitted: list[sl.Likelihood]) -> sl.Model:
    """The background with what suits it best: all data are linear in n0, n0 rms^2 and the zero level."""

    def leaves(one: sl.Model) -> tuple[jax.Array, ...]:
        return one.simulator.cosmic_rays.n0, one.simulator.emission[0].random.rms, one.nuisance["zero_level"]

    def put(values: np.ndarray) -> sl.Model:
        n0, squared, level = values
        return eqx.tree_at(leaves, start, tuple(jnp.asarray(x, float) for x in (n0, np.sqrt(squared / n0), level)))

    def apart(values: np.ndarray) -> np.ndarray:
        found = [np.ravel(_residuals(one, put(values))) for one in fitted]
        return np.concatenate([*found, [(values[2] - 8.9) / 1.3]]).astype(float)

    first = np.array([3.2e-5, 3.2e-5 * 7.3**2, 8.9])
    left = apart(first)
    slopes = np.stack([apart(first * (1 + one)) - left for one in np.eye(3)], axis=1)
    moves = np.linalg.lstsq(slopes, -left)[0]
    return put(first * np.maximum(1 + moves, 1e-3))


def refined(one: sl.Model) -> sl.Model:
    """The same with twice as many cells along each axis."""
    grid = one.simulator.magnetic_field.terms["grid"]
    return eqx.tree_at(lambda m: m.simulator.magnetic_field.terms["grid"], one, grid.refined(2))


def fit_all(data: Data, start: sl.Model, cells: int, steps: int) -> tuple[dict[str, sl.Model], list[Any], list[str]]:
    """Background, coarse and fine grid; (s, chi^2 of fitted and of validation data); how each fit ended."""
    whole = likelihoods(data, cells)
    fitted, held_out = ([one.within(data.parts[part]) for one in whole] for part in ("fitted", "validation"))
    background, tried, fits, notes = alone(start, fitted), [], {}, []

    def fit(begin: sl.Model, strength: float) -> Any:
        target, judge = (posterior(begin, some, strength) for some in (fitted, held_out))
        began = time.perf_counter()
        found = sl.fit(target, sl.LBFGS(steps=steps, memory=20), covariance=0, held_out=judge)
        spent = (time.perf_counter() - began) / len(found.history)
        notes.append(f"s = {strength:g} uG: {found.status} after {len(found.history)} steps of {spent:.1f} s")
        seen = sum(map(float, judge.deviances(found.parameters).values()))
        tried.append((strength, found.chi2, seen))
        print(*tried[-1], notes[-1], flush=True)
        return found.model

    for strength in STRENGTHS:
        fits[strength] = fit(background, strength)
    best = min(tried, key=lambda row: row[-1])[0]
    finest = fit(refined(fits[best]), best)
    return {"background": background, "coarse grid": fits[best], "with the grid": finest}, tried, notes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("grid_joint"))
    parser.add_argument("--cells", type=int, default=96, help="of a sightline")
    parser.add_argument("--steps", type=int, default=40, help="of L-BFGS, each fit")
    options = parser.parse_args()
    began, data = time.perf_counter(), read()
    start = model((16, 16, 8), joint.NSIDE, options.cells)
    models, tried, notes = fit_all(data, start, options.cells, options.steps)
    found = {name: pulls(likelihoods(data, options.cells), one) for name, one in models.items()}
    options.output.mkdir(parents=True, exist_ok=True)
    text = write(models, found, data.parts, tried, (*notes, f"everything: {time.perf_counter() - began:.0f} s"))
    (options.output / "grid_joint.md").write_text(text, encoding="utf-8")
    draw(models, found, options.output / "grid_joint.png")
    print(text)


if __name__ == "__main__":
    main()
