"""The likelihood alone, and intervals of one parameter, against what is known exactly."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline.statistics import Gaussian, Likelihood, Poisson


def test_a_flat_posterior_is_the_likelihood_alone(precision):
    """Gaussian data of three numbers under narrow priors: one of them is bounded, and a regulariser pulls."""
    data, sigma = np.array([1.0, -2.0, 3.0]), np.array([0.1, 0.2, 0.3])
    model = {"x": jnp.zeros(2), "y": jnp.asarray(1.0)}
    priors = {"x": dist.Normal(0.0, 0.1), "y": dist.HalfNormal(0.5)}
    space = sl.ParameterSpace(model, priors)
    likelihood = Likelihood(lambda m: jnp.append(m["x"], m["y"]), data, Gaussian(sigma))
    posterior = sl.Posterior(space, likelihood, sl.Smoothness("x", 10.0, (-1,)))
    flat = posterior.flat()
    assert flat.space.log_prior(model) == 0
    assert flat.space.log_prior({"y": -0.1}) == -jnp.inf
    assert flat.has_residuals()
    assert flat.residuals({}).shape == (3,)
    for method in (None, sl.BFGS()):
        result = sl.fit(flat, method).raise_for_status()
        found = np.append(result.parameters["x"], result.parameters["y"])
        np.testing.assert_allclose(found, data, atol=1e-3)
        np.testing.assert_allclose(result.fisher.standard_deviations, sigma, rtol=1e-3)
    np.testing.assert_allclose(sl.fisher(flat).standard_deviations, sigma, rtol=1e-5)
    assert result.parameters["x"].dtype == precision
    assert "ImproperUniform(low=0)" in repr(flat.space.summary())
    assert abs(float(sl.fit(posterior).parameters["x"][0])) < 0.6


def test_nothing_is_drawn_from_a_flat_posterior():
    space = sl.ParameterSpace({"rate": jnp.asarray(1.0)}, {"rate": dist.HalfNormal(1.0)})
    flat = sl.Posterior(space, Likelihood(lambda m: m["rate"] * jnp.ones(2), [4, 6], Poisson())).flat()
    with pytest.raises(ValueError, match=r"rate: ImproperUniform\(low=0\) is improper and cannot be drawn from"):
        sl.sample(flat, jax.random.key(0), sl.NestedSlice(live=10, dying=2))
    with pytest.raises(ValueError, match=r"rate: .* improper"):
        sl.fit(flat, starts=2, key=jax.random.key(0))
