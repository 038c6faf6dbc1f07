"""How often profile intervals hold the truth: `python benchmarks/xray_coverage.py`. Needs SIGHTLINE_DATA for EPIC-pn.

The 68.3 % interval of a profile holds the truth where twice the largest log-likelihood, less twice the largest one with
that parameter held at its truth, is below 1. Both maxima are found for all simulated spectra in one program; for some
of them `sl.profile` finds the interval itself.
"""

import time
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from common import parse, save
from scipy.stats import chi2
from xray_mock import EXPOSURE, epic_pn, observed, small_response

import sightline as sl

jax.config.update("jax_enable_x64", True)
warnings.simplefilter("ignore")

LEVEL, STEPS, BATCH = 0.683, 40, 50


def absorbed(law: sl.spectra.AbstractPhotonSpectrum, column: float) -> sl.Model:
    return sl.Model(spectra={"source": sl.spectra.MorrisonMcCammon(column) * law})


PRIORS = {
    "spectra.source.*.column": dist.Uniform(0, 2),
    "spectra.source.*power_law.index": dist.Uniform(0, 5),
    "spectra.source.*power_law.norm": dist.LogUniform(1e-7, 1.0),
}
BLACK = {
    "spectra.source.*.temperature": dist.Uniform(0.05, 3),
    "spectra.source.*.black_body_radius.norm": dist.LogUniform(1e-4, 1e4),
}


def small(norm: float) -> sl.Posterior:
    """An absorbed power law through the small detector."""
    model = absorbed(sl.spectra.PowerLaw(1.8, norm), 0.3)
    counts = sl.counts.fakeit(model, "source", small_response(), EXPOSURE, jax.random.key(0))
    likelihood = sl.CountsLikelihood(observed(np.asarray(counts)), "source")
    return sl.Posterior(sl.ParameterSpace(model, PRIORS), likelihood)


def pn(law: sl.spectra.AbstractPhotonSpectrum, column: float, priors: dict) -> sl.Posterior:
    """EPIC-pn, its background scaled and added: the simulations do the same, so that it is exact here."""
    observation = epic_pn()
    noise = sl.statistics.ScaledBackground(observation.background, observation.ratio)
    space = sl.ParameterSpace(absorbed(law, column), priors)
    return sl.Posterior(space, sl.CountsLikelihood(observation, "source", noise=noise))


def joint() -> sl.Posterior:
    """An absorbed power law and the spectrum of its background, fitted to the counts of both."""
    source = sl.spectra.MorrisonMcCammon(0.3) * sl.spectra.PowerLaw(1.8, 4e-4)
    model = sl.Model(spectra={"source": source, "sky": sl.spectra.PowerLaw(1.0, 1e-4)})
    on, off = (sl.counts.fakeit(model, name, small_response(), EXPOSURE, jax.random.key(0)) for name in model.spectra)
    likelihood = sl.CountsLikelihood(observed(np.asarray(on), np.asarray(off)), "source", background="sky")
    sky = {"spectra.sky.index": dist.Uniform(-2, 5), "spectra.sky.norm": dist.LogUniform(1e-7, 1.0)}
    return sl.Posterior(sl.ParameterSpace(model, PRIORS | sky), likelihood)


