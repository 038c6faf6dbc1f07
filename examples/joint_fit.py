"""The field of Unger & Farrar fitted to rotation measures and polarised synchrotron emission together.

    SIGHTLINE_DATA=/folder/of/surveys python examples/joint_fit.py --output DIR

Free: the 20 parameters of the UF23 model `base` and the density of the cosmic-ray electrons at the Sun. The electrons
are those of the preset: thermal YMW16, and the WMAP disk of cosmic rays for the tables of the paper, which are not
public numbers. Levenberg-Marquardt from the published parameters, three times:

- with Gaussian priors of three published errors about the published values: about what the eight models differ by;
- with flat priors of ten errors to both sides, lengths no less than a fifth of their published value;
- with the Gaussian priors, and the scale height and radius of the disk of cosmic rays free.

The striation has a flat prior from 0 to 5 throughout, as it follows whatever cosmic rays there are; the density of
cosmic rays is Gaussian, 4e-5 cm^-3 within 20 %: what modulation by the Sun leaves open of the flux at 10 GeV. Q and U
are proportional to its product with 1 + striation, so that this prior alone tells the two apart.
"""

import argparse
import dataclasses
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import healpy as hp
import jax
import numpy as np
import numpyro.distributions as dist
from joint_fit_data import (
    BEAM,
    FREQUENCY,
    LEAST,
    MAP_BINS,
    MAP_FLOOR,
    NSIDE,
    PATCHES,
    RM_BINS,
    RM_FLOOR,
    Data,
    patch_of,
    read,
    read_maps,
)
from joint_fit_report import BEFORE, FITS, KINDS, draw, write

import sightline as sl

jax.config.update("jax_enable_x64", True)  # an application may choose; the library never does

PRESET, CELLS, STEPS, TOLERANCE = "UF23-base", 128, 120, 0.03
WIDE, NARROW, SHORTEST = 10.0, 3.0, 0.2
"""Half-width of flat priors and width of Gaussian ones in published errors; least length in published lengths."""
FIELD, DENSITY, STRIATION = "simulator.magnetic_field.", "simulator.cosmic_rays.n0", "simulator.emission.0.striation"
DISK = {
    "simulator.cosmic_rays.scale_height": dist.Uniform(0.3, 10.0),
    "simulator.cosmic_rays.scale_radius": dist.Uniform(2.0, 30.0),
}
"""Priors [kpc] of the shape of the disk of cosmic rays, free in a second fit."""
SYMBOLS = {
    "disk.b": ("B_1", "B_2", "B_3"),
    "disk.phase": ("phi_1", "phi_2", "phi_3"),
    "disk.pitch": "alpha",
    "disk.transition_height": "z_d",
    "disk.transition_width": "w_d",
    "toroidal.b_north": "B_N",
    "toroidal.b_south": "B_S",
    "toroidal.radius": "r_t",
    "toroidal.width": "w_t",
    "toroidal.scale_height": "z_t",
    "poloidal.b": "B_p",
    "poloidal.exponent": "p",
    "poloidal.radius": "r_p",
    "poloidal.width": "w_p",
    "poloidal.height": "z_p",
}


def column(table: dict[str, float]) -> Any:
    """The numbers of some symbols, one or several, of a published table."""
    return lambda symbols: np.array([table[s] for s in symbols]) if isinstance(symbols, tuple) else table[symbols]


PUBLISHED = column(sl.magnetic.UF23_PARAMETERS["base"]), column(sl.magnetic.UF23_ERRORS["base"])
TIES = {f"{FIELD}toroidal.transition_{what}": f"{FIELD}disk.transition_{what}" for what in ("height", "width")}


class Binned(NamedTuple):
    """Data, model and errors in all bins, (k, npix), NaN where there are none."""

    data: np.ndarray
    mean: np.ndarray
    error: np.ndarray

    @property
    def pulls(self) -> np.ndarray:
        """Data minus model, in errors."""
        return (self.data - self.mean) / self.error


class Score(NamedTuple):
    """chi^2 of one kind of data and how many numbers, and the same in every patch of the sky."""

    chi2: float
    size: int
    patches: np.ndarray


def model() -> sl.Model:
    """The preset behind the beam; Faraday rotation is nothing outside the plane at 23 GHz, and left out."""
    simulator = sl.presets.load(PRESET).simulator
    alone = dataclasses.replace(simulator, emission=simulator.emission[:1])
    return sl.Model(alone, {"wmap": sl.GaussianBeam(fwhm=BEAM)})


