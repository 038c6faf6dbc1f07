"""SEDs: contract, closed forms, special places, and what they refuse."""

import astropy.units as u
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import sightline as sl
from sightline.sky.emission.free_free import gaunt_factor

jax.config.update("jax_enable_x64", True)

COMPONENTS = sl.components
ELECTRONS = sl.cosmic_rays.spectra.PowerLaw(index=3.2)
SEDS = [
    COMPONENTS.CMB(),
    COMPONENTS.ModifiedBlackbody(),
    COMPONENTS.PowerLaw(index=-3.1, curvature=0.05),
    COMPONENTS.FreeFree(),
    COMPONENTS.SpinningDust(),
    COMPONENTS.ThermalSZ(),
    COMPONENTS.Line((100.0, 217.0, 353.0), (2.0, 1.0, 0.5)),
    COMPONENTS.ElectronSynchrotron(ELECTRONS),
    COMPONENTS.Moments(COMPONENTS.PowerLaw(), order=2),
]


def boltzmann(nu, temperature):
    """h nu/kT by astropy's constants."""
    from astropy import constants

    return float(constants.h.value * nu * 1e9 / (constants.k_B.value * temperature))


@pytest.mark.parametrize("sed", SEDS, ids=lambda sed: type(sed).__name__)
def test_contract_in_both_precisions(sed):
    sl.testing.check_sed(sed)
    with jax.enable_x64(False):
        sl.testing.check_sed(jax.tree.map(lambda leaf: leaf.astype("float32") if eqx.is_array(leaf) else leaf, sed))


@pytest.mark.parametrize("sed", [COMPONENTS.PowerLaw(), COMPONENTS.ModifiedBlackbody()], ids=lambda s: type(s).__name__)
def test_single_precision_stays_single_beside_double(sed):
    cast = jax.tree.map(lambda leaf: leaf.astype("float32"), sed)
    found = cast(jnp.float32(100.0))
    assert found.dtype == "float32"
    assert float(found) == pytest.approx(float(sed(100.0)), rel=3e-7)


def test_dust_is_planck_times_a_power():
    sed = COMPONENTS.ModifiedBlackbody(index=1.6, temperature=18.0)
    nu, there = 100.0, 353.0
    ratio = np.expm1(boltzmann(there, 18.0)) / np.expm1(boltzmann(nu, 18.0))
    assert float(sed(nu)) == pytest.approx((nu / there) ** 2.6 * ratio, rel=1e-9)


@pytest.mark.parametrize("temperature", [0.1, 3.0, 1e5])
def test_dust_stays_finite_where_exponents_would_overflow(temperature):
    sed = COMPONENTS.ModifiedBlackbody(temperature=temperature, reference=30.0)
    values = jax.vmap(sed)(jnp.asarray([0.01, 30.0, 3e3, 3e4]))
    slopes = jax.vmap(sed.derivatives)(jnp.asarray([0.01, 30.0, 3e3, 3e4]))
    assert np.all(np.isfinite(values))
    assert np.all(np.isfinite(slopes))


def test_power_law_and_curvature():
    sed = COMPONENTS.PowerLaw(index=-3.1, curvature=-0.05)
    ratio = np.log(100.0 / 23.0)
    assert float(sed(100.0)) == pytest.approx((100.0 / 23.0) ** (-3.1 - 0.05 * ratio), rel=1e-13)


def test_cmb_and_sunyaev_zeldovich():
    x = boltzmann(217.0, 2.7255)
    planck = x**2 * np.exp(x) / np.expm1(x) ** 2
    assert float(COMPONENTS.CMB()(217.0)) == pytest.approx(planck, rel=1e-9)
    shape = x * (np.exp(x) + 1) / np.expm1(x) - 4
    assert float(COMPONENTS.ThermalSZ()(217.0)) == pytest.approx(shape * planck, rel=1e-6)
    assert float(COMPONENTS.ThermalSZ()(1e-3)) == pytest.approx(-2, rel=1e-6)
    assert float(COMPONENTS.ThermalSZ()(217.0)) < 0 < float(COMPONENTS.ThermalSZ()(218.0))  # the null is at 217.5 GHz


