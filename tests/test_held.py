"""Fields evaluated once in the cells of sightlines give what they give when they are computed."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl

LINES = sl.Sightlines(sl.HealpixSky(nside=2), cells=sl.RadialCells(cells=128, distance=12.0))
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
    operators = (sl.emission.Synchrotron(), sl.emission.FaradayRotation())
    return sl.Simulator(FIELD, sl.electrons.ExponentialDisk(), RAYS, operators, sl.temperature.Uniform(7e3), chunk=5)


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
    assert {name: len(jax.tree.leaves(parts)) for name, parts in known(held).items()} == HELD
    assert all(part.shape == (50, 128) for part in jax.tree.leaves(known(held)))  # full batches of 10 rays
    for b0 in (0.3, 4.0):
        values = {"magnetic_field.terms.disk.b0": jnp.asarray(b0)}
        assert_same(value_and_gradient(held, values), value_and_gradient(posterior, values))
    assert_same(held.hold().residuals({}), posterior.residuals({}))


def test_masked_pixels_and_batches_take_their_own_cells(simulator):
    mask = (np.arange(48) % 3 > 0) & (np.arange(48) > 1)  # 31 pixels, in batches of 8
    plain = of_maps(simulator, mask)
    held = plain.hold()
    assert {part.shape for part in jax.tree.leaves(known(held))} == {(32, 128)}
    values = {"magnetic_field.terms.disk.b0": jnp.asarray(2.0)}
    assert_same(held.residuals(values), plain.residuals(values))
    key = jax.random.key(1)
    assert_same(held.log_batch(values, key, 7), plain.log_batch(values, key, 7))


def test_tied_fields_are_not_held(simulator):
    tied = of_maps(simulator, ties={"electron_density.n0": lambda free: 0.01 * free["magnetic_field.terms.disk.b0"]})
    held = tied.hold()
    assert set(known(held)) == set(HELD) - {"electron_density"}
    values = {"magnetic_field.terms.disk.b0": jnp.asarray(3.0)}
    assert_same(held.log_posterior(values), tied.log_posterior(values))


def test_models_bins_and_single_precision(simulator):
    with jax.enable_x64(False):
        single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), simulator)
        lines = sl.Sightlines(LINES.sky, cells=sl.RadialCells(cells=128, distance=12.0))
        model = sl.Model(single, nuisance={"level": 0.0})
        observable = sl.statistics.Brightness(lines, 2.0, "QU")
        data = np.random.default_rng(4).normal(size=(2, 48)).astype(np.float32)
        likelihood = sl.BinnedLikelihood(observable, data, 1, unit="K_RJ", convention="COSMO")
        space = sl.ParameterSpace(model, {f"simulator.{name}": prior for name, prior in FREE.items()})
        plain = sl.Posterior(space, likelihood)
        held = plain.hold()
        cells = held.likelihoods[0].observable.observable.sightlines.known
        assert set(cells) == set(HELD)
        assert cells["electron_density"].dtype == jnp.float32
        assert_same(held.residuals({}), plain.residuals({}), 1e-5)


def test_ensembles_hold_no_turbulence(simulator):
    noise = sl.magnetic.Turbulent((4, 4, 4), rms=3.0, outer_scale=40.0, key=jax.random.key(0))
    single = of_maps(eqx.tree_at(lambda s: s.magnetic_field, simulator, sl.fields.Sum(**FIELD.terms, noise=noise)))
    assert "magnetic_field.terms.noise" in known(single.hold())
    ensemble = sl.EnsembleLikelihood(single.likelihoods[0], jax.random.split(jax.random.key(1), 32))
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


def test_several_frequencies_other_chunks_instruments_and_second_derivatives(simulator):
    model = sl.Model(simulator, {"beam": sl.GaussianBeam(fwhm=20.0)})
    held = simulator.hold(LINES, list(HELD))
    frequencies = jnp.array([2.5, 5.0, 9.0])
    for chunk in (7, 1000):
        other = dataclasses.replace(simulator, chunk=chunk)
        assert_same(other(held, frequencies).Q, other(LINES, frequencies).Q)
    assert_same(model.observe(held, 5.0, "beam").U, model.observe(LINES, 5.0, "beam").U)

    def curvature(lines):
        def polarised(b0):
            free = eqx.tree_at(lambda s: s.magnetic_field.terms["disk"].b0, simulator, b0)
            free = eqx.tree_at(lambda s: s.emission, free, (sl.emission.Synchrotron(),))
            return jnp.sum(free(lines, 9.0).Q ** 2)

        return jax.hessian(polarised)(jnp.asarray(2.0))

    assert_same(curvature(held), curvature(LINES))


class Map(sl.emission.AbstractEmissionOperator):
    needs = ("a.b", "three")

    def __call__(self, plasma, ray, frequency):
        (single,) = plasma.extra["three"]
        return sl.emission.TransferCoefficients(sl.emission.StokesVector(I=single * plasma.extra["a.b"]))


class Single(sl.fields.AbstractField):
    def __call__(self, position):
        return position[2:3] ** 2


def test_fields_of_a_user_keep_their_shapes_and_names():
    simulator = sl.Simulator(emission=Map(), fields={"a.b": sl.electrons.ExponentialDisk(), "three": Single()})
    held = simulator.hold(LINES, ["fields.a.b", "fields.three"])
    assert_same(simulator(held, 2.0).I, simulator(LINES, 2.0).I)


def test_maps_of_the_same_sightlines_share_what_is_held(simulator):
    data = np.ones((1, 48))
    maps = [sl.MapLikelihood(LINES, nu, data, 1.0, parameters="I", unit="K_RJ") for nu in (4.0, 8.0)]
    held = sl.Posterior(sl.ParameterSpace(simulator, FREE), maps).hold()
    one, other = (jax.tree.leaves(likelihood.observable.sightlines.known) for likelihood in held.likelihoods)
    assert all(a is b for a, b in zip(one, other, strict=True))


def test_a_posterior_refuses_what_holds_its_free_parameters(simulator, posterior):
    (held,) = posterior.hold().likelihoods
    free = {"electron_density.n0": dist.Uniform(0.0, 1.0)}
    with pytest.raises(ValueError, match="holds 'electron_density', which is free here"):
        sl.Posterior(sl.ParameterSpace(simulator, free), held)
    noise = sl.magnetic.Turbulent((4, 4, 4), rms=3.0, outer_scale=40.0, key=jax.random.key(0))
    turbulent = of_maps(eqx.tree_at(lambda s: s.magnetic_field, simulator, sl.fields.Sum(**FIELD.terms, noise=noise)))
    ensemble = sl.EnsembleLikelihood(turbulent.hold().likelihoods[0], jax.random.split(jax.random.key(1), 32))
    with pytest.raises(ValueError, match=r"holds 'magnetic_field\.terms\.noise'"):
        sl.Posterior(turbulent.space, ensemble)


def test_a_trace_is_of_the_simulator_alone(simulator):
    one = sl.Directions(30.0, 2.0)
    other = eqx.tree_at(lambda s: s.electron_density.n0, simulator, jnp.asarray(1.0))
    assert_same(simulator.trace(other.hold(one, "electron_density"), 9.0).stokes.Q, simulator.trace(one, 9.0).stokes.Q)


def test_free_marks_leaves_and_ties(simulator):
    ties = {"electron_density.n0": lambda free: 0.01 * free["magnetic_field.terms.disk.b0"]}
    free = sl.ParameterSpace(simulator, FREE, ties=ties).free()
    assert free.magnetic_field.terms["disk"].b0
    assert free.electron_density.n0
    assert sum(jax.tree.leaves(free)) == 2


def test_refusals(simulator):
    with pytest.raises(ValueError, match="no field 'halo'"):
        simulator.hold(LINES, "halo")
    inner = eqx.tree_at(lambda s: s.magnetic_field, simulator, sl.fields.Rotated(FIELD, (40.0, 0.0, 0.0)))
    with pytest.raises(ValueError, match=r"no field 'magnetic_field\.field'"):
        inner.hold(LINES, "magnetic_field.field")
    with pytest.raises(ValueError, match="name one of them"):
        simulator.hold(LINES, ["magnetic_field", "magnetic_field.terms.halo"])
    with pytest.raises(ValueError, match="name the terms"):
        simulator(simulator.hold(LINES, ["cosmic_rays"]), 2.0)
    space = sl.ParameterSpace({"x": jnp.zeros(2)}, {"x": dist.Normal(0.0, 1.0)})
    likelihood = sl.statistics.Likelihood(lambda model: model["x"], [1.0, 2.0], sl.statistics.Gaussian(np.ones(2)))
    posterior = sl.Posterior(space, likelihood)
    assert eqx.tree_equal(posterior.hold(), posterior)  # a model of another kind has nothing to hold
