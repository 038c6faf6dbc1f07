"""Samplers against closed forms; runs that end and go on; verdicts; predictions and calibration."""

import importlib

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline.inference import Chains, calibration, load_chains
from sightline.inference.checkpoint import Checkpoint
from sightline.inference.coordinates import density
from sightline.inference.diagnostics import ess, pareto_k, r_hat
from sightline.statistics import Correlated, Gaussian, Likelihood, Poisson, StudentT

RANDOM = np.random.default_rng(5)
DESIGN = RANDOM.normal(size=(30, 2))
SIGMA = RANDOM.uniform(0.5, 2.0, 30)
DATA = DESIGN @ [1.0, -2.0] + SIGMA * RANDOM.normal(size=30)
PRIOR = np.array([3.0, 2.0])


def linear(model):
    return jnp.asarray(DESIGN, model["x"].dtype) @ jnp.append(model["y"], model["x"])


def linear_posterior(data=DATA, sigma=SIGMA):
    """Parameters y, then x: not in alphabetical order."""
    priors = {"y": dist.Normal(0.0, PRIOR[0]), "x": dist.Normal(0.0, PRIOR[1])}
    space = sl.ParameterSpace({"x": jnp.asarray(0.1), "y": jnp.asarray(0.2)}, priors)
    return sl.Posterior(space, Likelihood(linear, data, Gaussian(sigma)))


def solution():
    weight = DESIGN / SIGMA[:, None]
    covariance = np.linalg.inv(weight.T @ weight + np.diag(PRIOR**-2.0))
    return covariance @ weight.T @ (DATA / SIGMA), covariance


def log_evidence():
    covariance = np.diag(SIGMA**2) + DESIGN @ np.diag(PRIOR**2) @ DESIGN.T
    return -0.5 * (DATA @ np.linalg.solve(covariance, DATA) + np.linalg.slogdet(2 * np.pi * covariance)[1])


def check_evidence(chains):
    """H of a Gaussian posterior in a Gaussian prior is their relative entropy; its error sqrt(H/live) a run."""
    assert abs(np.mean(chains.tree.attrs["log_evidence"]) - log_evidence()) < 0.5
    mean, covariance = solution()
    ratio = covariance / PRIOR**2
    entropy = 0.5 * (np.trace(ratio) + np.sum((mean / PRIOR) ** 2) - 2 - np.linalg.slogdet(ratio)[1])
    np.testing.assert_allclose(chains.tree.attrs["information"], entropy, atol=4 * np.sqrt(entropy / 100))
    errors = np.sqrt(chains.tree.attrs["information"] / 100)
    # half of the points die at a time: those that are left are fewer
    assert np.all(
        (chains.tree.attrs["log_evidence_error"] > errors) & (chains.tree.attrs["log_evidence_error"] < 1.3 * errors)
    )
    assert "sqrt(H/live)" in repr(chains)


@pytest.mark.long
def test_the_evidence_of_a_conjugate_model_to_a_twentieth():
    chains = sl.sample(linear_posterior(), jax.random.key(3), sl.NestedSlice(live=2000, dying=100), chains=4)
    assert np.mean(chains.tree.attrs["log_evidence"]) == pytest.approx(log_evidence(), abs=0.05)


@pytest.fixture(scope="module")
def best():
    return sl.fit(linear_posterior())


ALGORITHMS = {
    "NUTS": (sl.NUTS(), 1),
    "NUTS, Gaussian gradient": (sl.NUTS(gradient="gaussian"), 1),
    "HMC": (sl.HMC(), 1),
    "MCLMC": (sl.MCLMC(), 5),
    "random walk": (sl.RandomWalk(), 8),
    "nested": (sl.NestedSlice(live=100, dying=50), 1),
}


@pytest.fixture(scope="module", params=ALGORITHMS)
def chains(request, best):
    algorithm, thin = ALGORITHMS[request.param]
    options = {"draws": 400, "warmup": 100, "thin": thin, "vectorised": True}
    return sl.sample(linear_posterior(), jax.random.key(1), algorithm, start=best, **options)


