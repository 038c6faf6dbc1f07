"""Quantities of a model over chains and about fits, against sampling by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline.inference import Chains, derived
from sightline.statistics import Gaussian, Likelihood

INDEX, NORM = "spectra.source.index", "spectra.source.norm"
MEAN, SIGMA = np.array([1.8, 2e-3]), np.array([0.05, 1e-4])


def posterior():
    """A power law whose index and norm are known independently, to a Gaussian error."""
    model = sl.Model(spectra={"source": sl.spectra.PowerLaw(1.5, 1e-3)})
    space = sl.ParameterSpace(model, {INDEX: dist.Normal(0.0, 1e3), NORM: dist.Normal(0.0, 1.0)})

    def observable(model):
        source = model.spectra["source"]
        return jnp.stack([source.index, source.norm])

    return sl.Posterior(space, Likelihood(observable, MEAN, Gaussian(SIGMA)))


def flux(model):
    return sl.spectra.energy_flux(model.spectrum("source"), 0.5, 8.0)


def by_hand(index, norm):
    """erg cm-2 s-1: the integral of K E^(1 - index)."""
    return norm * (8.0 ** (2 - index) - 0.5 ** (2 - index)) / (2 - index) * 1.602176634e-9


def drawn(one, draws=500):
    """Chains of draws from the Gaussian."""
    values = MEAN + SIGMA * np.random.default_rng(0).normal(size=(2, draws, 2))
    unconstrained = jax.vmap(jax.vmap(lambda v: one.space.to_unconstrained({INDEX: v[0], NORM: v[1]})))(
        jnp.asarray(values)
    )
    stacked = np.stack([unconstrained[name] for name in one.space.names], axis=-1)
    notes = {"algorithm": "by hand"}
    return Chains.of(one, stacked, {"lp": np.zeros((2, draws))}, notes)


def test_a_flux_over_chains_is_that_of_each_draw():
    one = posterior()
    chains = drawn(one)
    found = derived(one, chains, flux)
    expected = by_hand(chains.parameters[INDEX], chains.parameters[NORM])
    np.testing.assert_allclose(found.draws, expected, rtol=1e-8)
    assert found.draws.shape == (2, 500)
    assert found.value == pytest.approx(expected.mean())
    assert found.standard_deviation == pytest.approx(expected.std(ddof=1))
    np.testing.assert_allclose(found.interval(0.9), np.quantile(expected, [0.05, 0.95]))


def test_a_flux_of_a_fit_has_the_error_of_its_draws():
    one = posterior()
    best = sl.fit(one)
    found = derived(one, best, flux)
    assert found.draws is None
    assert found.value == pytest.approx(by_hand(*MEAN), rel=1e-5)
    index, norm = MEAN[0], MEAN[1]
    step = 1e-5
    slope = np.array(
        [
            (by_hand(index + step, norm) - by_hand(index - step, norm)) / (2 * step),
            by_hand(index, 1.0),
        ]
    )
    exact = np.sqrt(np.sum((slope * SIGMA) ** 2))
    assert found.standard_deviation == pytest.approx(exact, rel=1e-4)
    assert found.standard_deviation == pytest.approx(derived(one, drawn(one), flux).standard_deviation, rel=0.1)
    low, high = found.interval(0.9545)
    assert (high - low) / 4 == pytest.approx(exact, rel=1e-3)


def test_several_numbers_at_once(precision):
    one = posterior()

    def bands(model):
        photons = jax.vmap(lambda low: sl.spectra.photon_flux(model.spectrum("source"), low, 2 * low))
        return photons(jnp.asarray([0.5, 1.0]))

    found = derived(one, drawn(one, 10), bands)
    assert found.draws.shape == (2, 10, 2)
    assert found.value.shape == found.standard_deviation.shape == (2,)
    fitted = derived(one, sl.fit(one), bands)
    np.testing.assert_allclose(fitted.value, found.value, rtol=0.1)
    assert "derived[1]" in repr(fitted)
    assert "derived[1]" in repr(found)


def test_what_no_data_tell_of_has_no_error():
    model = {"x": jnp.asarray(1.0), "y": jnp.asarray(1.0)}
    space = sl.ParameterSpace(model, {"x": dist.Normal(0.0, 10.0), "y": dist.Normal(0.0, 10.0)})
    one = sl.Posterior(space, Likelihood(lambda m: m["x"][None], [3.0], Gaussian([0.1]))).flat()
    best = sl.fit(one)
    found = derived(one, best, lambda m: jnp.stack([2 * m["x"], m["x"] * m["y"]]))
    assert found.standard_deviation[0] == pytest.approx(0.2)
    assert found.standard_deviation[1] == np.inf


def test_other_sources_are_refused():
    one = posterior()
    with pytest.raises(TypeError, match=r"source is 3: give what sl\.sample or sl\.fit returns"):
        derived(one, 3, flux)
    space = sl.ParameterSpace({"x": jnp.asarray(1.0)}, {"x": dist.Normal(0.0, 10.0)})
    other = sl.fit(sl.Posterior(space, Likelihood(lambda m: m["x"][None], [3.0], Gaussian([0.1]))))
    with pytest.raises(ValueError, match=r"different parameters: spectra\.source\.index, spectra\.source\.norm, x"):
        derived(one, other, flux)
    with pytest.raises(ValueError, match=r"level = 2 must lie between 0 and 1"):
        derived(one, sl.fit(one), flux).interval(2)


def test_at_a_bound_a_fit_says_that_it_has_no_error():
    nothing = Likelihood(lambda model: model["rate"] * jnp.ones(3), [0.0, 0.0, 0.0], sl.statistics.Poisson())
    space = sl.ParameterSpace({"rate": jnp.asarray(4.0)}, {"rate": dist.HalfNormal(5.0)})
    one = sl.Posterior(space, nothing)
    found = derived(one, sl.fit(one), lambda model: 10 * model["rate"])
    assert "rate lies at its bound" in found.doubt
    assert found.doubt in repr(found)
    assert not derived(posterior(), sl.fit(posterior()), flux).doubt
