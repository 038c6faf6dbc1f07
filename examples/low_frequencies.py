"""The sky below 408 MHz: spectral index from 45 to 408 MHz, and the turnover that free-free absorption makes.

    SIGHTLINE_DATA=/folder/of/surveys python examples/low_frequencies.py --output DIR

Model, along every sightline from the Sun: synchrotron emission of the electrons and the field that
`haslam_408.py` fitted at 408 MHz (disk of R0 = 7.5 kpc, h = 1.7 kpc; LSA of 6 uG), free-free emission and absorption
of the electrons of YMW16 at 7000 K, and behind it the CMB and an extragalactic background.

Fitted: the density of cosmic-ray electrons, one number, at 408 MHz and |b| > 10 deg. Chosen: p = 2.2, so that the
median index there is that of the surveys; clumping <n_e^2>/<n_e>^2 = 10 of the disks and arms of YMW16, with which
its thick disk, DM = 18.9 pc cm^-3 towards a pole, has the emission measure of 1.4 pc cm^-6 that H alpha shows (Hill
et al. 2008, ApJ 686, 363), and none of its local shells, which are clumps already. How the index varies over the sky,
and all below 45 MHz, follows.
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
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from low_frequencies_report import draw, write
from survey_files import survey_file

import sightline as sl
from sightline import datasets

jax.config.update("jax_enable_x64", True)  # an application may choose; the library never does

HASLAM = "radio/haslam408_bonn1982_gal_ring_nside128.fits"
MODELLED, GSM2016 = "radio/lowfreq_lsl_gal_ring_nside64.npz", "radio/gsm2016_lowres_gal_ring_nside64.npz"
LOW, HIGH = 0.045, 0.408  # GHz
NSIDE, CELLS, BEAM = 32, 256, 5.0  # BEAM: of the 45 MHz map, deg
START = 1e-8  # cm^-3; the brightness is linear in it
SPECTRA = np.geomspace(1e-3, 0.5, 82)  # GHz
DIRECTIONS = {
    "north pole": (0.0, 90.0),
    "(180, +20)": (180.0, 20.0),
    "anticentre (180, 0)": (180.0, 0.0),
    "inner plane (30, 0)": (30.0, 0.0),
}
ARCADE = sl.emission.IsotropicBackground()
COUNTS = sl.emission.IsotropicBackground(temperature=0.88, index=-2.707, reference_frequency=0.61)
"""Of counted sources: Gervasi et al. 2008, ApJ 682, 223."""


class DiskClumping(sl.fields.AbstractField):
    """<n^2>/<n>^2 of YMW16 where only part of it is clumped: C - 1 counts for that part's share of n^2."""

    factor: Float[Array, ""] = sl.param(10.0, bounds=(1, None))
    parts: tuple[str, ...] = sl.setting(("thick", "thin", "arms"))
    electrons: sl.electrons.YMW16 = eqx.field(default_factory=sl.electrons.YMW16)

    def __call__(self, position):
        density, parts = self.electrons(position), self.electrons.components(position)
        total = jnp.maximum(density, 1e-12)
        clumped = jnp.minimum(sum(parts[name] for name in self.parts), total)
        return 1 + (self.factor - 1) * (clumped / total) ** 2


class Choice(NamedTuple):
    """What the model leaves open: p, clumping (None: no free-free emission or absorption), the background."""

    p: float = 2.2
    clumping: Any = DiskClumping()
    background: Any = COUNTS


CHOICES = {
    "p = 2.2, disks and arms clumped, background of counted sources": Choice(),
    "p = 2": Choice(p=2.0),
    "p = 3": Choice(p=3.0),
    "background of ARCADE 2": Choice(background=ARCADE),
    "no extragalactic background": Choice(background=None),
    "no free-free emission or absorption": Choice(clumping=None),
    "nothing clumped": Choice(clumping=1.0),
    "only the thick disk clumped": Choice(clumping=DiskClumping(parts=("thick",))),
    "disks and arms clumped by 30": Choice(clumping=DiskClumping(30.0)),
    "everything clumped by 10, local shells too": Choice(clumping=10.0),
}


class Surveys(NamedTuple):
    """Brightness [K], (npix,), at 45 and 408 MHz, and all maps by name and frequency [GHz]."""

    low: np.ndarray
    high: np.ndarray
    maps: dict[tuple[str, float], np.ndarray]

    @property
    def index(self) -> np.ndarray:
        return index_of(self.low, self.high)


class Fit(NamedTuple):
    """One choice: the density of cosmic-ray electrons [cm^-3], the sky [K], (2, npix), at 45 and 408 MHz."""

    n0: float
    sky: np.ndarray

    @property
    def index(self) -> np.ndarray:
        return index_of(*self.sky)