def maximum(posterior: sl.Posterior, start: jax.Array, held: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The maximum over unconstrained numbers that are not held, its height, and the gain that a step would still bring.

    Steps of Fisher scoring, damped where the likelihood does not rise.
    """
    space = posterior.space

    def values(u: jax.Array) -> dict[str, jax.Array]:
        return space.to_constrained(dict(zip(space.names, u, strict=True)))

    def height(u: jax.Array) -> jax.Array:
        return posterior.log_likelihood(values(u))

    def model(u: jax.Array) -> tuple[jax.Array, jax.Array]:
        root = jax.jacfwd(lambda v: posterior.information(values(v)))(u)
        fisher = root.T @ root
        fisher = jnp.where(held[:, None] | held[None], 0.0, fisher) + jnp.diag(jnp.where(held, 1.0, 0.0))
        return jnp.where(held, 0.0, jax.grad(height)(u)), fisher

    def step(state: tuple[jax.Array, ...], _: None) -> tuple[tuple[jax.Array, ...], None]:
        u, best, damping = state
        slope, fisher = model(u)
        scale = jnp.diag(jnp.diag(fisher) + 1e-9)
        new = u + jnp.linalg.solve(fisher + damping * scale, slope)
        reached = height(new)
        good = reached > best
        damping = jnp.clip(jnp.where(good, damping / 6, damping * 5), 1e-9, 1e6)
        return (jnp.where(good, new, u), jnp.where(good, reached, best), damping), None

    (u, best, _), _ = jax.lax.scan(step, (start, height(start), jnp.asarray(1e-2)), None, STEPS)
    slope, fisher = model(u)
    return u, best, 0.5 * slope @ jnp.linalg.solve(fisher + 1e-9 * jnp.diag(jnp.diag(fisher)), slope)


@eqx.filter_jit
def drops(posterior: sl.Posterior, truth: jax.Array, keys: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Of each simulated spectrum: its data, twice what holding each parameter at its truth costs, and gains left."""
    size = len(truth)
    values = posterior.space.to_constrained(dict(zip(posterior.space.names, truth, strict=True)))

    def one(key: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        replica = posterior.replicate(values, key)
        u, free, gain = maximum(replica, truth, jnp.zeros(size, bool))
        held = jnp.eye(size, dtype=bool)
        starts = jnp.where(held, truth, u)  # the near ones
        places, near, left = jax.vmap(lambda s, h: maximum(replica, s, h))(starts, held)
        places, far, more = jax.vmap(lambda s, h: maximum(replica, s, h))(jnp.tile(truth, (size, 1)), held)
        peak, last = jax.vmap(lambda s: maximum(replica, s, jnp.zeros(size, bool))[1:])(places)
        costs = 2 * (jnp.maximum(free, peak.max()) - jnp.maximum(near, far))
        worst = jnp.max(jnp.array([gain, left.max(), more.max(), last.max()]))
        return replica.likelihoods[0].data, costs, worst

    return jax.lax.map(one, keys, batch_size=BATCH)


def intervals(posterior: sl.Posterior, truth: dict, data: np.ndarray, costs: np.ndarray, count: int) -> tuple[int, int]:
    """For how many of some parameters and spectra `sl.profile` gives an interval that agrees, of how many."""
    agree = asked = 0
    for one, row in zip(data[:count], costs[:count], strict=True):
        flat = posterior.given([jnp.asarray(one)]).flat()
        best = sl.fit(flat, start=truth, progress=False)
        for name, cost in zip(posterior.space.names, row, strict=True):
            found = sl.profile(flat, name, LEVEL, start=best)
            holds = found.low <= float(truth[name]) <= found.high
            agree, asked = agree + (holds == (cost <= chi2.ppf(LEVEL, 1))), asked + 1
    return agree, asked


def covered(title: str, posterior: sl.Posterior, simulations: int, profiles: int) -> list[list[str]]:
    begin = time.process_time()
    truth = posterior.space.initial
    start = jnp.array([posterior.space.to_unconstrained(truth)[name] for name in posterior.space.names])
    data, costs, gains = map(np.asarray, drops(posterior, start, jax.random.split(jax.random.key(1), simulations)))
    spent = time.process_time() - begin
    agree, asked = intervals(posterior, truth, data, costs, profiles)
    total = (
        f"{data.sum(axis=-1).mean():.0f}" if data.ndim == 2 else " + ".join(f"{n:.0f}" for n in data.sum(-1).mean(0))
    )
    print(title, f"{spent:.0f} s; largest gain left {gains.max():.1e}, above 0.01: {np.sum(gains > 0.01)}", flush=True)
    rows = []
    for name, cost in zip(posterior.space.names, costs.T, strict=True):
        shares = [100 * np.mean(cost <= chi2.ppf(level, 1)) for level in (LEVEL, 0.9)]
        short = ".".join(name.removeprefix("spectra.").split(".")[-2:])
        value = f"{float(truth[name]):.4g}"
        rows.append([title, total, short, value, *(f"{one:.1f}" for one in shares), f"{agree} of {asked}"])
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    options = parse(__doc__ or "", simulations=1000, profiles=10)
    both = sl.spectra.PowerLaw(2.2076, 2.8532e-4) + sl.spectra.BlackBodyRadius(0.76147, 0.18861)
    tasks = {
        "small detector": small(2e-3),
        "small detector, faint": small(1e-4),
        "small detector, background fitted jointly": joint(),
        "EPIC-pn, absorbed power law": pn(sl.spectra.PowerLaw(1.7, 1.7e-4), 0.15, PRIORS),
        "EPIC-pn, power law and black body": pn(both, 0.10069, PRIORS | BLACK),
    }
    rows = [row for title, one in tasks.items() for row in covered(title, one, *vars(options).values())]
    notes = (
        f"{options.simulations} simulated spectra each: the standard error of 68.3 % is "
        f"{46.5 / options.simulations**0.5:.1f} %. The last column: how often the interval of `sl.profile` itself says "
        f"the same, for the first {options.profiles} spectra."
    )
    header = ["spectra", "counts", "parameter", "truth", "68.3 % hold it [%]", "90 % hold it [%]", "`sl.profile`"]
    save("xray_coverage", "Profile intervals of X-ray spectra", header, rows, notes)


if __name__ == "__main__":
    main()
