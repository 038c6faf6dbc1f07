"""Polarised synchrotron from 23 to 94 GHz: WMAP's V and W bands on its K band, and the spectral index.

    SIGHTLINE_DATA=/folder/of/surveys python examples/wmap.py --output DIR

Data: Q and U of WMAP seven-year V and W (61 and 94 GHz) and of the nine-year K band (23 GHz, the synchrotron template
of PySM), all smoothed to 7.1 deg. First the slope of V on K, pixel by pixel and without any model; then beta_s by
`sl.SpectralLikelihood` with synchrotron and dust of fixed spectrum (1.53, 19.6 K; Planck 2018 results XI, A&A 641,
A11), the amplitudes of which are free in every pixel. The CMB is left out: its polarisation, 0.3 uK at this
resolution, is below the noise of V. Errors are from leaving out one of 48 patches of sky (NSIDE 2) after the other.
"""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import healpy as hp
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from survey_files import survey_file
from wmap_report import write

import sightline as sl

jax.config.update("jax_enable_x64", True)  # an application may choose; the library never does

FREQUENCIES = (23.0, 61.0, 94.0)
TEMPLATE = "radio/pysm_s1_synchrotron_gal_ring_nside64.npz"
SURVEYS = {"V": "radio/wmap7_V_IQU_nside32.fits", "W": "radio/wmap7_W_IQU_nside32.fits"}
OWN = {"V": 0.35, "W": 0.22}  # beams, deg: Jarosik et al. 2011, ApJS 192, 14
BEAM, FINE, COARSE, PATCHES = np.sqrt(50.0), 32, 8, 2  # BEAM: of the template, 5 deg smoothed by 5 deg
NOISE_K = 0.5  # uK_RJ: 1.4 mK over the root of the observations of a beam
LATITUDE = 5.0  # deg: nearer to the plane V is depolarised less than K
REGIONS = {"\\|b\\| > 5 deg": (LATITUDE, 90.0), "all": (0.0, 90.0), "\\|b\\| < 30 deg": (0.0, 30.0)}
RANGE = (-7.0, 0.0)


class Measured(NamedTuple):
    """A number with its error, the number without each patch, and that of Q and of U alone."""

    value: float
    error: float
    each: np.ndarray
    parts: tuple[float, ...]


class Index(NamedTuple):
    """beta_s of a region: the fit, its Fisher and jackknife errors, and log L over `at`."""

    fit: sl.FitResult
    error: float
    jackknife: float
    at: np.ndarray
    curve: np.ndarray


def read() -> np.ndarray:
    """Q and U at 23, 61 and 94 GHz, uK_RJ, (2, 3, npix) at NSIDE 32, COSMO, with the beam of the template."""
    archive = np.load(survey_file(TEMPLATE))
    low = np.stack([hp.ud_grade(np.float64(archive[f"{name}23GHz_sm5deg_uKRJ"]), FINE) for name in "QU"])
    high = [
        smoothed(survey_file(name), band, nu) for (band, name), nu in zip(SURVEYS.items(), FREQUENCIES[1:], strict=True)
    ]
    return np.stack([low, *high], axis=1)


def smoothed(path: Path, band: str, nu: float) -> np.ndarray:
    """Q and U of one survey, uK_RJ: its file names neither unit, convention nor frequency."""
    stokes = sl.io.read_map(path, unit="mK_CMB", convention="COSMO", frequency=nu, coordsys="G").to("K_RJ")
    maps = 1e6 * np.stack([np.asarray(getattr(stokes, name), np.float64) for name in "IQU"])
    return hp.smoothing(maps, fwhm=np.radians(np.sqrt(BEAM**2 - OWN[band] ** 2)))[1:]


def latitude(nside: int) -> np.ndarray:
    """|b| of all pixels, deg."""
    return np.abs(sl.HealpixSky(nside).lonlat()[1])


def jackknife(values: np.ndarray) -> float:
    """The error of a number, from that number without each patch."""
    return float(np.sqrt((len(values) - 1) * np.var(values)))


