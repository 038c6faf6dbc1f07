"""Least squares in a box: maxima on bounds, numbers without data, many numbers, kept states."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.optimize import minimize

import sightline as sl
from interrupting import stopped_after

jax.config.update("jax_enable_x64", True)

TIMES = np.linspace(0.0, 5.0, 60)
TRUTH = {"a": 2.0, "k": 1.3, "c": -0.1, "z": 0.3}
METHOD = sl.ProjectedGaussNewton()


def decay(model):
    """An exponential above a constant; `z` is in no datum."""
    return model["a"] * jnp.exp(-model["k"] * jnp.asarray(TIMES, model["a"].dtype)) + model["c"] + 0 * model["z"]


def posterior():
    data = np.asarray(decay(jax.tree.map(jnp.asarray, TRUTH))) + 0.05 * np.random.default_rng(1).normal(size=60)
    model = jax.tree.map(jnp.asarray, TRUTH | {"c": 0.2})
    space = sl.ParameterSpace(model, {"[ak]": dist.Uniform(0, 10), "[cz]": dist.Uniform(0, 1)})
    return sl.Posterior(space, sl.Likelihood(decay, data, sl.statistics.Gaussian(np.full(60, 0.05))))


STARTS = [
    {"a": 5.0, "k": 5.0, "c": 0.5},
    {"a": 0.0, "k": 0.0, "c": 0.0},
    {"a": 10.0, "k": 10.0, "c": 1.0},
    {"a": 10.0, "k": 0.0, "c": 0.0},
    {"a": 0.0, "k": 10.0, "c": 1.0},
]


@pytest.mark.parametrize("start", STARTS)
def test_the_same_maximum_on_a_bound_from_the_middle_and_from_corners(start):
    one = posterior()
    result = sl.fit(one, METHOD, start=start)
    assert result.status == "converged"
    assert len(result.history) <= 40

    def minus(x):
        values = dict(zip("akc", x, strict=True))
        return -float(one.log_posterior(values))

    box = [(0, 10), (0, 10), (0, 1)]
    oracle = minimize(minus, [2.0, 1.0, 0.5], method="L-BFGS-B", bounds=box, options={"ftol": 1e-16})
    assert result.log_posterior == pytest.approx(-oracle.fun, abs=1e-3)
    assert float(result.parameters["c"]) == 0.0
    assert result.active == result.bounds.active == ["c"]
    slope = jax.grad(lambda c: one.log_posterior(result.parameters | {"c": c}))(result.parameters["c"])
    assert result.bounds.multipliers["c"] == pytest.approx(-float(slope), rel=1e-9)
    assert result.bounds.multipliers["c"] > 0
    assert result.blind == ["z"]
    assert result.dof == 58


def test_errors_are_of_what_is_free():
    result = sl.fit(posterior(), METHOD, start=STARTS[0])
    slopes = jnp.stack(
        [jax.jacfwd(lambda x, k=k: decay(result.parameters | {k: x}))(result.parameters[k]) for k in "ak"]
    )
    exact = np.sqrt(np.diagonal(np.linalg.inv(slopes @ slopes.T / 0.05**2)))
    found = result.standard_deviations
    np.testing.assert_allclose([found["a"], found["k"]], exact, rtol=1e-6)
    assert np.isinf(found["c"])
    assert np.isinf(found["z"])
    assert "no datum tells of: z" in repr(result)
    same = sl.fit(posterior(), sl.LevenbergMarquardt(), start=STARTS[0])
    assert same.bounds.active == ["c"]
    assert same.bounds.multipliers["c"] == pytest.approx(result.bounds.multipliers["c"], rel=1e-3)


def test_many_numbers_by_conjugate_gradients():
    """A smooth curve of 150 numbers, of which noise would have some negative: non-negative least squares."""
    from scipy.optimize import nnls

    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(200, 150)) + 2 * np.eye(200, 150)
    data = matrix @ np.maximum(rng.normal(size=150), 0) + 0.1 * rng.normal(size=200)
    space = sl.ParameterSpace({"x": jnp.full(150, 0.5)}, {"x": dist.Uniform(0.0, 10.0)})
    law = sl.Likelihood(lambda model: matrix @ model["x"], data, sl.statistics.Gaussian(np.full(200, 0.1)))
    result = sl.fit(sl.Posterior(space, law), METHOD, covariance=0)
    exact, _ = nnls(matrix, data)
    assert result.status == "converged"
    np.testing.assert_allclose(result.parameters["x"], exact, atol=1e-5)
    assert len(result.active) == np.sum(exact == 0)


@pytest.mark.parametrize(("size", "most"), [(1, 15), (120, 25)])
def test_curvature_of_residuals_that_stay(size, most):
    """r = (x + 1, a x^2 + x - 1): steps of Gauss and Newton shrink by a alone, which takes 21 and 56 of them."""
    bend = jnp.linspace(0.9, 0.97, size)
    space = sl.ParameterSpace({"x": jnp.full(size, 0.3)}, {"x": dist.Uniform(-0.5, 1.0)})

    def model(values):
        x = values["x"]
        return jnp.concatenate([x + 1, bend * x**2 + x - 1])

    law = sl.Likelihood(model, np.zeros(2 * size), sl.statistics.Gaussian(np.ones(2 * size)))
    result = sl.fit(sl.Posterior(space, law), METHOD, covariance=0)
    assert result.status == "converged"
    assert len(result.history) <= most
    np.testing.assert_allclose(result.parameters["x"], 0.0, atol=0.02)
    assert float(law.log_likelihood({"x": jnp.zeros(size)})) - float(law.log_likelihood(result.model)) < 1e-4


def test_gaussian_priors_count_and_others_are_refused():
    model = {"x": jnp.asarray(0.0)}
    law = sl.Likelihood(lambda m: m["x"] * jnp.ones(4), np.full(4, 2.0), sl.statistics.Gaussian(np.ones(4)))
    best = sl.fit(sl.Posterior(sl.ParameterSpace(model, {"x": dist.Normal(0.0, 0.5)}), law), METHOD)
    assert float(best.parameters["x"]) == pytest.approx(1.0, rel=1e-9)
    with pytest.raises(ValueError, match="neither Gaussian nor flat"):
        sl.fit(sl.Posterior(sl.ParameterSpace(model, {"x": dist.Laplace(0.0, 0.5)}), law), METHOD)
    simplex = sl.ParameterSpace({"w": jnp.full(3, 1 / 3)}, {"w": dist.Dirichlet(jnp.ones(3))})
    shares = sl.Likelihood(lambda model: model["w"], [0.2, 0.3, 0.5], sl.statistics.Gaussian(jnp.full(3, 0.05)))
    assert sl.fit(sl.Posterior(simplex, shares), covariance=0).dof == 1  # two numbers: the third follows
    law = sl.Likelihood(lambda m: m["w"], np.ones(3), sl.statistics.Gaussian(np.ones(3)))
    with pytest.raises(ValueError, match="depend on each other"):
        sl.fit(sl.Posterior(simplex, law), METHOD)


def test_starts_outside_the_box_are_named():
    with pytest.raises(ValueError, match=r"restrict a to Uniform\(low=0, high=10\)"):
        sl.fit(posterior(), METHOD, start={"a": 50.0})


def test_a_kept_fit_goes_on(tmp_path):
    first = sl.fit(posterior(), METHOD, start=STARTS[0], checkpoint=tmp_path / "run")
    again = sl.fit(posterior(), METHOD, start=STARTS[0], checkpoint=tmp_path / "run")
    assert [float(first.parameters[k]) for k in "akcz"] == [float(again.parameters[k]) for k in "akcz"]
    assert list(first.history) == list(again.history)
    assert first.blind == again.blind


@pytest.mark.parametrize("steps", [2, 4])
def test_an_interrupted_fit_ends_with_the_same_bits(tmp_path, monkeypatch, steps):
    """What the last step told of the curvature is kept, too."""
    whole = sl.fit(posterior(), METHOD, start=STARTS[0])
    with stopped_after(monkeypatch, steps):
        sl.fit(posterior(), METHOD, start=STARTS[0], checkpoint=tmp_path)
    again = sl.fit(posterior(), METHOD, start=STARTS[0], checkpoint=tmp_path)
    assert list(again.history) == list(whole.history)
    assert [float(again.parameters[k]) for k in "akcz"] == [float(whole.parameters[k]) for k in "akcz"]


def test_single_precision_ends_where_rounding_lets_it():
    with jax.enable_x64(False):
        result = sl.fit(posterior(), METHOD, start=STARTS[0])
        assert result.status == "converged"
        assert float(result.parameters["k"]) == pytest.approx(1.5654551, abs=2e-3)


def test_bright_skies_in_single_precision_end_at_rounding():
    """Rounding of the gradient alone leaves a decrement of 1e-3 here: more steps gain nothing."""
    with jax.enable_x64(False):
        bands = sl.instruments.Bands([40.0, 100.0, 140.0, 280.0], [37.0, 7.0, 5.0, 14.0])

        def model(index):
            dust = sl.components.ModifiedBlackbody(sl.components.Clusters(index, np.arange(768) // 96), 18.5, 150.0)
            return sl.components.MixingMatrix(cmb=sl.components.CMB(), dust=dust)

        clean = np.einsum("bcn,c->bn", model(1.6)(bands, 768), [0.6, 3.0])
        maps = clean + 0.02 * np.random.default_rng(0).normal(size=(2, 4, 768))
        data = sl.SpectralLikelihood(bands, maps, noise=np.full((4, 1), 0.02), unit="uK_CMB", convention="COSMO")
        space = sl.ParameterSpace(model(1.5), {"terms.dust.index.values": dist.Uniform(0.5, 3.0)})
        result = sl.fit(sl.Posterior(space, data), METHOD, covariance=0)
        assert result.status == "converged"
        assert len(result.history) < 15
        np.testing.assert_allclose(result.parameters["terms.dust.index.values"], 1.6, atol=4e-3)


def test_what_crawls_to_a_bound_is_told_who_arrives():
    """Of a product of numbers, one of which ends on its bound."""
    both = {"x": dist.Uniform(0.0, 2.0), "y": dist.Uniform(0.0, 2.0)}
    space = sl.ParameterSpace({"x": jnp.asarray(0.5), "y": jnp.asarray(0.5)}, both)
    seen = sl.Likelihood(
        lambda m: jnp.stack([m["x"] * m["y"], m["x"]]), [1.0, 0.4], sl.statistics.Gaussian([0.02, 0.3])
    )
    posterior = sl.Posterior(space, seen)
    with pytest.raises(sl.FitError, match=r"at a bound sl\.ProjectedGaussNewton\(\) arrives"):
        sl.fit(posterior).raise_for_status()
    assert sl.fit(posterior, sl.ProjectedGaussNewton()).status == "converged"
