"""Fits and forecasts against closed forms, mocks of a simulator, and everything that goes wrong."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
import pytest
from scipy import optimize, stats

import sightline as sl
from sightline.statistics import Gaussian, Likelihood, Poisson, StudentT

RANDOM = np.random.default_rng(11)
DESIGN = RANDOM.normal(size=(40, 3))
SIGMA = RANDOM.uniform(0.5, 2.0, 40)
DATA = DESIGN @ [1.0, -2.0, 0.5] + SIGMA * RANDOM.normal(size=40)


def linear(model):
    return jnp.asarray(DESIGN, model["x"].dtype) @ jnp.append(model["x"], model["y"])


def linear_posterior(noise=None, prior=None, data=DATA):
    start = {"x": jnp.zeros(2), "y": jnp.asarray(0.1)}
    covariance = jnp.array([[1.0, 0.4], [0.4, 2.0]])
    priors = {"x": dist.MultivariateNormal(jnp.ones(2), covariance), "y": dist.Normal(0.0, 0.3)}
    space = sl.ParameterSpace(start, priors if prior is None else prior)
    return sl.Posterior(space, Likelihood(linear, data, noise or Gaussian(SIGMA)))


def linear_solution():
    weight = DESIGN / SIGMA[:, None]
    prior = np.zeros((3, 3))
    prior[:2, :2], prior[2, 2] = np.linalg.inv([[1.0, 0.4], [0.4, 2.0]]), 1 / 0.09
    matrix = weight.T @ weight + prior
    return np.linalg.solve(matrix, weight.T @ (DATA / SIGMA) + prior @ [1.0, 1.0, 0.0]), matrix


@pytest.mark.parametrize("method", [None, sl.BFGS()], ids=["least squares", "BFGS"])
def test_linear_model_has_the_closed_solution(method):
    posterior, (expected, matrix) = linear_posterior(), linear_solution()
    result = sl.fit(posterior, method).raise_for_status()
    found = np.append(result.parameters["x"], result.parameters["y"])
    covariance = np.linalg.inv(matrix)
    assert np.all(np.abs(found - expected) < 2e-3 * np.sqrt(np.diagonal(covariance)))
    np.testing.assert_allclose(result.covariance, covariance, rtol=1e-8)
    np.testing.assert_allclose(result.unconstrained_covariance, covariance, rtol=1e-8)
    np.testing.assert_allclose(result.standard_deviations["x"], np.sqrt(np.diagonal(covariance))[:2], rtol=1e-8)
    assert result.chi2 == pytest.approx(float(np.sum(((linear(result.model) - DATA) / SIGMA) ** 2)))
    assert result.dof == 37
    assert result.history[-1] < result.history[0]
    text = repr(result)
    assert "converged after" in text
    assert "x[1]" in text
    assert "/37" in text


def test_fisher_in_both_coordinates():
    posterior, (_, matrix) = linear_posterior(), linear_solution()
    np.testing.assert_allclose(sl.fisher(posterior).matrix, matrix, rtol=1e-9)
    flat = linear_posterior(prior={"x": dist.Uniform(-5.0, 5.0), "y": dist.LogNormal(0.0, 1.0)})
    information = sl.fisher(flat, {"x": jnp.array([1.0, -2.0]), "y": 0.5})
    weight = DESIGN / SIGMA[:, None]
    expected = weight.T @ weight
    expected[2, 2] += float(-jax.hessian(lambda y: dist.LogNormal(0.0, 1.0).log_prob(y))(0.5))
    np.testing.assert_allclose(information.matrix, expected, rtol=1e-8)
    slope = np.diag([6 * 4 / 10, 3 * 7 / 10, 0.5])
    np.testing.assert_allclose(information.unconstrained_matrix, slope @ expected @ slope, rtol=1e-8)
    scale = information.standard_deviations
    np.testing.assert_allclose(information.correlations, information.covariance / np.outer(scale, scale), rtol=1e-12)


def test_degenerate_parameters_are_unknown():
    start = {"a": jnp.asarray(1.0), "b": jnp.asarray(2.0), "c": jnp.asarray(1.0)}
    space = sl.ParameterSpace(start, {name: dist.Uniform(-9.0, 9.0) for name in start})
    likelihood = Likelihood(
        lambda m: (m["a"] + 2 * m["b"]) + m["c"] * jnp.arange(4.0), jnp.zeros(4), Gaussian([1.0] * 4)
    )
    information = sl.fisher(sl.Posterior(space, likelihood))
    assert np.all(np.isinf(information.standard_deviations[:2]))
    assert information.standard_deviations[2] == pytest.approx(1 / np.sqrt(5.0))
    scale, parts = information.weakest()
    assert scale == np.inf
    assert parts["a"] == pytest.approx(-parts["b"])
    assert set(parts) == {"a", "b"}
    assert "inf" in repr(information)


def test_counts_and_outliers_equal_scipy():
    x, counts = np.linspace(0, 2, 30), RANDOM.poisson(20 * np.exp(-0.8 * np.linspace(0, 2, 30)))

    def decay(model):
        return model["n"] * jnp.exp(-model["k"] * jnp.asarray(x))

    def minus(theta):
        return -stats.poisson(theta[0] * np.exp(-theta[1] * x)).logpmf(counts).sum()

    start = {"n": jnp.asarray(10.0), "k": jnp.asarray(0.1)}
    space = sl.ParameterSpace(start, {"n": dist.Uniform(0.0, 100.0), "k": dist.Uniform(-1.0, 5.0)})
    result = sl.fit(sl.Posterior(space, Likelihood(decay, counts, Poisson()))).raise_for_status()
    best = optimize.minimize(minus, [15.0, 0.5], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9})
    found = np.array([result.parameters["n"], result.parameters["k"]])
    sd = np.array([result.standard_deviations["n"], result.standard_deviations["k"]])
    np.testing.assert_allclose(found, best.x, atol=3e-3 * sd.max())
    mean = found[0] * np.exp(-found[1] * x)
    slope = np.stack([mean / found[0], -x * mean])
    np.testing.assert_allclose(result.fisher.matrix, (slope / mean) @ slope.T, rtol=1e-6)
    robust = linear_posterior(StudentT(SIGMA, freedom=4.0), {"x": dist.Uniform(-9, 9), "y": dist.Uniform(-9, 9)})
    fitted = sl.fit(robust).raise_for_status()
    density = optimize.minimize(lambda t: -stats.t(4.0, DESIGN @ t, SIGMA).logpdf(DATA).sum(), [1.0, -2.0, 0.5])
    np.testing.assert_allclose(np.append(fitted.parameters["x"], fitted.parameters["y"]), density.x, atol=2e-3)


def test_intrinsic_scatter_is_fitted():
    """d log L/d s = 0 at s^2 = mean square - sigma^2, and F_ss = 2 n s^2/(s^2 + sigma^2)^2."""
    data = 3.0 * RANDOM.normal(size=400)

    class Fake(eqx.Module):
        nuisance: dict

    space = sl.ParameterSpace(Fake({"s": jnp.asarray(1.0)}), {"nuisance.s": dist.Uniform(0.0, 50.0)})
    likelihood = Likelihood(lambda model: jnp.zeros(400), data, Gaussian(jnp.ones(400), "s"))
    result = sl.fit(sl.Posterior(space, likelihood)).raise_for_status()
    scatter = np.sqrt(np.mean(data**2) - 1)
    deviation = result.standard_deviations["nuisance.s"]
    assert float(result.parameters["nuisance.s"]) == pytest.approx(scatter, abs=3e-3 * float(deviation))
    assert float(deviation) == pytest.approx((scatter**2 + 1) / np.sqrt(800 * scatter**2), rel=1e-3)


@pytest.fixture(scope="module")
def simulator():
    return sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        electron_density=sl.electrons.ExponentialDisk(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    )


def mock(simulator, free=("b0", "psi0", "psi1", "chi0"), nside=2):
    lines = sl.Sightlines(sl.HealpixSky(nside), cells=sl.BoxCells(cells=12))
    noisy = sl.instruments.add_noise(simulator(lines, 23.0), 1e-7, jax.random.key(4))
    priors = {
        "b0": dist.Uniform(0, 10),
        "psi0": dist.Uniform(0, 90),
        "psi1": dist.Uniform(-9, 9),
        "chi0": dist.Uniform(0, 90),
    }
    space = sl.ParameterSpace(simulator, {f"magnetic_field.{name}": priors[name] for name in free})
    return sl.Posterior(space, sl.MapLikelihood(lines, 23.0, noisy, 1e-7, parameters="QU"))


def test_a_mock_sky_is_fitted(simulator, precision):
    simulator = jax.tree.map(lambda leaf: leaf.astype(precision), simulator)
    posterior = mock(simulator)
    start = {"magnetic_field.b0": 4.0, "magnetic_field.psi0": 60.0, "magnetic_field.chi0": 50.0}
    result = sl.fit(posterior, start=start).raise_for_status()
    for name, truth in posterior.space.initial.items():
        assert abs(float(result.parameters[name] - truth)) < 4 * float(result.standard_deviations[name])
        assert result.parameters[name].dtype == precision
    assert 0.5 < result.chi2 / result.dof < 1.5
    assert "uG" in repr(result)
    other = sl.fit(posterior, sl.BFGS(), start=result.parameters)
    for name, deviation in result.standard_deviations.items():
        assert abs(float(result.parameters[name] - other.parameters[name])) < 0.1 * float(deviation)


def test_a_solution_beyond_the_prior_is_at_its_edge():
    space = sl.ParameterSpace({"x": jnp.asarray(0.5)}, {"x": dist.Uniform(0.0, 1.0)})
    likelihood = Likelihood(lambda m: m["x"] * jnp.ones(3), 2 * jnp.ones(3), Gaussian([0.1] * 3))
    result = sl.fit(sl.Posterior(space, likelihood))
    assert float(result.parameters["x"]) == pytest.approx(1, abs=1e-3)
    assert result.edges == ["x"]
    assert "at the edge of the prior: x" in repr(result)


def test_many_starts_find_the_best_and_compile_once():
    traces = []

    class Bumps(eqx.Module):
        def __call__(self, model):
            traces.append(1)
            return jnp.stack([jnp.sin(3 * model["x"]) + 0.1 * model["x"], 0.1 * model["x"]])

    def posterior(data):
        space = sl.ParameterSpace({"x": jnp.asarray(-4.0)}, {"x": dist.Uniform(-5.0, 5.0)})
        return sl.Posterior(space, Likelihood(Bumps(), data, Gaussian([0.1, 0.1])))

    result = sl.fit(posterior([1.15, 0.16]), starts=8, key=jax.random.key(0))
    assert len(result.starts) == 8
    assert result.log_posterior == pytest.approx(max(height for _, height in result.starts))
    assert result.log_posterior > result.starts[0][1] + 1
    assert "best of 8 starts" in repr(result)
    again = sl.fit(posterior([1.15, 0.16]), starts=8, key=jax.random.key(0))
    assert jnp.array_equal(again.parameters["x"], result.parameters["x"])
    second = posterior([1.05, 0.1])
    before = len(traces)
    sl.fit(second, sl.LevenbergMarquardt(), starts=3, key=jax.random.key(1))
    assert len(traces) == before


def test_descent_with_schedules_and_batches(simulator):
    posterior = mock(simulator, free=("b0",))
    truth, start = 1.2, {"magnetic_field.b0": 1.5}
    result = sl.fit(posterior, sl.Adam(0.05, steps=80), start=start)
    assert result.status == "finished"
    assert len(result.raise_for_status().history) == 80
    assert float(result.parameters["magnetic_field.b0"]) == pytest.approx(truth, rel=0.02)
    schedule = optax.exponential_decay(0.05, 20, 0.5)
    method = sl.inference.Optax(optax.adam(schedule), steps=80, batch=12)
    runs = [sl.fit(posterior, method, start=start, key=jax.random.key(key)) for key in (1, 1, 2)]
    found = [float(run.parameters["magnetic_field.b0"]) for run in runs]
    assert found[0] == pytest.approx(truth, rel=0.05)
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_ends_that_are_no_goal():
    result = sl.fit(linear_posterior(), sl.LevenbergMarquardt(steps=1))
    assert result.status == "step limit"
    with pytest.raises(sl.FitError, match="after 1 steps with status 'step limit': it was still moving"):
        result.raise_for_status()
    wild = linear_posterior(prior={"x": dist.Normal(0.0, 1.0), "y": dist.LogNormal(0.0, 1.0)})
    wild = eqx.tree_at(lambda p: p.space.model["y"], wild, jnp.asarray(1.0))
    diverged = sl.fit(wild, sl.Adam(1e4, steps=20))
    assert diverged.status == "diverged"
    with pytest.raises(sl.FitError, match="diverged"):
        diverged.raise_for_status()
    with pytest.raises(ValueError, match="No covariance"):
        diverged.covariance  # noqa: B018
    assert "diverged" in repr(diverged)


def test_default_methods():
    many = sl.ParameterSpace({"x": jnp.zeros(400)}, {"x": dist.Normal(0.0, 1.0)})
    posterior = sl.Posterior(many, Likelihood(lambda m: m["x"][:5], jnp.ones(5), Gaussian([1.0] * 5)))
    result = sl.fit(posterior)
    assert result.status == "finished"
    assert result.fisher is None
    assert "chi^2/dof" in repr(result)


def test_refused_fits():
    posterior = linear_posterior()
    for options, message in [
        ({"starts": 3}, "pass key"),
        ({"method": sl.Adam(steps=2, batch=3)}, "pass key"),
        ({"starts": 0}, "must be 1 at least"),
        ({"start": {"z": 1.0}}, "'z' is not free"),
        ({"start": {"y": jnp.inf}}, r"log posterior is .* at the start \(data "),
    ]:
        with pytest.raises(ValueError, match=message):
            sl.fit(posterior, **options)
    with pytest.raises(TypeError, match="method is Adam, a class: call it"):
        sl.fit(posterior, sl.Adam)
    with pytest.raises(TypeError, match="key is a int"):
        sl.fit(posterior, starts=2, key=0)

    def kinked(model):
        return jnp.append(model["x"], jnp.sqrt(model["y"]))

    space = sl.ParameterSpace({"x": jnp.ones(2), "y": jnp.asarray(0.0)}, {"*": dist.Normal(0.0, 1.0)})
    bad = sl.Posterior(space, Likelihood(kinked, jnp.ones(3), Gaussian([1.0] * 3), name="kinks"))
    with pytest.raises(
        ValueError, match=r"with respect to .*y.* not finite for 1 data, the first of them datum \(2,\) of 'kinks'"
    ):
        sl.fit(bad)
