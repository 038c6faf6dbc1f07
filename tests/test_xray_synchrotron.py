"""Synchrotron X-rays of the electrons that emit in radio."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import sightline as sl

jax.config.update("jax_enable_x64", True)


class CutOff(sl.cosmic_rays.spectra.AbstractSpectrum):
    """gamma^-2.2 exp(-E/1e5 GeV), of 1e-10 cm-3 at 1 GeV."""

    n0: Float[Array, ""] = sl.param(1e-10, unit="cm-3", positive=True)

    def log_density(self, log_energy):
        return jnp.log(self.n0) - 2.2 * log_energy - jnp.exp(log_energy - jnp.log(1e5))


def direct(frequency, field):
    """F(x) from Bessel functions of fractional order, and all of it by quadrature, in cgs; erg cm-3 s-1 Hz-1."""
    from scipy.integrate import quad
    from scipy.special import kv

    e, m, c = 4.803204712570263e-10, 9.1093837015e-28, 2.99792458e10
    first = 3 * e * field * 1e-6 / (4 * np.pi * m * c)

    def f(x):
        return (
            x
            * quad(
                lambda t: kv(5 / 3, np.exp(t)) * np.exp(t), np.log(x), np.log(x + 60), epsabs=0, epsrel=1e-10, limit=200
            )[0]
        )

    def integrand(log_gamma):
        gamma = np.exp(log_gamma)
        energy = gamma * 0.51099895e-3
        return gamma * 1e-10 * energy**-2.2 * np.exp(-energy / 1e5) * f(frequency / (first * gamma**2))

    middle = 0.5 * np.log(frequency / first)
    total = quad(integrand, middle - 2, middle + 8, epsabs=0, epsrel=1e-9, limit=200)[0]
    return np.sqrt(3) * e**3 * field * 1e-6 / (m * c * c) * total


def test_photons_and_flux_densities_against_quadrature():
    source = sl.spectra.Synchrotron(CutOff(), field=10.0, norm=2.0)
    column = 2.0 * 3.0856775814913673e18**3 / 3.0856775814913673e21**2
    energy, h = 8.0, 6.62607015e-27
    expected = column * direct(energy * 1.602176634e-9 / h, 10.0) / (energy * h)
    assert float(source(energy)) == pytest.approx(expected, rel=1e-6)
    radio = 1e23 * column * direct(1.4e9, 10.0)
    assert float(source.flux_density(1.4)) == pytest.approx(radio, rel=1e-6)


def test_the_radio_operator_has_the_same_ratios():
    """Brightness of 1 to 23 GHz times nu^2 goes as the flux density."""
    electrons, frequency = CutOff(), [1.0, 5.0, 23.0]
    rays = sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.Uniform(1e-10, index=2.2), electrons)
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.Uniform((0.0, 0.0, 10.0)),
        cosmic_rays=rays,
        emission=(sl.emission.SynchrotronSpectrum(),),
    )
    sky = sl.Sightlines(sl.Directions([30.0], [0.0]), cells=sl.RadialCells(cells=4, distance=1.0))
    seen = np.asarray(simulator(sky, frequency=frequency).I)[:, 0] * np.square(frequency)
    source = sl.spectra.Synchrotron(electrons, field=10.0, norm=1.0)
    found = np.array([float(source.flux_density(one)) for one in frequency])
    np.testing.assert_allclose(found / found[0], seen / seen[0], rtol=1e-5)


def test_the_contract(precision):
    with jax.enable_x64(precision == "float64"):
        sl.testing.check_spectrum(sl.spectra.Synchrotron(sl.cosmic_rays.spectra.PowerLaw(index=2.4), 10.0, 1e9))


def test_what_is_no_spectrum_is_refused():
    with pytest.raises(TypeError, match="electrons is"):
        sl.spectra.Synchrotron(sl.spectra.PowerLaw())


def test_the_radio_operator_refuses_x_rays():
    with pytest.raises(ValueError, match="GHz"):
        sl.emission.SynchrotronSpectrum().check_frequency(2e9)
