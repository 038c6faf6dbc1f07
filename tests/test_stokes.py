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


@pytest.mark.parametrize("frequency", [23.0, [0.4, 23.0, 94.0]])
def test_maps_without_pixels_convert_as_those_with(frequency):
    shape = np.shape(frequency)
    values = np.random.default_rng(1).normal(size=(3, *shape))
    found, wanted = (sl.Stokes(*maps, frequency=frequency).to("MJy/sr") for maps in (values, values[..., None]))
    assert found.I.shape == shape
    nu = np.atleast_1d(frequency) * u.GHz
    exact = (values[1].ravel() * u.K).to_value(u.MJy / u.sr, equivalencies=u.brightness_temperature(nu))
    np.testing.assert_allclose(np.ravel(found.Q), exact, rtol=1e-6)
    for name in "IQU":
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name)[..., 0], rtol=1e-12)


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
    np.testing.assert_allclose(sum([sky, sky, sky]).Q, 3 * sky.Q)
    np.testing.assert_allclose((-sky / 2).Q, -sky.Q / 2)
    np.testing.assert_allclose((sky / np.array([[1.0], [4.0]])).I[1], sky.I[1] / 4)
    np.testing.assert_allclose((sky / (2 * u.percent)).I, 50 * sky.I)
    np.testing.assert_allclose(([[1.0], [4.0]] * sky).I[1], 4 * sky.I[1])
    whole = sl.Stokes(jnp.arange(3), jnp.arange(3), jnp.arange(3), frequency=23.0)
    np.testing.assert_allclose((0.5 * whole).I, [0.0, 0.5, 1.0])
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
        (lambda s: 1 + s, TypeError, "cannot be added"),
        (lambda s: s / s, TypeError, "cannot be divided by another"),
        (lambda s: 1 / s, TypeError, "unsupported operand"),
        (lambda s: s.to("Jy"), ValueError, "unit 'Jy' is not known"),
        (lambda s: s.to_convention("CMB"), ValueError, "convention 'CMB' is not known"),
        (lambda s: s[0], ValueError, "single frequency"),
        (lambda s: sl.Stokes(s.I, s.Q, s.U, frequency=1.0, sky=3), TypeError, "sky is a int: give a sl.HealpixSky"),
    ],
)
def test_mixing_is_refused(action, error, message):
    with pytest.raises(error, match=message):
        action(stokes())


def test_a_sky_in_a_closure_can_be_converted_inside_jit():
    sky = sl.Stokes(jnp.ones(12), jnp.ones(12), jnp.ones(12), frequency=23.0, sky=sl.HealpixSky(1))

    @jax.jit
    def convert(gain):
        seen = sl.instruments.Calibration(gain=gain)(sky.to("K_CMB").to_convention("IAU"))
        noisy = sl.instruments.add_noise(seen - 0.5 * seen, 0.0, jax.random.key(0))
        return sl.GaussianBeam(fwhm=60.0)(noisy).I

    assert float(jnp.mean(convert(2.0))) == pytest.approx(float(sky.to("K_CMB").I[0]), rel=1e-2)


def test_polarisation_angle_and_fraction():
    """B towards north: E towards east, psi = 90 deg by IAU; Q > 0 is E towards north."""
    maps = {"I": [2.0, 2.0, 2.0, 4.0], "Q": [1.0, -1.0, 0.0, 0.0], "U": [0.0, 0.0, 1.0, 0.0]}
    iau = sl.Stokes(**{name: jnp.asarray(one) for name, one in maps.items()}, frequency=23.0, convention="IAU")
    np.testing.assert_allclose(iau.polarisation_angle, [0.0, 90.0, 45.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(iau.to_convention("COSMO").polarisation_angle[2], -45.0)
    np.testing.assert_allclose(iau.polarisation_fraction, [0.5, 0.5, 0.5, 0.0])


def test_angles_of_a_uniform_field():
    """Synchrotron radiation is polarised across the field: along z towards l = 0, b = 0 it is polarised along l."""
    model = sl.Simulator(
        magnetic_field=sl.magnetic.Uniform(b=(0.0, 0.0, 6.0)),
        cosmic_rays=sl.cosmic_rays.Uniform(),
        emission=sl.emission.Synchrotron(),
    )
    lines = sl.Sightlines(sl.Directions([0.0, 90.0], [0.0, 0.0]), sl.RadialCells(cells=4, distance=1.0))
    found = model(lines, 23.0).to_convention("IAU")
    np.testing.assert_allclose(jnp.abs(found.polarisation_angle), 90.0, atol=1e-9)
    np.testing.assert_allclose(found.polarisation_fraction, 0.75, rtol=1e-6)  # (p + 1)/(p + 7/3) for p = 3


def test_derivatives_where_nothing_is_polarised():
    def total(q, u, i, what):
        return jnp.sum(getattr(sl.Stokes(i, q, u, frequency=23.0), what))

    zero, some = jnp.zeros(3), jnp.array([0.0, 1.0, 2.0])
    for what in ("polarised_intensity", "polarisation_angle", "polarisation_fraction"):
        for maps in ((zero, zero, some), (some, some, zero), (some, zero, some)):
            for slope in jax.grad(total, argnums=(0, 1, 2))(*maps, what):
                assert np.all(np.isfinite(slope))
    slope = jax.grad(total)(jnp.array([1.0]), jnp.array([1.0]), jnp.array([2.0]), "polarisation_angle")
    np.testing.assert_allclose(slope, [-np.rad2deg(0.25)])


def test_quantities():
    sky = stokes().to("uK_CMB")
    assert sky.quantity("Q").unit == u.uK
    np.testing.assert_array_equal(sky.quantity("Q").to_value("uK"), sky.Q)
    again = sl.Stokes(*(sky.quantity(name) for name in "IQU"), frequency=sky.quantity("frequency"), unit="uK_CMB")
    np.testing.assert_allclose(again.U, sky.U, rtol=1e-12)
    assert float(again.frequency) == 23.0
    assert sky.quantity("polarisation_angle").unit == u.deg
    assert sky.quantity("polarisation_fraction").unit == u.dimensionless_unscaled
    assert stokes(unit="MJy/sr").quantity("polarised_intensity").unit == u.MJy / u.sr
    gamma = sl.Stokes(*[jnp.ones(12)] * 3, energy=1.0)
    assert gamma.quantity("I").unit == u.Unit("GeV-1 cm-2 s-1 sr-1")
    assert gamma.quantity("energy").to_value("GeV") == pytest.approx(1.0)
    with pytest.raises(ValueError, match=r"name = 'V': choose one of I, Q, U, polarised_intensity"):
        sky.quantity("V")
    with pytest.raises(ValueError, match=r"name = 'P'"):
        sky.quantity("P")


def test_faint_maps_have_angles_and_fractions(precision):
    """Synchrotron emission of 1e15 Hz is 1e-19 K, whose square is no number in single precision."""
    at = 1e-19

    def of(name):
        one = lambda q: sl.Stokes(  # noqa: E731
            jnp.array([2 * at]), q[None] * at, jnp.array([at]), frequency=1e6
        )
        return jax.value_and_grad(lambda q: getattr(one(q), name)[0])(jnp.asarray(1.0))

    np.testing.assert_allclose(of("polarised_intensity"), [np.sqrt(2) * at, at / np.sqrt(2)], rtol=1e-6)
    np.testing.assert_allclose(of("polarisation_angle"), [22.5, -np.rad2deg(0.25)], rtol=1e-6)
    np.testing.assert_allclose(of("polarisation_fraction"), [np.sqrt(0.5), np.sqrt(0.125)], rtol=1e-6)
