"""EPIC-pn: reference figures, NUTS against importance sampling, evidence against a grid: `python benchmarks/xray.py`.

Needs SIGHTLINE_DATA.
"""

import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from common import parse, save

import sightline as sl

jax.config.update("jax_enable_x64", True)
warnings.simplefilter("ignore")

FOLDER = Path(os.environ.get("SIGHTLINE_DATA", ".")) / "xray" / "xmm_epic_pn"


def read() -> sl.counts.Observation:
    """The spectrum as filed, 0.5 to 8 keV."""
    files = {"background": "PNbackground_spectrum.fits", "response": "PN.rmf", "area": "PN.arf"}
    found = {key: FOLDER / name for key, name in files.items()}
    return sl.io.read_observation(FOLDER / "PN_spectrum_grp20.fits", **found).select(0.5, 8.0)


def absorbed(
    observation: sl.counts.Observation, absorption: Callable[[float], Any] = sl.spectra.MorrisonMcCammon
) -> sl.Posterior:
    """Absorption x (power law + black body), the background scaled and added as other codes do."""
    law, black = sl.spectra.PowerLaw(1.8, 1e-4), sl.spectra.BlackBodyRadius(0.35, 0.5)
    model = sl.Model(spectra={"source": absorption(0.15) * (law + black)})
    priors = {
        "spectra.source.*.column": dist.Uniform(0, 1),
        "spectra.source.*.power_law.index": dist.Uniform(0, 5),
        "spectra.source.*.power_law.norm": dist.LogUniform(1e-7, 1e-1),
        "spectra.source.*.temperature": dist.Uniform(0.05, 3),
        "spectra.source.*.black_body_radius.norm": dist.LogUniform(1e-3, 1e4),
    }
    noise = sl.statistics.ScaledBackground(observation.background, observation.ratio)
    return sl.Posterior(sl.ParameterSpace(model, priors), sl.CountsLikelihood(observation, "source", noise=noise))


def importance(posterior: sl.Posterior, best: sl.FitResult, draws: int, seed: int) -> tuple[np.ndarray, ...]:
    """Draws of a Student t about the maximum in unconstrained numbers, and their weights."""
    from scipy.stats import multivariate_t

    names = posterior.space.names
    centre = np.array([float(best.unconstrained[name]) for name in names])
    covariance = np.linalg.inv(np.asarray(jax.hessian(lambda v: -density(posterior, v))(jnp.asarray(centre))))
    law = multivariate_t(centre, 1.3 * covariance, df=5, seed=seed)
    places = law.rvs(draws)
    heights = np.asarray(jax.jit(lambda p: jax.lax.map(lambda v: density(posterior, v), p, batch_size=64))(places))
    log_weight = heights - law.logpdf(places)
    weight = np.exp(log_weight - log_weight.max())
    values = jax.vmap(lambda v: posterior.space.to_constrained(dict(zip(names, v, strict=True))))(jnp.asarray(places))
    return np.stack([np.asarray(values[name]) for name in names], axis=1), weight / weight.sum()


def density(posterior: sl.Posterior, vector: jax.Array) -> jax.Array:
    return posterior.log_density(dict(zip(posterior.space.names, vector, strict=True)))


def sampled(posterior: sl.Posterior, best: sl.FitResult, draws: int) -> list[list[str]]:
    """Means and widths of NUTS beside those of importance sampling, both in units of the latter's width."""
    start = time.process_time()
    chains = sl.sample(
        posterior, jax.random.key(1), sl.NUTS(target_acceptance=0.95), start=best, draws=draws, chains=4, warmup=500
    )
    spent = time.process_time() - start
    values, weight = importance(posterior, best, 60_000, 1)
    rows = []
    for place, name in enumerate(posterior.space.names):
        column = chains.parameters[name].ravel()
        mean = weight @ values[:, place]
        width = np.sqrt(weight @ (values[:, place] - mean) ** 2)
        pull, ratio = (column.mean() - mean) / width, column.std() / width
        rows.append([name.removeprefix("spectra.source.terms."), f"{pull:+.3f}", f"{ratio:.3f}"])
    size = 1 / np.sum(weight**2)
    print(chains)
    rows.append(
        [f"verdict: {chains.verdict}"[:80], f"{spent:.0f} s of processor time", f"{size:.0f} effective weights"]
    )
    return rows


def evidence(observation: sl.counts.Observation) -> list[str]:
    """log Z of an absorbed power law: nested sampling, and a sum over a grid."""
    model = sl.Model(spectra={"source": sl.spectra.MorrisonMcCammon(0.15) * sl.spectra.PowerLaw(1.8, 2e-4)})
    names = tuple(
        f"spectra.source.terms.{one}" for one in ("morrison_mc_cammon.column", "power_law.index", "power_law.norm")
    )
    limits = ((0.0, 1.0), (0.0, 5.0), (np.log(1e-7), np.log(1e-1)))
    priors = dict(zip(names, (dist.Uniform(0, 1), dist.Uniform(0, 5), dist.LogUniform(1e-7, 1e-1)), strict=True))
    noise = sl.statistics.ScaledBackground(observation.background, observation.ratio)
    posterior = sl.Posterior(sl.ParameterSpace(model, priors), sl.CountsLikelihood(observation, "source", noise=noise))
    best = sl.fit(posterior, starts=4, scout=200, key=jax.random.key(0))
    chains = sl.sample(posterior, jax.random.key(2), sl.NestedSlice())
    errors = np.sqrt(np.diag(best.fisher.covariance))
    centre = np.array([float(best.parameters[name]) for name in names])
    centre[2], errors[2] = np.log(centre[2]), errors[2] / centre[2]
    axes = [
        np.linspace(max(c - 7 * e, low), min(c + 7 * e, high), 41)
        for c, e, (low, high) in zip(centre, errors, limits, strict=True)
    ]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    grid[:, 2] = np.exp(grid[:, 2])

    def height(place: jax.Array) -> jax.Array:
        return posterior.log_likelihood(dict(zip(names, place, strict=True)))

    values = np.asarray(jax.jit(lambda g: jax.lax.map(height, g, batch_size=64))(grid))
    cell = np.prod([(a[1] - a[0]) / (high - low) for a, (low, high) in zip(axes, limits, strict=True)])
    exact = np.log(np.sum(np.exp(values - values.max())) * cell) + values.max()
    found, error = (np.atleast_1d(chains.tree.attrs[name]) for name in ("log_evidence", "log_evidence_error"))
    return [f"{np.mean(found):.3f} ± {np.mean(error) / len(found) ** 0.5:.3f}", f"{exact:.3f} on a grid of 41^3"]


def main() -> None:
    draws = parse(__doc__ or "", draws=1000).draws
    observation = read()
    posterior = absorbed(observation)
    best = sl.fit(posterior.flat(), starts=16, scout=1000, key=jax.random.key(0))
    rows = [["largest likelihood, C", f"{best.chi2:.3f}", "100.588 asked"]]
    for name, value in best.parameters.items():
        rows.append([name.removeprefix("spectra.source.terms."), f"{float(value):.5g}", ""])
    rows += sampled(posterior, sl.fit(posterior, start=best), draws)
    rows += [["evidence of an absorbed power law", *evidence(observation)]]
    notes = "Of NUTS, 4 chains: the mean less that of importance sampling over its width, and the ratio of the widths."
    save("xray", "EPIC-pn, 0.5 to 8 keV, 102 groups", ["", "found", "beside it"], rows, notes)


if __name__ == "__main__":
    main()
