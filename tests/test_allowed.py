"""Where priors, ties and likelihoods allow nothing: densities, draws, fits and evidences stay right at that border."""

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats

import sightline as sl
from sightline.parameters.densities import log_density
from sightline.parameters.priors import check_prior

KEY = jax.random.key(5)
ONE = sl.statistics.Gaussian([0.3])


class Pair(sl.Module):
    x: jax.Array = sl.param(0.3)
    y: jax.Array = sl.param(0.6, bounds=(0, 1))


class Shares(sl.Module):
    v: jax.Array = sl.param((0.5, 0.3, 0.2), bounds=(0, 1))


def tied():
    """y = 2 x stays below 1; the datum would have x at 0.8."""
    space = sl.ParameterSpace(Pair(), {"x": dist.Uniform(0.0, 1.0)}, ties={"y": lambda values: 2 * values["x"]})
    return sl.Posterior(space, sl.Likelihood(lambda m: m.x[None], [0.8], sl.statistics.Gaussian([0.1])))


def of(prior, law, data, start=9.0, noise=ONE):
    space = sl.ParameterSpace({"a": jnp.asarray(start)}, {"a": prior})
    return sl.Posterior(space, sl.Likelihood(law, data, noise))


def evidence(posterior):
    chains = sl.sample(posterior, KEY, sl.NestedSlice(live=100), chains=4, draws=100)
    return np.asarray(chains.tree.attrs["log_evidence"])


def test_draws_keep_the_bounds_of_what_is_tied():
    space = tied().space
    drawn = jax.vmap(space.sample)(jax.random.split(KEY, 400))["x"]
    assert float(jnp.max(drawn)) <= 0.5
    assert stats.kstest(np.asarray(drawn), "uniform", (0.0, 0.5)).pvalue > 1e-3
    assert float(jnp.max(jax.vmap(space.propose)(jax.random.split(KEY, 400))["x"])) > 0.9


@pytest.mark.parametrize("method", [None, sl.ProjectedGaussNewton()])
def test_a_fit_beyond_the_bounds_of_what_is_tied_has_failed(method):
    found = sl.fit(tied(), method)
    assert found.status == "diverged"
    with pytest.raises(sl.FitError, match=r"what is tied lies beyond its physical bounds there: fit by sl\.BFGS"):
        found.raise_for_status()


def test_a_descent_stays_within():
    assert float(sl.fit(tied(), sl.BFGS()).parameters["x"]) == pytest.approx(0.5, abs=1e-3)


def test_evidences_count_the_prior_that_is_forbidden():
    """By quadrature: NaN below 9 of a flat prior to 10; a tie that ends at half of its prior."""
    grid = 9 + (np.arange(20000) + 0.5) / 20000
    exact = np.log(np.mean(stats.norm.pdf(0.5, np.sqrt(grid - 9), 0.3)) / 10)
    found = evidence(of(dist.Uniform(0.0, 10.0), lambda m: jnp.sqrt(m["a"] - 9.0)[None], [0.5], 9.5))
    assert found.mean() == pytest.approx(exact, abs=0.4)
    half = evidence(tied())
    assert half.mean() == pytest.approx(np.log(stats.norm.cdf(-3.0) - stats.norm.cdf(-8.0)), abs=0.5)


def test_numbers_that_depend_on_each_other_keep_their_support_within_bounds():
    space = sl.ParameterSpace(Shares(jnp.array([0.5, 0.3, 0.2])), {"v": dist.Dirichlet(jnp.array([2.0, 3.0, 4.0]))})
    flat = sl.Posterior(space, sl.Likelihood(lambda m: m.v[:1], [0.3], sl.statistics.Gaussian([1e3])))
    np.testing.assert_allclose(sl.fit(flat, sl.BFGS()).parameters["v"], np.array([1, 2, 3]) / 6, atol=1e-3)
    assert float(jnp.sum(space.sample(KEY)["v"])) == pytest.approx(1)
    ordered = dist.ImproperUniform(dist.constraints.ordered_vector, (), (3,))
    with pytest.raises(ValueError, match=r"The prior of v, .* depend on each other, which cannot be cut at its bounds"):
        sl.ParameterSpace(Shares(jnp.array([0.2, 0.3, 0.5])), {"v": ordered})


