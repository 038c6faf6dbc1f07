"""Fields evaluated once in the cells of sightlines give what they give when they are computed."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl

LINES = sl.Sightlines(sl.HealpixSky(nside=2), cells=sl.RadialCells(cells=12, distance=12.0))
HALO = sl.fields.Scaled(sl.magnetic.Uniform((20.0, 0.0, 9.0)), sl.electrons.ExponentialDisk())
FIELD = sl.fields.Sum(disk=sl.magnetic.LSA(), halo=HALO, even=sl.magnetic.Uniform((0.0, 0.0, 0.1)))
RAYS = sl.fields.Sum(one=sl.cosmic_rays.ExponentialDisk(), two=sl.cosmic_rays.AnalyticDisk())
FREE = {"magnetic_field.terms.disk.b0": dist.Uniform(0.0, 10.0)}
HELD = {
    "magnetic_field.terms.halo": 3,
    "electron_density": 1,
    "cosmic_rays.terms.one": 1,
    "cosmic_rays.terms.two": 1,
}


@pytest.fixture(scope="module")
def simulator():
    operators = (sl.emission.Synchrotron(), sl.emission.FaradayRotation(), sl.emission.FreeFree())
    return sl.Simulator(FIELD, sl.electrons.ExponentialDisk(), RAYS, operators, sl.temperature.Uniform(7e3), chunk=10)


@pytest.fixture(scope="module")
def posterior(simulator):
    return of_maps(simulator)


def of_maps(model, mask=None, **space):
    data = 1e-3 * np.random.default_rng(3).normal(size=(3, 48))
    likelihood = sl.MapLikelihood(LINES, 2.0, data, 1e-3, unit="K_RJ", convention="COSMO", mask=mask)
    return sl.Posterior(sl.ParameterSpace(model, FREE, **space), likelihood)


def known(posterior):
    (likelihood,) = posterior.likelihoods
    return likelihood.observable.sightlines.known


def assert_same(found, expected, tolerance=1e-11):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * float(jnp.max(jnp.abs(b))))


@eqx.filter_jit
def value_and_gradient(posterior, values):
    return jax.value_and_grad(posterior.log_posterior)(values)


def test_posterior_holds_what_is_not_free_and_stays_the_same(posterior):
    held = posterior.hold()
    assert {name: len(parts) for name, parts in known(held).items()} == HELD
    assert all(part.shape == (48, 12) for parts in known(held).values() for part in parts)
    for b0 in (0.3, 4.0):
        values = {"magnetic_field.terms.disk.b0": jnp.asarray(b0)}
        assert_same(value_and_gradient(held, values), value_and_gradient(posterior, values))
    assert_same(held.hold().residuals({}), posterior.residuals({}))


def test_masked_pixels_and_batches_take_their_own_cells(simulator):
    mask = np.arange(48) % 3 > 0
    plain = of_maps(simulator, mask)
    held = plain.hold()
    assert {part.shape for parts in known(held).values() for part in parts} == {(32, 12)}
    values = {"magnetic_field.terms.disk.b0": jnp.asarray(2.0)}
    assert_same(held.residuals(values), plain.residuals(values))
    key = jax.random.key(1)
    assert_same(held.log_batch(values, key, 7), plain.log_batch(values, key, 7))


def test_tied_fields_are_not_held(simulator):
    tied = of_maps(simulator, ties={"electron_density.n0": lambda free: 0.01 * free["magnetic_field.terms.disk.b0"]})
    held = tied.hold()
    assert set(known(held)) == set(HELD) - {"electron_density"}
    values = {"magnetic_field.terms.disk.b0": jnp.asarray(3.0)}
    assert_same(value_and_gradient(held, values), value_and_gradient(tied, values))


def test_models_bins_and_single_precision(simulator):
    with jax.enable_x64(False):
        single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), simulator)
        lines = sl.Sightlines(LINES.sky, cells=sl.RadialCells(cells=12, distance=12.0))
        model = sl.Model(single, nuisance={"level": 0.0})
        observable = sl.statistics.Brightness(lines, 2.0, "QU")
        data = np.random.default_rng(4).normal(size=(2, 48)).astype(np.float32)
        likelihood = sl.BinnedLikelihood(observable, data, 1, unit="K_RJ", convention="COSMO")
        space = sl.ParameterSpace(model, {f"simulator.{name}": prior for name, prior in FREE.items()})
        plain = sl.Posterior(space, likelihood)
        held = plain.hold()
        cells = held.likelihoods[0].observable.observable.sightlines.known
        assert set(cells) == set(HELD)
        assert cells["electron_density"][0].dtype == jnp.float32
        assert_same(held.residuals({}), plain.residuals({}), 1e-5)


def test_ensembles_hold_no_turbulence(simulator):
    noise = sl.magnetic.Turbulent((4, 4, 4), rms=3.0, outer_scale=40.0, key=jax.random.key(0))
    single = of_maps(eqx.tree_at(lambda s: s.magnetic_field, simulator, sl.fields.Sum(**FIELD.terms, noise=noise)))
    assert "magnetic_field.terms.noise" in known(single.hold())
    ensemble = sl.EnsembleLikelihood(single.likelihoods[0], jax.random.split(jax.random.key(1), 4))
    plain = sl.Posterior(single.space, ensemble)
    held = plain.hold()
    assert set(known(held)) == set(HELD)
    values = {"magnetic_field.terms.disk.b0": jnp.asarray(2.0)}
    assert_same(held.log_posterior(values), plain.log_posterior(values))


def test_spectra_are_those_of_the_field():
    rays = sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.ExponentialDisk(), sl.cosmic_rays.spectra.local_interstellar())
    simulator = sl.Simulator(sl.magnetic.LSA(), cosmic_rays=rays, emission=sl.emission.SynchrotronSpectrum())
    held = simulator.hold(LINES, ["cosmic_rays"])
    assert_same(simulator(held, 0.408).I, simulator(LINES, 0.408).I)


def test_refusals(simulator):
    with pytest.raises(ValueError, match="no field 'halo'"):
        simulator.hold(LINES, ["halo"])
    with pytest.raises(ValueError, match="name the terms"):
        simulator(simulator.hold(LINES, ["cosmic_rays"]), 2.0)
    space = sl.ParameterSpace({"x": jnp.zeros(2)}, {"x": dist.Normal(0.0, 1.0)})
    likelihood = sl.statistics.Likelihood(lambda model: model["x"], [1.0, 2.0], sl.statistics.Gaussian(np.ones(2)))
    with pytest.raises(TypeError, match=r"hold needs a sl\.Simulator"):
        sl.Posterior(space, likelihood).hold()
