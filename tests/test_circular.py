"""Circular polarisation and Faraday conversion, derived again from first principles."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import constants as si
from scipy import integrate, special

import sightline as sl
from sightline._core import constants
from sightline.sky.emission import (
    CircularSynchrotron,
    FaradayConversion,
    FaradayRotation,
    Plasma,
    RelativisticConversion,
    Synchrotron,
)
from sightline.sky.fields import Population
from sightline.testing import check_operator

GYROFREQUENCY = si.e * 1e-10 / (2 * np.pi * si.m_e) * 1e-9  # GHz of 1 uG


def ray():
    """A ray in no special direction."""
    lines = sl.Sightlines(sl.Directions(70.0, 25.0), cells=sl.RadialCells(cells=1, distance=1.0))
    return jax.tree.map(lambda leaf: leaf[..., 0], lines.rays)


def field(east, north, towards):
    """A magnetic field of given components on that ray."""
    line = ray()
    vector = east * line.east + north * line.north - towards * line.direction
    return tuple(jnp.unstack(vector))


def coefficients(operator, frequency, b=(1.0, 2.0, 3.0), p=3.0, **values):
    """Coefficients of an operator for N_0 = 1, n_e = 1."""
    plasma = Plasma(
        jnp.zeros(3),
        magnetic_field=field(*b),
        electron_density=jnp.asarray(1.0),
        cosmic_rays=(Population(jnp.asarray(1.0), jnp.asarray(p)),),
    )
    return operator(dataclasses.replace(plasma, **values), ray(), jnp.asarray(frequency))


@pytest.mark.parametrize(
    "build",
    [lambda: CircularSynchrotron(absorption="polarised"), FaradayConversion, lambda: RelativisticConversion(30.0)],
    ids=["circular", "conversion", "relativistic"],
)
def test_contract(build, precision):
    check_operator(build())


def test_folded_constant():
    """omega_p^2 omega_B^2/(2 c omega^3) in SI."""
    plasma = 1e6 * si.e**2 / (si.epsilon_0 * si.m_e)
    rate = plasma * (2e9 * np.pi * GYROFREQUENCY) ** 2 / (2 * si.c * (2e9 * np.pi) ** 3)
    assert pytest.approx(rate * 1e3 * si.parsec, rel=1e-8) == constants.FARADAY_CONVERSION


def harmonics(nu, angle, gamma):
    """I and V of one electron of an isotropic distribution at many harmonics, the sum over them taken as an integral.

    Frequencies in units of e B/(2 pi m c). The amplitudes along the projected field and across it are
    (cos(angle) - beta cos(pitch))/sin(angle) J_n and beta sin(pitch) J_n'; V, twice their product, has the sign of
    cos(angle), as at the first harmonic of a slow electron, which turns as seen from the tip of B counterclockwise.
    """
    beta = np.sqrt(1 - 1 / gamma**2)
    width = 12 / gamma * (1 + np.sqrt(nu / np.sin(angle)) / gamma)
    pitch = angle + width * np.linspace(-1, 1, 201)
    pitch = pitch[(pitch > 0) & (pitch < np.pi)]
    order = nu * gamma * (1 - beta * np.cos(pitch) * np.cos(angle))
    x = nu * gamma * beta * np.sin(pitch) * np.sin(angle)
    along = (np.cos(angle) - beta * np.cos(pitch)) / np.sin(angle) * special.jv(order, x)
    across = beta * np.sin(pitch) * special.jvp(order, x)
    parts = np.stack([along**2 + across**2, 2 * along * across])
    return np.trapezoid(parts * gamma * np.sin(pitch) / 2, pitch, axis=1)


@pytest.mark.parametrize(("p", "angle"), [(2.5, 0.6), (3.0, 1.0), (4.0, 2.0)])
def test_circular_polarisation_against_the_sum_over_harmonics(p, angle):
    nu = 3000.0
    log_gamma = np.linspace(np.log(0.12), np.log(60), 80) + 0.5 * np.log(nu / (1.5 * np.sin(angle)))
    spectrum = [harmonics(nu, angle, gamma) * gamma ** (1 - p) for gamma in np.exp(log_gamma)]
    intensity, circular = np.trapezoid(np.array(spectrum), log_gamma, axis=0)
    b = (0.6 * np.sin(angle), 0.8 * np.sin(angle), np.cos(angle))
    emitted = coefficients(Synchrotron(), nu * GYROFREQUENCY, b, p).emissivity.I
    found = coefficients(CircularSynchrotron(), nu * GYROFREQUENCY, b, p).emissivity
    assert found.V / emitted == pytest.approx(circular / intensity, rel=4e-3)
    assert found.I is None


def test_an_electron_turns_counterclockwise_as_seen_from_the_tip_of_b():
    """And from north through east on the sky of an observer there: right-handed by IAU, so that V > 0."""
    north, towards = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    east = np.array([-1.0, 0.0, 0.0])  # to the left of north for who looks against `towards`
    force = -np.cross(north, towards)  # of -e on an electron that moves north
    assert force @ east > 0
    assert coefficients(CircularSynchrotron(), 1.0, (0.0, 2.0, 3.0)).emissivity.V > 0
    assert coefficients(CircularSynchrotron(), 1.0, (0.0, 2.0, -3.0)).emissivity.V < 0


@pytest.mark.parametrize("p", [2.2, 3.0, 4.5])
def test_circular_absorption_is_einsteins(p):
    """kappa_V from (p + 2)/(8 pi m nu^2) int gamma^-(p + 1) P_V, as j_V from int gamma^-p P_V/(4 pi), both in SI."""
    b, nu, kpc = (3e-10, 4e-10, 6e-10), 1.4e9, 1e3 * si.parsec
    across = np.hypot(*b[:2])
    log_x = np.linspace(np.log(1e-12), np.log(300), 8000)
    x = np.exp(log_x)
    bessel = x * special.kv(1 / 3, x)
    kernel = bessel + integrate.cumulative_simpson(bessel[::-1], dx=log_x[1] - log_x[0], initial=0)[::-1]
    gamma = np.sqrt(nu / (1.5 * si.e * across / si.m_e / (2 * np.pi) * x))
    power = np.sqrt(3) * si.e**3 * b[2] / (4 * np.pi * si.epsilon_0 * si.m_e * si.c) * 4 / (3 * gamma) * kernel
    emissivity = integrate.simpson(power * 1e6 * gamma ** (1 - p) / 2, x=log_x) / (4 * np.pi)
    absorption = (p + 2) * integrate.simpson(power * 1e6 * gamma**-p / 2, x=log_x) / (8 * np.pi * si.m_e * nu**2)
    operator = CircularSynchrotron(absorption="polarised")
    found = coefficients(operator, 1.4, tuple(1e10 * part for part in b), p)
    assert float(found.emissivity.V) == pytest.approx(emissivity * si.c**2 / (2 * si.k * nu**2) * kpc, rel=1e-5)
    assert float(found.absorption.V) == pytest.approx(absorption * kpc, rel=1e-5)


def test_conversion_and_rotation_against_the_dielectric_tensor():
    """Waves E_N, E_E through a cold magnetised plasma, in SI: their Stokes parameters turn about rho."""
    frequency, b = 0.05, np.array([3e5, 5e5, 4e5])
    north, east, towards = b[1], b[0], b[2]  # (N, E, towards the observer) is right-handed
    direction = np.array([north, east, towards]) / np.linalg.norm(b)
    omega = 2e9 * np.pi * frequency
    x, y = 1e6 * si.e**2 / (si.epsilon_0 * si.m_e) / omega**2, np.linalg.norm(b) * GYROFREQUENCY / frequency
    # -i omega v = -(e/m)(E + v x B): mobility of an electron in time dependence e^(-i omega t)
    gyration = np.cross(np.eye(3), direction)  # row j: e_j x b
    mobility = np.linalg.inv(np.eye(3) + 1j * y * gyration.T)
    tensor = -x * mobility
    rate = 1j * omega / (2 * si.c) * tensor[:2, :2] * 1e3 * si.parsec  # dE/ds, per kpc
    waves = {1: np.array([1, 1]) / np.sqrt(2), 2: np.array([1, 1j]) / np.sqrt(2), 0: np.array([1, 0])}

    def slope(e):
        de = rate @ e
        linear = np.conj(e[1]) * de[0] + np.conj(de[1]) * e[0]  # d(E_N E_E*)
        return np.array([2 * (np.conj(e[0]) * de[0] - np.conj(e[1]) * de[1]).real, 2 * linear.real, -2 * linear.imag])

    (q, u, v) = (slope(waves[k]) for k in (0, 1, 2))  # columns of rho x
    expected = np.array([u[2], v[0], q[1]])
    total = coefficients(FaradayConversion(), frequency, tuple(b))
    total = total + coefficients(FaradayRotation(), frequency, tuple(b))
    found = np.array([total.rotation.Q, total.rotation.U, total.rotation.V])
    np.testing.assert_allclose(found, expected, rtol=3 * y**2)
    np.testing.assert_allclose([q[2], u[0], v[1]], [-expected[1], -expected[2], -expected[0]], rtol=1e-9)


def transform(p, lowest, largest):
    """rho/(omega_p^2 omega_B^2/(2 c omega^3)) from the absorption of polarisation, by Kramers and Kronig.

    rho(w) = -2/(pi w) P int w'^2 kappa_Q(w')/(w'^2 - w^2) dw', e = m = c = 1 and frequencies in units of e B/(m c).
    """
    log_x = np.linspace(np.log(1e-12), np.log(600), 6001)
    x = np.exp(log_x)
    bessel = x * special.kv(2 / 3, x)
    summed = integrate.cumulative_trapezoid(x ** (p / 2) * bessel, log_x, initial=0)

    def opacity(w):  # w^2 kappa_Q: of the power law, and of the step at its lower end
        end = np.log(np.maximum(w / (1.5 * lowest**2), 1e-12))
        whole = 0.5 * (w / 1.5) ** (-p / 2) * np.interp(end, log_x, summed)
        step = np.interp(end, log_x, bessel, right=0.0)
        return np.sqrt(3) * np.pi / 2 * ((p + 2) * whole - lowest**-p * step)

    w, t = largest**2, (np.arange(40000) + 0.5) * 1e-3  # pairs around the pole
    terms = sum(opacity(w * np.exp(s)) * np.exp(s) / (np.exp(2 * s) - 1) for s in (t, -t))
    return -2 / (np.pi * w**2) * np.sum(terms) * 1e-3 * w * w**3 / (2 * np.pi) / w


@pytest.mark.parametrize(("p", "tolerance"), [(2.2, 0.065), (2.5, 0.025), (3.0, 0.005), (4.5, 1e-3)])
def test_relativistic_conversion_against_kramers_and_kronig(p, tolerance):
    lowest, largest = 10.0, 1000.0
    frequency = GYROFREQUENCY * largest**2 * 5.0
    found = coefficients(RelativisticConversion(lowest), frequency, (3.0, 4.0, 1.0), p).rotation
    cold = coefficients(FaradayConversion(), frequency, (3.0, 4.0, 1.0)).rotation
    assert pytest.approx(transform(p, lowest, largest), rel=tolerance) == found.Q / cold.Q
    assert pytest.approx(found.Q / cold.Q) == found.U / cold.U
    assert found.V is None


def test_index_of_exactly_two_and_cutoffs_beyond_the_observed_frequency():
    kinds = [(2.0, 10.0), (2.0 + 1e-9, 10.0), (3.0, 1e9)]
    found = [float(coefficients(RelativisticConversion(low), 1.0, (3.0, 4.0, 1.0), p).rotation.Q) for p, low in kinds]
    assert found[0] == pytest.approx(found[1], rel=1e-6)
    assert found[2] == 0


def simulator(*emission):
    """A uniform field almost across the ray along l = 90, so that rotation does not drown conversion."""
    return sl.Simulator(
        magnetic_field=sl.magnetic.Uniform((3.0, -2e-6, 5.0)),
        electron_density=sl.electrons.Uniform(0.1),
        cosmic_rays=sl.cosmic_rays.Uniform(4e-5, index=3.0),
        emission=(Synchrotron(), *emission),
        transfer=sl.transfer.PolarisedTransfer(),
    )


def test_a_simulator_with_conversion_turns_u_into_v():
    lines = sl.Sightlines(sl.Directions(90.0, 0.0), sl.RadialCells(cells=16, distance=1.0))
    found = simulator(FaradayRotation(), FaradayConversion()).trace(lines, 0.005)
    summed = jax.tree.map(lambda leaf: leaf[0], found.coefficients)
    j = np.array([summed.emissivity.Q, summed.emissivity.U, 0.0])
    rho = np.array([summed.rotation.Q, summed.rotation.U, summed.rotation.V])
    size = np.linalg.norm(rho)
    axis = rho / size
    turned = (j - axis * (axis @ j)) * np.sin(size) / size + np.cross(axis, j) * (1 - np.cos(size)) / size
    expected = axis * (axis @ j) + turned
    stokes = np.array([found.stokes.Q[0], -found.stokes.U[0], found.stokes.V[0]])  # back to IAU
    np.testing.assert_allclose(stokes, expected, atol=1e-9 * np.linalg.norm(j))
    assert abs(stokes[2]) > 1e-2 * np.linalg.norm(j)


def test_the_cell_solver_refuses_conversion_and_takes_emission_of_v():
    lines = sl.Sightlines(sl.Directions(90.0, 0.0), sl.RadialCells(cells=4, distance=1.0))
    model = dataclasses.replace(simulator(FaradayConversion()), transfer=sl.transfer.CellTransfer())
    with pytest.raises(ValueError, match="Faraday conversion"):
        model(lines, 1.0)
    assert dataclasses.replace(model, emission=(CircularSynchrotron(),))(lines, 1.0).V.shape == (1,)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"minimum_lorentz_factor = 0.5 is outside its bounds"):
        RelativisticConversion(0.5)
    with pytest.raises(ValueError, match="choose one of 'none', 'polarised'"):
        CircularSynchrotron(absorption="total")


def test_second_derivatives_where_there_is_no_field(precision):
    circular, relativistic = CircularSynchrotron(absorption="polarised"), RelativisticConversion(30.0)

    @jax.jit
    def across(strength):
        b = (strength, 0.0, 1.0)
        emitted, absorbed = (coefficients(circular, 1.0, b, p) for p in (4.0, 3.0))
        conversion = coefficients(relativistic, 1.0, b, 3.0).rotation.Q
        return jnp.stack([emitted.emissivity.V, absorbed.absorption.V, conversion])

    curvature = jax.hessian(across)(jnp.asarray(0.0))
    # each is B_perp^2; conversion nearly so: gamma_nu, which depends on B, is 2e4 beside gamma_min = 30
    np.testing.assert_allclose(curvature, 2 * across(jnp.asarray(1.0)), rtol=3e-3)
