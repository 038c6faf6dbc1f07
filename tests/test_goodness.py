"""How far data are from a model, against exact sums, series and simulations."""

import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats
from scipy.special import xlogy

import sightline as sl
from sightline.statistics import Gaussian, Likelihood, Poisson, ProfiledBackground
from sightline.statistics.expected import MANY, expected_cash
from sightline.statistics.scoring import scoring

MEANS = jnp.array([0.3, 2.0, 8.0, 40.0, 500.0])


def cash(n, m):
    return 2 * (m - n + xlogy(n, np.maximum(n, 1) / m))


def posterior(*likelihoods):
    return sl.Posterior(sl.ParameterSpace({"a": jnp.asarray(1.0)}, {"a": dist.Uniform(0.0, 10.0)}), likelihoods)


@pytest.mark.parametrize("mean", [1e-8, 1e-3, 0.5, 1.0, 7.3, 60.0, 299.0, 299.999, 301.0, 2000.0])
def test_the_expected_statistic_is_the_sum_over_all_counts(mean):
    n = np.arange(0, int(mean + 30 * mean**0.5 + 60))
    weight, value = stats.poisson.pmf(n, mean), cash(n, mean)
    first = np.sum(weight * value)
    found = expected_cash(mean)
    np.testing.assert_allclose(found, [first, np.sum(weight * (value - first) ** 2)], rtol=1e-9)


def test_the_expected_statistic_has_no_seams():
    """At the start of the series, at no counts and at many; in any shape."""
    low, high = expected_cash(np.nextafter(MANY, 0)), expected_cash(MANY)
    np.testing.assert_allclose(low, high, rtol=1e-12)
    first, variance = expected_cash(np.array([[0.0, 1e-300], [1e12, 4.0]]))
    assert first[0, 0] == variance[0, 0] == 0
    assert 0 < first[0, 1] < 1e-296
    assert (first[1, 0], variance[1, 0]) == pytest.approx((1, 2))
    assert expected_cash(np.linspace(0, 400, 5000))[0].shape == (5000,)


def test_counts_and_gaussian_data(precision):
    """Deviances of simulations have the exact mean and variance."""
    means = MEANS.astype(precision)
    counts = Likelihood(lambda m: m["a"] * means, jnp.round(means), Poisson(), name="counts")
    known = Likelihood(lambda m: m["a"] * jnp.ones(4), [1.0, 2.0, 0.5, 1.0], Gaussian([0.5] * 4), name="known")
    found = sl.goodness(posterior(counts, known), {"a": 1.0}, jax.random.key(1), simulations=4000)
    assert found.deviances["known"] == pytest.approx(5.0, rel=1e-6)
    assert (found.expected["known"], found.variances["known"]) == (4.0, 8.0)
    assert found.z["known"] == pytest.approx(1 / 8**0.5, rel=1e-6)
    first, variance = (part.sum() for part in expected_cash(MEANS))
    assert found.expected["counts"] == pytest.approx(first, rel=1e-6)
    assert found.variances["counts"] == pytest.approx(variance, rel=1e-6)
    for name, drawn in found.simulated.items():
        assert abs(drawn.mean() - found.expected[name]) < 4 * (found.variances[name] / drawn.size) ** 0.5, name
        assert drawn.var() == pytest.approx(found.variances[name], rel=0.15), name
    assert found.deviances["(all)"] == pytest.approx(found.deviances["counts"] + 5.0)
    assert found.p_values["known"] == pytest.approx(stats.chi2.sf(5.0, 4), abs=0.03)
    assert "4000 simulations" in repr(found)
    expected = (1 + np.sum(found.simulated["counts"] >= found.deviances["counts"])) / 4001
    assert found.p_values["counts"] == pytest.approx(expected)


def test_a_wrong_model_is_found():
    data = jax.random.poisson(jax.random.key(0), 20.0, (50,)).astype(float)
    one = posterior(Likelihood(lambda m: m["a"] * jnp.ones(50), data, Poisson()))
    good, bad = (sl.goodness(one, {"a": value}, jax.random.key(1), 200) for value in (10.0, 9.0))
    assert good.p_values["data"] == bad.p_values["data"] == 1 / 201
    right = posterior(Likelihood(lambda m: 20 * m["a"] * jnp.ones(50), data, Poisson()))
    best = sl.fit(right)
    found = sl.goodness(right, best, jax.random.key(2), 500)
    assert found.p_values["data"] == pytest.approx(stats.chi2.sf(best.chi2, 49), abs=0.03)
    assert abs(found.z["data"]) < 2.5
    assert (found.fitted, found.failed) == (1, 0)
    assert found.deviances["data"] == pytest.approx(best.chi2)


