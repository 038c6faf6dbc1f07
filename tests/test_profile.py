"""The likelihood alone, and intervals of one parameter, against what is known exactly."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import optimize, stats

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


def test_starts_of_a_flat_posterior_are_drawn_from_the_priors():
    """Of two maxima at -3 and 2 the higher one is found from afar."""
    space = sl.ParameterSpace({"x": jnp.asarray(-3.0)}, {"x": dist.Uniform(-10.0, 10.0)})

    def valley(model):
        x = model["x"]
        return ((x - 2) ** 2 * ((x + 3) ** 2 + 0.3))[None]

    likelihood = Likelihood(valley, [0.0], Gaussian([1.0]))
    flat = sl.Posterior(space, likelihood).flat()
    assert float(sl.fit(flat, sl.BFGS()).parameters["x"]) == pytest.approx(-3, abs=0.3)
    best = sl.fit(flat, sl.BFGS(), starts=4, scout=40, key=jax.random.key(0))
    assert float(best.parameters["x"]) == pytest.approx(2.0, abs=1e-2)


LEVELS = [0.683, 0.9]


def correlated(prior, start=0.0):
    """Two numbers whose sum and difference are measured: x = 3 +- 0.707, y = -1 +- 0.707 of correlation 0.6."""
    design = jnp.array([[1.0, 1.0], [1.0, -1.0]])
    space = sl.ParameterSpace({"x": jnp.full(2, start)}, {"x": prior})
    return sl.Posterior(
        space, Likelihood(lambda m: design.astype(m["x"].dtype) @ m["x"], [2.0, 4.0], Gaussian([1.6**0.5, 0.4**0.5]))
    )


@pytest.mark.parametrize("level", LEVELS)
def test_intervals_of_gaussians_are_marginal(level):
    """Data of one number of known error; of two, correlated, the profile is the marginal."""
    width = stats.norm.ppf(0.5 * (1 + level))
    space = sl.ParameterSpace({"x": jnp.asarray(0.0)}, {"x": dist.Normal(0.0, 1e4)})
    alone = sl.Posterior(space, Likelihood(lambda m: m["x"] * jnp.ones(4), jnp.full(4, 5.0), Gaussian([1.0] * 4)))
    found = sl.profile(alone, "x", level)
    assert (found.low, found.high) == pytest.approx((5 - width / 2, 5 + width / 2), abs=1e-3)
    posterior = correlated(dist.Normal(0.0, 1e4))
    for label, best in {"x[0]": 3.0, "x[1]": -1.0}.items():
        found = sl.profile(posterior, label, level)
        sides = best - 0.5**0.5 * width, best + 0.5**0.5 * width
        assert (found.low, found.high) == pytest.approx(sides, abs=2e-3)
        assert found.best == pytest.approx(best, abs=1e-3)
        assert found.at_bound == (False, False)
        assert np.all(np.diff(found.values) > 0)
        drop = found.heights.max() - found.heights
        np.testing.assert_allclose(drop, (found.values - best) ** 2, atol=1e-4)


@pytest.mark.parametrize("level", LEVELS)
def test_the_interval_of_a_rate_is_asymmetric(level):
    """4 counts with a background that 6 counts of three times the exposure measure: the profile of both is solved."""

    def deviance(rate, background):
        return -2 * (stats.poisson(rate + background).logpmf(4) + stats.poisson(3 * background).logpmf(6))

    def profiled(rate):
        return optimize.minimize_scalar(lambda b: deviance(rate, b), bounds=(1e-9, 20), method="bounded").fun

    drop = profiled(2.0) + stats.chi2.ppf(level, 1)
    high = optimize.brentq(lambda rate: profiled(rate) - drop, 2.0, 30.0)
    bound = profiled(1e-9) < drop  # an upper limit
    low = 0.0 if bound else optimize.brentq(lambda rate: profiled(rate) - drop, 1e-9, 2.0)
    model = {"rate": jnp.asarray(3.0), "background": jnp.asarray(1.0)}
    space = sl.ParameterSpace(model, {"*": dist.ImproperUniform(dist.constraints.positive, (), ())})
    counts = Likelihood(
        lambda m: jnp.stack([m["rate"] + m["background"], 3 * m["background"]]), [4.0, 6.0], Poisson(), name="counts"
    )
    found = sl.profile(sl.Posterior(space, counts), "rate", level, start=sl.fit(sl.Posterior(space, counts)))
    assert (found.low, found.high) == pytest.approx((low, high), rel=3e-3)
    assert found.at_bound == (bound, False) == (level == 0.9, False)
    assert found.best == pytest.approx(2.0, rel=1e-3)
    assert found.high - found.best > found.best - found.low


def test_an_interval_ends_at_a_bound(precision):
    """A mean of -0.5 +- 1 that cannot be negative, and one that is near the upper end of its range."""
    posterior = correlated(dist.Uniform(-1.2, jnp.array([3.2, 9.0])))
    found = sl.profile(posterior, "x[0]")
    assert found.at_bound == (False, True)
    assert found.high == pytest.approx(3.2, rel=1e-6)
    assert "ends at the upper bound" in repr(found)
    found = sl.profile(posterior, "x[1]")
    assert found.at_bound == (True, False)
    assert found.low == pytest.approx(-1.2, rel=1e-6)
    space = sl.ParameterSpace({"x": jnp.asarray(0.0)}, {"x": dist.HalfNormal(1e3)})
    negative = sl.Posterior(space, Likelihood(lambda m: m["x"][None], [-0.5], Gaussian([1.0])))
    found = sl.profile(negative, "x")
    assert found.at_bound == (True, False)
    assert found.low == 0
    assert found.high == pytest.approx(0.5 * (5**0.5 - 1), rel=5e-3)  # x^2/2 + x/2 = 1/2


def test_what_the_data_do_not_limit_has_no_end():
    """A lower limit: the signal saturates."""
    space = sl.ParameterSpace({"x": jnp.asarray(1.0)}, {"x": dist.ImproperUniform(dist.constraints.positive, (), ())})
    found = sl.profile(sl.Posterior(space, Likelihood(lambda m: jnp.tanh(m["x"])[None], [1.0], Gaussian([0.5]))), "x")
    assert found.high == np.inf
    assert found.at_bound == (False, False)
    assert found.low == pytest.approx(np.arctanh(0.5), rel=5e-3)


def test_a_profile_moves_to_a_higher_maximum():
    """It starts at the lower of two."""
    model = {"x": jnp.asarray(-1.1), "y": jnp.asarray(0.5)}
    space = sl.ParameterSpace(model, {"*": dist.Uniform(-4.0, 4.0)})

    def wells(m):
        return jnp.stack([3 * (m["x"] ** 2 - 1), 1.6 * (m["x"] - 1), m["y"]])

    posterior = sl.Posterior(space, Likelihood(wells, [0.0, 0.0, 0.0], Gaussian([1.0, 1.0, 1.0])))
    assert float(sl.fit(posterior).parameters["x"]) < 0
    found = sl.profile(posterior, "x", 0.99)
    assert found.best == pytest.approx(1, abs=0.01)
    assert found.low > 0


def test_a_pinned_number_has_no_coordinate():
    model = {"x": jnp.ones((2, 2)), "y": jnp.asarray(1.0), "w": jnp.array([0.5, 0.5])}
    priors = {"x": dist.HalfNormal(1.0), "y": dist.Uniform(0.0, 2.0), "w": dist.Dirichlet(jnp.ones(2))}
    space = sl.ParameterSpace(model, priors).pin("x[1,0]", 7.0).pin("y", 0.5)
    u = space.to_unconstrained(space.initial)
    assert (u["x"].shape, u["y"].shape) == ((3,), (0,))
    values = space.to_constrained({**u, "x": jnp.zeros(3)})
    np.testing.assert_allclose(values["x"], [[1.0, 1.0], [7.0, 1.0]])
    assert values["y"] == 0.5
    assert float(space.log_jacobian(u)) == pytest.approx(np.log(0.25))  # of the fractions alone
    with pytest.raises(ValueError, match=r"w: one number of Dirichlet.* cannot be held"):
        space.pin("w[0]", 0.1)
    with pytest.raises(ValueError, match=r"'x\[2\]' is no free number. Near it are 'x\[1,1\]'"):
        space.pin("x[2]", 0.1)
    with pytest.raises(ValueError, match=r"level = 68\.3 must lie between 0 and 1"):
        sl.profile(correlated(dist.Normal(0.0, 9.0)), "x[0]", 68.3)


@pytest.mark.parametrize("flat", [False, True])
def test_a_norm_over_decades_is_at_its_bound_by_its_logarithm(flat):
    """Half a decade above the lowest of seven is within 3e-4 of the range, but at no bound."""
    space = sl.ParameterSpace({"norm": jnp.asarray(1.0)}, {"norm": dist.LogUniform(1e-3, 1e4)})
    posterior = sl.Posterior(space, Likelihood(lambda m: m["norm"][None], [0.2], Gaussian([0.01])))
    found = sl.fit(posterior.flat() if flat else posterior)
    assert float(found.parameters["norm"]) == pytest.approx(0.2, abs=1e-3)
    assert not found.edges
    assert not found.active
    inside = posterior.space.inwards({"norm": jnp.asarray(1e-3)})["norm"]
    assert float(inside) == pytest.approx(1e-3 * 1e7**0.01)


def straight(pin=None):
    x = np.linspace(0.0, 1.0, 9)
    data = 3 + 2 * x + np.random.default_rng(0).normal(size=9)
    model = {"a": jnp.asarray(3.0), "b": jnp.asarray(2.0)}
    priors = {"a": dist.Uniform(0.0, 10.0), "b": dist.Uniform(-5.0, 9.0)}
    space = sl.ParameterSpace(model, priors)
    space = space if pin is None else space.pin("a", pin)
    return sl.Posterior(space, Likelihood(lambda m: m["a"] + m["b"] * x, data, Gaussian(np.ones(9)))), x


@pytest.mark.parametrize("method", [sl.LevenbergMarquardt(), sl.ProjectedGaussNewton()])
def test_a_number_that_is_held_is_not_free(method):
    """Its error is 0, and it counts in no degrees of freedom; b alone is known to 1/sqrt(sum x^2)."""
    posterior, x = straight(3.0)
    for one in (posterior, posterior.flat()):
        result = sl.fit(one, method)
        assert (one.space.size, result.dof) == (1, 8)
        assert result.parameters["a"] == 3
        assert result.standard_deviations["a"] == 0
        np.testing.assert_allclose(result.standard_deviations["b"], np.sum(x**2) ** -0.5, rtol=1e-3)
    assert sl.fisher(posterior).weakest()[1] == {"b": 1.0}
    assert sl.fit(posterior, method, starts=2, key=jax.random.key(0)).parameters["a"] == 3
    assert posterior.space.sample(jax.random.key(0))["a"] == 3
    found = sl.profile(posterior, "b")
    np.testing.assert_allclose(found.high - found.best, np.sum(x**2) ** -0.5, rtol=1e-2)


def test_a_number_that_is_held_is_the_one_of_the_model():
    posterior, _ = straight(2.5)
    whole, _ = straight()
    assert posterior.space.initial["a"] == posterior.space.replace({"b": 1.0})["a"] == 2.5
    np.testing.assert_allclose(posterior.log_posterior({"b": 1.5}), whole.log_posterior({"a": 2.5, "b": 1.5}))
    for value in (10.5, -1.0, np.nan):
        with pytest.raises(ValueError, match="lies outside the support of its prior"):
            whole.space.pin("a", value)
    disk = sl.ParameterSpace(sl.electrons.ExponentialDisk(), {"scale_height": dist.Normal(1.0, 0.5)})
    with pytest.raises(ValueError, match="scale_height"):
        disk.pin("scale_height", -2.0)


def test_profiles_by_the_method_of_separations():
    posterior, x = straight()
    found = sl.profile(posterior, "a", method=sl.ProjectedGaussNewton())
    exact = np.sqrt(np.linalg.inv(np.stack([x**0, x]) @ np.stack([x**0, x]).T)[0, 0])
    np.testing.assert_allclose([found.best - found.low, found.high - found.best], exact, rtol=1e-2)


def test_several_numbers_of_an_array_are_held():
    space = sl.ParameterSpace({"x": jnp.arange(3.0)}, {"x": dist.Normal(0.0, 1.0)})
    space = space.pin("x[1]", 5.0).pin("x[0]", 7.0)
    np.testing.assert_array_equal(space.to_constrained({"x": jnp.ones(1)})["x"], [7.0, 5.0, 1.0])
    np.testing.assert_array_equal(space.to_unconstrained({"x": jnp.array([7.0, 5.0, 2.0])})["x"], [2.0])
    np.testing.assert_array_equal(space.held, [True, True, False])
