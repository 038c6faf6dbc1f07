"""Gamma rays of cosmic-ray electrons: closed forms, naima, an independent quadrature, and every way to hold spectra."""

import functools
import itertools

import equinox as eqx
import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, special

import sightline as sl
from sightline._core import constants
from sightline._core.constants import ELECTRON_REST_ENERGY, KILOPARSEC
from sightline.sky.emission import compton_table as table
from sightline.sky.emission.spectrum_table import Moments
from sightline.sky.fields.radiation.spectra.greybody import PointGreybody

electrons, photons = sl.cosmic_rays.spectra, sl.radiation.spectra
CUBE = electrons.PowerLaw(5.355e-18, index=3.0)
CUT = electrons.CutOffPowerLaw(index=2.4, cut_off_energy=1e4)
CMB = sl.radiation.CMB().photons(jnp.zeros(3))[0].spectrum
DUST, STARS = photons.Greybody(30.0, 0.5), photons.Greybody(3000.0, 1.0)
REST = ELECTRON_REST_ENERGY


@eqx.filter_jit
def emissivity(spectrum, light, energies, count=160):
    """GeV^-1 cm^-3 s^-1 sr^-1."""
    return jax.vmap(lambda e: table.shared(table.Electrons.of(light, e, count), spectrum))(energies) / KILOPARSEC


def test_emissivity_of_the_cmb():
    found = emissivity(CUBE, CMB, jnp.asarray([1.0]))
    np.testing.assert_allclose(found, 1.09951e-29, rtol=5e-4)


# naima 0.10.4, InverseCompton: electrons 1e30 (E/10 GeV)^-3 per eV from 5 MeV to 1e9 GeV, 100 a decade; flux(E, 0) at
# 1e-4, 1e-2, 1 and 10 GeV, GeV^-1 s^-1.
NAIMA = {
    "CMB": (CMB, (1.32652915e33, 1.32577872e29, 1.31830601e25, 1.30058535e23)),
    "30 K, 0.5 eV/cm3": (DUST, (2.54513534e33, 2.54036293e29, 2.49330172e25, 2.38499188e23)),
    "3000 K, 1 eV/cm3": (STARS, (5.08072587e33, 4.98660344e29, 4.16430302e25, 2.82724399e23)),
}


@pytest.mark.parametrize("name", NAIMA)
def test_naima(name):
    light, flux = NAIMA[name]
    found = emissivity(CUBE, light, jnp.asarray([1e-4, 1e-2, 1.0, 10.0]))
    np.testing.assert_allclose(found, np.array(flux) * 5.355e-18 / (REST * 1e39 * 4 * np.pi), rtol=3e-4)


@pytest.mark.parametrize("p", [2.0, 3.0, 4.0])
def test_thomson_limit(p):
    """Blumenthal & Gould 1970, eqs. 2.65 and 2.66, which are Rybicki & Lightman's 7.31, at 1 keV."""
    thermal = constants.BOLTZMANN * 2.7255
    factor = 2 ** (p + 3) * (p**2 + 4 * p + 11) * special.gamma((p + 5) / 2) * special.zeta((p + 5) / 2)
    factor /= (p + 3) ** 2 * (p + 5) * (p + 1)
    radius = constants.ELEMENTARY_CHARGE**2 / (constants.ELECTRON_MASS * constants.SPEED_OF_LIGHT**2)
    erg = 1.602176634e-3  # per GeV
    energy = 1e-6 * erg
    hbar = constants.PLANCK / (2 * np.pi)
    rate = radius**2 / (np.pi * hbar**3 * constants.SPEED_OF_LIGHT**2) * factor
    rate *= thermal ** ((p + 5) / 2) * energy ** (-(p + 1) / 2) * erg / (4 * np.pi)
    spectrum = electrons.PowerLaw(1.0, index=p, reference_energy=1.0)
    scale = REST**-p  # N at gamma = 1
    found = emissivity(spectrum, CMB, jnp.asarray([1e-6])) / scale
    np.testing.assert_allclose(found, rate, rtol=1e-4)


