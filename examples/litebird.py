"""The tensor-to-scalar ratio from simulated maps of LiteBIRD: separation, clusters, residuals, r.

    python examples/litebird.py --output DIR [--nside 64]

A sky of lensing B modes without tensors, dust and synchrotron whose spectral indices vary smoothly, and the noise of
LiteBIRD. It is separated with one cluster, with clusters of coarser pixels, the same everywhere or finer where dust is
bright, and with as many clusters of the dust index as a search over noise of other seeds prefers; each ends in a
posterior of r.
"""

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import numpyro.distributions as dist
from litebird_report import write

import sightline as sl
from sightline.components import CMB, Clusters, ComponentSky, GaussianMap, MixingMatrix, ModifiedBlackbody, PowerLaw
from sightline.sky.harmonics.synthesis import packed_degrees

jax.config.update("jax_enable_x64", True)  # an application may choose; the library never does

BANDS = sl.instruments.load("LiteBIRD")
COUNTS = (1, 8, 32, 128, 512)
MOST = max(COUNTS)
PRIORS = {
    "terms.dust.index.values": dist.Uniform(0.5, 3.0),
    "terms.dust.temperature.values": dist.Uniform(10.0, 40.0),
    "terms.synchrotron.index.values": dist.Uniform(-7.0, -0.5),
}


class Grid(NamedTuple):
    """The pixels of the maps, and the degrees of their spectra."""

    sky: sl.HealpixSky
    lmax: int

    @property
    def ell(self) -> np.ndarray:
        """Degrees that B modes have."""
        return np.arange(2, self.lmax + 1)


def grid(nside: int) -> Grid:
    """The maps of an NSIDE, and degrees to twice it."""
    return Grid(sl.HealpixSky(nside), 2 * nside)


class Cleaned(NamedTuple):
    """What one choice of clusters leads to: the fit, residuals of the CMB, their BB spectra, and the posterior of r."""

    name: str
    clusters: tuple[int, int, int]
    fit: sl.FitResult
    residuals: Any
    systematic: np.ndarray
    statistical: np.ndarray
    r: Any


def field(on: Grid, key: int, powers: np.ndarray) -> np.ndarray:
    """Q and U of E and B modes with these power spectra, (2, npix)."""
    degrees = packed_degrees(on.lmax)
    numbers = np.random.default_rng(key).normal(size=(2, degrees.size)) * np.sqrt(powers[:, degrees])
    return np.asarray(sl.harmonics.Synthesis(on.sky.nside, on.lmax, spin=2)(numbers))


def truth(on: Grid) -> ComponentSky:
    """The sky: maps at the references of their spectra, K_CMB."""
    ell = np.arange(on.lmax + 1)
    falling = np.where(ell > 1, np.maximum(ell, 2.0) ** -2.4, 0.0)
    lensing = np.concatenate([[0.0, 0.0], np.asarray(sl.cosmology.BModes(r=0.0)(on.ell))])
    maps = {"cmb": field(on, 1, np.stack([0 * lensing, lensing]))}
    for key, name, rms in ((2, "dust", 1.0), (3, "synchrotron", 5.0)):
        one = field(on, key, np.stack([falling, falling]))
        maps[name] = rms * one / one.std()
    draws = [jax.random.normal(jax.random.key(seed), (33**2,)) for seed in (4, 5)]
    mixing = MixingMatrix(
        cmb=CMB(),
        dust=ModifiedBlackbody(GaussianMap(draws[0], 1.54, 0.03, 25.0), 20.0, 150.0),
        synchrotron=PowerLaw(GaussianMap(draws[1], -3.0, 0.03, 40.0), 0.0, 20.0),
    )
    amplitudes = {
        name: sl.Stokes(0 * one[0], *one * 1e-6, frequency=nu, unit="K_CMB", sky=on.sky)
        for (name, one), nu in zip(maps.items(), (100.0, 150.0, 20.0), strict=True)
    }
    return ComponentSky(mixing, amplitudes)


def observed(on: Grid, sky: ComponentSky, seed: int) -> sl.Stokes:
    """Maps of all bands with the noise of a seed, K_CMB."""
    clean = sky(on.sky, list(BANDS.frequency)).to("K_CMB")
    sigma = np.asarray(BANDS.sigma(on.sky, "QU"))[..., None]
    noise = sigma * np.random.default_rng(seed).normal(size=(2, len(BANDS), on.sky.size))
    maps = (clean.I, clean.Q + noise[0], clean.U + noise[1])
    return sl.Stokes(*maps, frequency=clean.frequency, unit="K_CMB", sky=on.sky)


def clusters(on: Grid, count: int) -> np.ndarray:
    """Labels of so many clusters of the dust index, by K-means."""
    return sl.components.kmeans(on.sky, count, jax.random.key(0))


