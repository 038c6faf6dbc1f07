"""Published magnetic fields held against measured rotation measures: a catalogue of sources, and the Faraday sky.

    SIGHTLINE_DATA=/folder/of/surveys python examples/rotation_measures.py --output DIR

Models: the fields of the presets JF12, UF23 (eight), PT11 (two) and KST24 as published, nothing fitted, all with the
thermal electrons of YMW16, moved so that their Sun is the preset's. Sources: the extragalactic rotation measures
that `sightline.datasets` keeps, one by one, and as medians in HEALPix pixels of NSIDE 16 (3.7 deg) that hold at least
three; the model is treated the same, at the positions of the sources. Faraday sky: Oppermann et al. 2015, averaged to
NSIDE 32 (1.8 deg), against the model averaged over four rays a pixel.
"""

import argparse
import dataclasses
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import healpy as hp
import jax
import numpy as np
from rotation_measures_report import draw, write
from survey_files import survey_file

import sightline as sl
from sightline import datasets

jax.config.update("jax_enable_x64", True)  # an application may choose; the library never does

CATALOGUE, SKY = "radio/rm_catalogues_cirada.npz", "radio/faraday_oppermann2015_gal_ring_nside128.fits"
MODELS = ("JF12", *(p.name for p in sl.presets.list() if p.name.startswith(("UF23", "PT11"))), "KST24")
OF_NE2001 = ("JF12", "UF23-neCL", "PT11-ASS", "PT11-BSS")
"""The fields that were fitted with the electrons of NE2001."""
NSIDE, NSIDE_OF_MEDIANS, LEAST = 32, 16, 3
PLANE, GUM = 20.0, (260.0, -3.0, 22.0)
"""Latitude [deg] of the plane, and l, b, radius [deg] around the Gum nebula of YMW16: left out of `quiet`."""
LARGEST = 1000.0
"""Sources beyond, rad m^-2, are left out one by one: a hundred near the Galactic centre would be all that counts."""


class Comparison(NamedTuple):
    """Pearson's and Spearman's correlation, slope of data on model with an intercept, rms of data - model and data."""

    number: int
    pearson: float
    spearman: float
    slope: float
    rms: float
    rms_of_data: float


class Data(NamedTuple):
    """The observations: sources, which pixel of the medians holds each, medians, the Faraday sky, its `quiet` part."""

    sources: datasets.RotationMeasures
    pixel: np.ndarray
    medians: np.ndarray
    sky: np.ndarray
    quiet: np.ndarray


class Prediction(NamedTuple):
    """What one model says: at the sources, in the medians, on the sky, rad m^-2."""

    sources: np.ndarray
    medians: np.ndarray
    sky: np.ndarray


def read(nside: int = NSIDE) -> Data:
    """The cleaned catalogue, its medians, and the Faraday sky."""
    sources = datasets.read_rotation_measures(survey_file(CATALOGUE))
    pixel = hp.ang2pix(NSIDE_OF_MEDIANS, sources.l, sources.b, lonlat=True)
    sky = hp.ud_grade(datasets.read_faraday_sky(survey_file(SKY)).rm, nside)
    return Data(sources, pixel, medians(sources.rm, pixel), sky, quiet(nside))


def quiet(nside: int) -> np.ndarray:
    """Pixels outside the plane and the Gum nebula, (npix,)."""
    l, b = hp.pix2ang(nside, np.arange(12 * nside**2), lonlat=True)
    centre = hp.ang2vec(*GUM[:2], lonlat=True)
    return (np.abs(b) > PLANE) & (hp.ang2vec(l, b, lonlat=True) @ centre < np.cos(np.deg2rad(GUM[2])))


def medians(values: np.ndarray, pixel: np.ndarray) -> np.ndarray:
    """Median in every pixel that holds at least `LEAST` values, NaN in the others, (npix,)."""
    found = np.full(12 * NSIDE_OF_MEDIANS**2, np.nan)
    order = np.argsort(pixel, kind="stable")
    pixels, first = np.unique(pixel[order], return_index=True)
    for place, group in zip(pixels, np.split(values[order], first[1:]), strict=True):
        if group.size >= LEAST:
            found[place] = np.median(group)
    return found


def with_ymw16(preset: Any) -> sl.Simulator:
    """The simulator of a preset with the electrons of YMW16, whose Sun is put where the preset's is."""
    offset = np.subtract(preset.observer, sl.electrons.YMW16().sun)
    density = sl.fields.Shifted(sl.electrons.YMW16(), offset) if offset.any() else sl.electrons.YMW16()
    return dataclasses.replace(preset.simulator, electron_density=density)


def predict(name: str, data: Data, nside: int = NSIDE, cells: int | None = None, own: bool = False) -> Prediction:
    """Rotation measures of one preset; `cells` of each ray, by default the preset's; `own`: with its own electrons."""
    preset = sl.presets.load(name)
    simulator = preset.simulator if own else with_ymw16(preset)
    division = sl.RadialCells(cells or 512, preset.cells.distance, growth=10.0)
    skies = data.sources.sky, sl.HealpixSky(nside, supersample=2)
    at_sources, sky = (
        np.asarray(simulator.rotation_measure(sl.Sightlines(s, cells=division, observer=preset.observer)))
        for s in skies
    )
    return Prediction(at_sources, medians(at_sources, data.pixel), sky)


def compare(data: np.ndarray, model: np.ndarray) -> Comparison:
    """How well a model follows the data, where both are known."""
    known = np.isfinite(data) & np.isfinite(model)
    data, model = data[known], model[known]
    ranks = [np.argsort(np.argsort(values)) for values in (data, model)]
    slope = np.cov(data, model)[0, 1] / np.var(model, ddof=1)
    pearson, spearman = np.corrcoef(data, model)[0, 1], np.corrcoef(*ranks)[0, 1]
    return Comparison(data.size, pearson, spearman, slope, rms(data - model), rms(data))


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def compare_all(data: Data, prediction: Prediction) -> dict[str, Comparison]:
    """The comparisons by what is compared."""
    ordinary = np.abs(data.sources.rm) < LARGEST
    return {
        "sky": compare(data.sky, prediction.sky),
        "quiet sky": compare(data.sky[data.quiet], prediction.sky[data.quiet]),
        "medians": compare(data.medians, prediction.medians),
        "sources": compare(data.sources.rm[ordinary], prediction.sources[ordinary]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Hold published magnetic fields against measured rotation measures.")
    parser.add_argument("--output", type=Path, required=True, help="folder of rotation_measures.md and .png")
    output, began = parser.parse_args().output, time.perf_counter()
    try:
        data = read()
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(f"error: {error}")
    print(data.sources.summary(), flush=True)
    predictions = {}
    for name in MODELS:
        predictions[name] = predict(name, data)
        print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
    own = {name: compare_all(data, predict(name, data, own=True)) for name in OF_NE2001}
    finer = predict("JF12", data, cells=2048)
    change = {part: rms(getattr(finer, part) - getattr(predictions["JF12"], part)) for part in ("sources", "sky")}
    text = write(data, {name: compare_all(data, one) for name, one in predictions.items()}, own, change)
    (output / "rotation_measures.md").write_text(text)
    draw(output / "rotation_measures.png", data, predictions)
    print(f"{text}\nTook {time.perf_counter() - began:.0f} s; written to {output}.")


if __name__ == "__main__":
    main()