def test_every_algorithm_finds_the_closed_posterior(chains):
    mean, covariance = solution()
    sd = np.sqrt(np.diagonal(covariance))
    assert chains.labels == ["y", "x"]
    assert np.all(chains.r_hat < 1.03)
    assert np.all(np.abs(chains.means - mean) < 5 * sd / np.sqrt(chains.ess))
    np.testing.assert_allclose(chains.covariance / np.outer(sd, sd), covariance / np.outer(sd, sd), atol=0.15)
    assert set(chains.parameters) == {"x", "y"}
    assert "lp" in chains.statistics
    if "log_evidence" in chains.tree.attrs:
        check_evidence(chains)


@pytest.fixture(scope="module")
def drawn(best):
    return sl.sample(linear_posterior(), jax.random.key(2), start=best, draws=1500, warmup=100, vectorised=True)


def test_covariance_of_the_fit_is_that_of_the_draws(best, drawn):
    chains = drawn
    sd = np.sqrt(np.diagonal(best.covariance))
    np.testing.assert_allclose(chains.covariance / np.outer(sd, sd), best.covariance / np.outer(sd, sd), atol=0.1)
    assert chains.converged
    assert "converged" in repr(chains)


def banana():
    """A posterior that no Gaussian follows: log p = -(x - 1)^2/2 - (y - x^2)^2/(2 0.3^2)."""
    space = sl.ParameterSpace(
        {"x": jnp.asarray(1.0), "y": jnp.asarray(1.0)},
        {"x": dist.Normal(1.0, 1.0), "y": dist.Uniform(-30.0, 60.0)},
    )
    return sl.Posterior(space, Likelihood(lambda m: (m["y"] - m["x"] ** 2)[None], [0.0], Gaussian([0.3])))


@pytest.mark.parametrize("gradient", ["exact", "gaussian"])
@pytest.mark.long
def test_a_gaussian_gradient_leaves_the_posterior_as_it_is(gradient):
    algorithm = sl.NUTS(gradient=gradient, target_acceptance=0.9)
    chains = sl.sample(banana(), jax.random.key(3), algorithm, start={}, draws=600, warmup=200, vectorised=True)
    x, y = np.moveaxis(chains.vector, -1, 0)
    spread = 1 / np.sqrt(chains.ess)
    assert abs(x.mean() - 1) < 5 * spread[0]
    assert abs(y.mean() - 2) < 5 * np.sqrt(6.09) * spread[1]
    assert np.std(x) == pytest.approx(1.0, abs=5 * spread[0])


def test_a_run_goes_on_where_it_ended_bit_for_bit(tmp_path, best):
    def run(folder, draws, warmup=100, data=DATA):
        options = {"start": best, "warmup": warmup, "vectorised": True, "checkpoint": tmp_path / folder}
        return sl.sample(linear_posterior(data), jax.random.key(4), draws=draws, **options)

    whole = run("whole", 60)
    assert run("parts", 20).vector.shape[1] == 20
    continued = run("parts", 60)
    np.testing.assert_array_equal(continued.vector, whole.vector)
    np.testing.assert_array_equal(continued.statistics["lp"], whole.statistics["lp"])
    np.testing.assert_array_equal(run("parts", 60).vector, whole.vector)
    with pytest.raises(ValueError, match="settings differs"):
        run("parts", 60, warmup=20)
    with pytest.raises(ValueError, match="data differs"):
        run("parts", 60, data=DATA + 1e-12)


