"""Variational Gaussians that differ from the prior along the directions that data determine."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats

import sightline as sl
from sightline.inference import ApproximationWarning, LowRank, MeanField
from sightline.inference.coordinates import relaxed
from sightline.inference.low_rank import InformedCoordinates
from sightline.statistics import Gaussian, Likelihood

RANDOM = np.random.default_rng(4)
SIZE, NUMBER = 400, 12  # of more than 300 parameters no coordinates are whitened
ROWS = RANDOM.normal(size=(NUMBER, SIZE)) * np.geomspace(2.0, 0.05, NUMBER)[:, None]
DATA = ROWS @ RANDOM.normal(size=SIZE) + RANDOM.normal(size=NUMBER)


def posterior():
    """A dozen data of four hundred latents."""
    prior = dist.Normal(0.0, 1.0).expand((SIZE,)).to_event()
    space = sl.ParameterSpace({"x": jnp.zeros(SIZE)}, {"x": prior})

    def observable(model):
        return jnp.asarray(ROWS, model["x"].dtype) @ model["x"]

    return sl.Posterior(space, Likelihood(observable, DATA, Gaussian(np.ones(NUMBER))))


def solution():
    covariance = np.linalg.inv(np.eye(SIZE) + ROWS.T @ ROWS)
    evidence = stats.multivariate_normal(np.zeros(NUMBER), ROWS @ ROWS.T + np.eye(NUMBER)).logpdf(DATA)
    return covariance @ ROWS.T @ DATA, covariance, evidence


@pytest.fixture(scope="module")
def near():
    target = posterior()
    best = sl.fit(target, sl.LBFGS(steps=200), covariance=0)
    return sl.approximate(target, jax.random.key(0), LowRank(rank=NUMBER, steps=20), start=best)


def test_a_linear_posterior_is_found(near):
    mean, covariance, evidence = solution()
    place, inner = near._state
    root = jax.vmap(place, out_axes=1)(jnp.diag(jnp.exp(inner.rho))) - place.origin[:, None]
    np.testing.assert_allclose(near._place.origin + place(inner.mu), mean, atol=0.01)
    np.testing.assert_allclose(root @ root.T, covariance, atol=0.02)
    assert near.elbo.shape == (20,)
    assert near.elbo[-1] == pytest.approx(evidence, abs=0.05)
    assert near.pareto_k(jax.random.key(1)) < 0.5


def test_draws_say_what_the_data_determine(near):
    chain = near.sample(jax.random.key(2), draws=2000)
    assert chain.parameters["x"].shape == (1, 2000, SIZE)
    mean, covariance, _ = solution()
    predicted = chain.parameters["x"][0] @ ROWS.T
    np.testing.assert_allclose(predicted.mean(axis=0), ROWS @ mean, atol=0.15)
    np.testing.assert_allclose(predicted.var(axis=0), np.diagonal(ROWS @ covariance @ ROWS.T), rtol=0.15)
    assert "Pareto k" in repr(chain)


def test_without_correlations_and_with_too_few_directions_draws_scatter_too_much(near):
    _, covariance, evidence = solution()
    exact = np.diagonal(ROWS @ covariance @ ROWS.T)
    plain = sl.approximate(posterior(), jax.random.key(0), MeanField(steps=400, samples=2), start={})
    with pytest.warns(ApproximationWarning, match="more directions than rank = 2"):
        few = sl.approximate(posterior(), jax.random.key(0), LowRank(rank=2, steps=20), start={})
    assert not near.doubt
    for one in (plain, few):
        scatter = (one.sample(jax.random.key(2), draws=500).parameters["x"][0] @ ROWS.T).var(axis=0)
        assert np.all(scatter[2:5] > 5 * exact[2:5])
        assert one.elbo[-10:].mean() < evidence - 5


def test_the_mean_is_found_from_elsewhere():
    method = LowRank(rank=NUMBER, steps=300, samples=1, learning_rate=0.1)
    found = sl.approximate(posterior(), jax.random.key(0), method, start={"x": np.full(SIZE, 0.05)})
    mean, covariance, evidence = solution()
    place, inner = found._state
    apart = found._place.origin + place(inner.mu) - mean
    assert apart @ np.linalg.solve(covariance, apart) < 0.5  # of SIZE
    assert found.elbo[-1] == pytest.approx(evidence, abs=1.0)


def test_volume_is_that_of_the_matrix(precision):
    directions, _ = np.linalg.qr(RANDOM.normal(size=(6, 2)))
    arrays = (RANDOM.normal(size=6), RANDOM.normal(size=2), directions)
    place = InformedCoordinates(*(jnp.asarray(array, precision) for array in arrays), neglected=jnp.zeros(()))
    matrix = np.eye(6) + (directions * np.expm1(arrays[1])) @ directions.T
    z = RANDOM.normal(size=6)
    tolerance = 1e-10 if precision == "float64" else 1e-4
    np.testing.assert_allclose(place(jnp.asarray(z, precision)), arrays[0] + matrix @ z, rtol=tolerance)
    np.testing.assert_allclose(place.log_volume, np.linalg.slogdet(matrix)[1], rtol=tolerance)
    assert place.log_volume.dtype == precision


def test_memory_is_that_of_a_few_sets_of_directions():
    """A hundred thousand numbers, rank 5: below thirty copies of V, nothing near n x n."""
    method, size = LowRank(rank=5, samples=4), 100_000

    def density(y):
        return -0.5 * jnp.sum(jnp.square(y))

    begin = jax.jit(lambda key: method.begin(density, jnp.zeros(size), key))
    state = jax.eval_shape(begin, jax.random.key(0))
    step = jax.jit(lambda state, key: method.advance(density, state, key))
    with relaxed():
        lowered = begin.lower(jax.random.key(0)), step.lower(state, jax.random.key(0))
    for one in lowered:
        assert one.compile().memory_analysis().temp_size_in_bytes < 30 * 8 * 5 * size


def test_too_high_a_rank_is_refused():
    few = sl.ParameterSpace({"x": jnp.zeros(3)}, {"x": dist.Normal(0.0, 1.0)})
    target = sl.Posterior(few, Likelihood(lambda model: model["x"], np.ones(3), Gaussian(np.ones(3))))
    with pytest.raises(ValueError, match="rank = 3 is not below the number of parameters, 3"):
        sl.approximate(target, jax.random.key(0), LowRank(rank=3), start={})
    with pytest.raises(ValueError, match="outside its bounds"):
        LowRank(rank=0)