TIMES = np.linspace(0.0, 1.0, 12)


def straight(model):
    return model["a"] + model["b"] * jnp.asarray(TIMES, model["a"].dtype)


def line(data, priors=dist.Uniform(-30.0, 30.0)):
    space = sl.ParameterSpace({"a": jnp.asarray(1.0), "b": jnp.asarray(0.5)}, {"[ab]": priors})
    return sl.Posterior(space, Likelihood(straight, data, Gaussian(np.full(12, 0.3))))


def test_every_simulation_is_fitted_where_the_data_were(precision):
    """chi^2 of a straight line fitted to 12 data has 10 degrees of freedom; without fits the simulations have 12."""
    one = line((1 + TIMES**2).astype(precision))
    best = sl.fit(one)
    found, alone = sl.goodness(one, best, jax.random.key(1), 2000), sl.goodness(one, best)
    assert stats.kstest(found.simulated["data"], stats.chi2(10).cdf).pvalue > 0.01
    assert stats.kstest(found.simulated["data"], stats.chi2(12).cdf).pvalue < 1e-6
    assert found.expected["data"] == pytest.approx(10, abs=0.4)
    assert found.variances["data"] == pytest.approx(20, rel=0.15)
    assert found.p_values["data"] == pytest.approx(stats.chi2.sf(best.chi2, 10), abs=0.03)
    assert (found.fitted, found.failed) == (2, 0)
    assert "2000 simulations, 2 numbers fitted to each" in repr(found)
    assert alone.expected["data"] == 12.0
    assert "2 numbers were fitted, which what is expected does not know" in repr(alone)


def test_p_of_fits_is_uniform_over_data_of_a_true_model():
    """Four levels fitted to twelve counts: p is too large where simulations are compared as they are."""
    space = sl.ParameterSpace({"a": jnp.full(4, 20.0)}, {"a": dist.Uniform(0.0, 100.0)})
    one = sl.Posterior(space, Likelihood(lambda model: jnp.repeat(model["a"], 3), jnp.ones(12), Poisson()))
    fitted, as_it_is = [], []
    for number in range(60):
        data = jax.random.poisson(jax.random.key(number), 20.0, (12,)).astype(float)
        best = sl.fit(one.given([data]), covariance=0)
        np.testing.assert_allclose(best.parameters["a"], data.reshape(4, 3).mean(axis=1), rtol=1e-3)
        for found, values in ((fitted, best), (as_it_is, best.parameters)):
            key = jax.random.key(100 + number)
            found.append(sl.goodness(one.given([data]), values, key, 99).p_values["data"])
    assert stats.kstest(fitted, "uniform").pvalue > 0.05
    assert stats.kstest(as_it_is, "uniform").pvalue < 1e-3


def test_likelihoods_that_share_what_is_fitted():
    """Halves of 20 data whose mean is fitted: 19 degrees of freedom, 9.5 of each; the sum has a spread of its own."""
    halves = [Likelihood(lambda m: m["a"] * jnp.ones(10), jnp.ones(10), Gaussian(jnp.ones(10)), None, n) for n in "xy"]
    halves[1] = eqx.tree_at(lambda one: one.data, halves[1], 3 * jnp.ones(10))
    one = posterior(*halves)
    found = sl.goodness(one, sl.fit(one), jax.random.key(0), 3000)
    assert found.expected["x"] == pytest.approx(9.5, abs=0.3)
    assert found.expected["(all)"] == pytest.approx(19.0, abs=0.4)
    assert found.variances["(all)"] == pytest.approx(38.0, rel=0.12)
    assert found.variances["(all)"] == pytest.approx(np.var(found.simulated["x"] + found.simulated["y"], ddof=1))


def test_fits_of_another_posterior_are_refused():
    prior = dist.Normal(0.0, 0.1)
    one, other = (line(1 + TIMES, p) for p in (prior, dist.Uniform(-9.0, 9.0)))
    best = sl.fit(other)
    with pytest.raises(ValueError, match="values are no maximum of this posterior, whose logarithm rises by"):
        sl.goodness(one, best, jax.random.key(0), 10)
    assert sl.goodness(one, best.parameters, jax.random.key(0), 10).fitted == 0


def test_the_background_is_counted_anew():
    """p of W is uniform over data of a true model: it would not be were the background taken as exact."""
    size, ratio = 60, 0.5
    source, behind = jnp.full(size, 12.0), jnp.full(size, 30.0)

    @jax.jit
    def values(key):
        keys = jax.random.split(key, 2)
        return jax.random.poisson(keys[0], source + ratio * behind), jax.random.poisson(keys[1], behind)

    def observable(model):
        return model["a"] * source

    found = []
    for number in range(60):
        on, off = (one.astype(float) for one in values(jax.random.key(number)))
        one = posterior(Likelihood(observable, on, ProfiledBackground(off, np.full(size, ratio))))
        result = sl.goodness(one, {"a": 1.0}, jax.random.key(1000 + number), simulations=99)
        found.append(result.p_values["data"])
    assert stats.kstest(found, "uniform").pvalue > 0.01
    assert "give what is expected of data" in repr(result)
    assert result.expected["data"] == pytest.approx(size, rel=0.1)