def test_klein_nishina_against_an_independent_quadrature():
    """Both integrals in their own variables, by another rule, at 10 TeV on starlight."""
    theta = constants.BOLTZMANN * 3000 / (constants.ELECTRON_MASS * constants.SPEED_OF_LIGHT**2)
    target = 1e4 / REST
    strength = 15 / np.pi**4 / (REST * 1e9) / theta**4

    def inner(gamma):
        t = target / (gamma - target)
        low = np.log(max(t / (4 * gamma), 1e-5 * theta))

        def photon(x):
            e = np.exp(x)
            q = t / (4 * gamma * e)
            return e * e / np.expm1(e / theta) * (2 * q * np.log(q) + (1 + 2 * q + 0.5 * t * t / (1 + t)) * (1 - q))

        top = np.log(50 * theta)
        return integrate.quad(photon, low, top, epsrel=1e-9, limit=200)[0] if low < top else 0.0

    def outer(s):
        gamma = target + np.exp(s)
        return np.exp(s) * 5.355e-18 * (gamma * REST / 10) ** -3 / gamma**2 * inner(gamma)

    start = np.log(1 / (200 * theta))
    edges = np.linspace(start, start + 25, 6)
    total = sum(integrate.quad(outer, *pair, epsrel=1e-6)[0] for pair in itertools.pairwise(edges))
    expected = constants.COMPTON / KILOPARSEC * strength * total
    np.testing.assert_allclose(emissivity(CUBE, STARS, jnp.asarray([1e4])), expected, rtol=1e-5)


def test_the_constant():
    assert pytest.approx(6.6524587e-25, rel=1e-7) == constants.THOMSON
    assert pytest.approx(3 * 6.6524587e-25 * 2.99792458e10 / (16 * np.pi * REST) * KILOPARSEC) == constants.COMPTON


@pytest.mark.parametrize(
    ("light", "tolerance"),
    [
        (CMB, 1e-11),
        (STARS, 1e-11),
        (photons.Monochromatic(1.0, 1.0), 1e-8),
        (photons.PowerLaw(1.5, 0.01, 10.0, 1.0), 3e-4),
        (photons.Tabulated([0.0, 0.3, 0.1, 0.0], energies=(0.1, 1.0, 3.0, 10.0)), 3e-5),
    ],
    ids=["CMB", "starlight", "line", "power law", "table"],
)
def test_the_integral_has_converged(light, tolerance):
    energies = jnp.geomspace(1e-6, 1e6, 7)
    fine = emissivity(CUBE, light, energies, 1000)
    np.testing.assert_allclose(emissivity(CUBE, light, energies), fine, rtol=tolerance)


def test_nothing_wiggles():
    """Second differences of ln j, 200 energies a decade, to 100 TeV on starlight, are smooth themselves."""
    logarithm = np.log(emissivity(CUBE, STARS, jnp.geomspace(1e-1, 1e5, 1201)))
    second = np.diff(logarithm, 2)
    assert np.all(second < 0)
    np.testing.assert_allclose(second[1:-1], 0.5 * (second[2:] + second[:-2]), atol=1e-3 * np.max(np.abs(second)))


@pytest.mark.parametrize("p", [2.2, pytest.param(4.1, marks=pytest.mark.long)])
def test_slopes_of_the_thomson_regime(p):
    spectrum = electrons.PowerLaw(5.355e-18, index=p)

    def logarithm(log_energy, log_temperature):
        light = photons.Greybody.of(jnp.exp(log_temperature), jnp.ones(()))
        return jnp.log(emissivity(spectrum, light, jnp.exp(log_energy)[None])[0])

    at = jnp.log(jnp.asarray(1e-5)), jnp.log(jnp.asarray(2.7255))
    by_energy, by_temperature = jax.grad(logarithm, argnums=(0, 1))(*at)
    assert float(by_energy) == pytest.approx(-(p + 1) / 2, abs=3e-4)
    assert float(by_temperature) == pytest.approx((p - 3) / 2, abs=3e-4)


def test_power_laws_in_the_table():
    at = table.Electrons.of(CMB, jnp.asarray(1.0), 160)
    coefficients = table.power_laws(at, 1e4)
    for p in (1.1, 2.0, 3.37, 5.8):
        spectrum = electrons.PowerLaw(1.0, index=p, reference_energy=1e4 * REST)
        found = table.power_law(coefficients, jnp.asarray(p))
        np.testing.assert_allclose(found, table.shared(at, spectrum), rtol=1e-9)
    assert np.isnan(table.power_law(coefficients, jnp.asarray(6.5)))


