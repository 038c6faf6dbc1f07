"""Amortised inference against posteriors in closed form, and what it says of data that it cannot know."""

import builtins

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline.inference.approximate import effective, judged
from sightline.inference.features import Features
from sightline.statistics import Gaussian, Likelihood, Poisson


def linear(data=(0.0,) * 6):
    """A straight line through six data of unit error: the posterior is Gaussian."""
    x = jnp.linspace(-1.0, 1.0, 6)
    model = {"a": jnp.asarray(0.0), "b": jnp.asarray(0.0)}
    space = sl.ParameterSpace(model, {"a": dist.Normal(1.0, 2.0), "b": dist.Normal(0.0, 3.0)})
    likelihood = Likelihood(lambda m: m["a"] + m["b"] * x, jnp.asarray(data), Gaussian([0.5] * 6))
    return sl.Posterior(space, likelihood), x


@pytest.fixture(scope="module")
def trained():
    pytest.importorskip("flowjax")
    posterior, _ = linear()
    return sl.amortise(posterior, jax.random.key(0), simulations=5000, epochs=40, progress=False)


def exact(x, data):
    design = np.stack([np.ones(6), np.asarray(x)], axis=1)
    precision = design.T @ design / 0.25 + np.diag([1 / 4, 1 / 9])
    covariance = np.linalg.inv(precision)
    return covariance @ (design.T @ data / 0.25 + np.array([1 / 4, 0.0])), np.sqrt(np.diagonal(covariance))


@pytest.mark.long
def test_draws_are_those_of_the_exact_posterior(trained):
    posterior, x = linear()
    data = np.array([0.1, 0.5, 1.9, 2.0, 3.3, 3.9])
    given = posterior.given([jnp.asarray(data)])
    chains = trained.sample(jax.random.key(1), given, draws=4000)
    mean, sigma = exact(x, data)
    np.testing.assert_allclose(chains.means, mean, atol=0.15 * sigma.min())
    np.testing.assert_allclose(chains.standard_deviations, sigma, rtol=0.1)
    assert chains.verdict == "converged"
    assert "Pareto k" in repr(chains)
    weights = np.exp(chains.statistics["log_weight"][0] - chains.statistics["log_weight"].max())
    weighted = np.average(chains.vector[0], axis=0, weights=weights)
    np.testing.assert_allclose(weighted, mean, atol=0.07 * sigma.min())
    spread = np.average(np.square(chains.vector[0] - weighted), axis=0, weights=weights) ** 0.5
    np.testing.assert_allclose(spread, sigma, rtol=0.04)
    # the mean weight is the evidence: of a Gaussian of covariance V + A P A^T
    design = np.stack([np.ones(6), np.asarray(x)], axis=1)
    cover = 0.25 * np.eye(6) + design @ np.diag([4.0, 9.0]) @ design.T
    away = data - 1.0
    evidence = -0.5 * (away @ np.linalg.solve(cover, away) + np.linalg.slogdet(2 * np.pi * cover)[1])
    found = np.log(np.mean(np.exp(chains.statistics["log_weight"])))
    assert found == pytest.approx(evidence, abs=0.1)


@pytest.mark.long
def test_ranks_are_uniform(trained):
    found = trained.calibrate(jax.random.key(2), replicas=300)
    assert found.ranks.shape == (300, 2)
    assert np.all(found.p_values > 1e-3)


@pytest.mark.long
def test_data_of_another_model_are_found_out(trained):
    posterior, _ = linear()
    chains = trained.sample(jax.random.key(1), posterior.given([jnp.asarray([30.0, -30.0, 30.0, -30.0, 30.0, -30.0])]))
    assert "not near the posterior" in chains.verdict


@pytest.mark.long
def test_the_network_says_what_it_is_for(trained):
    assert repr(trained) == "Amortised(a, b; 5000 simulations)"
    assert np.isfinite(trained.loss)
    space = sl.ParameterSpace({"rate": jnp.asarray(4.0)}, {"rate": dist.Uniform(0.0, 100.0)})
    other = sl.Posterior(space, Likelihood(lambda m: m["rate"][None], [3], Poisson()))
    with pytest.raises(
        ValueError, match=r"the shapes \[\(1,\)\] and rate free; the network was trained for \[\(6,\)\]"
    ):
        trained.sample(jax.random.key(0), other)
    with pytest.raises(ValueError, match="draws = 0 must be 1 at least"):
        trained.sample(jax.random.key(0), draws=0)