def test_nested_sampling_goes_on_after_the_last_segment(tmp_path, monkeypatch):
    """Killed between two segments: the same bits, and no segment is computed or written twice."""
    written, ends, write = [], [], Checkpoint.write

    def logged(self, name, arrays):
        write(self, name, arrays)
        written.append((name, len(arrays["1"])))
        if len(written) in ends:
            raise KeyboardInterrupt

    def run(folder):
        options = {"chains": 1, "draws": 50, "segment": 2, "checkpoint": tmp_path / folder}
        return sl.sample(linear_posterior(), jax.random.key(5), ALGORITHMS["nested"][0], **options).vector

    monkeypatch.setattr(Checkpoint, "write", logged)
    whole, once = run("whole"), list(written)
    dead = [length for name, length in once if "dead" in name]
    assert len(dead) > 2
    assert max(dead) == 2
    np.testing.assert_array_equal(run("whole"), whole)
    assert written == once
    ends.append(len(once) + 4)
    with pytest.raises(KeyboardInterrupt):
        run("parts")
    np.testing.assert_array_equal(run("parts"), whole)
    assert written == 2 * once
    (tmp_path / "parts" / "run_0_dead_000001.npz").unlink()
    with pytest.raises(ValueError, match="lost its file run_0_dead_000001"):
        run("parts")


def test_chains_on_disk(tmp_path, chains):
    chains.save(tmp_path / "posterior.nc")
    again = load_chains(tmp_path / "posterior.nc")
    np.testing.assert_array_equal(again.vector, chains.vector)
    assert again.labels == chains.labels
    assert repr(again) == repr(chains)
    assert again.to_arviz().posterior["x"].shape == chains.parameters["x"].shape
    with pytest.raises(FileExistsError, match="overwrite=True"):
        chains.save(tmp_path / "posterior.nc")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_chains(tmp_path / "nothing.nc")
    (tmp_path / "text.nc").write_text("no netCDF")
    with pytest.raises(ValueError, match="no netCDF"):
        load_chains(tmp_path / "text.nc")


def made(vector, **statistics):
    space = sl.ParameterSpace({"a": jnp.asarray(0.0)}, {"a": dist.Normal(0.0, 1.0)})
    posterior = sl.Posterior(space, Likelihood(lambda m: m["a"][None], [0.0], Gaussian([1.0])))
    return Chains.of(posterior, vector[..., None], statistics, {"algorithm": "none", "warmup": 0})


def test_verdicts_say_why():
    good = RANDOM.normal(size=(4, 500))
    assert made(good).verdict == "converged"
    assert "r-hat" in made(good + np.arange(4)[:, None]).verdict
    walk = np.cumsum(RANDOM.normal(size=(4, 500)), axis=1)
    assert "effective draws of a" in made(walk).verdict
    assert "3 draws diverged" in made(good, diverging=np.arange(2000).reshape(4, 500) < 3).verdict
    assert "not defined" in made(good[:, :3]).verdict
    assert not made(good[:, :20]).converged


def test_bad_requests_are_refused(best):
    posterior, key = linear_posterior(), jax.random.key(0)
    with pytest.raises(ValueError, match="chains = 0"):
        sl.sample(posterior, key, chains=0)
    with pytest.raises(ValueError, match="warmup = -1"):
        sl.sample(posterior, key, warmup=-1)
    with pytest.raises(ValueError, match=r"warmup = 49 must be 50 at least: MCLMC is tuned in it, or take sl.NUTS"):
        sl.sample(posterior, key, sl.MCLMC(), warmup=49)
    with pytest.raises(ValueError, match="warmup = 0 must be 50"):
        sl.sbc(posterior, key, sl.MCLMC(), warmup=0)
    with pytest.raises(ValueError, match="not free"):
        sl.sample(posterior, key, start={"z": 1.0})
    with pytest.raises(TypeError, match="algorithm is a str: give one of sightline"):
        sl.sample(posterior, key, "nuts")
    with pytest.raises(TypeError, match=r"method is a str: give one of sl.inference"):
        sl.approximate(posterior, key, "mean field")
    with pytest.raises(TypeError, match="criterion is a str"):
        sl.select(lambda _: posterior, [1], "evidence")
    for ask in (sl.sample, sl.approximate, sl.sbc):
        with pytest.raises(TypeError, match=r"key is a int: give .* jax\.random\.key\(0\)"):
            ask(posterior, 0)
    for ask in (sl.fisher, sl.goodness, sl.profile, sl.scan):
        with pytest.raises(TypeError, match=r"posterior is a float: give sl.Posterior"):
            ask(3.0, *(({},) if ask in (sl.goodness, sl.profile, sl.scan) else ()))
    space = sl.ParameterSpace({"a": jnp.asarray(1.0)}, {"a": dist.Uniform(0.0, 2.0)})
    bad = sl.Posterior(space, Likelihood(lambda m: jnp.log(m["a"] - 1.5)[None], [0.0], Gaussian([1.0])))
    with pytest.raises(ValueError, match="start elsewhere"):
        sl.sample(bad, key, start={})


