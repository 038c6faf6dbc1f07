"""Every folded constant derived again from CODATA in SI units."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import constants as si
from scipy import integrate, special

from sightline._core import constants
from sightline.sky.emission.synchrotron import gamma_factor

PARSEC = si.parsec
E, M, C, H, K = si.elementary_charge, si.electron_mass, si.speed_of_light, si.Planck, si.Boltzmann


def test_faraday_constant():
    in_si = E**3 / (8 * np.pi**2 * si.epsilon_0 * M**2 * C**3)  # rad m^-2 per m^-3 T m
    assert pytest.approx(in_si * 1e6 * 1e-10 * PARSEC, rel=1e-8) == constants.FARADAY
    assert pytest.approx(0.811901, abs=5e-7) == constants.FARADAY


def test_wavelength_and_photon_energy():
    assert pytest.approx(C / 1e9, rel=1e-12) == constants.WAVELENGTH
    assert pytest.approx(H * 1e9 / K, rel=1e-12) == constants.HNU_OVER_K


def test_brightness_of_one_kelvin():
    assert pytest.approx(2 * K * 1e18 / C**2 * 1e26 * 1e-6, rel=1e-12) == constants.RAYLEIGH_JEANS


def test_flux_to_density():
    rest_energy = M * C**2 / E * 1e-9  # GeV
    assert pytest.approx(rest_energy, rel=1e-8) == constants.ELECTRON_REST_ENERGY
    assert pytest.approx(4 * np.pi * rest_energy / C * 1e-6, rel=1e-8) == constants.FLUX_TO_DENSITY


@pytest.mark.parametrize("p", [2.2, 3.0, 4.3])
def test_synchrotron_emissivity_is_the_integral_over_the_electrons(p):
    """The power-law formula against the single-electron spectrum integrated over N(gamma), all in SI."""
    field, density, frequency = 6e-10, 4.01e1, 2.4e9  # T, m^-3, Hz
    critical = 1.5 * E * field / M / (2 * np.pi)  # Hz, at gamma = 1

    log_x = np.linspace(np.log(1e-9), np.log(300), 4000)
    x = np.exp(log_x)
    tail = integrate.cumulative_simpson((special.kv(5 / 3, x) * x)[::-1], dx=log_x[1] - log_x[0], initial=0)[::-1]
    gamma = np.sqrt(frequency / (critical * x))
    power = np.sqrt(3) * E**3 * field / (4 * np.pi * si.epsilon_0 * M * C) * x * tail  # W/Hz of one electron
    emissivity = integrate.simpson(power * density * gamma**-p * gamma / 2, x=log_x) / (4 * np.pi)
    kelvin = emissivity * C**2 / (2 * K * frequency**2) * 1e3 * PARSEC
    nu, b, n0 = 2.4, 6.0, density * 1e-6
    folded = constants.SYNCHROTRON * float(gamma_factor(jnp.asarray(p))) * n0 * b / nu**2
    folded *= (constants.CRITICAL_FREQUENCY * b / nu) ** ((p - 1) / 2)
    assert folded == pytest.approx(kelvin, rel=2e-5)


def test_gamma_factor_against_scipy():
    p = np.linspace(2, 5, 301)
    exact = special.gamma(p / 4 + 19 / 12) * special.gamma(p / 4 - 1 / 12) / (p + 1)
    np.testing.assert_allclose(jax.vmap(gamma_factor)(jnp.asarray(p)), exact, rtol=1e-11)