def likelihoods(data: Data, patches: np.ndarray, cells: int = CELLS) -> list[sl.Likelihood]:
    """Those of rotation measures and of Q and U, in some of the patches."""
    preset = sl.presets.load(PRESET)
    division = sl.RadialCells(cells, preset.cells.distance, growth=10.0)
    chosen = patches[patch_of(data.source_bin, RM_BINS)]
    sources, sky = sl.Directions(data.l[chosen], data.b[chosen]), sl.HealpixSky(round((data.map_bin.size / 12) ** 0.5))
    lines = (sl.Sightlines(one, cells=division, observer=preset.observer) for one in (sources, sky))
    measures = sl.observables.RotationMeasure(next(lines))
    maps = sl.statistics.Brightness(next(lines), FREQUENCY, "QU", instrument="wmap")
    given = {"minimum": LEAST, "floor": RM_FLOOR, "name": KINDS[0]}
    units = {"unit": "K_RJ", "convention": "COSMO", "floor": MAP_FLOOR, "name": KINDS[1]}
    places = np.where(patches[patch_of(data.map_bin, MAP_BINS)], data.map_bin, -1)
    return [
        sl.BinnedLikelihood(measures, data.rm[chosen], data.source_bin[chosen], **given),
        sl.BinnedLikelihood(maps, data.maps, places, **units),
    ]


def space(start: sl.Model, gaussian: bool = False, further: dict[str, Any] | None = None) -> sl.ParameterSpace:
    """The free parameters and their priors."""
    priors = {FIELD + name: (normal if gaussian else flat)(symbols) for name, symbols in SYMBOLS.items()}
    priors |= {STRIATION: dist.Uniform(0.0, 5.0), DENSITY: dist.Normal(4e-5, 0.8e-5)}
    return sl.ParameterSpace(start, priors | (further or {}), ties=TIES)


def normal(symbols: str | tuple[str, ...]) -> dist.Distribution:
    """The Gaussian prior of a parameter of the field."""
    value, error = (of(symbols) for of in PUBLISHED)
    return dist.Normal(value, NARROW * error)


def flat(symbols: str | tuple[str, ...]) -> dist.Distribution:
    """The flat prior of a parameter of the field."""
    value, error = (of(symbols) for of in PUBLISHED)
    low = value - WIDE * error
    if symbols in ("z_d", "w_d", "r_t", "w_t", "z_t", "r_p", "w_p", "z_p"):
        low = max(low, SHORTEST * value)
    return dist.Uniform(max(low, 1.0) if symbols == "p" else low, value + WIDE * error)


@eqx.filter_jit
def mean_of(likelihood: sl.Likelihood, one: sl.Model) -> Any:
    """What a model predicts for the data."""
    return likelihood.mean(one)


def on_sky(likelihood: sl.Likelihood, one: sl.Model) -> Binned:
    """Data and what a model predicts for them, in all bins."""
    data = np.atleast_2d(likelihood.data)
    found = np.full((3, len(data), 12 * (RM_BINS if likelihood.name == KINDS[0] else MAP_BINS) ** 2), np.nan)
    for row, values in zip(found, (data, mean_of(likelihood, one), likelihood.noise.sigma), strict=True):
        row[:, np.asarray(likelihood.kept)] = np.asarray(values)
    return Binned(*found)


def score(binned: Binned, patches: np.ndarray | bool = True) -> Score:
    """chi^2 in some of the patches."""
    pixels = np.arange(binned.data.shape[-1])
    patch = patch_of(pixels, hp.npix2nside(pixels.size))
    squares = np.where(np.broadcast_to(patches, 12 * PATCHES**2)[patch], binned.pulls**2, np.nan)
    each = np.bincount(patch, np.nansum(squares, axis=0), 12 * PATCHES**2)
    return Score(float(np.nansum(squares)), int(np.isfinite(squares).sum()), each)


def brightened(one: sl.Model, maps: sl.Likelihood) -> sl.Model:
    """The model with the density of cosmic rays that suits Q and U best, to which they are proportional."""
    mean, data, sigma = (np.asarray(x) for x in (mean_of(maps, one), maps.data, maps.noise.sigma))
    factor = np.sum(mean * data / sigma**2) / np.sum(mean**2 / sigma**2)
    return eqx.tree_at(lambda m: m.simulator.cosmic_rays.n0, one, factor * one.simulator.cosmic_rays.n0)


def fit(fitted: Any, free: sl.ParameterSpace, starts: int = 1, steps: int = STEPS) -> Any:
    """The largest posterior density, from the model in `free` and from others drawn from the prior."""
    method = sl.LevenbergMarquardt(tolerance=TOLERANCE, steps=steps)
    result = sl.fit(sl.Posterior(free, fitted), method, starts=starts, key=jax.random.key(1))
    print(result, flush=True)
    return result