def test_predictions_have_the_moments_of_the_posterior_predictive(drawn):
    predicted = sl.posterior_predictive(linear_posterior(), drawn, jax.random.key(7), draws=2000)["data"]
    mean, covariance = solution()
    sd = np.sqrt(np.einsum("ni,ij,nj->n", DESIGN, covariance, DESIGN) + SIGMA**2)
    assert predicted.shape == (2000, 30)
    assert np.all(np.abs(predicted.mean(axis=0) - DESIGN @ mean) < 5 * sd / np.sqrt(1500))
    np.testing.assert_allclose(predicted.std(axis=0), sd, rtol=0.12)
    with pytest.raises(ValueError, match="draws = 7000"):
        sl.posterior_predictive(linear_posterior(), drawn, jax.random.key(7), draws=7000)
    model = {"x": jnp.asarray(0.1), "y": jnp.asarray(0.2), "z": jnp.asarray(0.3)}
    more = sl.ParameterSpace(model, {name: dist.Normal(0.0, 1.0) for name in "xyz"})
    other = sl.Posterior(more, Likelihood(linear, DATA, Gaussian(SIGMA)))
    with pytest.raises(ValueError, match="different parameters: z"):
        sl.posterior_predictive(other, drawn, jax.random.key(7), draws=5)
    with pytest.raises(TypeError, match="values is a Simulator: give a dict"):
        other.predict(sl.Simulator(), jax.random.key(7))


MATRIX = np.array([[2.0, 0.6], [0.6, 1.0]])


@pytest.mark.parametrize(
    ("noise", "covariance"),
    [
        (Gaussian(np.full((2, 1), 0.5)), 0.25 * np.eye(2)),
        (StudentT(np.full((2, 1), 0.5), freedom=9.0), 0.25 * 9 / 7 * np.eye(2)),
        (Correlated(MATRIX[None]), MATRIX),
        (Poisson(), np.diag([3.0, 7.0])),
    ],
    ids=["Gaussian", "Student", "correlated", "Poisson"],
)
def test_noise_draws_what_it_claims(noise, covariance):
    mean = jnp.array([[3.0], [7.0]])
    drawn = jax.vmap(lambda key: noise.draw(mean, None, key))(jax.random.split(jax.random.key(8), 40_000))[..., 0]
    np.testing.assert_allclose(drawn.mean(axis=0), mean[:, 0], atol=0.06)
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.04 * np.max(covariance))


class Stretched(sl.statistics.AbstractNoise):
    """Draws noise larger by a factor than it claims: with 1 it is right."""

    inner: Gaussian
    factor: jax.Array

    pointwise = lambda self, *args: self.inner.pointwise(*args)  # noqa: E731
    deviance = lambda self, *args: self.inner.deviance(*args)  # noqa: E731
    residuals = lambda self, *args: self.inner.residuals(*args)  # noqa: E731
    information = lambda self, *args: self.inner.information(*args)  # noqa: E731
    restrict = lambda self, index: self  # noqa: E731
    check = lambda self, data: None  # noqa: E731
    describe = lambda self: "stretched"  # noqa: E731

    def draw(self, mean, model, key):
        return mean + self.factor * (self.inner.draw(mean, model, key) - mean)


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_calibration_is_uniform_where_the_posterior_is_right(factor):
    noise = Stretched(Gaussian(SIGMA), jnp.asarray(factor))
    posterior = eqx.tree_at(lambda p: p.likelihoods[0].noise, linear_posterior(), noise)
    found = sl.sbc(posterior, jax.random.key(9), replicas=200, draws=19, warmup=60, together=100)
    assert found.ranks.shape == (200, 2)
    assert np.sum(found.counts) == 400
    assert "p (chi^2)" in repr(found)
    assert np.all(found.p_values > 0.01 if factor == 1 else found.p_values < 1e-3)