def test_free_free_follows_the_gaunt_factor():
    sed = COMPONENTS.FreeFree(temperature=7000.0)
    high, low = (float(gaunt_factor(jnp.asarray(7000.0), jnp.asarray(nu))) for nu in (100.0, 23.0))
    assert float(sed(100.0)) == pytest.approx((23.0 / 100.0) ** 2 * high / low, rel=1e-12)
    slope = np.log(float(sed(33.0)) / float(sed(30.0))) / np.log(33.0 / 30.0)
    assert slope == pytest.approx(-2.14, abs=0.02)  # the usual approximation at tens of GHz


def test_spinning_dust_is_a_log_normal_brightness():
    sed = COMPONENTS.SpinningDust(peak=30.0, width=0.6)
    nu = np.geomspace(5.0, 200.0, 4001)
    values = np.asarray(jax.vmap(sed)(jnp.asarray(nu)))
    brightness = values * nu**2
    assert nu[np.argmax(brightness)] == pytest.approx(30.0, rel=1e-3)
    at = np.interp(30.0 * np.exp(0.6), nu, brightness)
    assert at / brightness.max() == pytest.approx(np.exp(-0.5), rel=1e-5)


def test_electrons_of_a_power_law_give_a_power_law():
    sed = COMPONENTS.ElectronSynchrotron(ELECTRONS, field=6.0)
    assert float(sed(69.0)) == pytest.approx(3.0 ** (-(3.2 + 3) / 2), rel=1e-8)


def test_electrons_emit_as_the_simulator_has_it():
    spectrum = sl.cosmic_rays.spectra.BrokenPowerLaw(index_low=1.8, index_high=3.1, break_energy=4.0)
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.Uniform((0.0, 4.0, 0.0)),
        cosmic_rays=sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.Uniform(), spectrum),
        emission=sl.emission.SynchrotronSpectrum(),
    )
    seen = simulator(sl.Sightlines(sl.Directions(0.0, 0.0), cells=sl.RadialCells(cells=2)), frequency=[0.4, 23.0]).I
    sed = COMPONENTS.ElectronSynchrotron(spectrum, field=4.0)
    assert float(sed(0.4)) == pytest.approx(float(seen[0, 0] / seen[1, 0]), rel=1e-5)


def test_lines_are_in_their_bands_only():
    sed = COMPONENTS.Line((100.0, 217.0), (2.0, 1.0))
    assert [float(sed(nu)) for nu in (100.0, 217.0, 143.0)] == [1.0, 0.5, 0.0]


def test_moments_are_derivatives():
    sed = COMPONENTS.Moments(COMPONENTS.PowerLaw(), order=2)
    ratio = np.log(100.0 / 23.0)
    powers = [0, 1, 2, 2, 3, 4]  # of ln(nu/nu_0): by index, curvature, and their pairs
    value = (100.0 / 23.0) ** -3.0
    assert np.asarray(sed.components(jnp.asarray(100.0))) == pytest.approx(
        [value * ratio**k for k in powers], rel=1e-10
    )
    assert sed.parts[3:] == ("_index_index", "_index_curvature", "_curvature_curvature")


def test_moments_stand_for_a_spread_of_indices():
    dust, spread, nu = COMPONENTS.ModifiedBlackbody, 0.1, jnp.asarray(40.0)
    mean = 0.5 * (dust(1.54 + spread)(nu) + dust(1.54 - spread)(nu))
    first = COMPONENTS.Moments(dust(1.54), order=2)
    found = dict(zip(first.parts, first.components(nu), strict=True))
    error = abs(found[""] + 0.5 * spread**2 * found["_index_index"] - mean)
    assert error < 0.01 * abs(found[""] - mean)