def slope(maps: np.ndarray, band: int, region: tuple[float, float]) -> Measured:
    """Of a band on 23 GHz, through 0, both in K_RJ."""
    sky = sl.HealpixSky(FINE)
    inside = (latitude(FINE) >= region[0]) & (latitude(FINE) < region[1])
    patch = sl.components.multiresolution(sky, PATCHES)
    products = [
        np.stack([np.bincount(patch, inside * one) for one in maps[:, 0] * maps[:, place]]) for place in (band, 0)
    ]
    both, square = (one.sum(axis=0) for one in products)
    each = (both.sum() - both) / (square.sum() - square)
    parts = tuple(float(one.sum() / two.sum()) for one, two in zip(*products, strict=True))
    return Measured(float(both.sum() / square.sum()), jackknife(each), each, parts)


def coarse(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Maps in pixels of about a beam, whose noise hardly knows of each other, and the noise of each band, uK_RJ.

    That of V and W is the rms at |b| > 30 deg of what no synchrotron of the slope explains.
    """
    few = np.stack([[hp.ud_grade(one, COARSE) for one in row] for row in maps])
    high = latitude(COARSE) > 30
    rest = [few[:, band] - slope(maps, band, REGIONS["\\|b\\| > 5 deg"]).value * few[:, 0] for band in (1, 2)]
    return few, np.array([NOISE_K, *(float(np.std(one[:, high])) for one in rest)])


def likelihood(maps: np.ndarray, sigma: np.ndarray, region: tuple[float, float]) -> sl.SpectralLikelihood:
    """That of synchrotron and dust."""
    where = (latitude(COARSE) >= region[0]) & (latitude(COARSE) < region[1])
    bands = sl.instruments.Bands(FREQUENCIES, depth=1.0)  # the depth is not used: `noise` is given
    unit = {"unit": "uK_RJ", "convention": "COSMO"}
    return sl.SpectralLikelihood(bands, maps, "QU", sigma[:, None], where, **unit)


def mixing(index: Any) -> sl.components.MixingMatrix:
    dust = sl.components.ModifiedBlackbody(index=1.53, temperature=19.6, reference=94.0)
    return sl.components.MixingMatrix(dust=dust, synchrotron=sl.components.PowerLaw(index, reference=23.0))


def spectral_index(maps: np.ndarray, sigma: np.ndarray, region: tuple[float, float]) -> Index:
    """beta_s of one region."""
    one = likelihood(maps, sigma, region)
    space = sl.ParameterSpace(mixing(-3.1), {"terms.synchrotron.index": dist.Uniform(*RANGE)})
    fit = sl.fit(sl.Posterior(space, one)).raise_for_status()
    at = np.linspace(-5.5, -1.5, 801)
    curves = np.asarray(jax.lax.map(jax.jit(lambda index: one.pointwise(mixing(index))), jnp.asarray(at)))
    kept = np.arange(maps.shape[-1]) if one.kept is None else np.asarray(one.kept)
    patch = sl.components.multiresolution(sl.HealpixSky(COARSE), PATCHES)[kept]
    total = curves.sum(axis=1)
    without = [total - curves[:, patch == number].sum(axis=1) for number in np.unique(patch)]
    error = float(fit.standard_deviations["terms.synchrotron.index"])
    return Index(fit, error, jackknife(at[np.argmax(without, axis=1)]), at, total - total.max())


def main(output: Path) -> None:
    """Slopes, fits, a table and a figure."""
    maps = read()
    slopes = {
        (band, name): slope(maps, place, region)
        for place, band in ((1, "V"), (2, "W"))
        for name, region in REGIONS.items()
    }
    few, sigma = coarse(maps)
    indices = {name: spectral_index(few, sigma, region) for name, region in REGIONS.items()}
    write(output, maps, latitude(FINE) >= LATITUDE, slopes, sigma, indices)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("wmap"))
    main(parser.parse_args().output)
