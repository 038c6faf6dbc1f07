"""Posteriors by quadrature against closed forms and scipy."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats

import sightline as sl
from sightline.inference import quadrature
from sightline.inference.summit import Density, summits

jax.config.update("jax_enable_x64", True)


def gaussian(low, high, mean=0.3, sd=0.01):
    space = sl.ParameterSpace({"x": jnp.asarray(0.5 * (low + high))}, {"x": dist.Uniform(low, high)})
    noise = sl.statistics.Gaussian(np.array([sd]))
    return sl.Posterior(space, sl.Likelihood(lambda model: model["x"][None], [mean], noise))


def test_weights_are_exact_for_polynomials():
    for degree in range(0, 23, 2):
        assert quadrature.KRONROD @ quadrature.NODES**degree == pytest.approx(2 / (degree + 1), rel=1e-14)
    for degree in range(0, 13, 2):
        assert quadrature.GAUSS @ quadrature.NODES[1::2] ** degree == pytest.approx(2 / (degree + 1), rel=1e-14)


@pytest.mark.parametrize("high", [0.31, 1.0, 1e4])
def test_a_gaussian_that_is_cut(high):
    found, exact = (
        sl.scan(gaussian(0.0, high), {"x": (0.0, high)}),
        stats.truncnorm(-30, (high - 0.3) / 0.01, 0.3, 0.01),
    )
    assert found.mode == pytest.approx(0.3, abs=1e-12)
    assert (found.mean, found.sd) == (pytest.approx(exact.mean(), rel=1e-9), pytest.approx(exact.std(), rel=1e-7))
    for level in (0.05, 0.68, 0.95):
        assert found.upper(level) == pytest.approx(exact.ppf(level), rel=1e-9)
        assert found.lower(level) == pytest.approx(exact.ppf(1 - level), rel=1e-9)
    x = np.linspace(0.27, min(high, 0.33), 7)
    np.testing.assert_allclose(found.density(x), exact.pdf(x), rtol=1e-7)
    np.testing.assert_allclose(found.below(x), exact.cdf(x), atol=1e-9)
    assert found.density(-1.0) == 0
    low, top = found.interval(0.683)
    assert exact.cdf(top) - exact.cdf(low) == pytest.approx(0.683, abs=1e-9)
    if high > 0.32:
        assert 0.3 - low == pytest.approx(top - 0.3, rel=1e-5)
    grid, density = found.grid(400)
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-3)


def test_the_mode_may_lie_on_an_end():
    for range_, mode in (((0.4, 1.0), 0.4), ((0.0, 0.2), 0.2)):
        found = sl.scan(gaussian(0.0, 1.0), {"x": range_})
        assert found.mode == mode
        assert found.range == range_
        assert found.interval()[0 if mode == 0.4 else 1] == mode
        away = abs(found.mean - mode)
        assert away == pytest.approx(0.01**2 / 0.1, rel=0.02)  # an exponential of this scale


def test_two_maxima():
    space = sl.ParameterSpace({"x": jnp.asarray(0.1)}, {"x": dist.Uniform(-1.0, 1.0)})
    data = sl.Likelihood(lambda model: jnp.square(model["x"])[None], [0.25], sl.statistics.Gaussian(np.array([0.05])))
    found = sl.scan(sl.Posterior(space, data), {"x": (-1, 1)})
    assert abs(found.mode) == pytest.approx(0.5, abs=1e-9)
    assert found.mean == pytest.approx(0, abs=1e-9)
    assert found.below(0.0)[0] == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize("width", [0.1, 1e-3])
def test_maxima_far_apart_and_narrow(width):
    """Each a fraction of the range, so that the nodes of coarse panels see nothing of one beside the other."""
    space = sl.ParameterSpace({"x": jnp.asarray(0.5)}, {"x": dist.Uniform(0.0, 100.0)})
    noise = sl.statistics.Gaussian(np.array([width]))
    data = sl.Likelihood(lambda model: ((model["x"] - 20) * (model["x"] - 77) / 57)[None], [0.0], noise)
    found = sl.scan(sl.Posterior(space, data), {"x": (0, 100)})
    assert found.mean == pytest.approx(48.5, abs=1e-3)
    assert found.sd == pytest.approx(28.5, abs=1e-3)


def test_maxima_of_two_numbers():
    space = {"x": dist.Uniform(-3.0, 3.0), "y": dist.Uniform(-3.0, 3.0)}
    start, noise = {"x": jnp.asarray(0.5), "y": jnp.asarray(0.0)}, sl.statistics.Gaussian(np.array([0.01, 0.01]))
    data = sl.Likelihood(lambda model: jnp.stack([model["x"] ** 2, model["y"] - model["x"]]), [1.0, 0.0], noise)
    found = sl.scan(sl.Posterior(sl.ParameterSpace(start, space), data), {"x": (-3, 3), "y": (-3, 3)})
    assert found["x"].mean == pytest.approx(0.0, abs=1e-6)
    assert found["y"].sd == pytest.approx(1.0, abs=1e-3)
    assert found.correlation == pytest.approx(1.0, abs=1e-3)


def test_a_narrow_ridge_is_one_maximum():
    """Nodes of a grid beside it are higher than their neighbours along the axes, and none of them is a maximum."""
    start, space = {"x": jnp.asarray(0.5), "y": jnp.asarray(0.0)}, {"x": dist.Uniform(-3.0, 3.0)}
    space = sl.ParameterSpace(start, {**space, "y": dist.Uniform(-3.0, 3.0)})
    noise = sl.statistics.Gaussian(np.array([0.5, 0.01]))
    data = sl.Likelihood(lambda model: jnp.stack([model["x"], model["y"] - model["x"]]), [1.0, 0.0], noise)
    low, high = np.full(2, -3.0), np.full(2, 3.0)
    assert len(summits(Density(sl.Posterior(space, data), ("x", "y"), low, high))) == 1


def test_two_correlated_numbers():
    covariance, mean = np.array([[1.0, 0.8], [0.8, 2.0]]), np.array([0.3, -0.2])
    root = np.linalg.inv(np.linalg.cholesky(covariance))
    space = sl.ParameterSpace({"x": jnp.zeros(2)}, {"x": dist.Uniform(-30.0, 30.0)})
    noise = sl.statistics.Gaussian(np.ones(2))
    data = sl.Likelihood(lambda model: jnp.asarray(root) @ model["x"], root @ mean, noise)
    found = sl.scan(sl.Posterior(space, data), {"x[1]": (-20, 20), "x[0]": (-20, 20)})
    np.testing.assert_allclose(found.covariance, covariance[::-1, ::-1], rtol=1e-7)
    assert found.correlation == pytest.approx(0.8 / 2**0.5, rel=1e-7)
    assert found.mode == {"x[1]": pytest.approx(-0.2, abs=1e-9), "x[0]": pytest.approx(0.3, abs=1e-9)}
    assert found["x[0]"].upper(0.975) == pytest.approx(0.3 + stats.norm.ppf(0.975), abs=1e-7)
    assert found["x[1]"].mode == pytest.approx(-0.2, abs=1e-4)
    x, y, density = found.grid(20)
    assert density.shape == (x.size, y.size)
    assert "correlation +0.566" in repr(found)
    with pytest.raises(KeyError, match="was not scanned"):
        found["y"]


def test_the_prior_counts_and_cuts():
    space = sl.ParameterSpace({"x": jnp.asarray(0.5)}, {"x": dist.HalfNormal(1.0)})
    data = sl.Likelihood(lambda model: model["x"][None], [-1.0], sl.statistics.Gaussian(np.array([1.0])))
    found = sl.scan(sl.Posterior(space, data), {"x": (-5, 20)})
    exact = stats.truncnorm(0.5 / 0.5**0.5, np.inf, -0.5, 0.5**0.5)
    assert found.range == (0, 20)
    assert found.mode == pytest.approx(0, abs=1e-9)  # 0 itself is no part of this prior
    assert found.mean == pytest.approx(exact.mean(), rel=1e-9)


def test_in_either_precision(precision):
    found = sl.scan(gaussian(0.0, 1.0), {"x": (0, 1)})
    assert (found.mode, found.sd) == (pytest.approx(0.3, abs=1e-6), pytest.approx(0.01, rel=1e-4))


def test_a_table():
    assert repr(sl.scan(gaussian(0.0, 1.0), {"x": (0, 1)})).splitlines()[2].split()[:4] == ["x", "0.3", "0.3", "0.01"]


def test_what_is_refused():
    post = gaussian(0.0, 1.0)
    for ranges, text in (
        ({"x": (0.5, 0.5)}, "is empty"),
        ({"x": (1.0, 0.0)}, "is empty"),
        ({"x": (0.0, np.inf)}, "is empty"),
        ({"x": 1.0}, "is empty"),
        ({"x": (2.0, 3.0)}, "outside its prior, 0 ... 1"),
        ({"y": (0.0, 1.0)}, "y"),
        ({}, "names 0 numbers"),
    ):
        with pytest.raises(ValueError, match=text):
            sl.scan(post, ranges)
    space = sl.ParameterSpace({"x": jnp.zeros(2)}, {"x": dist.Uniform(-1.0, 1.0)})
    both = sl.Posterior(space, sl.Likelihood(lambda model: model["x"], [0.0, 0.0], sl.statistics.Gaussian(np.ones(2))))
    with pytest.raises(ValueError, match=r"x\[1\] is free as well"):
        sl.scan(both, {"x[0]": (-1, 1)})
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        sl.scan(post, {"x": (0, 1)}).upper(1.0)
    with pytest.raises(TypeError, match="ranges is a str: give a dict by name"):
        sl.scan(post, "x")


def test_numbers_that_are_held_need_no_range():
    """Of two correlated ones, the first given the second: the conditional normal distribution."""
    covariance, mean = np.array([[1.0, 0.8], [0.8, 2.0]]), np.array([0.3, -0.2])
    root = np.linalg.inv(np.linalg.cholesky(covariance))
    space = sl.ParameterSpace({"x": jnp.zeros(2)}, {"x": dist.Uniform(-30.0, 30.0)}).pin("x[1]", 1.5)
    noise = sl.statistics.Gaussian(np.ones(2))
    data = sl.Likelihood(lambda model: jnp.asarray(root) @ model["x"], root @ mean, noise)
    found = sl.scan(sl.Posterior(space, data), {"x[0]": (-20, 20)})
    assert found.mean == pytest.approx(0.3 + 0.8 / 2 * 1.7, rel=1e-7)
    assert found.sd == pytest.approx((1 - 0.8**2 / 2) ** 0.5, rel=1e-7)
    with pytest.raises(ValueError, match="is held by pin"):
        sl.scan(sl.Posterior(space, data), {"x[1]": (-20, 20)})


@pytest.mark.parametrize("count", [60, 80, 120])
def test_many_maxima_are_all_found(count):
    """Nodes of a coarse path fall on the maxima between: valleys must be looked for step by step."""
    rate, noise = count * 2 * np.pi / 2000, sl.statistics.Gaussian(np.array([0.05, 0.05]))
    space = sl.ParameterSpace({"x": jnp.asarray(0.3)}, {"x": dist.Uniform(-1000.0, 1000.0)})

    def law(model):
        return jnp.stack([jnp.cos(rate * model["x"]), jnp.sin(rate * model["x"])])

    posterior = sl.Posterior(space, sl.Likelihood(law, [1.0, 0.0], noise))
    with pytest.warns(sl.inference.ScanWarning) if count > 100 else contextlib.nullcontext():
        found = sl.scan(posterior, {"x": (-1000, 1000)})
    assert found.mean == pytest.approx(0, abs=1e-6)
    # half a peak at either end, whole ones between
    places = 2000 / count * (np.arange(count + 1) - count / 2)
    weights = np.r_[0.5, np.ones(count - 1), 0.5]
    assert found.sd == pytest.approx(np.sqrt(np.sum(weights * places**2) / count), rel=2e-3)
