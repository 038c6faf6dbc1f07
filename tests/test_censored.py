"""Limits among data: densities by scipy, far tails, derivatives, fits, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import optimize, stats

import sightline as sl
from sightline.statistics.censored import Censored, log_probability

DATA, SIGMA = np.array([1.0, 0.4, 0.9, 2.0]), np.array([0.2, 0.3, 0.3, 0.5])
UPPER, LOWER = np.array([False, True, False, False]), np.array([False, False, False, True])


def likelihood(noise=None):
    noise = Censored(SIGMA, UPPER, LOWER) if noise is None else noise
    return sl.Likelihood(lambda model: model["flux"] * jnp.ones(4), DATA, noise)


def exact(flux):
    z = (DATA - flux) / SIGMA
    measured = stats.norm(flux, SIGMA).logpdf(DATA)
    return np.where(UPPER, stats.norm.logcdf(z), np.where(LOWER, stats.norm.logsf(z), measured))


@pytest.mark.parametrize("flux", [0.8, 3.0, 40.0, -40.0])
def test_densities_are_those_of_scipy(precision, flux):
    rtol = 1e-12 if precision == "float64" else 3e-6
    one, at = likelihood(), {"flux": jnp.asarray(flux)}
    np.testing.assert_allclose(one.pointwise(at), exact(flux), rtol=rtol)
    slope = jax.grad(lambda x: one.log_likelihood({"flux": x}))(at["flux"])
    difference = (exact(flux + 1e-5) - exact(flux - 1e-5)).sum() / 2e-5
    np.testing.assert_allclose(slope, difference, rtol=1e-4)


def test_far_tails_are_smooth(precision):
    """Where the series begins, and beyond what a probability can be as a number; d ln Phi/dx is phi/Phi."""
    x = jnp.array([-40.0, -12.1, -12.0, -11.9, -6.1, -5.9, -3.0, 0.0, 9.0])
    rtol = 1e-11 if precision == "float64" else 2e-5
    np.testing.assert_allclose(jax.vmap(log_probability)(x), stats.norm.logcdf(x), rtol=rtol, atol=1e-18)
    assert float(jax.grad(log_probability)(jnp.asarray(-1e4))) == pytest.approx(1e4, rel=1e-6)
    ratio = np.exp(stats.norm.logpdf(x) - stats.norm.logcdf(x))
    np.testing.assert_allclose(jax.vmap(jax.grad(log_probability))(x), ratio, rtol=10 * rtol, atol=1e-18)
    second = jax.vmap(jax.grad(jax.grad(log_probability)))(x)
    np.testing.assert_allclose(second, -ratio * (np.asarray(x) + ratio), rtol=2e-3, atol=1e-6)


def test_fits_find_the_largest_likelihood():
    space = sl.ParameterSpace({"flux": jnp.asarray(1.0)}, {"flux": dist.Uniform(0.0, 10.0)})
    result = sl.fit(sl.Posterior(space, likelihood()))
    best = optimize.minimize_scalar(lambda x: -exact(x).sum(), bounds=(0, 10), method="bounded").x
    assert float(result.parameters["flux"]) == pytest.approx(best, rel=1e-4)
    plain = sl.statistics.Gaussian(SIGMA)
    without = Censored(SIGMA)
    at = {"flux": jnp.asarray(0.9)}
    assert float(likelihood(plain).log_likelihood(at)) == pytest.approx(float(likelihood(without).log_likelihood(at)))


def test_replicas_keep_their_limits():
    noise, mean = Censored(SIGMA, UPPER, LOWER), jnp.ones(4)
    _, drawn = noise.replicate(mean, jnp.asarray(DATA), None, jax.random.key(0))
    np.testing.assert_array_equal(np.asarray(drawn) == DATA, UPPER | LOWER)
    few = noise.restrict(np.array([1, 3]))
    np.testing.assert_array_equal(few.upper, [True, False])
    assert "1 upper and 1 lower limits" in noise.describe()


@pytest.mark.parametrize(
    ("flags", "error", "message"),
    [
        ({"upper": [0, 1, 0, 0]}, TypeError, "must be true for limits"),
        ({"upper": [True]}, ValueError, r"Censored.upper has shape \(1,\)"),
        ({"upper": UPPER, "lower": UPPER}, ValueError, "1 data are limits from above and from below"),
    ],
)
def test_flags_that_make_no_sense_are_refused(flags, error, message):
    with pytest.raises(error, match=message):
        likelihood(Censored(SIGMA, **flags))


def test_limits_of_what_is_seen_along_rays():
    """Rays go through in batches, each with its own limits, within compiled functions."""
    sky = sl.Directions(np.linspace(0, 330, 12), np.linspace(-80, 80, 12))
    measure, simulator = (
        sl.observables.DispersionMeasure(sky),
        sl.Simulator(electron_density=sl.electrons.Uniform(0.03)),
    )
    data, upper = 1.2 * np.asarray(measure(simulator)), np.arange(12) % 3 == 0
    space = sl.ParameterSpace(simulator, {"electron_density.n0": dist.Uniform(0.001, 0.1)})
    posterior = sl.Posterior(space, sl.Likelihood(measure, data, Censored(np.full(12, 5.0), upper)))
    assert float(sl.fit(posterior).parameters["electron_density.n0"]) == pytest.approx(0.036, rel=5e-3)
    some = posterior.likelihoods[0].batch(jnp.array([0, 1]))
    each = posterior.likelihoods[0].pointwise(simulator)
    np.testing.assert_allclose(some.pointwise(simulator), each[:2], rtol=1e-9)
