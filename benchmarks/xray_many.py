"""Spectra of one index, each with its own norm and column, as one batch: `python benchmarks/xray_many.py`."""

import time
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from common import parse, save
from xray_mock import EXPOSURE, observed, small_response

import sightline as sl

jax.config.update("jax_enable_x64", True)
warnings.simplefilter("ignore")

SIZES, INDEX = (10, 30, 100), 1.8
LAW, COLUMN = "spectra.source.spectrum.terms.power_law", "spectra.source.spectrum.terms.interstellar_absorption.column"


def stacked(size: int) -> tuple[sl.Posterior, dict[str, np.ndarray]]:
    """Mock spectra of 100 to 6000 counts behind 0.05 to 1e22 cm-2, and what they were made of."""
    generator = np.random.default_rng(size)
    truth = {
        f"{LAW}.index": np.array(INDEX),
        f"{LAW}.norm": np.exp(generator.uniform(np.log(1e-4), np.log(3e-3), size)),
        COLUMN: generator.uniform(0.05, 1.0, size),
    }
    one = sl.spectra.InterstellarAbsorption(0.3) * sl.spectra.PowerLaw(1.5, 1e-3)
    model = sl.Model(spectra={"source": sl.spectra.Each(one, vary=("*norm", "*column"), size=size)})
    priors = {
        f"{LAW}.index": dist.Uniform(0, 5),
        f"{LAW}.norm": dist.LogUniform(jnp.full(size, 1e-6), jnp.full(size, 1.0)),
        COLUMN: dist.Uniform(jnp.zeros(size), jnp.full(size, 5.0)),
    }
    space = sl.ParameterSpace(model, priors)
    means = sl.counts.fakeit(space.replace(truth), "source", small_response(), EXPOSURE, jax.random.key(size))
    data = sl.counts.stack([observed(counts) for counts in np.asarray(means)])
    return sl.Posterior(space, sl.CountsLikelihood(data, "source")), truth


def compiled(posterior: sl.Posterior) -> tuple[float, float]:
    """Seconds to lower and compile value and gradient, and processor time of one call [ms]."""
    start = posterior.space.to_unconstrained(posterior.space.initial)
    task = eqx.filter_jit(lambda post, u: jax.value_and_grad(post.log_density)(u))
    begin = time.perf_counter()
    program = task.lower(posterior, start).compile()
    spent = time.perf_counter() - begin
    jax.block_until_ready(program(posterior, start))
    begin = time.process_time()
    for _ in range(50):
        jax.block_until_ready(program(posterior, start))
    return spent, 20 * (time.process_time() - begin)


def timed(task) -> tuple[object, float]:
    begin = time.process_time()
    return task(), time.process_time() - begin


def pulls(values: dict[str, np.ndarray], widths: dict[str, np.ndarray], truth: dict[str, np.ndarray]) -> np.ndarray:
    """(2 size,): of norms and columns, in standard deviations."""
    names = [name for name in truth if not name.endswith("index")]
    return np.concatenate([np.ravel((values[name] - truth[name]) / widths[name]) for name in names])


def measured(size: int, draws: int) -> list[str]:
    posterior, truth = stacked(size)
    compiling, gradient = compiled(posterior)
    best, first = timed(lambda: sl.fit(posterior, progress=False, covariance=1000).raise_for_status())
    _, again = timed(lambda: sl.fit(posterior, progress=False, covariance=1000))
    found = pulls(best.parameters, best.standard_deviations, truth)
    begin = time.perf_counter()
    chains, sampling = timed(
        lambda: sl.sample(posterior, jax.random.key(1), sl.NUTS(), start=best, draws=draws, chains=4, warmup=500)
    )
    wall = time.perf_counter() - begin
    index = chains.parameters[f"{LAW}.index"].ravel()
    means = {name: value.reshape(-1, *value.shape[2:]).mean(0) for name, value in chains.parameters.items()}
    spreads = {name: value.reshape(-1, *value.shape[2:]).std(0) for name, value in chains.parameters.items()}
    drawn = pulls(means, spreads, truth)
    row = [size, posterior.space.size, f"{compiling:.2f}", f"{gradient:.2f}", f"{first:.1f}", f"{again:.1f}"]
    row += [f"{best.parameters[f'{LAW}.index']:.4f}", f"{np.std(found):.2f}", f"{sampling:.0f} / {wall:.0f}"]
    row += [f"{index.mean():.4f} ± {index.std():.4f}", f"{np.std(drawn):.2f}", chains.verdict[:60]]
    print(row, flush=True)
    return list(map(str, row))


def main() -> None:
    draws = parse(__doc__ or "", draws=1000).draws
    rows = [measured(size, draws) for size in SIZES]
    header = ["spectra", "free numbers", "compilation of value and gradient [s]", "a gradient [ms]"]
    header += ["fit, first [s]", "fit, again [s]", "index of the fit", "pulls of the fit"]
    header += [f"NUTS, 4 x (500 + {draws}) draws, processor / wall [s]", "index", "pulls", "verdict"]
    notes = (
        f"Through 40 channels, an index of {INDEX} common to all. Pulls: the spread of what is found less the truth, "
        "in standard deviations, of all norms and columns. Seconds are of processor time where nothing else is said."
    )
    save("xray_many", "Many X-ray spectra as one batch", header, rows, notes)


if __name__ == "__main__":
    main()
