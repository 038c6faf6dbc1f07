"""Whoever forbids JAX to broadcast shapes of different rank can simulate and fit all the same."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl

KEY = jax.random.key(0)
BOX = (20.0, 20.0, 5.0)
M, E, C = sl.magnetic, sl.electrons, sl.cosmic_rays
FIELDS = {
    "grid": lambda: M.Grid(jnp.ones((3, 4, 4, 4))),
    "cells": lambda: E.Grid.from_cells(jnp.ones((4, 4, 4)), interpolation="cubic", centre=sl.SUN),
    "potential": lambda: M.VectorPotentialGrid.zeros((4, 4, 4), BOX, order=2, walls="closed"),
    "process": lambda: M.GaussianProcess((4, 4, 4), mean=M.LSA(), key=KEY),
    "axial": lambda: E.GaussianProcess((4, 4, 4), median=0.1, coordinates="cylindrical", key=KEY),
    "turbulent": lambda: M.Turbulent((8, 8, 8), outer_scale=20.0, key=KEY, profile=E.Uniform(), keep="divergence"),
    "lognormal": lambda: C.Turbulent((8, 8, 8), outer_scale=20.0, profile=C.Uniform(), key=KEY),
    "shells": lambda: M.HealpixRadialGrid(jnp.ones((3, 12, 2)), edges=(0.0, 1.0, 2.0), interpolation="linear"),
    "spectrum": lambda: C.SpectrumGrid(jnp.ones((3, 4, 4, 4)), (1.0, 10.0, 100.0)),
    "algebra": lambda: sl.fields.Confined(M.JF12(), smooth=0.1) + sl.fields.Rotated(M.UF23(), (1.0, 2.0, 3.0)),
    "YMW16": E.YMW16,
    "NE2001": E.NE2001,
    "KST24": M.KST24,
    "TF17": M.TF17,
}


@pytest.fixture(autouse=True)
def strict():
    with jax.numpy_rank_promotion("raise"):
        yield


@pytest.mark.parametrize("name", FIELDS)
def test_fields(name):
    field, position = FIELDS[name](), jax.ShapeDtypeStruct((3,), jnp.float64)
    field.structures()

    def both(field, x):
        gradient = eqx.filter_grad(lambda f: jnp.sum(f.prepare()(x)))(field)
        return jax.jacfwd(field.prepare())(x), gradient

    eqx.filter_eval_shape(both, field, position)
    if hasattr(field, "refined"):
        field.refined(2)


def simulator():
    operators = (sl.emission.Synchrotron(), sl.emission.FaradayRotation(), sl.emission.FreeFree())
    return sl.Simulator(
        M.LSA(),
        E.YMW16(),
        C.ExponentialDisk(),
        operators,
        temperature=sl.temperature.Uniform(),
        background=sl.emission.CMB(),
    )


def test_skies_and_observables():
    sky, sim = sl.HealpixSky(2, supersample=2), simulator()
    stokes = sim(sl.Sightlines(sky, cells=sl.BoxCells(8)), frequency=[23.0, 30.0])
    assert stokes.I.shape == (2, 48)
    assert stokes.to("K_CMB").to_convention("IAU").Q.shape == (2, 48)
    catalogue = sl.SourceCatalogue(30.0, 2.0, [1.0, 2.0])
    lines = sl.Sightlines(catalogue, cells=sl.ResolvedCells(8)) if hasattr(sl, "ResolvedCells") else catalogue
    for measure in (sim.rotation_measure, sim.dispersion_measure, sim.emission_measure):
        assert np.all(np.isfinite(measure(lines)))
    spectrum = sl.observables.FaradaySpectrum(
        sl.Directions([0.0, 9.0], 3.0), depth=jnp.linspace(-9.0, 9.0, 5), width=3.0
    )
    assert spectrum(sl.Simulator(M.LSA(), E.Uniform(), C.Uniform(), sl.emission.Synchrotron())).shape == (5, 2)


def test_instruments():
    cube = sl.Stokes(*np.ones((3, 2, 48)), frequency=[20.0, 23.0], sky=sl.HealpixSky(2))
    band, beam = sl.instruments.Bandpass([20.0, 23.0], [1.0, 1.0], nominal=21.0), sl.GaussianBeam(fwhm=30.0)
    near = sl.instruments.NeighbourBeam(fwhm=30.0, radius=60.0)
    chain = sl.instruments.Chain((band, beam, sl.instruments.Calibration(gain=1.1, offset=2.0)))
    for instrument, constant in ((beam, 1.0), (near, 1.0), (chain, 3.1)):  # to the rounding of 48 pixels
        np.testing.assert_allclose(instrument(cube).I, constant, atol=5e-3)


def test_likelihoods():
    lines, frequency = sl.Sightlines(sl.HealpixSky(1), sl.RadialCells(cells=4)), [230.0, 500.0]
    band = sl.instruments.Bandpass(frequency, [1.0, 1.0], nominal=353.0)
    model = sl.Model(simulator(), instruments={"band": band})
    maps = sl.instruments.add_noise(model.observe(lines, frequency), np.full(12, 1e-6), KEY)
    given = {"instrument": "band", "unit": "K_CMB", "convention": "IAU"}
    rotation = sl.SourceLikelihood(sl.observables.RotationMeasure(lines), np.ones(12), 1.0)
    turbulent = sl.Simulator(M.Turbulent((8, 8, 8), outer_scale=20.0, key=KEY), E.Uniform())
    for one, of in (
        (sl.MapLikelihood(lines, frequency, np.ones((3, 12)), 1e-6, **given), model),
        (sl.BinnedLikelihood(sl.statistics.Brightness(lines, frequency, "QU"), maps, np.arange(12) // 6), model),
        (sl.EnsembleLikelihood(rotation, jax.random.split(KEY, 32)), turbulent),
    ):
        assert jnp.isfinite(one.log_likelihood(of))


def test_fits():
    sky = sl.Sightlines(sl.Directions(l=[10.0, 100.0, 200.0], b=[5.0, 30.0, -40.0]), cells=sl.BoxCells(8))
    sim = sl.Simulator(M.LSA(), E.Uniform(), C.Uniform(), sl.emission.Synchrotron())
    maps = sim(sky, 23.0)
    space = sl.ParameterSpace(
        sim, {"magnetic_field.b0": dist.Uniform(0.5, 3.0), "magnetic_field.psi0": dist.Normal(20.0, 9.0)}
    )
    likelihood = sl.MapLikelihood(sky, 23.0, data=maps, noise=1e-7)
    best = sl.fit(sl.Posterior(space, [likelihood]))
    assert float(best.model.magnetic_field.b0) == pytest.approx(1.2, rel=0.2)
    assert np.all(np.isfinite(sl.fisher(sl.Posterior(space, [likelihood])).covariance))


LIBRARY = sl.populations.synthetic(step=20.0)
DUST = sl.dust.Screen(sl.dust.F99(), foreground=0.3)
LAYER = sl.dust.Screen(sl.dust.F99(), opacity=sl.electrons.ExponentialDisk(0.5, 1.0, 0.3))
VIEW = {"orientation": sl.Orientation(40.0), "dust": DUST}


def particles(method, **options):
    place = jnp.asarray([[0.1, 0.2, 0.3], [-0.4, 0.3, 0.1]])
    stars = sl.particles.Stars(place, 100 * place, [1e5, 2e5], [0.5, 5.0], [-1.0, 0.1])
    gas = sl.particles.Gas(place, 100 * place, [1e5, 2e5], [-0.3, 0.1], [1e-3, 2e-3])
    return sl.Galaxy(stars, LIBRARY, 0.02, gas=gas, method=method, **VIEW, **options)


def smooth():
    stars = sl.stars.Component(
        density=sl.stars.ExponentialDisk(mass=1e9, scale_radius=1.0, scale_height=0.2),
        velocity=sl.stars.Rotation([2.0, 6.0], [150.0, 200.0]),
        history=sl.stars.SingleAge(3.0, 0.0),
    )
    nodes = sl.cubes.VelocityNodes(step=50.0, limits=(-400.0, 400.0))
    return sl.Galaxy(stars, LIBRARY, 0.02, method=nodes, orientation=sl.Orientation(40.0), dust=LAYER)


GALAXIES = {
    "exact": lambda: particles(sl.cubes.Exact()),
    "nodes": lambda: particles(sl.cubes.VelocityNodes(step=50.0, limits=(-400.0, 400.0))),
    "smooth": smooth,
}


@pytest.mark.parametrize("name", GALAXIES)
def test_galaxies(name):
    channels, galaxy = sl.cubes.Channels.regular(6600.0, 10.0, 20), GALAXIES[name]()
    ifu = sl.cubes.IFU((3, 3), 1.0, channels, lsf=30.0, psf=sl.cubes.GaussianPSF(1.0), assignment="cloud")

    def total(galaxy):
        flux = galaxy(ifu).flux
        return jnp.sum(flux), flux

    (_, flux), gradient = eqx.filter_eval_shape(eqx.filter_value_and_grad(total, has_aux=True), galaxy)
    assert flux.shape == (20, 9)
    assert jax.tree.structure(gradient) == jax.tree.structure(eqx.filter(galaxy, eqx.is_inexact_array))


def test_spectra():
    """A Gaussian has 0.6827 of its photons within its width."""
    blurred = sl.spectra.GaussianSmoothing(sigma=0.1)(sl.spectra.Line(energy=6.4, sigma=0.0, norm=1.0))
    assert float(blurred.photons(6.3, 6.5)) == pytest.approx(0.6827, abs=0.002)


def test_photons_that_electrons_scatter():
    simulator = sl.Simulator(
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        radiation=sl.radiation.CMB() + sl.radiation.Disk(3000.0, 1.0),
        emission=sl.emission.InverseCompton(),
    )
    lines = sl.Sightlines(sl.Directions(0.0, 5.0), cells=sl.BoxCells(8))
    gamma = simulator(lines, energy=[0.1, 1.0]).I
    with jax.numpy_rank_promotion("allow"):
        np.testing.assert_allclose(gamma, simulator(lines, energy=[0.1, 1.0]).I, rtol=1e-12)
    assert np.all(gamma > 0)