def published(start: sl.Model) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values of all that is free in any fit, and errors of what has some, by name."""
    errors = {FIELD + name: np.asarray(PUBLISHED[1](symbols)) for name, symbols in SYMBOLS.items()}
    return space(start, further=DISK).initial, errors | {STRIATION: np.asarray(PUBLISHED[1]("striation"))}


def numerics(data: Data, one: sl.Model, nside: int = 2 * NSIDE, cells: int = 4 * CELLS) -> dict[str, Score]:
    """The fitted data with finer cells and pixels, and with Faraday rotation at 23 GHz."""
    maps, place = read_maps(nside)
    coarse = likelihoods(data, ~data.held)
    finer = likelihoods(data._replace(maps=maps, map_bin=place), ~data.held, cells)
    found = {}
    for old, new in zip(coarse, finer, strict=True):
        same = eqx.tree_at(lambda x: (x.data, x.noise), new, (old.data, old.noise))
        found[old.name] = score(on_sky(same, one))
    rotating = (*one.simulator.emission, sl.emission.FaradayRotation())
    rotated = on_sky(coarse[1], eqx.tree_at(lambda m: m.simulator.emission, one, rotating))
    return found | {"rotation": score(rotated)}


def describe(data: Data, rm: Binned, maps: Binned) -> str:
    """What is fitted, in words."""
    low = [int(np.sum(one.error <= floor * (1 + 1e-6))) for one, floor in ((rm, RM_FLOOR), (maps, MAP_FLOOR))]
    left_out = ", ".join(f"{number} {why}" for why, number in data.counts.items() if why != "kept")
    sizes = [score(one, patches).size for one in (rm, maps) for patches in (np.ones_like(data.held), data.held)]
    return (
        f"{data.counts['kept']} sources (left out: {left_out}) in {sizes[0]} bins, of which {sizes[1]} are held out; "
        f"{sizes[2]} numbers of Q and U, of which {sizes[3]} are held out. Errors are at their floor in {low[0]} bins "
        f"of rotation measures and for {low[1]} numbers of Q and U."
    )


def fit_all(start: sl.Model, fitted: Any, starts: int, steps: int) -> tuple[dict[str, Any], str]:
    """The fits by name, and the time they took."""
    began, spent = time.perf_counter(), time.process_time()
    near = fit(fitted, space(start, gaussian=True), starts, steps)
    wide = fit(fitted, space(start), starts, steps)
    disk = fit(fitted, space(near.model, gaussian=True, further=DISK), 1, steps)
    text = f"The three fits took {time.perf_counter() - began:.0f} s, compilation included, "
    text += f"{time.process_time() - spent:.0f} s of one processor."
    return dict(zip(FITS, (near, wide, disk), strict=True)), text


def gather(data: Data, start: sl.Model, fits: dict[str, Any], cells: int = CELLS) -> tuple[Any, ...]:
    """All that the report is made of: published values and errors, scores, data and models on the sky."""
    whole = likelihoods(data, np.ones_like(data.held), cells)
    models = dict(zip(BEFORE, (start, brightened(start, likelihoods(data, ~data.held, cells)[1])), strict=True))
    models |= {name: result.model for name, result in fits.items()}
    binned = {each.name: {name: on_sky(each, one) for name, one in models.items()} for each in whole}
    scores = {
        name: [[score(binned[kind][name], patches) for kind in KINDS] for patches in (~data.held, data.held)]
        for name in models
    }
    return published(start), scores, binned, describe(data, *(binned[kind][BEFORE[0]] for kind in KINDS))


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit the field of Unger & Farrar to rotation measures and Q and U.")
    parser.add_argument("--output", type=Path, required=True, help="folder of joint_fit.md and .png")
    parser.add_argument("--starts", type=int, default=1, help="the published parameters, and others from the prior")
    given = parser.parse_args()
    try:
        data = read()
        given.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(f"error: {error}")
    start = model()
    fits, spent = fit_all(start, likelihoods(data, ~data.held), given.starts, STEPS)
    known, scores, binned, described = gather(data, start, fits)
    draw(given.output / "joint_fit.png", binned)
    text = write(known, scores, fits, binned, described, numerics(data, fits[FITS[0]].model), spent)
    (given.output / "joint_fit.md").write_text(text)
    print(f"{text}\nWritten to {given.output}.")


if __name__ == "__main__":
    main()