@pytest.mark.long
def test_one_parameter_and_counts(precision):
    """A rate with a gamma prior: the posterior is a gamma distribution; in both precisions."""
    pytest.importorskip("flowjax")
    space = sl.ParameterSpace({"rate": jnp.asarray(4.0)}, {"rate": dist.Gamma(3.0, 0.3)})
    posterior = sl.Posterior(
        space, Likelihood(lambda m: m["rate"] * jnp.ones_like(m["rate"], shape=3), [9, 12, 6], Poisson())
    )
    net = sl.amortise(posterior, jax.random.key(0), simulations=1500, epochs=12, progress=False)
    chains = net.sample(jax.random.key(1), draws=3000)
    assert chains.means[0] == pytest.approx(30 / 3.3, rel=0.05)
    assert chains.standard_deviations[0] == pytest.approx(30**0.5 / 3.3, rel=0.15)
    assert chains.parameters["rate"].dtype == precision


def test_what_cannot_be_learnt_is_refused(monkeypatch):
    posterior, _ = linear()
    key = jax.random.key(0)
    with pytest.raises(ValueError, match="simulations = 10 must be 100 at least"):
        sl.amortise(posterior, key, simulations=10)
    with pytest.raises(ValueError, match="repeats = 1 must be 2 at least"):
        sl.amortise(posterior, key, repeats=1)
    with pytest.raises(ValueError, match="improper and cannot be drawn from"):
        sl.amortise(posterior.flat(), key, simulations=100)
    smooth = sl.Posterior(posterior.space, posterior.likelihoods, sl.Smoothness("a", 1.0, (-1,)))
    with pytest.raises(ValueError, match="put regularisers into them"):
        sl.amortise(smooth, key, simulations=100)
    find = builtins.__import__

    def refuse(name, *arguments, **options):
        if name.startswith("flowjax"):
            raise ImportError(name)
        return find(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"pip install 'sightline\[sbi\]'"):
        sl.amortise(posterior, key)


@pytest.mark.long
def test_features_stand_out_of_the_noise():
    """Ten data, of which one direction varies with the parameters: one feature is found, of unit variance."""
    generator = np.random.default_rng(0)
    direction = np.linspace(0.1, 1.0, 10)
    signal = generator.normal(size=(5000, 1)) * direction * 0.1
    first, again = (jnp.asarray(signal + 0.01 * generator.normal(size=(5000, 10))) for _ in range(2))
    found = Features.of(first, again, 5)
    assert found.matrix.shape == (1, 10)
    x = jax.vmap(found)(first)
    assert float(jnp.std(x)) == pytest.approx(1.0, rel=1e-3)
    assert abs(np.corrcoef(x[:, 0], signal[:, 0])[0, 1]) > 0.97
    with pytest.raises(ValueError, match="Nothing in the simulated data stands out"):
        Features.of(jnp.asarray(generator.normal(size=(500, 3))), jnp.asarray(generator.normal(size=(500, 3))), 5)
    constant = Features.of(
        jnp.concatenate([first, jnp.zeros((5000, 1))], 1), jnp.concatenate([again, jnp.zeros((5000, 1))], 1), 5
    )
    assert bool(jnp.all(jnp.isfinite(constant.matrix)))


def test_draws_that_are_too_wide_are_not_near():
    """Weights without a tail, of a normal distribution five times too wide: worth 0.28 of the draws."""
    y = 5 * np.random.default_rng(0).normal(size=4000)
    weights = -0.5 * y**2 + 0.5 * (y / 5) ** 2
    found = judged(weights)
    assert "not near" in found["complaint"]
    assert effective(weights) == pytest.approx(np.sqrt(2 * 25 - 1) / 25, abs=0.02)
    assert "complaint" not in judged(-0.5 * y**2 / 100)