def index_of(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.log(high / low) / np.log(HIGH / LOW)


def read(nside: int = NSIDE) -> Surveys:
    """The surveys at `nside`; the one at 408 MHz with the beam of that at 45 MHz."""
    (haslam,) = datasets.read_brightness(survey_file(HASLAM), HIGH)
    haslam = hp.ud_grade(smooth([haslam.temperature])[0], nside)
    maps = {("Haslam", HIGH): haslam}
    for one in (*datasets.read_brightness(survey_file(MODELLED)), *datasets.read_brightness(survey_file(GSM2016))):
        if one.frequency <= HIGH:
            maps[one.name or "gsm2016", one.frequency] = hp.ud_grade(one.temperature, nside)
    return Surveys(maps["lfsm", LOW], haslam, maps)


def simulator(choice: Choice, n0: float = START) -> sl.Simulator:
    """The model of one choice."""
    dust = () if choice.clumping is None else (sl.emission.FreeFree(clumping=choice.clumping),)
    behind = () if choice.background is None else (choice.background,)
    return sl.Simulator(
        magnetic_field=sl.magnetic.LSA(b0=6.0),
        electron_density=sl.electrons.YMW16(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(n0, scale_radius=7.5, scale_height=1.7, index=choice.p),
        temperature=sl.temperature.Uniform(7000.0),
        emission=(sl.emission.Synchrotron(), *dust),
        background=(sl.emission.CMB(), *behind),
    )


def sightlines(sky: Any, cells: int = CELLS) -> sl.Sightlines:
    """Rays of 30 kpc, cells from 19 pc at the Sun to 370 pc at the end."""
    return sl.Sightlines(sky, cells=sl.RadialCells(cells, distance=30.0, growth=20.0))


def away_from_plane(nside: int) -> np.ndarray:
    return np.abs(hp.pix2ang(nside, np.arange(12 * nside**2), lonlat=True)[1]) > 10


def fit(choice: Choice, data: np.ndarray, nside: int = NSIDE, cells: int = CELLS) -> Fit:
    """Scales the cosmic rays to the median of the sky at 408 MHz; the brightness is linear in them."""
    lines = sightlines(sl.HealpixSky(nside), cells)
    none, start = (smooth(simulator(choice, n0)(lines, [LOW, HIGH]).I) for n0 in (0.0, START))
    used = away_from_plane(nside)
    scale = np.median((data - none[1])[used] / (start - none)[1][used])
    return Fit(START * scale, none + scale * (start - none))


def smooth(sky: Any) -> np.ndarray:
    """Maps with the beam of the 45 MHz survey."""
    return np.stack([hp.smoothing(np.asarray(one), np.deg2rad(BEAM)) for one in sky])


def difference_index(surveys: Surveys) -> tuple[float, float]:
    """Index and p of what varies over the sky: the slope of T(45 MHz) against T(408 MHz), the mean of both ways."""
    used = away_from_plane(hp.npix2nside(surveys.low.size))
    covariance = np.cov(surveys.high[used], surveys.low[used])
    slope = np.sqrt(covariance[1, 1] / covariance[0, 0])
    index = -np.log(slope) / np.log(HIGH / LOW)
    return index, -2 * index - 3


class Spectrum(NamedTuple):
    """Towards one direction: brightness [K], optical depth, of `frequency` [GHz]; measured [K] by map and frequency."""

    frequency: np.ndarray
    temperature: np.ndarray
    depth: np.ndarray
    measured: dict[tuple[str, float], float]


def spectra(choice: Choice, n0: float, surveys: Surveys) -> dict[str, Spectrum]:
    """The spectra towards `DIRECTIONS`: means over discs as wide as the beam, of the model and of the maps."""
    model, discs = simulator(choice, n0), [disc(2 * NSIDE, place) for place in DIRECTIONS.values()]
    lines = sightlines(sl.HealpixSky(2 * NSIDE, np.concatenate(discs)), cells=2 * CELLS)
    ends = np.cumsum([pixels.size for pixels in discs])[:-1]
    temperatures, depths = np.split(model(lines, SPECTRA).I, ends, axis=1), optical_depth(model, lines, ends)
    found = {}
    for (name, place), temperature, depth in zip(DIRECTIONS.items(), temperatures, depths, strict=True):
        pixels = disc(NSIDE, place)
        measured = {key: float(np.mean(values[pixels])) for key, values in surveys.maps.items()}
        found[name] = Spectrum(SPECTRA, np.mean(temperature, axis=1), depth, measured)
    return found


def disc(nside: int, place: tuple[float, float]) -> np.ndarray:
    """Pixels within half a beam of a direction."""
    return hp.query_disc(nside, hp.ang2vec(*place, lonlat=True), np.deg2rad(BEAM / 2), inclusive=True)


def optical_depth(model: sl.Simulator, lines: sl.Sightlines, ends: np.ndarray) -> list[np.ndarray]:
    """tau, (frequencies,), of the mean transparency of each disc, by how much of a background is seen."""
    skies = []
    for temperature in (1e6, 0.0):
        behind = sl.emission.IsotropicBackground(temperature, index=0.0)
        only = dataclasses.replace(model, background=(behind,), emission=model.emission[1:])
        skies.append(np.asarray(only(lines, SPECTRA).I))
    through = np.split((skies[0] - skies[1]) / 1e6, ends, axis=1)
    with np.errstate(divide="ignore"):
        return [-np.log(np.maximum(np.mean(one, axis=1), 0.0)) for one in through]


def main() -> None:
    parser = argparse.ArgumentParser(description="The radio sky below 408 MHz, modelled and measured.")
    parser.add_argument("--output", type=Path, required=True, help="folder of low_frequencies.md and .png")
    output, began = parser.parse_args().output, time.perf_counter()
    try:
        surveys = read()
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(f"error: {error}")
    fits = {}
    for name, choice in CHOICES.items():
        fits[name] = fit(choice, surveys.high)
        print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
    main_name, choice = next(iter(CHOICES.items()))
    finer = fit(choice, surveys.high, cells=4 * CELLS)
    change = float(np.max(np.abs(finer.index - fits[main_name].index)))
    found = spectra(choice, fits[main_name].n0, surveys)
    text = write(surveys, fits, found, difference_index(surveys), change)
    (output / "low_frequencies.md").write_text(text)
    draw(output / "low_frequencies.png", surveys, fits[main_name], found)
    print(f"{text}\nTook {time.perf_counter() - began:.0f} s; written to {output}.")


if __name__ == "__main__":
    main()
