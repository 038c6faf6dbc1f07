"""Comptonisation against direct quadrature of its equations."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl

CASES = {
    "corona": (0.1, 50.0, 1.0, "disk"),
    "sphere": (0.3, 100.0, 0.7, "sphere"),
    "thick": (1.0, 3.0, 5.0, "sphere"),
    "flat": (0.05, 200.0, 8.0, "disk"),
    "steep": (0.1, 2.0, 0.5, "disk"),
    "thin": (0.2, 20.0, 0.05, "sphere"),
}


def escape(tau, geometry):
    wide = (tau + 2 / 3) ** 2
    if geometry == "disk":
        return np.pi**2 / 12 / wide * (1 - np.exp(-1.35 * tau)) + 0.45 * np.exp(-3.7 * tau) * np.log(10 / 3 / tau)
    return np.pi**2 / 3 / wide * (1 - np.exp(-0.7 * tau)) + np.exp(-1.4 * tau) * np.log(4 / 3 / tau)


def expected(energy, seed, hot, depth, geometry):
    """The spectrum by adaptive quadrature over t, once by parts, the index by bisection."""
    from scipy.integrate import quad
    from scipy.optimize import brentq
    from scipy.special import gamma, gammainc, gammaln

    h = hot / 511.0

    def excess(a):
        d = 3 * ((a + 3) * a + 4) * gamma(2 * a + 2) / (a + 3) / (a + 2) ** 2
        return a * np.log(1 + (a + 3) * h / (1 + h) + 4 * d ** (1 / a) * h * h) - escape(depth, geometry)

    a = brentq(excess, 1e-4, 40, xtol=1e-14)
    tau = depth / (1 + (hot / 39.2) ** 0.86)
    missed = (1 - np.exp(-tau)) / tau
    scattered = 1 - missed if geometry == "disk" else 1 - 3 / tau * (1 - 2 / tau * (1 - missed))
    x, y = energy / hot, energy / seed
    less = x * scattered ** (1 / (a + 3))

    def part(t):
        return np.exp(-t + a * np.log(t) + (a + 2) * np.log(less + t) - gammaln(2 * a + 4)) * (less + t - a - 3) / a

    j = sum(quad(part, low, high, epsabs=0, epsrel=1e-11, limit=200)[0] for low, high in ((0, 2), (2, 30), (30, 200)))
    hard = (2 * a + 3) * y ** (-a - 1) * np.exp(-x) * gamma(a + 3) * gammainc(a + 3, y) * j
    return a, a * (a + 3) / 2 / (2 * a + 3) * hot / seed * (hard + y * y * np.exp(-y) / (a + 3))


@eqx.filter_jit
def values(spectrum, energies):
    return jax.vmap(spectrum)(energies)


@pytest.mark.parametrize("name", CASES)
def test_comptonisation_equals_the_quadrature_of_its_equation(name):
    *parameters, geometry = CASES[name]
    spectrum = sl.spectra.Comptonisation(*parameters, norm=2.0, geometry=geometry)
    energies = np.array([0.01, 0.3, 1.0, 8.0, 60.0])
    found = values(spectrum, energies)
    for energy, value in zip(energies, found, strict=True):
        index, exact = expected(energy, *parameters, geometry)
        assert float(value) == pytest.approx(2 * exact, rel=1e-7)
    assert float(spectrum.index) == pytest.approx(index, rel=1e-11)


def test_scattering_keeps_the_number_of_photons():
    """All of them are K kT where the electrons are much hotter than the seed."""
    spectrum = sl.spectra.Comptonisation(temperature_seed=0.001, temperature=30.0, depth=0.5, norm=2.0)
    edges = np.geomspace(1e-5, 1000.0, 4001)
    energy = np.sqrt(edges[1:] * edges[:-1])
    photons = np.sum(values(spectrum, energy) * energy) * np.log(edges[1] / edges[0])
    assert photons == pytest.approx(60.0, rel=2e-3)


@pytest.mark.long
def test_comptonisation_keeps_the_contract():
    sl.testing.check_spectrum(sl.spectra.Comptonisation())


def test_single_precision_is_finite_and_right():
    energies = np.geomspace(0.01, 5e4, 30, dtype=np.float32)
    exact = values(sl.spectra.Comptonisation(*CASES["thick"][:3]), energies.astype(float))
    with jax.enable_x64(False):
        spectrum = sl.spectra.Comptonisation(*CASES["thick"][:3])
        slopes = jax.tree.leaves(jax.jit(jax.jacrev(lambda one: jax.vmap(one)(jnp.asarray(energies))))(spectrum))
        found = values(spectrum, jnp.asarray(energies))
    assert all(np.all(np.isfinite(slope)) for slope in slopes)
    np.testing.assert_allclose(found, exact, rtol=1e-4, atol=1e-30)


@pytest.mark.parametrize("double", [False, True])
def test_cold_and_thin_clouds_have_the_steepest_index(double):
    """Their index is far above 10, where Newton's steps once left the range of the gamma function: NaN."""
    with jax.enable_x64(double):
        cloud = sl.spectra.Comptonisation(temperature_seed=0.01, temperature=0.05, depth=0.01)
        index, slope = jax.value_and_grad(lambda kt: dataclasses.replace(cloud, temperature=kt).index)(
            cloud.temperature
        )
        value = float(cloud(jnp.asarray(0.05)))
    assert (float(index), float(slope)) == (10.0, 0.0)
    assert 0 < value < np.inf


@pytest.mark.long
def test_curvature_by_the_depth_is_right():
    def log(depth):
        spectrum = sl.spectra.Comptonisation(depth=depth)
        return jnp.log(spectrum(jnp.asarray(5.0)))

    step, depth = 1e-3, jnp.asarray(1.2)
    slope = jax.jit(jax.grad(log))
    slopes = [float(slope(depth + sign * step)) for sign in (-1, 1)]
    assert float(jax.jit(jax.grad(slope))(depth)) == pytest.approx((slopes[1] - slopes[0]) / (2 * step), rel=1e-5)


def test_unknown_geometry_is_refused():
    with pytest.raises(ValueError, match="'disk', 'sphere'"):
        sl.spectra.Comptonisation(geometry="shell")
