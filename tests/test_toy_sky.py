"""Inference knows no sky: a model of another kind goes through all of it, and no sky is loaded."""

import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
import toy_sky

HERE = Path(__file__).parent
ALL = """
import sys, tempfile, pathlib
sys.path.insert(0, {here!r})
import jax, numpyro.distributions as dist
import sightline as sl, toy_sky
posterior, key = toy_sky.posterior(), jax.random.key(1)
folder = pathlib.Path(tempfile.mkdtemp())
best = sl.fit(posterior)
assert best.status == "converged"
errors = sl.fisher(posterior, best.parameters).standard_deviations
chains = sl.sample(posterior, key, start=best, draws=60, warmup=40, chains=2, checkpoint=folder / "run", progress=False)
again = sl.sample(posterior, key, start=best, draws=60, warmup=40, chains=2, checkpoint=folder / "run", progress=False)
assert (chains.vector == again.vector).all()
sl.plot.residuals(posterior, best.parameters, path=folder / "residuals.png")
sl.plot.corner(chains, path=folder / "corner.png")
sl.plot.trace(chains, path=folder / "trace.png")
sl.plot.predictive(posterior, sl.posterior_predictive(posterior, chains, key), path=folder / "predictive.png")
widths = sl.select(toy_sky.with_prior_width, [0.1, 2.0], sl.Evidence(key))
assert widths.best == 2.0
model = posterior.space.replace(best.parameters)
sl.save(model, folder / "model.npz")
assert sl.load(folder / "model.npz", classes=(toy_sky.Line, toy_sky.Detector)).simulator.a == model.simulator.a
print(sorted(name for name in sys.modules if name.startswith(("sightline.sky.", "healpy", "interpax"))))
"""


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_no_sky_is_loaded():
    assert run(ALL.format(here=str(HERE))) == "[]"


def test_inference_loads_no_sky():
    code = "import sys, sightline.inference, sightline.statistics, sightline.parameters\n"
    code += "print(sorted(m for m in sys.modules if m.startswith(('sightline.sky', 'healpy', 'astropy.coord'))))"
    assert run(code) == "[]"


@pytest.fixture(scope="module")
def problem():
    return toy_sky.posterior()


def test_fit_and_fisher_agree_with_the_poisson_likelihood(problem):
    best = sl.fit(problem)
    expected, _ = _by_newton(problem)
    np.testing.assert_allclose([best.parameters["simulator.a"], best.parameters["simulator.b"]], expected, rtol=1e-4)


def _by_newton(problem):
    """The largest posterior density of a line through counts, in NumPy."""
    x, n, exposure = np.asarray(toy_sky.X), np.asarray(problem.likelihoods[0].data), 2.0

    def density(p):
        m = exposure * (p[0] + p[1] * x)
        prior = 0.5 * ((jnp.log(p[0]) - 3) / 0.5) ** 2 + jnp.log(p[0]) + 0.5 * ((p[1] - 4) / 2) ** 2
        return jnp.sum(n * jnp.log(m) - m) - prior

    place = jnp.array([20.0, 5.0])
    for _ in range(30):
        place = place - jnp.linalg.solve(jax.hessian(density)(place), jax.grad(density)(place))
    return np.asarray(place), density


def test_batches_and_selection(problem):
    """Parts of the data by the hook of the observable; a line beats a constant."""
    part = problem.likelihoods[0].batch(jnp.array([3, 5]))
    assert part.data.shape == (2,)
    np.testing.assert_array_equal(
        part.mean(problem.space.model), problem.likelihoods[0].mean(problem.space.model)[jnp.array([3, 5])]
    )
    assert problem.likelihoods[0].axis == "energy [keV]"


def test_a_dict_of_modules_and_a_bare_module_are_models():
    data = sl.statistics.Gaussian(np.ones(3))
    for model, name, observe in (
        ({"line": toy_sky.Line(), "other": toy_sky.Line(b=1.0)}, "line.b", lambda m: m["line"](jnp.arange(3.0))),
        (toy_sky.Line(), "b", lambda m: m(jnp.arange(3.0))),
    ):
        space = sl.ParameterSpace(model, {name: dist.Normal(0.0, 10.0)})
        best = sl.fit(sl.Posterior(space, sl.Likelihood(observe, [20.0, 22.0, 24.0], data)))
        assert best.parameters[name] == pytest.approx(2.0, abs=0.1)


def test_what_is_no_part_of_a_model_is_refused_by_name():
    with pytest.raises(TypeError, match=r"simulator is 3\.0, which predicts nothing"):
        sl.Model(3.0)
    with pytest.raises(TypeError, match=r"instruments\['d'\]"):
        sl.Model(toy_sky.Line(), instruments={"d": toy_sky.Line()})
    with pytest.raises(TypeError, match=r"spectra\['s'\]"):
        sl.Model(spectra={"s": 1.0})
    with pytest.raises(ValueError, match="has no simulator"):
        sl.Model().observe(None, 1.0)


@pytest.mark.long
def test_calibration_of_the_toy(problem):
    result = sl.sbc(problem, jax.random.key(2), simulations=40, draws=100, chains=1, warmup=100, progress=False)
    assert np.all(result.p_values > 1e-3)
