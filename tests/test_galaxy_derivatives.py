"""Derivatives of galaxies of particles beside central differences, and in single precision beside double."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl

STEPS = {"velocity": 3e-3, "age": 1e-5, "metallicity": 1e-4}  # km/s, of the age, dex
NEAR = {"position": 5e-6, "velocity": 5e-4, "mass": 5e-6, "age": 2e-5, "metallicity": 3e-4}
"""Gradients in single precision, beside those in double: relative L2. By velocity partial spectra cancel most."""
METHODS = [sl.cubes.Exact(), sl.cubes.VelocityNodes(25.0, limits=(-500.0, 500.0))]


def miles(data) -> sl.populations.Library:
    path = data / "ssp" / "miles_kb_baSTI_ssp_grid.npz"
    return sl.populations.read(path, unit="Lsun/Angstrom/Msun", medium="air", fwhm=2.51)


def between(rng: np.random.Generator, nodes: np.ndarray, count: int) -> np.ndarray:
    """Numbers away from the nodes, at which derivatives jump."""
    lower = rng.integers(0, len(nodes) - 1, count)
    return nodes[lower] + rng.uniform(0.05, 0.95, count) * np.diff(nodes)[lower]


def one_a_spaxel(library: sl.populations.Library) -> sl.particles.Stars:
    """100 particles of random velocity, age and metallicity, each in the middle of a spaxel of its own."""
    rng = np.random.default_rng(7)
    north, east = np.divmod(np.arange(100), 10) - np.array([[4.5], [4.5]])
    away = between(rng, np.arange(-450.0, 475.0, 25.0), 100)
    age, metallicity = (between(rng, axis, 100) for axis in (library.age, library.metallicity))
    zero = np.zeros(100)
    position, velocity = np.stack([north, east, zero], axis=1), np.stack([zero, zero, -away], axis=1)
    return sl.particles.Stars(position, velocity, rng.uniform(0.5, 1.5, 100) * 1e6, age, metallicity)


def step_of(stars: sl.particles.Stars, name: str) -> sl.particles.Stars:
    """A step of all particles along velocity, age or metallicity."""
    ones = {"velocity": jnp.zeros((100, 3)).at[:, 2].set(-1.0), "age": stars.age, "metallicity": jnp.ones(100)}
    still = jax.tree.map(jnp.zeros_like, stars)
    return eqx.tree_at(lambda one: getattr(one, name), still, STEPS[name] * ones[name])


@pytest.mark.parametrize("method", METHODS, ids=["exact", "nodes"])
@pytest.mark.parametrize("library", ["synthetic", "miles"])
def test_derivatives_of_a_hundred_particles_are_differences(library, method, request):
    """Partial spectra by velocity, age and metallicity: 1e-6 of their norm, each particle by itself."""
    known = miles(request.getfixturevalue("data")) if library == "miles" else sl.populations.synthetic(step=2.0)
    stars = one_a_spaxel(known)
    channels = sl.cubes.Channels.regular(4750.0, 1.25, 1600 if len(known.wavelength) > 4000 else 200)
    galaxy = sl.Galaxy(stars, known, 0.02, method=method)
    ifu = sl.cubes.IFU((10, 10), 1.0 / galaxy.scale, channels)

    def light(stars):
        return dataclasses.replace(galaxy, stars=(stars,))(ifu).flux * 1e18

    weight = np.random.default_rng(8).normal(size=(len(channels), 100))
    value, forward = jax.jit(light), jax.jit(lambda at, along: jax.jvp(light, (at,), (along,))[1])
    back = jax.jit(jax.grad(lambda stars: jnp.sum(weight * light(stars))))(stars)
    for name in STEPS:
        step = step_of(stars, name)
        ends = [value(jax.tree.map(lambda x, dx, side=side: x + side * dx, stars, step)) for side in (-1, 1)]
        partial = np.asarray(forward(stars, step))
        size = np.linalg.norm(partial, axis=0)
        assert np.all(size > 0)
        np.testing.assert_array_less(np.linalg.norm((ends[1] - ends[0]) / 2 - partial, axis=0), 1e-6 * size)
        slope = getattr(back, name) * getattr(step, name)
        slope = np.sum(slope, axis=1) if name == "velocity" else slope
        by_forward = np.sum(weight * partial, axis=0)
        np.testing.assert_array_less(np.abs(slope - by_forward), 1e-12 * size * np.linalg.norm(weight, axis=0))


@pytest.mark.parametrize("method", METHODS, ids=["exact", "nodes"])
def test_single_precision_is_near_double(method):
    """A cube, and gradients of a sum with random weights, by all that particles have."""
    library = sl.populations.synthetic(step=2.0)
    found = one_a_spaxel(library)
    numbers = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    numbers = {name: np.asarray(value) for name, value in numbers.items() if value is not None}
    weight = np.random.default_rng(9).normal(size=(200, 100))

    def value_and_slope():
        def light(stars):
            galaxy = sl.Galaxy(stars, library, 0.02, orientation=sl.Orientation(20.0, 30.0), method=method)
            channels = sl.cubes.Channels.regular(4750.0, 1.25, 200)
            ifu = sl.cubes.IFU((10, 10), 1.0 / galaxy.scale, channels, assignment="cloud")
            flux = galaxy(ifu).flux * 1e18
            return jnp.sum(jnp.asarray(weight, flux.dtype) * flux), flux

        stars = sl.particles.Stars(**numbers)
        slope, flux = jax.jit(jax.grad(light, has_aux=True))(stars)
        return flux, {name: getattr(slope, name) for name in numbers}

    flux, slope = value_and_slope()
    with jax.enable_x64(False):
        rough, rough_slope = value_and_slope()
    assert rough.dtype == np.float32
    np.testing.assert_allclose(rough, flux, rtol=0, atol=1e-5 * np.max(flux))
    for name in slope:
        one, exact = np.asarray(rough_slope[name]), np.asarray(slope[name])
        assert one.dtype == np.float32
        assert np.linalg.norm(one - exact) < NEAR[name] * np.linalg.norm(exact)
