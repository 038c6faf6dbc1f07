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
