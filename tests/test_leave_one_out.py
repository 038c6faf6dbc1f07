"""What models foretell of data that they have not seen, beside closed forms of Gaussian data of one mean."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats

import sightline as sl

DATA = np.random.default_rng(4).normal(1.0, 1.0, 20)


def of(law, data=DATA, noise=None, names=("mean",)):
    space = sl.ParameterSpace({n: jnp.asarray(1.0) for n in names}, {n: dist.Uniform(-50.0, 50.0) for n in names})
    noise = sl.statistics.Gaussian(np.ones(len(data))) if noise is None else noise
    return sl.Posterior(space, sl.Likelihood(law, data, noise, name="data"))


def constant(model):
    return model["mean"] * jnp.ones(len(DATA))


@pytest.fixture(scope="module")
def drawn():
    posterior = of(constant)
    return posterior, sl.sample(posterior, jax.random.key(1), sl.NUTS(), chains=4, draws=1000, warmup=300)


def test_a_mean_is_left_out_in_closed_form(drawn):
    found, count = sl.leave_one_out(*drawn), len(DATA)
    others = (DATA.sum() - DATA) / (count - 1)
    exact = stats.norm.logpdf(DATA, others, np.sqrt(1 + 1 / (count - 1)))
    np.testing.assert_allclose(found.terms["data"], exact, atol=0.02)
    assert found.elpd == pytest.approx(exact.sum(), abs=0.1)
    assert found.error == pytest.approx(exact.std(ddof=1) * np.sqrt(count), rel=0.02)
    seen = stats.norm.logpdf(DATA, DATA.mean(), np.sqrt(1 + 1 / count))
    assert found.effective == pytest.approx(np.sum(seen - exact), abs=0.1)
    assert found.reliable
    assert "reliable" in repr(found)
    assert sl.leave_one_out(*drawn, draws=500).elpd == pytest.approx(found.elpd, abs=0.3)


def test_the_better_model_is_above(drawn):
    wrong = of(lambda model: constant(model) + jnp.arange(20.0) / 10)
    chains = sl.sample(wrong, jax.random.key(2), sl.NUTS(), chains=2, draws=500, warmup=300)
    first, second = sl.leave_one_out(*drawn), sl.leave_one_out(wrong, chains)
    more, error = first.above(second)
    assert more == pytest.approx(first.elpd - second.elpd)
    differences = first.terms["data"] - second.terms["data"]
    assert error == pytest.approx(differences.std(ddof=1) * np.sqrt(20))
    few = of(lambda model: model["mean"] * jnp.ones(3), DATA[:3])
    with pytest.raises(ValueError, match="models of the same data"):
        first.above(sl.leave_one_out(few, drawn[1]))


def test_a_datum_that_settles_the_posterior_is_told(drawn):
    """A slope that one datum alone knows, 30 deviations off: without it the posterior is another one."""
    posterior = of(
        lambda model: jnp.concatenate([model["mean"] * jnp.ones(20), model["slope"][None]]),
        np.append(DATA, 31.0),
        names=("mean", "slope"),
    )
    chains = sl.sample(posterior, jax.random.key(3), sl.NUTS(), chains=2, draws=1000, warmup=300)
    found = sl.leave_one_out(posterior, chains)
    assert not found.reliable
    assert int(np.argmax(found.pareto_k["data"])) == 20
    assert "not reliable: Pareto k of 1 data is above 0.7" in repr(found)


def test_what_makes_no_sense_is_refused(drawn):
    posterior, chains = drawn
    with pytest.raises(ValueError, match="must be between 1 and the 4000"):
        sl.leave_one_out(posterior, chains, draws=5000)
    with pytest.raises(TypeError, match="chains"):
        sl.leave_one_out(posterior, posterior)
    two = [
        sl.Likelihood(lambda model: model["mean"][None], DATA[i : i + 1], sl.statistics.Gaussian([1.0])) for i in (0, 1)
    ]
    apart = sl.leave_one_out(sl.Posterior(posterior.space, two), chains)
    np.testing.assert_allclose([one[0] for one in apart.terms.values()], sl.leave_one_out(*drawn).terms["data"][:2])
    with pytest.raises((TypeError, ValueError), match="draws"):
        sl.posterior_predictive(posterior, chains, jax.random.key(0), draws=None)
    alone = of(lambda model: model["mean"][None], DATA[:1])
    with pytest.raises(ValueError, match="none can be left out"):
        sl.leave_one_out(alone, chains)
