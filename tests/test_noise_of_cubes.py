"""Noise of cubes: the variance is the one drawn from."""

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl

PLANE = sl.cubes.Spaxels((12, 15), 0.5)
CHANNELS = sl.cubes.Channels.regular(5000.0, 1.25, 400)


def clean(scale=1e-16):
    light = np.exp(-np.hypot(*PLANE.offsets()) / 1.5)
    spectrum = 1 + 0.3 * np.sin(np.arange(400) / 20)
    return sl.SpectralCube(scale * spectrum[:, None] * light, CHANNELS, PLANE)


NOISES = {
    "ratio": {"signal_to_noise": 30.0},
    "electrons": {"electrons": 1e18, "read_noise": 3.0, "sky": 20.0},
    "by channel": {"electrons": np.linspace(1e18, 2e18, 400), "sky": np.full(400, 5.0)},
}


@pytest.mark.parametrize("name", NOISES)
def test_the_variance_is_the_one_drawn_from(name):
    cube = clean()
    noisy = sl.cubes.add_noise(cube, jax.random.key(3), **NOISES[name])
    pull = (noisy.flux - cube.flux) / jnp.sqrt(noisy.variance)
    assert float(jnp.mean(pull)) == pytest.approx(0, abs=0.02)
    assert float(jnp.var(pull)) == pytest.approx(1, abs=0.02)
    assert float(jnp.min(noisy.variance)) > 0


