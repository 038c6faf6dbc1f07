"""Photons that electrons scatter: their two integrals, spectra and fields."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import constants as si
from scipy import integrate

import sightline as sl
from sightline.processes.compton_photons import blackbody
from sightline.processes.dilogarithm import dilogarithm
from sightline.testing import check_field

spectra = sl.radiation.spectra
REST = 510998.95  # eV
TABLE = spectra.Tabulated([0.0, 0.3, 0.1, 0.05], energies=[0.1, 1.0, 3.0, 10.0])
SPECTRA = [
    spectra.Greybody(30.0, 0.5),
    spectra.PowerLaw(1.5, 0.5, 500.0, 1.0),
    spectra.PowerLaw(2.0, 0.01, 10.0, 1.0),
    TABLE,
]
FIELDS = {
    "cmb": lambda: sl.radiation.CMB(),
    "disk": lambda: sl.radiation.Disk(),
    "temperature": lambda: sl.radiation.Disk(30.0 * sl.electrons.ExponentialDisk(n0=1.0), 0.5),
    "spectrum": lambda: sl.radiation.WithSpectrum(sl.electrons.ExponentialDisk(), TABLE),
    "grid": lambda: sl.radiation.Grid(jnp.ones((3, 4, 3, 3)).at[1, 2].set(2.0), energies=(0.1, 1.0, 10.0)),
    "sum": lambda: sl.radiation.CMB() + 0.5 * sl.radiation.Disk(3000.0, 1.0),
}


def exact(y):
    """a of a blackbody at 30 digits."""

    def integrand(x):
        q = y / x
        return (2 * q * mpmath.log(q) + (1 + 2 * q) * (1 - q)) * x / mpmath.expm1(x)

    steps = [1e-8, 1e-6, 1e-4, 1e-2, 0.1, 1, 3, 10]
    with mpmath.workdps(30):
        return float(mpmath.quad(integrand, [y, *(y + step for step in steps), y + 40, y + 90]))


def test_integrals_of_a_blackbody(precision):
    y = np.array([1e-8, 1e-3, 0.3, 1.0, 1.4999, 1.5001, 5.0, 20.0, 60.0])
    tolerance = 1e-11 if precision == "float64" else 5e-6
    first, second = jax.jit(blackbody)(jnp.asarray(y))
    np.testing.assert_allclose(
        first, [exact(mpmath.mpf(float(value))) for value in np.asarray(jnp.asarray(y))], tolerance
    )
    np.testing.assert_allclose(
        second, [float(mpmath.polylog(2, mpmath.exp(-mpmath.mpf(float(v))))) for v in jnp.asarray(y)], tolerance
    )
    assert all(np.isfinite(g) for g in jax.jacfwd(blackbody)(jnp.zeros(())))


def test_the_second_integral_is_a_dilogarithm():
    y = jnp.geomspace(1e-3, 30, 40)
    np.testing.assert_allclose(blackbody(y)[1], dilogarithm(jnp.exp(-y)), rtol=1e-11)


def test_blackbody_in_si():
    """The number and energy density of the CMB from constants of SI."""
    thermal = si.k * 2.7255
    density = np.pi**2 / 15 * thermal**4 / (si.hbar * si.c) ** 3 / si.e * 1e-6
    spectrum = sl.radiation.CMB().photons(jnp.zeros(3))[0].spectrum
    assert float(spectrum.total()) == pytest.approx(density, rel=1e-8)
    energy = 1e-3 * si.e
    number = energy**2 / (np.pi**2 * (si.hbar * si.c) ** 3 * np.expm1(energy / thermal)) * si.e * 1e-6
    assert float(spectrum(jnp.asarray(1e-3))) == pytest.approx(number, rel=1e-8)


@pytest.mark.parametrize("spectrum", SPECTRA, ids=lambda s: type(s).__name__)
def test_integrals_are_those_of_the_number(spectrum):
    low, high = (float(end) for end in spectrum.ends())
    knots = [np.log(np.asarray(spectrum.energies) / REST)] if isinstance(spectrum, spectra.Tabulated) else []
    number, pair = jax.jit(lambda x: spectrum.number(x)), jax.jit(lambda x: spectrum.integrals(x))
    for kappa in np.exp([low - 1, low + 0.3, 0.5 * (low + high), high - 0.7]):
        edges = np.unique([max(np.log(kappa), low), *np.concatenate([*knots, np.linspace(low, high, 12)]), high])
        edges = edges[edges >= max(np.log(kappa), low)]
        places, weights = np.polynomial.legendre.leggauss(40)
        at = (0.5 * (edges[1:, None] + edges[:-1, None]) + 0.5 * np.diff(edges)[:, None] * places).ravel()
        weight = (0.5 * np.diff(edges)[:, None] * weights).ravel() * jax.vmap(number)(jnp.asarray(at))
        q = kappa * np.exp(-at)
        first = np.sum(weight * (2 * q * np.log(q) + (1 + 2 * q) * (1 - q)))
        np.testing.assert_allclose(
            pair(jnp.asarray(kappa)), [first, np.sum(weight * (1 - q))], rtol=1e-9 if knots else 2e-7
        )
    energy = integrate.quad(lambda x: float(number(jnp.asarray(x))) * np.exp(2 * x) * REST, low, high, limit=200)[0]
    assert float(spectrum.total()) == pytest.approx(energy, rel=1e-4)


def test_a_narrow_table_is_monochromatic():
    width = 1e-4
    table = spectra.Tabulated([0.0, 1 / width, 0.0], energies=np.exp([-width, 0.0, width]))
    line = spectra.Monochromatic(1.0, 1.0)
    for kappa in (0.01, 0.5, 0.98):
        pairs = [s.integrals(jnp.asarray(kappa / REST)) for s in (table, line)]
        np.testing.assert_allclose(*pairs, rtol=1e-6)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.long) if n in ("spectrum", "sum") else n for n in FIELDS]
)
def test_fields_hold_their_contract(name):
    check_field(FIELDS[name]())


def test_values_are_energy_densities():
    at = jnp.asarray(sl.SUN)
    total = sl.radiation.CMB() + sl.radiation.Disk() + 2.0 * sl.radiation.Disk(3000.0, 1.0)
    assert len(total.photons(at)) == 3
    assert float(total(at)) == pytest.approx(0.26057 + 0.5 + 2.0, rel=1e-5)
    assert float(FIELDS["grid"]().prepare()(at)) == pytest.approx(np.log(100), rel=1e-12)
    ends = sl.radiation.Disk().structures()
    assert ends.extent is not None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: spectra.Greybody(0.0, 1.0), "temperature"),
        (lambda: sl.radiation.Disk(-30.0), "temperature"),
        (lambda: sl.radiation.Disk(30.0, 0.0), "energy_density"),
        (lambda: spectra.PowerLaw(2.0, 3.0, 1.0, 1.0), "below high"),
        (lambda: spectra.Tabulated([1.0, -1.0], energies=(1.0, 2.0)), "bounds"),
        (lambda: spectra.Tabulated([0.0, 0.0], energies=(1.0, 2.0)), "no photons"),
        (lambda: spectra.Tabulated([1.0, 1.0], energies=(2.0, 1.0)), "ascending"),
        (lambda: sl.radiation.Grid(jnp.ones((3, 3, 3)), energies=(1.0, 2.0, 3.0)), "axes"),
        (lambda: sl.radiation.WithSpectrum(sl.radiation.Disk(), 3.0), "radiation.spectra"),
        (lambda: sl.electrons.Uniform(0.1).photons(jnp.zeros(3)), "no photons"),
    ],
)
def test_bad_input_is_refused(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


def test_ends_that_a_fit_leads_across_each_other_are_told():
    def number(low):
        return sl.radiation.spectra.PowerLaw(index=1.5, low=low, high=5.0, energy_density=1.0).number(
            jnp.asarray(-12.0)
        )

    for low, expected in ((1.0, np.isfinite), (6.0, np.isnan)):
        assert expected(jax.jit(number)(low))


def test_spectra_of_photons_take_energies_with_units():
    u = pytest.importorskip("astropy.units")
    dust = spectra.Greybody(30.0, 0.5)
    np.testing.assert_allclose(dust(10 * u.meV), dust(0.01), rtol=1e-6)
    np.testing.assert_allclose(dust([0.001, 0.01])[1], dust(0.01), rtol=1e-6)
    for energy in (-1.0, 0.0, 1 * u.K):
        with pytest.raises(ValueError, match="energy"):
            dust(energy)
