"""The Haslam survey seen through a magnetic field on a grid: what predicts sightlines that were not fitted?

    SIGHTLINE_DATA=/folder/of/surveys python examples/grid_haslam.py --output DIR

Data: Haslam et al. 1982 (the original survey, with sources and stripes; Diao et al. 2024 took the reprocessing of
Remazeilles et al. 2015), averaged to NSIDE 64, less a zero level of 8.9 K (Wehus et al. 2017, arXiv:1411.7616).
Masked: |b| < 5 deg and the seven brightest sources. Every pixel counts with 0.5 K.

Model: synchrotron emission of `sl.cosmic_rays.ExponentialDisk` in a magnetic field on 128 x 128 x 32 nodes, which
alone is fitted, by 200 steps of Adam from 3 uG along circles. Plain: nothing else. Regularised: `sl.Smoothness`, whose
weight validation chooses.

Held out, in two separate sets of fits: patches of 14.7 deg, for the test those of `joint_fit.py`, for validation others
drawn by a seed; and single sightlines, a tenth for each. The beam of the survey, 0.85 deg, is as wide as a pixel, which
its neighbours thus tell of: only a patch is unseen.
"""

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import healpy as hp
import jax
import numpy as np
import numpyro.distributions as dist
from grid_haslam_report import draw, write
from grid_mock import HALF, Start, gridded
from haslam_408_data import SOURCES, separation, survey_path
from joint_fit_data import held_out, patch_of

import sightline as sl

FREQUENCY, ZERO, SIGMA = 0.408, 8.9, 0.5  # GHz, K, K
SEED, SHARE, LEARNING_RATE, STRENGTH = 20261121, 0.1, 0.5, 3.0
WEIGHTS = (0.03, 0.3, 3.0)  # uG^-2
PATCHES, SINGLE = "patches of 14.7 deg", "single sightlines"


class Survey(NamedTuple):
    """The map, K, and the parts of the sky."""

    lines: sl.Sightlines
    brightness: np.ndarray
    parts: dict[str, np.ndarray]


def read(nside: int, cells: int) -> dict[str, Survey]:
    """The survey at a resolution, in two ways split into what is fitted, what chooses the weight and what tests."""
    brightness = hp.ud_grade(hp.read_map(survey_path(), dtype=np.float64), nside) - ZERO
    used = np.abs(hp.pix2ang(nside, np.arange(brightness.size), lonlat=True)[1]) >= 5
    for l0, b0, radius in SOURCES.values():
        used &= separation(nside, l0, b0) > radius
    lines = sl.Sightlines(sl.HealpixSky(nside), cells=sl.BoxCells(cells=cells))
    splits = {PATCHES: patches(nside), SINGLE: single(brightness.size)}
    return {name: Survey(lines, brightness, parts_of(used, *split)) for name, split in splits.items()}


def patches(nside: int) -> tuple[np.ndarray, np.ndarray]:
    """Which pixels test and which validate: whole patches."""
    test = held_out()
    validation = ~test & (np.random.default_rng(SEED).random(test.size) < SHARE / (1 - np.mean(test)))
    patch = patch_of(np.arange(12 * nside**2), nside)
    return test[patch], validation[patch]


