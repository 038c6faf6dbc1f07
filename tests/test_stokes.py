"""Units, conventions and the arithmetic of skies."""

import dataclasses

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl


def stokes(frequency=23.0, **changes):
    shape = (*np.shape(frequency), 12)
    maps = [jnp.asarray(np.random.default_rng(i).normal(size=shape)) for i in range(3)]
    return sl.Stokes(*maps, frequency=frequency, sky=sl.HealpixSky(1), **changes)


def test_thermodynamic_temperature():
    ones = sl.Stokes(*[jnp.ones((2, 1))] * 3, frequency=[23.0, 30.0]).to("K_CMB")
    np.testing.assert_allclose(ones.I[:, 0], [1.013744, 1.023472], rtol=5e-7)


def test_units_against_astropy():
    frequency = np.array([0.408, 23.0, 94.0])
    ones = sl.Stokes(*[jnp.ones((3, 1))] * 3, frequency=frequency)
    for i, nu in enumerate(frequency * u.GHz):
        expected = (1 * u.K).to_value(u.MJy / u.sr, equivalencies=u.brightness_temperature(nu))
        assert ones.to("MJy/sr").U[i, 0] == pytest.approx(expected, rel=1e-7)
        cmb = u.thermodynamic_temperature(nu, 2.7255 * u.K)
        expected = (expected * u.MJy / u.sr).to_value(u.K, equivalencies=cmb)
        assert ones.to("K_CMB").Q[i, 0] == pytest.approx(expected, rel=1e-6)


def test_conversions_come_back():
    sky = stokes([0.4, 100.0])
    for unit in ("K_CMB", "MJy/sr"):
        back = sky.to(unit).to("K_RJ")
        np.testing.assert_allclose(back.Q, sky.Q, rtol=1e-12)
        assert back.unit == "K_RJ"


def test_convention_changes_the_sign_of_u_alone():
    sky = dataclasses.replace(stokes(), V=jnp.ones(12))
    iau = sky.to_convention("IAU")
    np.testing.assert_array_equal(iau.U, -sky.U)
    np.testing.assert_array_equal(iau.Q, sky.Q)
    np.testing.assert_array_equal(iau.V, sky.V)
    np.testing.assert_array_equal(iau.to_convention("IAU").U, iau.U)


def test_arithmetic():
    sky = stokes([0.4, 100.0])
    np.testing.assert_allclose((sky + 2 * sky).I, 3 * sky.I)
    np.testing.assert_allclose((sky - sky).U, 0)
    np.testing.assert_allclose(sky[1].I, sky.I[1])
    assert sky[1].frequency == 100
    np.testing.assert_allclose(sky.polarised_intensity, np.hypot(sky.Q, sky.U))


def test_frequencies_can_be_iterated_and_take_units():
    sky = stokes([0.4, 100.0])
    assert [float(part.frequency) for part in sky] == [0.4, 100.0]
    with pytest.raises(IndexError):
        sky[2]
    one = sl.Stokes(jnp.ones(1), jnp.ones(1), jnp.ones(1), frequency=408 * u.MHz)
    assert float(one.frequency) == pytest.approx(0.408)
    with pytest.raises(ValueError, match="frequency = -1"):
        sl.Stokes(jnp.ones(1), jnp.ones(1), jnp.ones(1), frequency=-1)
    with pytest.raises(ValueError, match="I has shape"):
        sl.Stokes(jnp.ones(2), jnp.ones(2), jnp.ones(2), frequency=[1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (lambda s: s + s.to("K_CMB"), ValueError, r"\.to\('K_RJ'\)"),
        (lambda s: s + s.to_convention("IAU"), ValueError, r"\.to_convention\('COSMO'\)"),
        (lambda s: s + stokes(30.0), ValueError, "Frequencies differ"),
        (lambda s: s + s.I, TypeError, "cannot be added"),
        (lambda s: s.to("Jy"), ValueError, "unit 'Jy' is not known"),
        (lambda s: s.to_convention("CMB"), ValueError, "convention 'CMB' is not known"),
        (lambda s: s[0], ValueError, "single frequency"),
    ],
)
def test_mixing_is_refused(action, error, message):
    with pytest.raises((error, Exception), match=message):
        action(stokes())


def test_a_sky_in_a_closure_can_be_converted_inside_jit():
    sky = sl.Stokes(jnp.ones(12), jnp.ones(12), jnp.ones(12), frequency=23.0, sky=sl.HealpixSky(1))

    @jax.jit
    def convert(gain):
        seen = sl.instruments.Calibration(gain=gain)(sky.to("K_CMB").to_convention("IAU"))
        noisy = sl.instruments.add_noise(seen - 0.5 * seen, 0.0, jax.random.key(0))
        return sl.GaussianBeam(fwhm=60.0)(noisy).I

    assert float(jnp.mean(convert(2.0))) == pytest.approx(float(sky.to("K_CMB").I[0]), rel=1e-2)