@pytest.mark.parametrize(
    ("prior", "at", "exact"),
    [
        (dist.HalfNormal(1.0), 0.0, np.log(np.sqrt(2 / np.pi))),
        (dist.Exponential(2.0), 0.0, np.log(2.0)),
        (dist.Gamma(2.0, 1.0), 0.0, -np.inf),
        (dist.LogNormal(0.0, 1.0), 0.0, -np.inf),
        (dist.HalfNormal(1.0), -1e-3, -np.inf),
    ],
)
def test_ends_of_open_supports_have_the_density_of_the_formula(prior, at, exact):
    value, slope = jax.value_and_grad(lambda x: log_density(prior, x))(jnp.asarray(at))
    assert float(value) == pytest.approx(exact)
    assert np.isfinite(slope)


def test_a_maximum_at_an_open_end_is_the_maximum():
    found = sl.fit(of(dist.HalfNormal(1.0), lambda m: m["a"][None], [-0.3], 0.5), sl.ProjectedGaussNewton())
    assert float(found.parameters["a"]) == 0.0
    assert np.isfinite(found.log_posterior)


def test_other_data_are_checked_as_the_first_were():
    posterior = of(dist.Uniform(0.0, 10.0), lambda m: m["a"] * jnp.ones(2), [3.0, 4.0], noise=sl.statistics.Poisson())
    np.testing.assert_array_equal(posterior.given([[1, 2]]).likelihoods[0].data, [1.0, 2.0])
    for data, words in (
        ([[-1.0, 2.0]], "must not be negative|negative"),
        ([[1.0, np.nan]], "not finite"),
        ([[1.0]], r"data of shape \(1,\), where they were \(2,\)"),
        ([[1.0, 2.0], [3.0, 4.0]], "2 arrays for 1 likelihoods"),
    ):
        with pytest.raises(ValueError, match=words):
            posterior.given(data)


@pytest.mark.parametrize("kept", [[-1, 0], [0, 0], [0.5, 1.0]])
def test_places_of_data_are_checked(kept):
    with pytest.raises(ValueError, match="kept must be places, whole numbers from 0, each once"):
        sl.Likelihood(lambda m: m, [1.0, 2.0], sl.statistics.Gaussian([1.0, 1.0]), kept=np.array(kept))


def test_places_that_are_not_there_have_no_value():
    beyond = sl.Likelihood(lambda m: m, [1.0, 2.0], sl.statistics.Gaussian([1.0, 1.0]), kept=np.array([0, 7]))
    np.testing.assert_array_equal(beyond.mean(jnp.arange(3.0)), [0.0, np.nan])


def test_a_mean_that_is_no_number_is_no_count():
    found = sl.statistics.Poisson().pointwise(
        jnp.array([np.nan, np.nan, 0.0, 0.0]), jnp.array([0.0, 3.0, 0.0, 2.0]), None
    )
    np.testing.assert_array_equal(found, [np.nan, np.nan, 0.0, -np.inf])


def test_scans_see_many_maxima():
    """Angles of an RM at one wavelength: 25 maxima alike between -1000 and 1000 rad m-2."""

    def angle(model):
        return jnp.stack([jnp.cos(0.08 * model["a"]), jnp.sin(0.08 * model["a"])])

    noise = sl.statistics.Gaussian([0.05, 0.05])
    found = sl.scan(of(dist.Uniform(-1000.0, 1000.0), angle, [1.0, 0.0], 12.0, noise), {"a": (-1000.0, 1000.0)})
    maxima = 2 * np.pi / 0.08 * np.arange(-12, 13)
    assert float(found.sd) == pytest.approx(np.std(maxima), rel=1e-3)


def test_fits_of_many_know_other_functions(tmp_path):
    def build(scale):
        def one(place):
            return of(dist.Uniform(0.0, 10.0), lambda m: scale * m["a"][None], [0.5], 1.0)

        return one

    data = jnp.array([[0.5]])
    first = sl.fit_many(build(1.0), range(1), data, checkpoint=tmp_path / "run")
    assert float(first["value"].values.ravel()[0]) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="checkpoint"):
        sl.fit_many(build(0.1), range(1), data, checkpoint=tmp_path / "run")