def single(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Which pixels test and which validate: one by one."""
    drawn = np.random.default_rng(SEED).random(size)
    return drawn < SHARE, (drawn >= SHARE) & (drawn < 2 * SHARE)


def parts_of(used: np.ndarray, test: np.ndarray, validation: np.ndarray) -> dict[str, np.ndarray]:
    """The masks of the parts."""
    return {"fitted": used & ~test & ~validation, "test": used & test, "validation": used & validation}


def data(survey: Survey, part: str) -> Any:
    """The likelihood of a part of the sky."""
    brightness, mask = survey.brightness[None], survey.parts[part]
    return sl.MapLikelihood(survey.lines, FREQUENCY, brightness, SIGMA, parameters="I", unit="K_RJ", mask=mask)


def posterior(survey: Survey, nodes: tuple[int, int, int], weight: float) -> sl.Posterior:
    """Every node free, with a weight of smoothness or, if that is 0, none."""
    grid = sl.magnetic.Grid(STRENGTH * gridded(Start(), nodes), half_widths=HALF)
    cosmic_rays, emission = sl.cosmic_rays.ExponentialDisk(), sl.emission.Synchrotron()
    simulator = sl.Simulator(magnetic_field=grid, cosmic_rays=cosmic_rays, emission=emission)
    anything = dist.ImproperUniform(dist.constraints.real, (), grid.values.shape)
    space = sl.ParameterSpace(simulator, {"magnetic_field.values": anything})
    smooth = (sl.Smoothness("magnetic_field.values", weight=weight),) if weight else ()
    return sl.Posterior(space, data(survey, "fitted"), regularisers=smooth).hold()


@eqx.filter_jit
def see(model: sl.Simulator, lines: sl.Sightlines) -> jax.Array:
    """I, (npix,) K."""
    return model(lines, FREQUENCY).I


def spread(apart: np.ndarray) -> tuple[float, float]:
    """Standard deviation and 1.48 times the median absolute deviation."""
    return float(np.std(apart)), float(1.4826 * np.median(np.abs(apart - np.median(apart))))


def scores(survey: Survey, sky: np.ndarray) -> dict[str, tuple[float, float]]:
    """Of the residuals [K] of every part of the sky."""
    return {part: spread((survey.brightness - sky)[used]) for part, used in survey.parts.items()}


def neighbours(survey: Survey) -> np.ndarray:
    """What the mean of the fitted pixels next to each pixel predicts of it, without any model, K."""
    npix, fitted = survey.brightness.size, survey.parts["fitted"]
    around = hp.get_all_neighbours(hp.npix2nside(npix), np.arange(npix))
    known = (around >= 0) & fitted[around]
    total = np.sum(np.where(known, survey.brightness[around], 0), axis=0)
    return total / np.maximum(np.sum(known, axis=0), 1)


class Outcome(NamedTuple):
    """Of one way to split: skies [K] by weight, plain and best model, the best weight, scores by weight, and what the
    neighbours of a pixel leave."""

    skies: dict[float, np.ndarray]
    models: dict[str, Any]
    best: float
    tried: dict[float, dict[str, tuple[float, float]]]
    floor: tuple[float, float] | None


def compare(name: str, survey: Survey, nodes: tuple[int, int, int], steps: int) -> Outcome:
    """All weights, and which of them validation prefers."""
    criterion = sl.Validation(data(survey, "validation"), sl.Adam(LEARNING_RATE, steps=steps))
    chosen = sl.select(lambda weight: posterior(survey, nodes, weight), (0.0, *WEIGHTS), criterion)
    print(chosen, flush=True)
    by_weight = dict(zip(chosen.candidates, chosen.results, strict=True))
    best = max(WEIGHTS, key=lambda weight: chosen.scores[chosen.candidates.index(weight)])
    models = {"plain": by_weight[0.0].model, "regularised": by_weight[best].model}
    skies = {weight: np.asarray(see(result.model, survey.lines)) for weight, result in by_weight.items()}
    tried = {weight: scores(survey, sky) for weight, sky in skies.items()}
    floor = scores(survey, neighbours(survey))["test"] if name == SINGLE else None
    return Outcome(skies, models, best, tried, floor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("grid_haslam"))
    parser.add_argument("--nside", type=int, default=64)
    parser.add_argument("--cells", type=int, default=128)
    parser.add_argument("--nodes", type=int, default=128)
    parser.add_argument("--steps", type=int, default=200, help="of Adam")
    options = parser.parse_args()
    nodes, start = (options.nodes, options.nodes, options.nodes // 4), time.perf_counter()
    surveys = read(options.nside, options.cells)
    found = {name: compare(name, survey, nodes, options.steps) for name, survey in surveys.items()}
    options.output.mkdir(parents=True, exist_ok=True)
    text = write(options, found, time.perf_counter() - start)
    (options.output / "grid_haslam.md").write_text(text, encoding="utf-8")
    draw(surveys[PATCHES], found[PATCHES], options.output / "grid_haslam.png")
    print(text)


if __name__ == "__main__":
    main()
