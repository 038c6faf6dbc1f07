"""Variational Gaussians with covariance of a diagonal and a few directions."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
import pytest
from scipy import stats

import sightline as sl
from sightline.inference import LowRank, MeanField
from sightline.inference.coordinates import relaxed
from sightline.inference.low_rank import LowRankGaussian
from sightline.statistics import Gaussian, Likelihood

RANDOM = np.random.default_rng(4)
SIZE = 400  # of more than 300 parameters no coordinates are whitened
FACTOR = RANDOM.normal(size=(SIZE, 2)) * np.array([1.0, 0.4])
DIAGONAL = RANDOM.uniform(0.3, 1.5, SIZE)
SIGMA = RANDOM.uniform(1.0, 4.0, SIZE)
DATA = RANDOM.normal(size=SIZE)
QUICK = {"steps": 800, "samples": 2, "learning_rate": optax.cosine_decay_schedule(0.05, 800)}


def posterior():
    """Its covariance, (Sigma^-1 + 1/sigma^2)^-1 for a prior of covariance Sigma, is a diagonal and two directions."""
    prior = dist.LowRankMultivariateNormal(jnp.zeros(SIZE), jnp.asarray(FACTOR), jnp.asarray(DIAGONAL))
    space = sl.ParameterSpace({"x": jnp.zeros(SIZE)}, {"x": prior})
    return sl.Posterior(space, Likelihood(lambda model: model["x"], DATA, Gaussian(SIGMA)))


def solution():
    prior = np.diag(DIAGONAL) + FACTOR @ FACTOR.T
    covariance = np.linalg.inv(np.linalg.inv(prior) + np.diag(SIGMA**-2))
    evidence = stats.multivariate_normal(np.zeros(SIZE), prior + np.diag(SIGMA**2)).logpdf(DATA)
    return covariance @ (DATA / SIGMA**2), covariance, evidence


@pytest.fixture(scope="module")
def near():
    return sl.approximate(posterior(), jax.random.key(0), LowRank(rank=2, **QUICK), start={})


def test_a_posterior_of_that_form_is_found(near):
    mean, covariance, evidence = solution()
    found = near._state[0]
    matrix = np.diag(np.exp(2 * found.log_sd)) + found.factor @ found.factor.T
    sd = np.sqrt(np.diagonal(covariance))
    np.testing.assert_allclose((near._place.origin + found.mean - mean) / sd, 0, atol=0.05)
    np.testing.assert_allclose(matrix / np.outer(sd, sd), covariance / np.outer(sd, sd), atol=0.05)
    assert near.elbo.shape == (800,)
    assert near.elbo[-1] == pytest.approx(evidence, abs=0.2)
    assert near.pareto_k(jax.random.key(1)) < 0.5


def test_draws_have_that_covariance(near):
    chain = near.sample(jax.random.key(2), draws=1000)
    assert chain.parameters["x"].shape == (1, 1000, SIZE)
    _, covariance, _ = solution()
    values, vectors = np.linalg.eigh(covariance)
    along = chain.parameters["x"][0] @ vectors[:, -1]
    assert np.var(along) == pytest.approx(values[-1], rel=0.2)
    assert values[-1] > 3 * np.median(values)
    assert "Pareto k" in repr(chain)


def test_without_correlations_the_widest_direction_is_missed():
    plain = sl.approximate(posterior(), jax.random.key(0), MeanField(**QUICK), start={})
    assert plain.pareto_k(jax.random.key(1)) > 0.7
    assert plain.elbo[-50:].mean() < solution()[2] - 1


def test_density_equals_scipy(precision):
    arrays = (RANDOM.normal(size=6), RANDOM.normal(size=6), RANDOM.normal(size=(6, 2)), RANDOM.normal(size=6))
    mean, log_sd, factor, y = (jnp.asarray(array, precision) for array in arrays)
    covariance = np.diag(np.exp(2 * arrays[1])) + arrays[2] @ arrays[2].T
    expected = stats.multivariate_normal(arrays[0], covariance).logpdf(arrays[3])
    found = LowRankGaussian(mean, log_sd, factor).log_density(y)
    assert found.dtype == precision
    np.testing.assert_allclose(found, expected, rtol=1e-10 if precision == "float64" else 1e-4)


def test_memory_is_that_of_a_few_factors():
    """A hundred thousand numbers, rank 5: below thirty copies of U, nothing near n x n."""
    method, size = LowRank(rank=5, samples=4), 100_000

    def density(y):
        return -0.5 * jnp.sum(jnp.square(y))

    state = jax.eval_shape(lambda key: method.begin(density, jnp.zeros(size), key), jax.random.key(0))
    step = jax.jit(lambda state, key: method.advance(density, state, key))
    with relaxed():
        used = step.lower(state, jax.random.key(0)).compile().memory_analysis().temp_size_in_bytes
    assert used < 30 * 8 * 5 * size


def test_too_high_a_rank_is_refused():
    few = sl.ParameterSpace({"x": jnp.zeros(3)}, {"x": dist.Normal(0.0, 1.0)})
    target = sl.Posterior(few, Likelihood(lambda model: model["x"], np.ones(3), Gaussian(np.ones(3))))
    with pytest.raises(ValueError, match="rank = 3 is not below the number of parameters, 3"):
        sl.approximate(target, jax.random.key(0), LowRank(rank=3), start={})
    with pytest.raises(ValueError, match="outside its bounds"):
        LowRank(rank=0)