def test_what_is_pinned_at_an_end_of_its_prior_is_not_free():
    def law(model):
        return jnp.stack([model["a"], model["b"]])

    space = sl.ParameterSpace(
        {"a": jnp.asarray(0.5), "b": jnp.asarray(0.5)}, {"a": dist.Uniform(0.0, 1.0), "b": dist.Uniform(0.0, 1.0)}
    )
    noise = sl.statistics.Gaussian([1.0, 1.0])
    for value in (0.0, 0.3):
        found = sl.fit(sl.Posterior(space.pin("a", value), sl.Likelihood(law, [0.2, 0.4], noise)))
        assert found.dof == 1
        assert found.active == []
        assert "at its bound" not in repr(found)


@pytest.mark.parametrize(
    ("prior", "value", "density", "slope"),
    [
        (dist.Gamma(1.0, 2.0), 0.0, np.log(2), -2.0),
        (dist.Chi2(2.0), 0.0, -np.log(2), -0.5),
        (dist.Gamma(1.0, 1e5), 0.0, np.log(1e5), -1e5),
        (dist.Weibull(1.0, 1.0), 0.0, 0.0, -1.0),
        (dist.Gamma(2.0, 1.0), 0.0, -np.inf, 0.0),
        (dist.LogNormal(0.0, 1.0), 0.0, -np.inf, 0.0),
        (dist.InverseGamma(2.0, 1.0), 0.0, -np.inf, 0.0),
        (dist.Dirichlet(jnp.ones(3)), (0.0, 0.5, 0.5), np.log(2), (0.0, 0.0, 0.0)),
    ],
)
def test_ends_where_the_formula_has_no_number(precision, prior, value, density, slope):
    """0 log 0 of exponentials and flat fractions; what has no limit, or 0, has no density there."""
    prior = check_prior(prior, "x", np.shape(value))
    found = jax.value_and_grad(lambda x: log_density(prior, x))(jnp.asarray(value))
    np.testing.assert_allclose(found[0], density, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found[1], slope, atol=1e-5)


def test_folded_priors_are_cut_at_bounds():
    """numpyro knows no cumulative function of them: their density stays p(x), and draws keep the bounds."""
    prior = dist.FoldedDistribution(dist.Normal(0.0, 1.0))
    space = sl.ParameterSpace(Pair(), {"y": prior})
    drawn = jax.vmap(space.sample)(jax.random.split(KEY, 400))["y"]
    assert stats.kstest(np.asarray(drawn), stats.truncnorm(0, 1).cdf).pvalue > 1e-3
    assert float(space.log_prior({"y": jnp.asarray(0.5)})) == pytest.approx(stats.halfnorm.logpdf(0.5), rel=1e-6)


@pytest.mark.parametrize("method", [None, sl.ProjectedGaussNewton()])
@pytest.mark.parametrize("prior", [dist.HalfNormal(10.0), dist.Uniform(0.0, 1.0)])
def test_numbers_on_a_bound_are_active_beside_pinned_ones(prior, method):
    space = sl.ParameterSpace({"v": jnp.array([0.3, 0.5, 0.5])}, {"v": prior}).pin("v[0]", 0.3)
    noise = sl.statistics.Gaussian([0.1, 0.1, 0.1])
    result = sl.fit(sl.Posterior(space, sl.Likelihood(lambda m: m["v"], [0.3, -1.0, 0.7], noise)), method)
    assert result.active == ["v[1]"]
    assert result.dof == 2  # three data, v[2]


def test_many_fits_of_what_is_tied_beyond_its_bounds_have_not_converged():
    def build(scale):
        noise = sl.statistics.Gaussian([0.1])
        space = sl.ParameterSpace(Pair(), {"x": dist.Uniform(0.0, 1.0)}, ties={"y": lambda values: 2 * values["x"]})
        return sl.Posterior(space, sl.Likelihood(lambda m: m.x[None] * scale, [0.3], noise))

    many = sl.fit_many(build, [jnp.asarray(1.0)], np.array([[0.3], [0.8]]))
    assert many["status"].values.tolist() == [["converged", "diverged"]]
    with pytest.raises(ValueError, match="data, set 1: Likelihood 'data': data are not finite"):
        sl.fit_many(build, [jnp.asarray(1.0)], np.array([[0.3], [np.nan]]))
    with pytest.raises(ValueError, match="data, set 0: Likelihood 'data': data are not finite"):
        sl.fit_many(build, [jnp.asarray(1.0)], np.ma.array([[0.3], [0.2]], mask=[[True], [False]]))


