"""The choice among priors, against what is known exactly of a linear model."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jaxtyping import Array, Float
from scipy import integrate, stats

import sightline as sl
from sightline.statistics import Gaussian, Likelihood

RANDOM = np.random.default_rng(4)
SIGMA, RMS = 0.5, 2.0
TRUE = RANDOM.normal(size=40) * RMS
DATA = jnp.asarray(TRUE + SIGMA * RANDOM.normal(size=40))
HELD_OUT = jnp.asarray(TRUE + SIGMA * RANDOM.normal(size=40))


def likelihood(data):
    return Likelihood(lambda model: model["rms"] * model["w"], data, Gaussian(jnp.full(40, SIGMA)))


def build(rms):
    """y = rms w, w standard normal: the evidence is that of a normal of variance rms^2 + sigma^2."""
    model = {"rms": jnp.asarray(rms), "w": jnp.zeros(40)}
    space = sl.ParameterSpace(model, {"w": dist.Normal(0.0, 1.0).expand((40,)).to_event()})
    return sl.Posterior(space, likelihood(DATA))


def test_validation_is_the_held_out_likelihood_at_the_fit():
    found = sl.select(build, [0.1, 2.0, 1e3], sl.Validation(likelihood(HELD_OUT)))
    shrunk = [rms**2 / (rms**2 + SIGMA**2) * DATA for rms in (0.1, 2.0, 1e3)]
    expected = [stats.norm(mean, SIGMA).logpdf(HELD_OUT).sum() for mean in shrunk]
    np.testing.assert_allclose(found.scores, expected, rtol=1e-6)
    assert found.best == 2.0
    np.testing.assert_allclose(found.result.parameters["w"], shrunk[1] / 2.0, rtol=1e-4)
    assert "below the best" in repr(found)


def test_evidence_is_that_of_the_marginal():
    found = sl.select(build, [0.3, 2.0, 20.0], sl.Evidence(jax.random.key(0)))
    expected = [stats.norm(0, np.hypot(rms, SIGMA)).logpdf(DATA).sum() for rms in (0.3, 2.0, 20.0)]
    np.testing.assert_allclose(found.scores, expected, atol=0.3)
    assert found.best == 2.0


def test_evidence_of_many_latents_counts_all_that_data_determine():
    """More data than the first rank of the approximation."""
    random, size = np.random.default_rng(2), 70
    rows = random.normal(size=(size, 400)) / 4
    data = 0.5 * rows @ random.normal(size=400) + random.normal(size=size)

    def many(rms):
        start = {"w": jnp.zeros(400), "rms": jnp.asarray(rms)}
        space = sl.ParameterSpace(start, {"w": dist.Normal(0.0, 1.0).expand((400,)).to_event()})

        def observable(model):
            return model["rms"] * jnp.asarray(rows, model["w"].dtype) @ model["w"]

        return sl.Posterior(space, sl.statistics.Likelihood(observable, data, sl.statistics.Gaussian(np.ones(size))))

    found = sl.select(many, [0.5, 5.0], sl.Evidence(jax.random.key(0)))
    matrices = [rms**2 * rows @ rows.T + np.eye(size) for rms in (0.5, 5.0)]
    np.testing.assert_allclose(
        found.scores, [stats.multivariate_normal(np.zeros(size), matrix).logpdf(data) for matrix in matrices], atol=0.5
    )
    assert found.best == 0.5


class Nothing(sl.inference.AbstractCriterion):
    def judge(self, posterior):
        return float("nan"), sl.fit(posterior, covariance=0)


class Ranks(sl.inference.AbstractCriterion):
    """How many of the others fit worse: no candidate can be judged by itself."""

    lost: int = sl.setting(0)

    def judge(self, posterior):
        return self.judge_all([posterior])[0]

    def judge_all(self, posteriors):
        results = [sl.fit(posterior, covariance=0) for posterior in posteriors]
        order = np.argsort(np.argsort([-result.chi2 for result in results]))
        return list(zip(order.astype(float), results, strict=True))[self.lost :]


def test_a_criterion_may_judge_all_at_once():
    found = sl.select(build, [0.1, 1e3, 2.0], Ranks())
    assert found.scores == [0.0, 2.0, 1.0]
    assert found.best == 1e3
    with pytest.raises(ValueError, match=r"Ranks\.judge_all returned 2 scores for 3 candidates"):
        sl.select(build, [0.1, 1e3, 2.0], Ranks(lost=1))


def test_candidates_are_built_one_by_one():
    """So that one of them needs to be in memory at a time."""
    built = []

    class Last(sl.inference.AbstractCriterion):
        def judge(self, posterior):
            return float(len(built)), sl.fit(posterior, covariance=0)

    found = sl.select(lambda rms: built.append(rms) or build(rms), [1.0, 2.0, 3.0], Last())
    assert found.scores == [1.0, 2.0, 3.0]


def test_refusals():
    with pytest.raises(ValueError, match="empty"):
        sl.select(build, [], sl.Validation(likelihood(DATA)))

    def smooth(rms):
        return sl.Posterior(build(rms).space, likelihood(DATA), regularisers=sl.Smoothness("w", 1.0, (-1,)))

    with pytest.raises(ValueError, match="normalised priors"):
        sl.select(smooth, [1.0], sl.Evidence(jax.random.key(0)))
    with pytest.raises(ValueError, match="finite score"):
        sl.select(build, [1.0], Nothing())


@pytest.mark.parametrize("method", [None, sl.inference.MeanField(), sl.inference.Pathfinder()])
def test_evidence_of_what_is_not_there(method):
    """Nothing was counted: the best rate is on its bound, where unconstrained numbers are infinite."""
    nothing = Likelihood(lambda model: model["rate"] * jnp.ones(3), [0.0, 0.0, 0.0], sl.statistics.Poisson())

    def rate(prior):
        return sl.Posterior(sl.ParameterSpace({"rate": jnp.asarray(4.0)}, {"rate": prior}), nothing)

    tried = [dist.HalfNormal(5.0), dist.Exponential(1.0), dist.Uniform(0.0, 100.0)]
    found = sl.select(rate, tried, sl.Evidence(jax.random.key(0), method))
    half = integrate.quad(lambda r: np.exp(-3 * r) * stats.halfnorm(scale=5).pdf(r), 0, np.inf)[0]
    np.testing.assert_allclose(found.scores, np.log([half, 1 / 4, 1 / 300]), atol=0.2)
    assert found.best is tried[1]
    assert "Exponential(rate=1)" in repr(found)


def test_evidence_of_one_amplitude_on_its_bound(precision):
    x = jnp.linspace(0.0, 1.0, 30)
    shapes = jnp.stack([x, 4 * (x - 0.5) ** 2])
    data = jnp.asarray([2.0, -0.15]) @ shapes
    lines = Likelihood(
        lambda model: model["a"] * shapes[0] + model["b"] * shapes[1], data, Gaussian(jnp.full(30, 0.05))
    )
    start, priors = (
        {"a": jnp.asarray(1.0), "b": jnp.asarray(1.0)},
        {"a": dist.HalfNormal(5.0), "b": dist.HalfNormal(5.0)},
    )
    score, _ = sl.Evidence(jax.random.key(1)).judge(sl.Posterior(sl.ParameterSpace(start, priors), lines))
    a, b = np.meshgrid(np.linspace(1.7, 2.0, 301), np.linspace(0, 0.2, 401), indexing="ij")
    away = np.asarray(data) - a[..., None] * np.asarray(shapes[0]) - b[..., None] * np.asarray(shapes[1])
    heights = np.sum(stats.norm(0, 0.05).logpdf(away), axis=-1) + sum(stats.halfnorm(scale=5).logpdf(p) for p in (a, b))
    cells = np.where(b == 0, 0.5, 1.0) * 1e-3 * 5e-4
    assert abs(score - np.log(np.sum(np.exp(heights) * cells))) < 0.3


def test_evidence_of_what_is_not_there_beside_many_latents():
    nothing = Likelihood(lambda model: model["rate"] * jnp.ones(3), [0.0, 0.0, 0.0], sl.statistics.Poisson())
    some = Likelihood(lambda model: model["w"][:5], jnp.linspace(-1, 1, 5), Gaussian(jnp.full(5, 0.5)), name="w")
    start = {"rate": jnp.asarray(4.0), "w": jnp.zeros(300)}
    priors = {"rate": dist.HalfNormal(5.0), "w": dist.Normal(0.0, 1.0).expand((300,)).to_event()}
    score, _ = sl.Evidence(jax.random.key(0)).judge(sl.Posterior(sl.ParameterSpace(start, priors), (nothing, some)))
    half = integrate.quad(lambda r: np.exp(-3 * r) * stats.halfnorm(scale=5).pdf(r), 0, np.inf)[0]
    assert abs(score - np.log(half) - stats.norm(0, 1.25**0.5).logpdf(np.linspace(-1, 1, 5)).sum()) < 0.3


@pytest.mark.parametrize("start", [{"rate": 1e-12}, {"rate": 0.0}])
def test_approximations_begin_inside_of_bounds(start):
    nothing = Likelihood(lambda model: model["rate"] * jnp.ones(3), [0.0, 0.0, 0.0], sl.statistics.Poisson())
    space = sl.ParameterSpace({"rate": jnp.asarray(4.0)}, {"rate": dist.HalfNormal(5.0)})
    found = sl.approximate(sl.Posterior(space, nothing), jax.random.key(0), start=start)
    assert found.elbo[-50:].mean() == pytest.approx(-2.938, abs=0.15)
    with pytest.raises(ValueError, match="normalised priors: that of rate"):
        sl.Evidence(jax.random.key(0)).judge(sl.Posterior(space.pin("rate", 1.0), nothing))


def test_loose_bounds_and_priors_that_are_none_are_said():
    with pytest.warns(sl.inference.ApproximationWarning, match=r"the bound .* below the log evidence"):
        sl.Evidence(jax.random.key(0), sl.inference.MeanField(steps=1)).judge(build(2.0))
    for prior in (
        dist.ImproperUniform(dist.constraints.real, (), ()),
        dist.MultivariateNormal(jnp.zeros(2), jnp.eye(2)),
    ):
        shape = prior.event_shape
        space = sl.ParameterSpace(sl.electrons.ExponentialDisk(), {"n0": prior}) if not shape else None
        space = space or sl.ParameterSpace(Pair(), {"pair": prior})
        one = Likelihood(lambda model: jnp.ones(1) * sum(map(jnp.sum, jax.tree.leaves(model))), [1.0], Gaussian([1.0]))
        with pytest.raises(ValueError, match="improper, pinned, or cut at bounds"):
            sl.Evidence(jax.random.key(0)).judge(sl.Posterior(space, one))


class Pair(sl.Module):
    pair: Float[Array, "2"] = sl.param((0.5, 0.5), positive=True)