def test_a_background_of_known_error_is_measured_anew():
    source, rate, sigma = jnp.full(200, 30.0), jnp.full(200, 40.0), jnp.full(200, 6.0)
    noise = sl.statistics.GaussianBackground(rate, sigma)
    one = posterior(Likelihood(lambda m: m["a"] * source, jnp.full(200, 70.0), noise))
    found = sl.goodness(one, {}, jax.random.key(0), simulations=200)
    assert found.expected["data"] == pytest.approx(200, rel=0.03)


def test_a_scaled_background_has_the_moments_of_counts():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        noise = sl.statistics.ScaledBackground([4.0, 8.0], [0.5, 0.5])
    found = sl.goodness(posterior(Likelihood(lambda m: m["a"] * jnp.ones(2), [3.0, 5.0], noise)), {})
    assert found.expected["data"] == pytest.approx(expected_cash([3.0, 5.0])[0].sum())


def test_what_cannot_be_simulated_is_said():
    one = posterior(Likelihood(lambda m: m["a"] * MEANS, MEANS, sl.statistics.StudentT(jnp.sqrt(MEANS))))
    alone = sl.goodness(one, {})
    assert np.isnan(alone.expected["data"])
    assert np.isnan(alone.p_values["data"])
    assert "no simulations: pass a key" in repr(alone)
    with pytest.raises(ValueError, match=r"simulations = 10 are random: pass key="):
        sl.goodness(one, {}, simulations=10)
    with pytest.raises(ValueError, match=r"simulations = -1 must be 0 at least"):
        sl.goodness(one, {}, jax.random.key(0), simulations=-1)
    with pytest.raises(ValueError, match=r"'b' is not free"):
        sl.goodness(one, {"b": 1.0})
    assert sl.goodness(one, {}, jax.random.key(0)).simulated["data"].size == 1000


def test_curvature_of_a_prior_that_holds_numbers_together_is_whole():
    """A fit of counts with rates 5 and 6 held together: Fisher's 1/m on the diagonal and the inverse covariance."""
    covariance = np.array([[1.0, -0.8], [-0.8, 1.0]])
    space = sl.ParameterSpace({"m": jnp.array([5.0, 6.0])}, {"m": dist.MultivariateNormal(np.full(2, 5.0), covariance)})
    counts = Likelihood(lambda model: model["m"], [4, 9], Poisson())
    product = scoring(sl.Posterior(space, counts), jnp.array([5.0, 6.0])).product
    found = np.stack([product(row) for row in jnp.eye(2)])
    np.testing.assert_allclose(found, np.diag([1 / 5, 1 / 6]) + np.linalg.inv(covariance), rtol=1e-10)


def test_fits_of_other_numbers_are_refused():
    one = posterior(Likelihood(lambda model: model["a"] * jnp.ones(3), [3, 5, 9], Poisson()))
    best = sl.fit(one)
    space = sl.ParameterSpace({"a": jnp.asarray(1.0), "b": jnp.asarray(1.0)}, {k: dist.Uniform(0.1, 9.0) for k in "ab"})
    wider = sl.Posterior(space, Likelihood(lambda model: model["a"] * jnp.ones(3), [3, 5, 9], Poisson()))
    with pytest.raises(ValueError, match="values are of a, free in this posterior are a, b"):
        sl.goodness(wider, best, jax.random.key(0), 10)


@pytest.mark.parametrize("prior", [dist.Uniform(0.0, 100.0), dist.HalfNormal(5.0)])
def test_nothing_counted_is_what_nothing_expected_gives(prior):
    """All simulations are alike, but for where their fits stop."""
    space = sl.ParameterSpace({"rate": jnp.asarray(1.0)}, {"rate": prior})
    whole = sl.Posterior(space, Likelihood(lambda model: model["rate"] * jnp.ones(5), np.zeros(5), Poisson()))
    found = sl.goodness(whole, sl.fit(whole), jax.random.key(0), simulations=50)
    assert found.p_values["data"] == 1
    assert abs(found.z["data"]) < 1
    assert "50 simulations" in repr(found)
    assert sl.goodness(whole, {"rate": 1e-30}, jax.random.key(0), 20).p_values["data"] == 1
