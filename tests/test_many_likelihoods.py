"""Likelihoods that differ in arrays alone share one compiled body, and give what each gives by itself."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.scipy.stats import norm

import sightline as sl
from sightline.statistics import Gaussian, Likelihood, Poisson

RANDOM = np.random.default_rng(8)
PRIOR = {"slope": dist.Normal(1.0, 1.0), "offset": dist.Normal(0.0, 9.0)}
TRACED = []


class Line(eqx.Module):
    x: jax.Array
    power: int = eqx.field(default=1, static=True)

    def __call__(self, model):
        TRACED.append(self.x.shape)
        return model["slope"].astype(self.x.dtype) * self.x**self.power + model["offset"].astype(self.x.dtype)

    def restrict(self, index):
        return Line(self.x[index], self.power)


def line(number, size=4, power=1, noise=None, name=None):
    x = jnp.linspace(0.0, 1.0 + number, size)
    data = np.round(5 + 3 * RANDOM.normal(size=size) ** 2)
    noise = Gaussian(1.0 + 0.1 * number + np.arange(size)) if noise is None else noise
    return Likelihood(Line(x, power), data, noise, name=f"line {number}" if name is None else name)


def mixed():
    """Two kinds in turn, one that is alone, a function of its own, and two of one name."""
    own = Likelihood(lambda m: m["slope"][None], [2.0], Gaussian([0.5]), name="own")
    return [line(0), line(1, size=6), line(2), own, line(3, size=6), line(4, power=2), line(5, name="line 0")]


def posterior(likelihoods):
    model = {"slope": jnp.asarray(1.5), "offset": jnp.asarray(2.0)}
    return sl.Posterior(sl.ParameterSpace(model, PRIOR), likelihoods)


def test_each_gives_what_it_gives_by_itself(precision):
    likelihoods = mixed()
    whole, at = posterior(likelihoods), {"slope": 1.2, "offset": 1.0}
    model = whole.space.replace(at)
    assert whole.names == ("line 0", "line 1", "line 2", "own", "line 3", "line 4", "line 0_2")
    parts = [one.pointwise(model) for one in likelihoods]
    for name, expected in zip(whole.names, parts, strict=True):
        np.testing.assert_allclose(whole.pointwise(at)[name], expected, rtol=1e-5)
    deviances = [float(one.deviance(model)) for one in likelihoods]
    found = whole.deviances(at)
    np.testing.assert_allclose([float(found[name]) for name in whole.names], deviances, rtol=1e-5)
    total = sum(float(jnp.sum(part)) for part in parts)
    assert float(whole.log_likelihood(at)) == pytest.approx(total, rel=1e-5)
    residuals = jnp.concatenate([one.residuals(model) for one in likelihoods])
    np.testing.assert_allclose(whole.residuals(at)[:-2], residuals, rtol=1e-5)
    information = jnp.concatenate([one.information(model) for one in likelihoods])
    np.testing.assert_allclose(whole.information(at), information, rtol=1e-5)
    assert whole.residuals(at).dtype == precision
    assert list(whole.predict(at, jax.random.key(0))) == sorted(whole.names)


def test_derivatives_of_all_kinds_go_through():
    whole = posterior(mixed())

    def separate(u):
        values = whole.space.to_constrained(u)
        model = whole.space.replace(values)
        terms = [one.log_likelihood(model) for one in whole.likelihoods]
        return sum(terms) + sum(norm.logpdf(values[k], p.loc, p.scale) for k, p in PRIOR.items())

    u = {"slope": jnp.asarray(0.3), "offset": jnp.asarray(1.0)}
    for derivative in (jax.grad, jax.jacfwd, jax.hessian):
        found, expected = derivative(whole.log_density)(u), derivative(separate)(u)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9), found, expected)
    many = {name: jnp.stack([value, value + 1]) for name, value in u.items()}
    np.testing.assert_allclose(jax.vmap(whole.log_density)(many), jax.vmap(separate)(many), rtol=1e-9)
    moved = eqx.filter_grad(lambda p: p.log_density(u))(whole)
    assert not np.any(moved.likelihoods[0].data)


def test_one_body_is_traced_whatever_their_number():
    counted = []
    for count in (2, 40):
        whole = posterior([line(number) for number in range(count)])
        TRACED.clear()
        for function in (whole.log_likelihood, whole.residuals, whole.information, whole.deviances):
            function({})
        counted.append(len(TRACED))
    assert counted == [4, 4]
    TRACED.clear()
    own = [Likelihood(lambda m, one=line(i): one.observable(m), np.ones(4), Gaussian(np.ones(4))) for i in range(3)]
    posterior(own).log_likelihood({})
    assert len(TRACED) == 2 * 3  # they are checked, too


def test_what_differs_is_not_one_group():
    """Noise of another kind, other settings, other functions."""
    likelihoods = [line(0), line(1, noise=Poisson()), line(2, power=2), line(3, noise=Gaussian(np.ones(4), "scatter"))]
    model = sl.Model(nuisance={"scatter": 0.5, "slope": 1.0, "offset": 2.0})
    seen = [eqx.tree_at(lambda one: one.observable, one, Nuisance(one.observable)) for one in likelihoods]
    space = sl.ParameterSpace(model, {"nuisance.*": dist.Uniform(0.1, 9.0)})
    whole = sl.Posterior(space, seen)
    expected = sum(float(one.log_likelihood(model)) for one in seen)
    assert float(whole.log_likelihood({})) == pytest.approx(expected)
    with pytest.raises(ValueError, match="Poisson noise has no residuals"):
        sl.Posterior(space, seen[1]).residuals({})


class Nuisance(eqx.Module):
    line: Line

    def __call__(self, model):
        return self.line(model.nuisance)


def test_errors_name_the_likelihood_that_they_are_of():
    both = posterior([line(0), line(1, noise=Poisson(), name="counts")])
    with pytest.raises(ValueError, match="Likelihood 'counts' of Poisson noise has no residuals"):
        both.residuals({})


def test_fits_batches_and_replicas_of_many():
    whole = posterior([line(number) for number in range(30)])
    result = sl.fit(whole).raise_for_status()
    design = np.concatenate([np.stack([one.observable.x, np.ones(4)], 1) for one in whole.likelihoods])
    weights = np.concatenate([1 / one.noise.sigma for one in whole.likelihoods])
    data = np.concatenate([one.data for one in whole.likelihoods])
    rows = np.vstack([design * weights[:, None], np.diag([1.0, 1 / 9])])
    solved = np.linalg.lstsq(rows, np.append(data * weights, [1.0, 0.0]), rcond=None)[0]
    found = [float(result.parameters[name]) for name in ("slope", "offset")]
    np.testing.assert_allclose(found, solved, atol=1e-3 * float(result.standard_deviations["slope"]))
    assert float(whole.log_batch(result.parameters, jax.random.key(0), 4)) == pytest.approx(result.log_posterior)
    keys = jax.random.split(jax.random.key(1), 200)
    estimates = jax.vmap(lambda key: whole.log_batch(result.parameters, key, 2))(keys)
    error = float(jnp.std(estimates)) / 200**0.5
    assert float(jnp.mean(estimates)) == pytest.approx(result.log_posterior, abs=4 * error)
    other = whole.replicate(result.parameters, jax.random.key(2))
    away = [one.data - one.mean(result.model) for one in other.likelihoods]
    assert len({float(one[0]) for one in away}) == 30
    assert other.names == whole.names


def test_large_likelihoods_are_not_copied(monkeypatch):
    monkeypatch.setattr("sightline.statistics.alike.LARGE", 11)
    whole = posterior([line(number) for number in range(3)])
    TRACED.clear()
    found = whole.log_likelihood({})
    assert len(TRACED) == 3
    monkeypatch.undo()
    again = posterior([line(number) for number in range(3)])
    assert eqx.tree_equal(again.given([one.data for one in whole.likelihoods]), whole)
    jax.clear_caches()
    assert float(whole.log_likelihood({})) == pytest.approx(float(found))
    assert len(TRACED) == 3 + 3 + 1  # those of `again` are checked