def test_replicas_start_where_the_density_is_finite():
    """log a has none at a < 0, which the scatter about a true value near 0 would reach."""

    def observable(model):
        return jnp.where(model["a"] > 0, jnp.log(jnp.maximum(model["a"], 1e-9)), jnp.nan)[None]

    space = sl.ParameterSpace({"a": jnp.asarray(1.0)}, {"a": dist.Normal(1.0, 1.0)})
    posterior = sl.Posterior(space, Likelihood(observable, [0.0], Gaussian([5.0])))
    drawn = [jax.random.key(i) for i in range(30)]
    outside = [float(space.sample(jax.random.fold_in(key, 0))["a"]) <= 0 for key in drawn]
    assert 0 < sum(outside) < 15
    for key, bad in zip(drawn, outside, strict=True):
        if bad:
            with pytest.raises(ValueError, match=r"A replica of a = -.*, drawn from the prior, .*: narrow the priors"):
                calibration._replica(posterior, key)
        else:
            data, place, start = calibration._replica(posterior, key)
            assert np.isfinite(density(posterior.given(data), place)(start))


@pytest.mark.parametrize(
    "method",
    [sl.inference.MeanField(steps=400), sl.inference.FullRank(steps=400), sl.inference.Pathfinder()],
    ids=["mean field", "full rank", "Pathfinder"],
)
def test_approximations_of_a_gaussian_are_exact(method, monkeypatch):
    near = sl.approximate(linear_posterior(), jax.random.key(11), method)
    chain = near.sample(jax.random.key(12), draws=2000)
    mean, covariance = solution()
    sd = np.sqrt(np.diagonal(covariance))
    assert near.elbo.shape == (method.steps,)
    np.testing.assert_allclose((chain.means - mean) / sd, 0, atol=0.2)
    np.testing.assert_allclose(chain.covariance / np.outer(sd, sd), covariance / np.outer(sd, sd), atol=0.25)
    assert near.pareto_k(jax.random.key(13)) < 0.7
    assert near.elbo[-1] == pytest.approx(log_evidence(), abs=0.5)
    assert "Pareto k" in repr(chain)

    def broken(_):
        raise TypeError("another version")

    monkeypatch.setattr(importlib.import_module("sightline.inference.approximate"), "pareto_k", broken)
    again = near.sample(jax.random.key(12), draws=2000)  # draws are not lost
    np.testing.assert_array_equal(again.vector, chain.vector)
    assert "the Pareto k of the importance weights is not known: another version" in again.verdict


def test_an_approximation_that_is_none_says_so():
    near = sl.approximate(banana(), jax.random.key(14), sl.inference.MeanField(steps=300))
    assert repr(near).startswith("Approximation of 2 parameters by MeanField(steps=300): evidence lower bound -")
    assert "not near the posterior" in repr(near.sample(jax.random.key(15)))


@pytest.mark.parametrize("k", [0.3, 0.8])
def test_the_pareto_k_is_that_of_the_weights(k):
    """Weights u^-k have the tail of a Pareto distribution of shape k; their inverse have none."""
    logarithms = -k * np.log((np.arange(2000) + 0.5) / 2000)
    assert pareto_k(logarithms) == pytest.approx(k, abs=0.05)
    assert pareto_k(-logarithms) < 0
    assert pareto_k(0.01 * logarithms) == 0


def test_tails_are_those_of_five_per_cent():
    """White noise has as many effective draws as draws, in the tails too; of a slow walk fewer."""
    key = np.random.default_rng(0)
    noise = key.normal(size=(4, 500, 1))
    walk = np.cumsum(noise, axis=1)
    for method in ("bulk", "tail"):
        assert ess(noise, method) == pytest.approx(2000, rel=0.2)
        assert ess(walk, method) < 50
    assert ess(noise, "tail") == pytest.approx(2055.6088, rel=1e-6)
    assert r_hat(noise) < 1.01 < 1.1 < r_hat(walk)
