"""Checks of what is given: they pass what is right in every form, under `jax.jit`, too."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline._core.given import check_key, check_kind


@pytest.mark.parametrize("kind", ["threefry2x32", "rbg", "unsafe_rbg"])
def test_keys_of_every_generator_are_keys(kind):
    for key in (jax.random.key(0, impl=kind), jax.random.PRNGKey(0, impl=kind)):
        check_key(key)
        with pytest.raises(ValueError, match=r"key has shape \(3,\), many keys: give one"):
            check_key(jnp.stack([key] * 3))
    for wrong in (0, None, jnp.zeros(2), np.zeros(3, np.uint32)):
        with pytest.raises(TypeError, match=r"key is a .*: give a key of random numbers, e.g. jax.random.key\(0\)"):
            check_key(wrong)


def test_a_class_in_the_place_of_an_object_is_told():
    with pytest.raises(TypeError, match="count is int, a class: call it: give a number"):
        check_kind("count", int, int, "a number")


def test_numbers_known_to_a_compiled_function_are_compared():
    simulator = sl.Simulator(magnetic_field=sl.magnetic.LSA(), electron_density=2.0 * sl.electrons.Uniform())
    lines = sl.Sightlines(sl.Directions(30.0, 0.0), cells=sl.BoxCells(4))

    def rotation(b0):
        return dataclasses.replace(simulator, magnetic_field=sl.magnetic.LSA(b0)).rotation_measure(lines)

    assert jnp.all(jax.jit(rotation)(1.0) != 0)
    source, low, high, distance = sl.spectra.PowerLaw(), *(jnp.asarray(one) for one in (1.0, 2.0, 10.0))
    assert jax.jit(lambda: source.photons(low, high))() > 0
    assert jax.jit(lambda: sl.spectra.luminosity(source, low, high, distance))() > 0
    assert jax.jit(lambda: sl.cosmic_rays.spectra.PowerLaw().flux(high))() > 0


@pytest.mark.parametrize("factors", [(-1.0,), (2.0, -1.0), (-1.0, 3.0)])
def test_negative_densities_are_refused_however_they_are_multiplied(factors):
    density = sl.electrons.Uniform()
    for factor in factors:
        density = factor * density
    with pytest.raises(ValueError, match="electron_density is multiplied by -"):
        sl.Simulator(electron_density=density)
    sl.Simulator(electron_density=-1.0 * (-2.0 * sl.electrons.Uniform()))


@pytest.mark.parametrize("shape", [(), (3,)])
def test_empty_ranges_of_priors_of_numbers_and_arrays_are_refused(shape):
    model = sl.Model(nuisance={"offset": np.ones(shape)})
    for wrong in (dist.Uniform(3.0, 1.0), dist.LogUniform(3.0, 1.0)):
        with pytest.raises(ValueError, match="has an empty range: give low below high"):
            sl.ParameterSpace(model, {"nuisance.offset": wrong})
    sl.ParameterSpace(model, {"nuisance.offset": dist.Uniform(0.0, 3.0)})