def test_an_sed_of_the_users_own():
    class Flat(COMPONENTS.AbstractSED):
        slope: Float[Array, ""] = sl.param(-2.0)
        reference: float = sl.setting(30.0, unit="GHz", positive=True)

        def __call__(self, frequency):
            return jnp.exp(self.slope * jnp.log(frequency / self.reference))

    sl.testing.check_sed(Flat())
    assert COMPONENTS.MixingMatrix(flat=Flat())([60.0], 1).shape == (1, 1, 1)


def test_a_wrong_sed_is_found_out():
    class Wrong(COMPONENTS.AbstractSED):
        slope: Float[Array, ""] = sl.param(-2.0)
        reference: float = sl.setting(30.0)

        def __call__(self, frequency):
            return 2 * jnp.exp(self.slope * jnp.log(frequency / self.reference))

        def derivatives(self, frequency):
            return (self(frequency)[None],)

    with pytest.raises(AssertionError, match="at its reference, 30 GHz, it is 2") as caught:
        sl.testing.check_sed(Wrong())
    assert "derivatives() by leaf 0" in str(caught.value)


def test_frequencies_with_units_and_one_at_a_time():
    sed = COMPONENTS.PowerLaw()
    assert float(sed(23e3 * u.MHz)) == pytest.approx(1.0)
    with pytest.raises(ValueError, match=r"one frequency \[GHz\].*jax.vmap\(sed\)\(frequencies\)"):
        sed(jnp.ones(3))
    with pytest.raises(ValueError, match=r"a frequency of 0\.0 GHz must be positive"):
        sed(0.0)
    with pytest.raises(ValueError, match="frequency"):
        sed(3.0 * u.kg)


REFUSED = {
    "PowerLaw.reference = 0.0 must be positive": lambda: COMPONENTS.PowerLaw(reference=0.0),
    "temperature = -3.0 must be positive": lambda: COMPONENTS.ModifiedBlackbody(temperature=-3.0),
    "temperature = .* must be positive": lambda: COMPONENTS.ModifiedBlackbody(
        temperature=COMPONENTS.PixelMap([20.0, -1.0])
    ),
    "index is not finite": lambda: COMPONENTS.PowerLaw(index=np.nan),
    "different frequencies of bands": lambda: COMPONENTS.Line((100.0, 100.0), (1.0, 1.0)),
    "Line.ratios has shape": lambda: COMPONENTS.Line((100.0, 217.0), (1.0,)),
    "the first is 0": lambda: COMPONENTS.Line((100.0, 217.0), (0.0, 1.0)),
    "has no derivatives by numbers": lambda: COMPONENTS.Moments(COMPONENTS.CMB()),
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_values_are_refused(message):
    with pytest.raises(ValueError, match=message):
        REFUSED[message]()


def test_what_is_no_sed_or_spectrum_is_refused():
    with pytest.raises(ValueError, match="must be different frequencies of bands"):
        COMPONENTS.Line([], [])
    with pytest.raises(TypeError, match="latents is a NoneType"):
        COMPONENTS.GaussianMap(None, -3.0)
    with pytest.raises(TypeError, match=r"sl\.cosmic_rays\.spectra"):
        COMPONENTS.ElectronSynchrotron(3.0)
    with pytest.raises(TypeError, match="give an SED"):
        COMPONENTS.Moments(COMPONENTS.Line((100.0,), (1.0,)))
    with pytest.raises(TypeError, match=r"in place of a number.*MixingMatrix"):
        COMPONENTS.PowerLaw(index=COMPONENTS.PixelMap([-3.0, -3.1]))(30.0)


def test_how_many_electrons_there_are_does_not_matter(precision):
    def slope(density):
        spectrum = sl.cosmic_rays.spectra.PowerLaw(density, 2.7)
        sed = lambda b: sl.components.ElectronSynchrotron(spectrum, field=b)(jnp.asarray(30.0))  # noqa: E731
        return jax.value_and_grad(sed)(jnp.asarray(4.0))

    np.testing.assert_allclose(slope(1e-25), slope(1e-7), rtol=1e-5, atol=1e-6)