@pytest.mark.parametrize("spectrum", [CUT, electrons.PowerLaw(index=1.8)], ids=["cut off", "p = 1.8"])
def test_fixed_nodes(spectrum):
    moments = table.moments_at_nodes(spectrum, jnp.dtype("float64"))
    energies = jnp.geomspace(1e-4, 1e4, 9)
    for light in (CMB, STARS):
        weights = jax.vmap(lambda e, light=light: table.NodeWeights.of(table.Electrons.of(light, e, 160)))(energies)
        found = jax.vmap(lambda w: w(moments))(weights) / KILOPARSEC
        np.testing.assert_allclose(found, emissivity(spectrum, light, energies), rtol=2e-5)


def test_temperatures_in_the_table():
    """Between the nodes of ln T, at 1 MeV and 100 GeV."""

    @eqx.filter_jit
    def both(temperature, energy):
        def one(light):
            return table.shared(table.Electrons.of(light, energy, 160), CUBE)

        point = PointGreybody(temperature)
        values = eqx.filter_vmap(one)(point.members())
        return point.blend(point.table(values)), one(photons.Greybody.of(temperature, jnp.ones(())))

    for energy in (1e-3, 100.0):
        for temperature in (2.1, 2.7255, 28.0, 2900.0, 7900.0):
            found, expected = both(jnp.asarray(temperature), jnp.asarray(energy))
            np.testing.assert_allclose(found, expected, rtol=5e-6)
    assert np.isnan(both(jnp.asarray(9000.0), jnp.asarray(1.0))[0])


@pytest.mark.long
def test_a_grid_of_photons_is_a_table():
    values = jnp.asarray([0.01, 0.3, 0.1, 0.02])
    energies = (0.1, 1.0, 3.0, 10.0)
    cube = values[:, None, None, None] * jnp.ones((4, 3, 3, 3))
    point = sl.radiation.Grid(cube, energies).prepare().photons(jnp.asarray(sl.SUN))[0].spectrum

    def one(light):
        return table.shared(table.Electrons.of(light, jnp.asarray(1.0), 400), CUBE)

    found = point.blend(point.table(eqx.filter_vmap(one)(point.members())))
    np.testing.assert_allclose(found, one(photons.Tabulated(values, energies)), rtol=1e-5)


def test_single_precision():
    energies = np.geomspace(1e-6, 1e6, 9)
    fine = [np.asarray(emissivity(s, g, jnp.asarray(energies))) * KILOPARSEC for s in (CUBE, CUT) for g in (CMB, STARS)]
    with jax.enable_x64(False):
        cast = functools.partial(jax.tree.map, lambda x: jnp.asarray(x, "float32"))
        single = [
            jax.vmap(lambda e, s=s, g=g: table.shared(table.Electrons.of(g, e, 160), s))(jnp.asarray(energies))
            for s in cast((CUBE, CUT))
            for g in cast((CMB, STARS))
        ]
    for found, expected in zip(single, fine, strict=True):
        seen = expected > 1e-30
        np.testing.assert_allclose(found[seen], expected[seen], rtol=3e-5)


@pytest.mark.parametrize("spectrum", [CUT, electrons.TabulatedSpectrum([1e-14, 1e-18, 1e-23], (1.0, 10.0, 1e3))])
def test_gradients_equal_differences(spectrum):
    """By the temperature, the energy density and every parameter of the electrons."""
    energies = jnp.asarray([1e-3, 1.0, 1e3])
    flat, back = jax.flatten_util.ravel_pytree((photons.Greybody(3000.0, 1.0), spectrum))

    @jax.jit
    def logarithm(scale):
        light, rays = back(scale * flat)
        return jnp.log(emissivity(rays, light, energies))

    jacobian, step = jax.jacfwd(logarithm)(jnp.ones(flat.size)), 1e-4
    for k in range(flat.size):
        ends = [logarithm(jnp.ones(flat.size).at[k].add(s * step)) for s in (-2, -1, 1, 2)]
        slope = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * step)
        np.testing.assert_allclose(jacobian[:, k], slope, rtol=1e-6, atol=1e-7)


def test_no_electrons():
    empty = Moments(jnp.zeros(table.log_gamma_nodes().size), jnp.zeros(()))
    assert float(table.NodeWeights.of(table.Electrons.of(CMB, jnp.asarray(1.0), 160))(empty)) == 0