def test_errors_of_evidences_know_of_the_part_that_has_a_likelihood():
    """A likelihood that is constant on 3 % of the prior: H = -log 0.03, and the error is that of the 3 % alone."""

    def law(model):
        return jnp.where(jnp.abs(model["a"] - 0.51) < 0.015, 0.0, jnp.nan)[None]

    posterior = of(dist.Uniform(0.0, 1.0), law, [0.0], 0.51, sl.statistics.Gaussian([1.0]))
    attrs = sl.sample(posterior, KEY, sl.NestedSlice(live=100), chains=4, draws=50).tree.attrs
    np.testing.assert_allclose(attrs["information"], -np.log(0.03), atol=0.5)
    np.testing.assert_allclose(attrs["log_evidence_error"], np.sqrt(0.97 / 100), rtol=0.01)
    np.testing.assert_allclose(attrs["log_evidence"], np.log(0.03) - 0.5 * np.log(2 * np.pi), atol=0.4)


def test_what_can_hardly_be_drawn_is_told():
    def space(width):
        return sl.ParameterSpace(Pair(), {"x": dist.Uniform(0.0, width)}, ties={"y": lambda values: 2 * values["x"]})

    hopeless = space(1e9)
    drawn = [float(space(1e4).sample(key)["x"]) for key in jax.random.split(KEY, 5)]
    assert max(drawn) <= 0.5
    with pytest.raises(ValueError, match="beyond its bounds in 100000 draws from the priors: narrow them"):
        hopeless.sample(KEY)
    assert bool(jnp.isnan(jax.jit(lambda key: hopeless.sample(key)["x"])(KEY)))


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([[1.0, 2.0] * u.m], ValueError, "was given in 'm'"),
        ([np.ma.array([1.0, 2.0], mask=[False, True])], ValueError, "are not finite"),
        ([np.array([1 + 1j, 2])], TypeError, "complex"),
        (jnp.array([1.0, 2.0]), ValueError, "give a list, one array for each"),
    ],
)
def test_other_data_are_numbers_as_the_first(data, error, message):
    posterior = of(
        dist.Normal(0.0, 1.0), lambda m: m["a"] * jnp.ones(2), [1.0, 2.0], 0.5, sl.statistics.Gaussian([1, 1])
    )
    with pytest.raises(error, match=message):
        posterior.given(data)


def test_what_is_given_does_not_change_afterwards():
    model, kept = {"a": jnp.asarray(1.0)}, np.array([0, 2])
    space = sl.ParameterSpace(model, {"a": dist.Normal(0.0, 1.0)})
    few = sl.Likelihood(lambda _: np.arange(3), [0.0, 2.0], sl.statistics.Gaussian([1.0, 1.0]), kept=kept)
    model["a"], kept[0] = jnp.asarray(7.0), 1
    assert float(space.initial["a"]) == 1.0
    np.testing.assert_array_equal(few.mean(None), [0.0, 2.0])
    beyond = sl.Likelihood(lambda _: np.arange(3), [0.0, 2.0], sl.statistics.Gaussian([1.0, 1.0]), kept=[0, 5])
    np.testing.assert_array_equal(beyond.mean(None), [0.0, np.nan])


def test_priors_of_places_without_free_numbers_are_refused():
    with pytest.raises(TypeError, match="has a support that no free numbers lead to"):
        sl.ParameterSpace({"v": jnp.array([0.6, 0.8])}, {"v": dist.ProjectedNormal(jnp.array([1.0, 0.0]))})


def test_draws_of_a_nested_run_are_worth_no_more_than_its_points():
    """Its 50 live points, and a few hundred that died, are fewer than the draws: repeated ones tell nothing new."""
    posterior = of(dist.Uniform(-10.0, 10.0), lambda m: m["a"][None], [0.0], 0.5, sl.statistics.Gaussian([1.0]))
    chains = sl.sample(posterior, KEY, sl.NestedSlice(live=50), chains=2, draws=2000)
    points = sum(len(np.unique(one)) for one in chains.vector[..., 0])
    assert 50 < chains.ess[0] == np.sum(chains.tree.attrs["worth"]) < points
    assert chains.ess_tail[0] <= chains.ess[0]
