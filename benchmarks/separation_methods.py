"""Steps to the optimum of spectral parameters, in a box and through logistic functions; K-means beside scikit-learn."""

import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

import sightline as sl
from sightline.components import CMB, Clusters, MixingMatrix, ModifiedBlackbody, PowerLaw
from sightline.parameters.box import box

NAMES = ("terms.dust.index.values", "terms.dust.temperature.values", "terms.synchrotron.index.values")
TRUTH, WIDE = (1.6, 18.5, -3.1), ((0.5, 3.0), (5.0, 40.0), (-7.0, -0.5))
NSIDE, INSIDE = 8, 1e-3  # INSIDE: how far from a corner, of the box, a start through logistic functions is
METHODS = {"in the box": sl.ProjectedGaussNewton(), "through logistic": sl.LevenbergMarquardt()}
RUNS = 5


def mixing(values, labels):
    index, temperature, slope = (Clusters(value, one) for value, one in zip(values, labels, strict=True))
    dust = ModifiedBlackbody(index, temperature, 150.0)
    return MixingMatrix(cmb=CMB(), dust=dust, synchrotron=PowerLaw(slope, 0.0, 20.0))


def posterior(counts, faintness=1.0, half=None, seed=1):
    """That of clusters, with foregrounds fainter by a factor, in the whole box or one of these half widths.

    A single half width counts standard deviations.
    """
    sky, bands, rng = sl.HealpixSky(NSIDE), sl.instruments.load("LiteBIRD"), np.random.default_rng(seed)
    labels = [np.arange(sky.size) * count // sky.size for count in counts]
    spread = [
        np.atleast_1d(centre + (width * rng.normal(size=count) if count > 1 else 0.0))
        for centre, width, count in zip(TRUTH, (0.03, 0.5, 0.05), counts, strict=True)
    ]
    scales = (0.6, 3.0 / faintness, 20.0 / faintness)
    bright = np.stack([scale * (1 + 0.3 * rng.normal(size=(2, sky.size))) for scale in scales])
    noise = np.asarray(bands.sigma(sky, "QU"))[..., None] * 1e6
    maps = np.einsum("bcn,ckn->kbn", mixing(spread, labels)(bands, sky.size), bright)
    maps = maps + noise * rng.normal(size=maps.shape)
    likelihood = sl.SpectralLikelihood(bands, maps, unit="uK_CMB", convention="COSMO", sky=sky)
    start = mixing(spread, labels)

    def within(lows, highs):
        priors = [dist.Uniform(jnp.asarray(low), jnp.asarray(high)) for low, high in zip(lows, highs, strict=True)]
        return sl.Posterior(sl.ParameterSpace(start, dict(zip(NAMES, priors, strict=True))), likelihood)

    whole = within(*zip(*WIDE, strict=True))
    if half is None:
        return whole
    if np.ndim(half) == 0:
        errors = np.split(half * sl.fisher(whole).standard_deviations, np.cumsum(counts)[:-1])
    else:
        errors = [np.full(count, one) for count, one in zip(counts, half, strict=True)]
    around = list(zip(spread, errors, strict=True))
    return within([x - e for x, e in around], [x + e for x, e in around])


PROBLEMS = {
    "3 numbers": ((1, 1, 1), 1.0, None),
    "14 numbers, clusters 8/2/4": ((8, 2, 4), 1.0, None),
    "the same, foregrounds 100 times fainter, box of +-0.3, 2.4 K, 0.3": ((8, 2, 4), 100.0, (0.3, 2.4, 0.3)),
    "the same, box of one standard deviation": ((8, 2, 4), 100.0, 1.0),
}


def starts(one):
    """The middle of the box and two corners."""
    low, high = (np.asarray(end) for end in box(one.space))
    return {"middle": 0.5 + 0 * low, "lower corner": 0 * low, "upper corner": 1 + 0 * low}, low, high


def fitted(one, method, share, low, high):
    """A fit from a place in the box; through logistic functions it starts a little inside."""
    share = share if isinstance(method, sl.ProjectedGaussNewton) else np.clip(share, INSIDE, 1 - INSIDE)
    vector, place, values = low + share * (high - low), 0, {}
    for name in one.space.names:
        shape = one.space.initial[name].shape
        size = int(np.prod(shape, dtype=int))
        values[name], place = vector[place : place + size].reshape(shape), place + size
    return sl.fit(one, method, start=values, covariance=0)


def methods():
    """A table: steps, status and how far below the best each fit ends."""
    lines = [
        "| problem | start | method | steps | log L below the best | status | at bounds |",
        "|---|---|---|---|---|---|---|",
    ]
    for problem, given in PROBLEMS.items():
        one = posterior(*given)
        places, low, high = starts(one)
        found = {
            (start, name): fitted(one, method, share, low, high)
            for start, share in places.items()
            for name, method in METHODS.items()
        }
        best = max(result.log_posterior for result in found.values() if np.isfinite(result.log_posterior))
        for (start, name), result in found.items():
            below = best - result.log_posterior
            row = (
                problem,
                start,
                name,
                len(result.history),
                f"{max(below, 0.0):.1g}",
                result.status,
                len(result.bounds.active),
            )
            lines.append("| " + " | ".join(map(str, row)) + " |")
    notes = (
        f"A start of Levenberg-Marquardt lies {INSIDE:g} of the box inside its corners, where it has none. The faint "
        "problems have two maxima, 0.005 apart in log L, and are far from quadratic: indices are known to 0.2 and 2 "
        "there."
    )
    return "## The box, and logistic functions\n\n" + "\n".join(lines) + f"\n\n{notes}\n"


def kmeans(nside=64, count=1000):
    """One line: K-means beside scikit-learn, in turn, from one start of random pixels each, processor time."""
    sky = sl.HealpixSky(nside)
    points = np.asarray(sky.rays()[0], np.float64).T
    tasks = {"ours": lambda seed: sl.components.kmeans(sky, count, jax.random.key(seed), starts=1)}
    try:
        from sklearn.cluster import KMeans
    except ImportError:
        pass
    else:

        def theirs(seed):
            return KMeans(count, init="random", n_init=1, max_iter=10_000, tol=0, random_state=seed).fit(points).labels_

        tasks["scikit-learn"] = theirs
    times, cosines = ({name: [] for name in tasks} for _ in range(2))
    for seed in range(RUNS):
        for name, task in tasks.items():
            begun = time.process_time()
            labels = task(seed)
            times[name].append(time.process_time() - begun)
            cosines[name].append(mean_cosine(points, labels, count))
    found = [
        f"{name} {statistics.median(times[name]):.2f} s ({min(times[name]):.2f} to {max(times[name]):.2f}), mean "
        f"cosine {np.mean(cosines[name]):.6f}"
        for name in tasks
    ]
    title = f"## K-means\n\nNSIDE {nside}, {count} clusters, median processor time of {RUNS} starts in turn: "
    return f"{title}{'; '.join(found)}.\n"


def mean_cosine(points, labels, count):
    """Of pixels to the mean direction of their cluster."""
    sums = np.stack([np.bincount(labels, column, count) for column in points.T], axis=1)
    centres = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return float(np.mean(np.sum(points * centres[labels], axis=1)))