def test_keys_repeat_and_differ():
    one, two, three = (sl.cubes.add_noise(clean(), jax.random.key(k), 30.0).flux for k in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert not np.any(one == three)


def test_the_ratio_is_that_of_the_brightest_spaxel():
    cube = clean()
    noisy = sl.cubes.add_noise(cube, jax.random.key(0), signal_to_noise=30.0, background=0.01)
    mean = np.asarray(cube.flux).mean(axis=0)
    ratio = mean / np.sqrt(np.asarray(noisy.variance)[0])
    assert ratio[np.argmax(mean)] == pytest.approx(30, rel=1e-12)
    faint = np.argmin(mean)
    part = mean[faint] / mean.max()
    assert ratio[faint] == pytest.approx(30 * part / np.sqrt(0.99 * part + 0.01), rel=1e-12)


def test_electrons_are_counted():
    cube = clean()
    noisy = sl.cubes.add_noise(cube, jax.random.key(0), electrons=1e18, read_noise=3.0, sky=20.0)
    np.testing.assert_allclose(noisy.variance, (1e18 * cube.flux + 29.0) / 1e36, rtol=1e-12)


def test_bad_noise_is_refused():
    cube, key = clean(), jax.random.key(0)
    noisy = sl.cubes.add_noise(cube, key, 30.0)
    with pytest.raises(ValueError, match=r"The cube has a variance: noise comes once"):
        sl.cubes.add_noise(noisy, key, 30.0)
    with pytest.raises(ValueError, match=r"Say how much noise"):
        sl.cubes.add_noise(cube, key)
    with pytest.raises(ValueError, match=r"signal_to_noise = -1.0 must be positive"):
        sl.cubes.add_noise(cube, key, -1.0)
    with pytest.raises(ValueError, match=r"signal_to_noise has shape \(2,\): give one number"):
        sl.cubes.add_noise(cube, key, [30.0, 40.0])
    with pytest.raises(ValueError, match=r"background = 0.0: must be above 0"):
        sl.cubes.add_noise(cube, key, 30.0, background=0.0)
    with pytest.raises(ValueError, match=r"read_noise = 0.0, sky = 0.0: neither is negative, one"):
        sl.cubes.add_noise(cube, key, electrons=1e18)
    with pytest.raises(ValueError, match=r"electrons has shape \(3,\): give one number, or one for each channel"):
        sl.cubes.add_noise(cube, key, electrons=[1e18] * 3, sky=1.0)
    with pytest.raises(ValueError, match=r"The cube has no light"):
        sl.cubes.add_noise(0.0 * cube, key, 30.0)


def test_a_variance_below_single_precision_is_refused():
    with jax.enable_x64(False):
        with pytest.raises(ValueError, match=r"no normal number in float32: work in double precision, or say flux"):
            sl.cubes.add_noise(clean(1e-19), jax.random.key(0), 30.0)
        noisy = sl.cubes.add_noise(clean(1.0), jax.random.key(0), 30.0)
        assert noisy.flux.dtype == noisy.variance.dtype == jnp.float32


def test_a_cube_keeps_its_unit():
    """In single precision squares of faint fluxes are kept in a smaller unit, which all that reads them knows."""
    plane, channels = sl.cubes.Spaxels((1, 2), 1.0), sl.cubes.Channels.regular(5000.0, 5.0, 40)
    flux, sigma = np.full((40, 2), 4e-19), 1e-20

    class Flat(sl.AbstractPredictor):
        level: jax.Array = sl.param(4e-19)

        def __call__(self, instrument):
            return sl.SpectralCube(self.level * jnp.ones((40, 2), self.level.dtype), channels, plane)

    class Seen(sl.AbstractDevice):
        def __call__(self, prediction):
            return prediction

    with jax.enable_x64(False):
        with pytest.raises(ValueError, match=r"variance: 80 of 80 are too small for float32: say flux and variance in"):
            sl.SpectralCube(flux, channels, plane, np.full((40, 2), sigma**2))
        cube = sl.SpectralCube(flux * 1e20, channels, plane, np.ones((40, 2)), scale=1e-20)
        assert cube.scale == 1e-20
        with pytest.raises(ValueError, match="the smallest is too small for float32"):
            cube.rescaled(1.0)
        np.testing.assert_allclose(cube.replace(variance=None).rescaled(1.0).flux, flux, rtol=1e-6)
        twice = cube + cube.rescaled(1e-19)
        np.testing.assert_allclose(twice.flux, 80.0, rtol=1e-6)
        np.testing.assert_allclose(twice.variance, 2.0, rtol=1e-6)
        np.testing.assert_allclose(cube.integrate(5010.0, 5020.0), 4e-18, rtol=1e-6)
        np.testing.assert_allclose(cube.moments(5010.0, 5020.0, 5015.0)[0], 4e-18, rtol=1e-6)
        rebinned = cube.rebin(channels.edges[::4])
        np.testing.assert_allclose(rebinned.variance, 0.25, rtol=1e-6)
        assert rebinned.scale == cube[3:9].scale == (2.0 * cube).scale == 1e-20
        for data in (cube, cube.rescaled(1e-18)):
            likelihood = sl.CubeLikelihood(data, "any")
            model = sl.Model(Flat(), instruments={"any": Seen()})
            assert float(likelihood.deviance(model)) == pytest.approx(0, abs=1e-6)
            away = float(likelihood.deviance(sl.Model(Flat(4.1e-19), instruments={"any": Seen()})))
            assert away == pytest.approx(80, rel=1e-4)
        faint = sl.SpectralCube(np.full((40, 2), 1.0), channels, plane, np.full((40, 2), 2e-38))
        for wrong in (lambda: faint.rebin(channels.edges[::4]), lambda: 0.5 * faint):
            with pytest.raises(ValueError, match=r"too small for float32"):
                wrong()
    unit = u.Unit("erg s-1 cm-2 Angstrom-1")
    for scale in (1.0, 1e-20):
        cube = sl.SpectralCube(flux * unit, channels, plane, np.full((40, 2), sigma**2) * unit**2, scale=scale)
        np.testing.assert_allclose(cube.flux, flux / scale, rtol=1e-12)
        np.testing.assert_allclose(cube.variance, (sigma / scale) ** 2, rtol=1e-12)
        likelihood = sl.CubeLikelihood(cube.replace(variance=None), "any", noise=sigma * unit)
        np.testing.assert_allclose(likelihood.data, 40.0)
    with pytest.raises(ValueError, match=r"scale = 0.0 must be a positive number"):
        sl.SpectralCube(flux, channels, plane, scale=0.0)
