"""A spectral index as a smooth random field: coverage of its intervals, and the CMB beside that of clusters.

    nice python benchmarks/gaussian_map.py

Mocks of CMB, dust and synchrotron seen by LiteBIRD, NSIDE 8, whose synchrotron index is drawn from `GaussianMap` (rms
0.05, 15 deg) anew for each. The index is fitted as such a field, mean and latents free, and in coarser
pixels and clusters; dust is known. Intervals are those of the curvature at the fit.
"""

import argparse
import time

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from common import save

import sightline as sl
from sightline.components import CMB, Clusters, GaussianMap, MixingMatrix, ModifiedBlackbody, PowerLaw
from sightline.statistics.normal import own_curvature

jax.config.update("jax_enable_x64", True)
NSIDE, LMAX, MEAN, RMS, LENGTH = 8, 12, -3.0, 0.05, 15.0
SKY, BANDS = sl.HealpixSky(NSIDE), sl.instruments.load("LiteBIRD")
SIZE = (LMAX + 1) ** 2
LATENTS, CENTRE = "terms.synchrotron.index.latents", "terms.synchrotron.index.mean"
VALUES = "terms.synchrotron.index.values"
LABELS = {
    "one for all": sl.components.multiresolution(SKY, 0),
    **{f"{12 * nside**2} coarser pixels": sl.components.multiresolution(SKY, nside) for nside in (1, 2, 4)},
    **{f"{count} clusters by K-means": sl.components.kmeans(SKY, count, jax.random.key(0)) for count in (24, 48, 96)},
}
MOST = max(labels.max() for labels in LABELS.values()) + 1


def mixing(index):
    dust = ModifiedBlackbody(1.6, 18.5, 150.0)
    return MixingMatrix(cmb=CMB(), dust=dust, synchrotron=PowerLaw(index, 0.0, 20.0))


def field(latents, mean=MEAN):
    return GaussianMap(latents, mean, RMS, LENGTH)


def mocks(count):
    """Indices, (mocks, npix), the CMB, (mocks, 2, npix), and the data, uK_CMB."""
    rng = np.random.default_rng(8)
    sigma = np.asarray(BANDS.sigma(SKY, "QU"))[..., None] * 1e6
    truths, skies, data = [], [], []
    for _ in range(count):
        index = field(jnp.asarray(rng.normal(size=SIZE)))
        bright = np.stack([scale * (1 + 0.3 * rng.normal(size=(2, SKY.size))) for scale in (0.6, 3.0, 20.0)])
        clean = np.einsum("bcn,ckn->kbn", mixing(index)(BANDS, SKY.size), bright)
        truths.append(np.asarray(index.pixels(SKY.size)))
        skies.append(bright[0])
        data.append(clean + sigma * rng.normal(size=clean.shape))
    return np.stack(truths), np.stack(skies), np.stack(data)


def posterior(name, likelihood):
    """That of clusters; of the field for `None`."""
    if name is None:
        priors = {LATENTS: dist.Normal(0.0, 1.0), CENTRE: dist.Uniform(-5.0, -1.0)}
        return sl.Posterior(sl.ParameterSpace(mixing(field(jnp.zeros(SIZE))), priors), likelihood)
    clusters = Clusters(np.full(MOST, MEAN), LABELS[name])
    return sl.Posterior(sl.ParameterSpace(mixing(clusters), {VALUES: dist.Uniform(-5.0, -1.0)}), likelihood)


def cleaned(likelihood, sets, index, values):
    """The CMB of each data set, (mocks, 2, npix) uK_CMB, with an index made of fitted values."""
    one = jax.jit(lambda data, x: likelihood.cleaned(mixing(index(x)), data, "cmb"))
    return 1e6 * np.stack([np.asarray(one(data, x)) for data, x in zip(sets, values, strict=True)])


def intervals(target, sets, values):
    """The standard deviation of the index in each pixel, (mocks, npix), from the curvature at each fit."""
    jacobian = np.asarray(jax.jacfwd(lambda x: field(x[:-1], x[-1]).pixels(SKY.size))(jnp.zeros(SIZE + 1)))
    prior, found = np.diag([1.0] * SIZE + [0.0]), []
    for data, x in zip(sets, values, strict=True):
        at = {LATENTS: jnp.asarray(x[:-1]), CENTRE: jnp.asarray(x[-1])}
        covariance = np.linalg.inv(np.asarray(own_curvature(target.given([jnp.asarray(data)]), at)) + prior)
        found.append(np.sqrt(np.einsum("pi,ij,pj->p", jacobian, covariance, jacobian)))
    return np.stack(found)


def main(count):
    begun = time.process_time()
    truths, skies, maps = mocks(count)
    likelihood = sl.SpectralLikelihood(BANDS, maps[0], unit="uK_CMB", convention="COSMO")
    sets = np.stack([np.asarray(likelihood.to_data(one, "uK_CMB", "COSMO")) for one in maps])
    target = posterior(None, likelihood)
    smooth = sl.fit_many(lambda _: target, ["field"], sets)
    values = smooth["value"].values[0]
    index = np.stack([np.asarray(field(jnp.asarray(x[:-1]), x[-1]).pixels(SKY.size)) for x in values])
    sigma = intervals(target, sets, values)
    inside = np.mean(np.abs(index - truths) < sigma, axis=1)
    error = {"smooth field": cleaned(likelihood, sets, lambda x: field(x[:-1], x[-1]), values) - skies}
    many = sl.fit_many(lambda name: posterior(name, likelihood), LABELS, sets, batch=1)
    for place, (name, labels) in enumerate(LABELS.items()):
        fits = cleaned(likelihood, sets, lambda x, labels=labels: Clusters(x, labels), many["value"].values[place])
        error[name] = fits - skies
    rows = [(name, f"{1e6 * np.mean(one**2):.2f}", f"{1e6 * spread(one):.2f}") for name, one in error.items()]
    ended = {str(one) for fits in (smooth, many) for one in fits["status"].values.ravel()}
    notes = (
        f"Coverage of the intervals of 68.3 % of the index, all pixels of {count} mocks: {100 * np.mean(inside):.1f} "
        f"+- {100 * np.std(inside) / np.sqrt(count):.1f} %; rms error of the index {np.std(index - truths):.4f}, "
        f"of the field itself {np.std(truths):.4f}. All fits: {', '.join(sorted(ended))}, of the field in at most "
        f"{int(smooth['steps'].max())} steps. {time.process_time() - begun:.0f} s of processor time."
    )
    header = ("synchrotron index", "mean squared error of the CMB [1e-6 uK^2]", "error of that, from the mocks")
    save("gaussian_map", "A spectral index as a smooth random field", header, rows, notes)


def spread(error):
    """The standard error of the mean squared error."""
    each = np.mean(error**2, axis=(1, 2))
    return float(np.std(each) / np.sqrt(len(each)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mocks", type=int, default=50)
    main(parser.parse_args().mocks)