def zoned(on: Grid, sky: ComponentSky, nsides: tuple[int, ...]) -> np.ndarray:
    """Coarser pixels of one NSIDE in each zone of equal area, from faint dust to bright; 0 is one cluster."""
    dust = sky.amplitudes["dust"]
    zones = sl.components.binned(np.hypot(np.asarray(dust.Q), np.asarray(dust.U)), len(nsides))
    coarse = [np.zeros(on.sky.size, int) if not one else sl.components.multiresolution(on.sky, one) for one in nsides]
    return sl.components.relabel(zones * on.sky.size + np.choose(zones, coarse))


def posterior(labels: np.ndarray, temperature: np.ndarray, synchrotron: np.ndarray, data: sl.Stokes) -> sl.Posterior:
    """The posterior of the spectral parameters with these clusters; values of dust indices are padded to one number."""
    count = MOST if labels.max() < MOST else labels.max() + 1
    dust = ModifiedBlackbody(Clusters(np.full(count, 1.54), labels), Clusters(20.0, temperature), 150.0)
    mixing = MixingMatrix(cmb=CMB(), dust=dust, synchrotron=PowerLaw(Clusters(-3.0, synchrotron), 0.0, 20.0))
    return sl.Posterior(sl.ParameterSpace(mixing, PRIORS), sl.SpectralLikelihood(BANDS, data))


def search(on: Grid, sky: ComponentSky, data: sl.Stokes) -> Any:
    """The number of clusters of the dust index that lets least into the CMB of other noise."""
    one, few = np.zeros(on.sky.size, int), sl.components.multiresolution(on.sky, 2)
    labels = {count: clusters(on, count) for count in COUNTS}
    likelihood = posterior(labels[1], one, few, data).likelihoods[0]
    sets = np.stack([likelihood.to_data(observed(on, sky, seed)) for seed in range(100, 106)])
    build = {count: posterior(labels[count], one, few, data) for count in COUNTS}
    return sl.select(build.get, COUNTS, sl.ResidualVariance(sets[:2], sets[2:]))


def cleaned(on: Grid, name: str, target: sl.Posterior, sky: ComponentSky) -> Cleaned:
    """Fit, residuals and r."""
    result = sl.fit(target, covariance=0).raise_for_status()
    (likelihood,) = target.likelihoods
    residuals = likelihood.residuals_of(result.model, sky)["cmb"]
    found = likelihood.amplitudes(result.model)
    spectra = [sl.harmonics.angular_power(one, lmax=on.lmax).BB[2:] for one in residuals[:2]]
    observed_power = sl.harmonics.angular_power(found["cmb"], lmax=on.lmax).BB[2:]
    noise = np.mean(found.covariance()[:, 0, 0]) * 1e12 * 4 * np.pi / on.sky.size
    space = sl.ParameterSpace(sl.cosmology.BModes(r=1e-3), {"r": dist.Uniform(0.0, 0.1)})
    power = sl.BandpowerLikelihood(on.ell, observed_power, noise=noise)
    dust, synchrotron = result.model.terms["dust"], result.model.terms["synchrotron"]
    labels = (dust.index.labels, dust.temperature.labels, synchrotron.index.labels)
    counts = tuple(int(np.max(one)) + 1 for one in labels)
    return Cleaned(name, counts, result, residuals, *spectra, sl.scan(sl.Posterior(space, power), {"r": (0.0, 0.1)}))


def main(output: Path, nside: int = 32) -> None:
    """Separates the sky in four ways, and writes a table and a figure."""
    begun, on = time.process_time(), grid(nside)
    sky = truth(on)
    data, one = observed(on, sky, 0), np.zeros(on.sky.size, int)
    coarse = [sl.components.multiresolution(on.sky, of) for of in (8, 4, 2)]
    zones = [sl.components.multiresolution(on.sky, nside), zoned(on, sky, (0, 4, 8)), zoned(on, sky, (2, 4))]
    found = search(on, sky, data)
    ways = {
        "one cluster": posterior(one, one, one, data),
        "coarser pixels (8; 4; 2)": posterior(*coarse, data),
        f"finer where bright ({nside}; 0, 4, 8; 2, 4)": posterior(*zones, data),
        f"search: {found.best} clusters": posterior(clusters(on, found.best), one, coarse[2], data),
    }
    results = [cleaned(on, name, target, sky) for name, target in ways.items()]
    write(
        output, results, found, on.ell, time.process_time() - begun, "litebird" if nside == 32 else f"litebird_{nside}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("litebird"))
    parser.add_argument("--nside", type=int, default=32)
    arguments = parser.parse_args()
    main(arguments.output, arguments.nside)
