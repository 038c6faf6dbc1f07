"""Compile times of posteriors of many likelihoods, alike or each with a function of its own."""

import time
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from common import parse, save

import sightline as sl

jax.config.update("jax_enable_x64", True)


class Curve(eqx.Module):
    """Two modified black bodies and a power law, seen through a matrix: some work for a compiler."""

    x: jax.Array
    response: jax.Array

    def __call__(self, model):
        spectrum = model["norm"] * self.x ** -model["index"] * jnp.exp(-model["column"] * self.x**-3)
        for scale in (1.0, 3.0):
            spectrum = spectrum + model["norm"] * self.x**3 / jnp.expm1(self.x / (scale * model["temperature"]))
        return self.response @ jnp.logaddexp(jnp.log(spectrum), -20.0)


def posterior(count: int, alike: bool) -> sl.Posterior:
    random = np.random.default_rng(count)
    model = {name: jnp.asarray(1.0) for name in ("norm", "index", "column", "temperature")}
    likelihoods = []
    for number in range(count):
        x, response = jnp.linspace(1.0, 9.0, 40), jnp.asarray(random.uniform(size=(20, 40)))
        observable = Curve(x, response)
        data = observable(model) + random.normal(size=20)
        observable = observable if alike else partial(observable)  # of an identity of its own
        noise = sl.statistics.Gaussian(np.ones(20))
        likelihoods.append(sl.Likelihood(observable, data, noise, name=f"data {number}"))
    return sl.Posterior(sl.ParameterSpace(model, {"*": dist.LogUniform(0.1, 10.0)}), likelihoods)


def gradient(posterior: sl.Posterior, values):
    return jax.value_and_grad(posterior.log_density)(values)


def seconds(action) -> float:
    """Processor time."""
    start = time.process_time()
    jax.block_until_ready(action())
    return time.process_time() - start


def compilation(posterior: sl.Posterior, values) -> float:
    """Until value and gradient are there, with nothing compiled before."""
    jax.clear_caches()
    return seconds(lambda: eqx.filter_jit(gradient)(posterior, values))


def measure(count: int, alike: bool, repeats: int) -> list[str]:
    """Construction, and compilation and one evaluation of value and gradient, residuals, and a whole fit."""
    one = posterior(count, alike)
    built = min(seconds(lambda: jax.tree.leaves(posterior(count, alike))) for _ in range(3))
    values = one.space.to_unconstrained(one.space.initial)
    first = min(compilation(one, values) for _ in range(5))
    compiled = eqx.filter_jit(gradient)
    compiled(one, values)
    again = min(seconds(lambda: compiled(one, values)) for _ in range(repeats))
    whole = seconds(lambda: jax.tree.leaves(sl.fit(one, progress=False).parameters))
    return [f"{built:.2f}", f"{first:.2f}", f"{1e3 * again:.3g}", f"{whole:.1f}"]


def main():
    given = parse(__doc__, repeats=20, most=100)
    measure(3, True, 1)  # what is loaded once
    rows = []
    for alike, counts in ((True, (1, 2, 20, 100)), (False, (1, 2, 20))):
        for count in (count for count in counts if count <= given.most):
            rows.append(["alike" if alike else "each its own function", count, *measure(count, alike, given.repeats)])
    save(
        "many_likelihoods",
        "Posteriors of many likelihoods",
        ["likelihoods", "number", "built [s]", "compiled [s]", "evaluated [ms]", "fitted [s]"],
        rows,
        "Processor time for value and gradient of the log density, the least of five compilations; for a fit by "
        "Levenberg-Marquardt with its covariance, compilation included. 20 data each, four free parameters.",
    )


if __name__ == "__main__":
    main()
