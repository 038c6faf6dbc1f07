"""Free-free emission and absorption, self-absorption, and slabs whose brightness is known in closed form."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import constants as si
from scipy import integrate, special

import sightline as sl
from sightline.sky.emission import FreeFree, Plasma, Synchrotron
from sightline.sky.emission.free_free import gaunt_factor
from sightline.sky.fields import Population
from sightline.testing import check_operator

# Thermal means of the exact Gaunt factor, K and GHz (Karzas & Latter 1961, evaluated with mpmath)
GAUNT = {
    (3000.0, 1e-3): 8.780832,
    (3000.0, 1.0): 4.982284,
    (3000.0, 100.0): 2.634187,
    (3000.0, 1000.0): 1.762658,
    (8000.0, 1e-3): 9.590476,
    (8000.0, 1.0): 5.785052,
    (8000.0, 100.0): 3.330653,
    (8000.0, 1000.0): 2.281665,
    (20000.0, 1e-3): 10.344587,
    (20000.0, 1.0): 6.537082,
    (20000.0, 100.0): 4.033429,
    (20000.0, 1000.0): 2.878567,
}


def slab(cells=16, length=1.0, **parts):
    """A homogeneous ionised slab seen along l = 90, with B across."""
    defaults = {
        "magnetic_field": sl.magnetic.Uniform((0.0, 0.0, 5.0)),
        "electron_density": sl.electrons.Uniform(0.1),
        "cosmic_rays": sl.cosmic_rays.Uniform(4e-5, index=2.6),
        "temperature": sl.temperature.Uniform(8000.0),
        "emission": (FreeFree(),),
    }
    simulator = sl.Simulator(**(defaults | parts))
    return simulator, sl.Sightlines(sl.Directions(90.0, 0.0), sl.RadialCells(cells=cells, distance=length))


def opacity(simulator, lines, frequency):
    """Absorption [per kpc] and emissivity [K/kpc] of the slab."""
    coefficients = simulator.trace(lines, frequency).coefficients
    return float(coefficients.absorption.I[0]), float(coefficients.emissivity.I[0])


@pytest.mark.parametrize("kind", ["free-free", "total", "polarised"])
def test_contract(kind, precision):
    check_operator(FreeFree(clumping=2.0) if kind == "free-free" else Synchrotron(absorption=kind))


@pytest.mark.parametrize(("place", "exact"), GAUNT.items())
def test_gaunt_factor_is_as_good_as_it_says(place, exact):
    temperature, frequency = place
    limit = 1e-3 if frequency <= 1 else 3e-3 if frequency <= 100 else 7e-3
    assert float(gaunt_factor(jnp.asarray(temperature), jnp.asarray(frequency))) == pytest.approx(exact, rel=limit)


@pytest.mark.parametrize("temperature", [8e3, 1e5, 1e6, 1e7, 1e8])
def test_gaunt_factor_of_hot_gas(temperature):
    """The thermal mean of the exact one for soft photons: ln(4 E/h nu) - gamma_E - Re psi(1 + i eta)."""

    def one(t):
        eta = np.sqrt(157888.0 / temperature / t)
        soft = np.log(4 * t * si.k * temperature / (si.h * 1e9)) - np.euler_gamma - special.digamma(1 + 1j * eta).real
        return np.exp(-t) * soft

    exact = np.sqrt(3) / np.pi * integrate.quad(one, 0, 60, limit=400)[0]
    assert float(gaunt_factor(jnp.asarray(temperature), jnp.asarray(1.0))) == pytest.approx(exact, rel=5e-3)


def test_depth_of_a_known_emission_measure():
    """EM = 1e4 pc cm^-6 at 8000 K and 1 GHz: 4.42e-3 (Draine 2011, eq. 10.9 in the optical depth)."""
    simulator, lines = slab(electron_density=sl.electrons.Uniform(10.0**0.5))
    assert opacity(simulator, lines, 1.0)[0] == pytest.approx(4.42e-3, rel=0.01)


def test_depth_in_si_units():
    """Rybicki & Lightman eq. 5.18a in SI units from CODATA, in the limit of small photon energies."""
    kelvin, hertz, density = 8000.0, 1.4e9, 1e5
    coulomb = si.e**2 / (4 * np.pi * si.epsilon_0)
    gaunt = float(gaunt_factor(jnp.asarray(kelvin), jnp.asarray(1.4)))
    prefactor = 4 * coulomb**3 / (3 * si.m_e * si.h * si.c) * np.sqrt(2 * np.pi / (3 * si.k * si.m_e * kelvin))
    exact = prefactor * density**2 / hertz**3 * (si.h * hertz / (si.k * kelvin)) * gaunt * 1e3 * si.parsec
    simulator, lines = slab()
    assert opacity(simulator, lines, 1.4)[0] == pytest.approx(exact, rel=1e-8)


def test_isothermal_slab_from_thin_to_thick():
    for frequency in np.logspace(-4, 3, 15):  # tau from 1e-8 to 1e6
        simulator, lines = slab(length=2.0)
        depth = opacity(simulator, lines, frequency)[0] * 2.0
        brightness = float(simulator(lines, frequency).I[0])
        assert brightness == pytest.approx(-8000.0 * np.expm1(-depth), rel=1e-12)


@pytest.mark.parametrize("frequency", [0.001, 0.03, 0.1, 0.3, 1.0, 10.0])
def test_turnover_of_synchrotron_behind_its_own_electrons(frequency):
    """Synchrotron and free-free in one slab, in front of a background: S (1 - e^-tau) + T e^-tau."""
    background = sl.emission.IsotropicBackground()
    operators = FreeFree(), Synchrotron(absorption="total"), sl.emission.FaradayRotation()
    simulator, lines = slab(emission=operators, background=background)
    absorption, emissivity = opacity(simulator, lines, frequency)
    behind = 24.1 * (frequency / 0.31) ** -2.599
    exact = -emissivity / absorption * np.expm1(-absorption) + behind * np.exp(-absorption)
    assert float(simulator(lines, frequency).I[0]) == pytest.approx(exact, rel=1e-10)


def test_absorber_inside_an_emitter():
    """A cold layer from 0.5 to 1 kpc in a synchrotron slab of 2 kpc, each part in closed form."""

    def layer(position):
        return (position[1] > 0.5) & (position[1] < 1.0)

    density = sl.fields.Masked(sl.electrons.Uniform(0.1), layer)
    simulator, lines = slab(
        cells=16, length=2.0, electron_density=density, temperature=sl.temperature.Uniform(5.0), emission=(FreeFree(),)
    )
    both = dataclasses.replace(simulator, emission=(FreeFree(), Synchrotron()))
    trace = both.trace(lines, 0.05)
    emissivity = float(trace.coefficients.emissivity.I[0])  # the first cell holds no thermal electrons
    depth = float(simulator.trace(lines, 0.05).coefficients.absorption.I[6]) * 0.5
    inside = 5.0 * -np.expm1(-depth) + emissivity * 0.5 * -np.expm1(-depth) / depth
    exact = emissivity * 0.5 + inside + emissivity * 1.0 * np.exp(-depth)
    assert float(both(lines, 0.05).I[0]) == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("p", [2.2, 3.0, 4.3])
def test_self_absorption_is_the_integral_over_the_electrons(p):
    """kappa = -c^2/(8 pi nu^2 m c^2) int P gamma^2 d/dgamma (N/gamma^2), in SI units from CODATA."""
    field, density, frequency = 6e-10, 4.01e1, 2.4e7
    critical = 1.5 * si.e * field / si.m_e / (2 * np.pi)
    log_x = np.linspace(np.log(1e-9), np.log(300), 4000)
    x = np.exp(log_x)
    tail = integrate.cumulative_simpson((special.kv(5 / 3, x) * x)[::-1], dx=log_x[1] - log_x[0], initial=0)[::-1]
    gamma = np.sqrt(frequency / (critical * x))
    power = np.sqrt(3) * si.e**3 * field / (4 * np.pi * si.epsilon_0 * si.m_e * si.c)
    per_gamma = (p + 2) * density * gamma ** (-p - 1) * gamma / 2 / (8 * np.pi * frequency**2 * si.m_e)
    ends = {"total": x * tail, "polarised": x * special.kv(2 / 3, x)}
    exact = {
        name: integrate.simpson(power * kernel * per_gamma, x=log_x) * 1e3 * si.parsec for name, kernel in ends.items()
    }
    ray = jax.tree.map(lambda leaf: leaf[..., 0], sl.Sightlines(sl.Directions(30.0, 20.0)).rays)
    plasma = Plasma(
        jnp.zeros(3), tuple(6.0 * ray.east), cosmic_rays=(Population(jnp.asarray(density * 1e-6), jnp.asarray(p)),)
    )
    found = Synchrotron(absorption="polarised")(plasma, ray, jnp.asarray(0.024)).absorption
    assert float(found.I) == pytest.approx(exact["total"], rel=2e-5)
    assert float(found.Q) == pytest.approx(exact["polarised"], rel=2e-5)
    assert abs(float(found.U)) < 1e-12 * float(found.I)


def test_emission_measure_has_the_clumping_of_free_free():
    simulator, lines = slab(length=2.0, emission=(FreeFree(clumping=3.0),))
    assert float(simulator.emission_measure(lines)[0]) == pytest.approx(3 * 0.1**2 * 2000)
    assert float(slab(length=2.0)[0].emission_measure(lines)[0]) == pytest.approx(0.1**2 * 2000)
    varying = sl.fields.Masked(sl.electrons.Uniform(3.0), lambda position: position[1] < 1.0)
    given = sl.observables.EmissionMeasure(lines, clumping=varying)(simulator)
    assert float(given[0]) == pytest.approx(3 * 0.1**2 * 1000)


def test_derivatives_are_finite_at_the_extremes(precision):
    def brightness(density, temperature, field, frequency):
        simulator, lines = slab(
            electron_density=sl.electrons.Uniform(density),
            temperature=sl.temperature.Uniform(temperature),
            magnetic_field=sl.magnetic.Uniform(field * jnp.array([0.0, 0.0, 1.0])),
            emission=(FreeFree(), Synchrotron(absorption="total"), sl.emission.FaradayRotation()),
        )
        stokes = simulator(lines, frequency)
        return stokes.I[0] + stokes.Q[0]

    slope = jax.jit(jax.value_and_grad(brightness, argnums=(0, 1, 2)))
    for case in [(0.0, 8e3, 5.0, 1.0), (30.0, 8e3, 5.0, 1e-3), (0.1, 1e-2, 5.0, 1.0), (0.1, 8e3, 0.0, 1.0)]:
        value, slopes = slope(*map(jnp.asarray, case))
        assert np.isfinite(value), case
        assert all(np.isfinite(part) for part in slopes), case


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="clumping"):
        FreeFree(clumping=0.5)
    with pytest.raises(ValueError, match="t0"):
        sl.temperature.Uniform(0.0)
    with pytest.raises(ValueError, match="temperature, which this Simulator does not have"):
        sl.Simulator(electron_density=sl.electrons.Uniform(), emission=FreeFree())
    with pytest.raises(ValueError, match="absorption"):
        Synchrotron(absorption="some")
    simulator, lines = slab()
    for frequency in (0.0, -1.0):
        with pytest.raises(ValueError, match="positive"):
            simulator(lines, frequency)
