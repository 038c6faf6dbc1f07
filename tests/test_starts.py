"""Fits from several starts: the best of many draws, and what becomes of the others."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline.inference import active
from sightline.inference.scout import drawn
from sightline.statistics import Gaussian, Likelihood

PRIOR = dist.Uniform(-5.0, 5.0)
KEY = jax.random.key(3)


class Bumps(eqx.Module):
    """A sharp maximum at (3, -2) among many that are lower; no number to the left of -4."""

    def __call__(self, model):
        x, y = model["x"], model["y"]
        far = jnp.square(x - 3) + jnp.square(y + 2)
        ripple = jnp.where(x < -4, jnp.nan, 3 - 2 * jnp.cos(3 * (x - 3)) - jnp.cos(3 * (y + 2)))
        return jnp.sqrt(1 + 0.05 * far + ripple)[None]


def bumps(start=(-3.0, 3.0)):
    model = {"x": jnp.asarray(start[0]), "y": jnp.asarray(start[1])}
    space = sl.ParameterSpace(model, {"*": PRIOR})
    return sl.Posterior(space, Likelihood(Bumps(), [1.0], Gaussian([0.1])))


def test_the_best_of_many_draws_find_what_a_few_miss(tmp_path):
    posterior = bumps()
    options = {"starts": 4, "scout": 500, "key": KEY}
    result = sl.fit(posterior, sl.BFGS(), **options, checkpoint=tmp_path)
    assert float(result.parameters["x"]) == pytest.approx(3, abs=0.05)
    assert float(result.parameters["y"]) == pytest.approx(-2, abs=0.05)
    assert len(result.starts) == 4
    assert len(result.tried) == 3
    assert all(result.log_posterior >= one.log_posterior for one in result.tried)
    heights = [one.log_posterior for one in result.tried]
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] < result.log_posterior - 1
    lowest = result.tried[-1]
    assert lowest.status == "converged"
    np.testing.assert_allclose(posterior.log_posterior(lowest.parameters), lowest.log_posterior)
    assert "the best of 4 starts" in repr(result)
    with pytest.raises(ValueError, match="holds another run: start differs"):
        sl.fit(posterior, sl.BFGS(), **(options | {"scout": 501}), checkpoint=tmp_path)


def test_draws_are_the_best_and_no_copies():
    """Draws without a finite density are left out; those chosen are higher than most, and apart."""
    posterior = bumps()
    chosen = drawn(posterior, 5, 100, KEY)
    every = drawn(posterior, 100, None, KEY)
    heights = np.array([float(posterior.log_posterior(values)) for values in every])
    assert np.isnan(heights).any()
    best = every[int(np.nanargmax(heights))]
    assert {name: float(value) for name, value in chosen[0].items()} == {k: float(v) for k, v in best.items()}
    found = np.array([float(posterior.log_posterior(values)) for values in chosen])
    assert np.all(found > np.nanmedian(heights))
    places = np.array([[float(values["x"]), float(values["y"])] for values in chosen])
    apart = [np.linalg.norm(a - b) for i, a in enumerate(places) for b in places[:i]]
    assert min(apart) > 0.5
    assert len(drawn(posterior, 99, 100, KEY)) == np.isfinite(heights).sum()


def test_a_grid_takes_the_best_draws(precision):
    space = sl.ParameterSpace({"x": jnp.zeros(301)}, {"x": dist.Normal(0.0, 1.0)})
    posterior = sl.Posterior(space, Likelihood(lambda m: m["x"][:2], jnp.ones(2), Gaussian([0.1, 0.1])))
    (best,) = drawn(posterior, 1, 50, KEY)
    assert best["x"].dtype == precision
    heights = [float(posterior.log_posterior(values)) for values in drawn(posterior, 50, None, KEY)]
    assert float(posterior.log_posterior(best)) == pytest.approx(max(heights), rel=1e-5)


def test_refused_scouts():
    posterior = bumps()
    for options, message in [
        ({"starts": 4, "scout": 10}, "pass key"),
        ({"scout": 10, "key": KEY}, "Ask for 2 starts at least"),
        ({"starts": 4, "scout": 3, "key": KEY}, "more draws than starts"),
        ({"starts": 4, "scout": 1.5, "key": KEY}, "scout = 1.5 must be a whole number"),
    ]:
        with pytest.raises(ValueError, match=message):
            sl.fit(posterior, **options)
    nowhere = eqx.tree_at(lambda p: p.space.priors[0].low, posterior, jnp.asarray(-4.9))
    nowhere = eqx.tree_at(lambda p: p.space.priors[0].high, nowhere, jnp.asarray(-4.1))
    with pytest.raises(ValueError, match="None of scout = 20 draws from the prior has a finite log posterior"):
        sl.fit(nowhere, start={"x": 3.0}, starts=2, scout=20, key=KEY)


def slope(x=0.0, y=0.0, data=(-2.0, 1.0, 3.0), prior=None):
    """x, x + y, y with x that cannot be negative."""
    space = sl.ParameterSpace(
        {"x": jnp.asarray(x), "y": jnp.asarray(y)}, {"x": prior or dist.HalfNormal(100.0), "y": dist.Uniform(-9.0, 9.0)}
    )
    observable = Linear()
    return sl.Posterior(space, Likelihood(observable, jnp.asarray(data), Gaussian(jnp.ones(3))))


class Linear(eqx.Module):
    """Data of which one is solved for, as its likelihood says."""

    linear_parameters: int = eqx.field(default=0, static=True)

    def __call__(self, model):
        return jnp.stack([model["x"], model["x"] + model["y"], model["y"]])


METHODS = [sl.LevenbergMarquardt(), sl.BFGS(), sl.LBFGS()]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
@pytest.mark.parametrize("prior", [dist.HalfNormal(100.0), dist.Uniform(0.0, 20.0)], ids=["half", "range"])
def test_a_fit_begins_and_ends_on_a_bound(method, prior):
    """From x = 0: to the bound it came from, or inside, as the data have it."""
    result = sl.fit(slope(prior=prior), method).raise_for_status()
    assert float(result.parameters["x"]) == pytest.approx(0, abs=1e-3)
    assert float(result.parameters["y"]) == pytest.approx(2, abs=1e-2)
    assert result.active == ["x"]
    assert result.dof == 3 - 1
    assert "at its bound" in repr(result)
    inside = sl.fit(slope(prior=prior, data=(2.0, 3.0, 1.0)), method).raise_for_status()
    assert float(inside.parameters["x"]) == pytest.approx(2, abs=1e-2)
    assert inside.active == []
    assert inside.dof == 1
    assert "bound" not in repr(inside)


def test_a_slope_is_asked_for_only_where_a_number_is_near_a_bound(monkeypatch):
    """Where no number is within its errors of a bound, no derivative is compiled to be told so."""
    asked = []
    original = active.jacobian
    monkeypatch.setattr(active, "jacobian", lambda *arguments: asked.append(1) or original(*arguments))
    assert sl.fit(slope(prior=dist.Uniform(0.0, 20.0), data=(2.0, 3.0, 1.0))).active == []
    assert not asked
    assert sl.fit(slope(prior=dist.Uniform(0.0, 20.0))).active == ["x"]
    assert asked


def test_a_bound_is_known_without_a_covariance_where_the_number_is_on_it():
    result = sl.fit(slope(prior=dist.Uniform(0.0, 20.0)), covariance=0)
    assert result.active == ["x"]
    assert sl.fit(slope(3.0, data=(2.0, 3.0, 1.0)), covariance=0).active == []


def test_linear_parameters_count():
    posterior = slope(3.0, data=(2.0, 3.0, 1.0))
    solved = eqx.tree_at(lambda p: p.likelihoods[0].observable, posterior, Linear(linear_parameters=1))
    assert sl.fit(solved).dof == 0


def test_samples_begin_on_a_bound():
    chains = sl.sample(slope(data=(2.0, 3.0, 1.0)), jax.random.key(0), start={}, draws=20, warmup=20, chains=1)
    assert bool(np.all(np.isfinite(chains.parameters["x"])))
