"""Spectra of electrons, the synchrotron functions, and what shines by them."""

import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import constants as si
from scipy import integrate, special

import sightline as sl
from sightline._core.constants import ELECTRON_REST_ENERGY
from sightline.processes.synchrotron import absorption, synchrotron_functions
from sightline.sky.emission import Plasma
from sightline.testing import check_field
from sightline.testing.derivatives import derivative_problems, finite_problems

spectra = sl.cosmic_rays.spectra
PARAMETRIC = [
    spectra.PowerLaw(index=2.7),
    spectra.BrokenPowerLaw(),
    spectra.CutOffPowerLaw(cut_off_energy=30.0),
    spectra.LogParabola(curvature=0.1),
]
SKY = sl.Directions([30.0, 100.0], [20.0, -5.0])


def table(**parameters):
    return spectra.TabulatedSpectrum.from_flux(
        [30.0, 2.0, 0.25, 1e-3, 1e-4], [1.0, 4.0, 10.0, 60.0, 100.0], **parameters
    )


def grid(spectrum, energies, half_widths=(20.0, 20.0, 5.0)):
    """A grid whose spectrum is the same everywhere."""
    values = jax.vmap(spectrum)(jnp.asarray(energies))[:, None, None, None] * jnp.ones((len(energies), 3, 3, 3))
    return sl.cosmic_rays.SpectrumGrid(values, energies, half_widths=half_widths)


def along(spectrum):
    return sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.ExponentialDisk(), spectrum)


def ray():
    return jax.tree.map(lambda leaf: leaf[..., 0], sl.Sightlines(SKY).rays)


def plasma(cosmic_rays, field=(3.0, -2.0, 1.0)):
    return Plasma(jnp.zeros(3), tuple(jnp.asarray(field)), cosmic_rays=cosmic_rays.populations(jnp.asarray(sl.SUN)))


@eqx.filter_jit
def coefficients(operator, cosmic_rays, frequency, fields=((3.0, -2.0, 1.0),)):
    """Emissivity and absorption of I, Q and U of fields at frequencies, (..., fields, frequencies)."""

    def one(field, nu):
        return operator(plasma(cosmic_rays, jnp.unstack(field)), ray(), nu)

    over_frequencies = jax.vmap(one, in_axes=(None, 0))
    found = jax.vmap(over_frequencies, in_axes=(0, None))(jnp.asarray(fields), jnp.asarray(frequency))
    return jnp.stack(jax.tree.leaves(found))


def bessel_integral(x):
    """e^x int_x^inf K_5/3, as an integral over the angle of cosh."""

    def integrand(t):
        return np.exp(-x * (np.cosh(t) - 1)) * np.cosh(5 * t / 3) / np.cosh(t)

    return integrate.quad(integrand, 0, np.arccosh(1 + 800 / x), epsabs=0, epsrel=1e-10, limit=1000)[0]


def test_functions_equal_the_bessel_integrals():
    x = np.concatenate([np.geomspace(1e-9, 1, 30), np.linspace(1.1, 30, 20), [100.0, 300.0, 690.0]])
    whole = [bessel_integral(value) for value in x]
    total, polarised = synchrotron_functions(jnp.asarray(x))
    np.testing.assert_allclose(total, x * np.exp(-x) * whole, rtol=1e-6)
    np.testing.assert_allclose(polarised, x * special.kv(2 / 3, x), rtol=1e-6)
    between = integrate.quad(lambda z: special.kv(5 / 3, z), 1.0, 60.0)[0]
    assert synchrotron_functions(jnp.asarray(1.0))[0] == pytest.approx(between, rel=1e-6)
    a, b = absorption(jnp.cbrt(jnp.asarray(x)))
    np.testing.assert_allclose(a, x**2 * special.kv(5 / 3, x), rtol=1e-6)
    np.testing.assert_allclose(b, x**2 * (special.kv(1 / 3, x) + special.kv(5 / 3, x)) / 2, rtol=1e-6)


def test_derivatives_of_the_functions():
    x = jnp.geomspace(1e-9, 600, 60)
    for which, slope in enumerate(
        (
            lambda x: synchrotron_functions(x)[0] / x - x * special.kv(5 / 3, x),
            lambda x: -x * (special.kv(1 / 3, x) + special.kv(5 / 3, x)) / 2 + special.kv(2 / 3, x),
        )
    ):
        found = jax.vmap(jax.grad(lambda x, i=which: synchrotron_functions(x)[i]))(x)
        np.testing.assert_allclose(found, slope(x), rtol=1e-6, atol=1e-7)
    roots = jnp.linspace(0.05, 4.0, 30)
    assert not derivative_problems(lambda y: jnp.stack(absorption(y), -1), roots, "the root")


def test_functions_are_finite_everywhere(precision):
    x = jnp.asarray([0.0, 1e-30, 1e-9, 1.0, 80.0, 110.0, 700.0, 1e10])
    values = jnp.stack(synchrotron_functions(x))
    slopes = jnp.stack(jax.jvp(synchrotron_functions, (x,), (jnp.ones_like(x),))[1])
    assert values.dtype == precision
    assert not finite_problems((values, slopes), "F and G")


@pytest.mark.parametrize("p", [2.0, 3.0, 4.5])
def test_a_power_law_shines_as_synchrotron_does(p):
    n0, nu = 5e-18, np.geomspace(0.01, 100, 25)
    simple = sl.cosmic_rays.Uniform(n0, index=p, reference_energy=10.0)
    law = along(spectra.PowerLaw(n0, index=p))
    fields = jnp.asarray([(3.0, -2.0, 1.0), (0.1, 0.05, 0.0), (30.0, 40.0, 0.0)])
    expected = coefficients(sl.emission.Synchrotron(absorption="polarised"), simple, nu, fields)
    for rays in (law, grid(law.spectrum, np.geomspace(1e-3, 1e7, 11))):
        found = coefficients(sl.emission.SynchrotronSpectrum("polarised"), rays, nu, fields)
        np.testing.assert_allclose(found, expected, rtol=3e-6)


def test_absorption_is_a_setting():
    at, nu = plasma(along(spectra.BrokenPowerLaw())), jnp.asarray(0.1)
    none, total, polarised = (
        sl.emission.SynchrotronSpectrum(kind)(at, ray(), nu).absorption for kind in ("none", "total", "polarised")
    )
    assert none.I is None
    assert total.Q is None
    assert total.I == polarised.I > jnp.abs(polarised.Q) > 0


@pytest.mark.parametrize("spectrum", [*PARAMETRIC[1:], spectra.local_interstellar()], ids=lambda s: type(s).__name__)
def test_integrals_equal_a_fine_quadrature(spectrum):
    """An independent sum over 20000 energies with scipy's G, in SI units folded by hand."""
    gamma = np.geomspace(30, 3e9, 20000)
    density = np.asarray(jax.vmap(spectrum)(jnp.asarray(gamma * ELECTRON_REST_ENERGY)))
    east, north, _ = ray().project(tuple(jnp.asarray((3.0, -2.0, 1.0))))
    field = float(jnp.hypot(east, north)) * 1e-10  # T
    charge, mass, light, vacuum, boltzmann = (
        1.602176634e-19,
        9.1093837015e-31,
        299792458.0,
        8.8541878128e-12,
        1.380649e-23,
    )
    frequencies = (0.01, 0.4, 100.0)
    found = coefficients(sl.emission.SynchrotronSpectrum(), along(spectrum), frequencies)[:, 0]
    for nu, polarised in zip(frequencies, jnp.hypot(found[1], found[2]), strict=True):
        x = nu * 1e9 / (3 / (4 * np.pi) * gamma**2 * charge * field / mass)
        power = np.sqrt(3) * charge**3 * field / (4 * np.pi * vacuum * mass * light) * x * special.kv(2 / 3, x)
        emissivity = np.trapezoid(density * 1e6 * power * gamma, np.log(gamma)) / (4 * np.pi)
        kelvin = emissivity * light**2 / (2 * boltzmann * (nu * 1e9) ** 2) * 3.0856775814913673e19
        assert polarised == pytest.approx(kelvin, rel=2e-5)


def test_grid_equals_the_table():
    law, nu = spectra.BrokenPowerLaw(), np.geomspace(0.01, 100, 9)
    operator = sl.emission.SynchrotronSpectrum("polarised")
    shared = coefficients(operator, along(law), nu)
    pointwise = coefficients(operator, grid(law, np.geomspace(1e-2, 1e6, 81)), nu)
    np.testing.assert_allclose(pointwise, shared, rtol=5e-3)  # chords of the logarithm, h^2/8 of its curvature


def test_grid_is_dark_outside_and_linear_inside():
    energies = np.geomspace(1.0, 100.0, 5)
    base = grid(spectra.PowerLaw(), energies)
    slope = jnp.linspace(1.0, 3.0, 3)[:, None, None]
    rays = dataclasses.replace(base, values=base.values * slope)
    assert rays(jnp.asarray([30.0, 0.0, 0.0])) == 0
    middle = float(rays(jnp.zeros(3)))
    assert rays(jnp.asarray([10.0, 0.0, 0.0])) == pytest.approx(1.25 * middle)
    outside = Plasma(jnp.zeros(3), plasma(rays).magnetic_field, cosmic_rays=rays.populations(jnp.asarray([30.0, 0, 0])))
    assert sl.emission.SynchrotronSpectrum()(outside, ray(), jnp.asarray(1.0)).emissivity.I == 0


def test_populations_add():
    nu, operator = [0.1, 10.0], sl.emission.SynchrotronSpectrum("total")
    one, two, simple = along(spectra.BrokenPowerLaw()), along(spectra.LogParabola()), sl.cosmic_rays.ExponentialDisk()
    parts = [coefficients(operator, rays, nu) for rays in (one, two, simple)]
    np.testing.assert_allclose(coefficients(operator, one + two + simple, nu), sum(parts), rtol=1e-12)
    confined = sl.fields.Confined(one, radius=1.0)
    np.testing.assert_allclose(coefficients(operator, 0.5 * confined, nu), 0.5 * parts[0], rtol=1e-12)


def test_normalisation_is_that_of_the_spectrum_at_the_sun():
    spectrum, sun = spectra.BrokenPowerLaw.from_flux(0.25, energy=10.0), jnp.asarray(sl.SUN)
    assert spectrum.flux(jnp.asarray(10.0)) == pytest.approx(0.25)
    rays = sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.ExponentialDisk(n0=7.0, scale_radius=4.0), spectrum)
    population = rays.populations(sun)[0]
    gamma = 10.0 / ELECTRON_REST_ENERGY
    assert population.density * gamma**-population.index == pytest.approx(float(spectrum.n0))
    assert rays(sun + jnp.asarray([-4.0, 0.0, 0.0])) / rays(sun) == pytest.approx(np.exp(-1), rel=1e-5)


def test_local_interstellar_spectrum_is_that_of_ams_demodulated(data):
    rigidity, flux, *_ = np.loadtxt(data / "cosmic_ray_electrons" / "AMS-02_e+e-_rigidity.txt", unpack=True)
    spectrum = spectra.local_interstellar()
    expected = flux * ((rigidity + 0.6) / rigidity) ** 2
    found = jax.vmap(spectrum.flux)(jnp.asarray(rigidity + 0.6))
    within = (rigidity > 1) & (rigidity < 100)
    np.testing.assert_allclose(found[within], expected[within], rtol=0.02)
    assert spectrum.flux(jnp.asarray(10.0)) == pytest.approx(0.313, rel=0.03)


@pytest.mark.parametrize("spectrum", [*PARAMETRIC, table()], ids=lambda s: type(s).__name__)
def test_derivatives_of_the_spectra(spectrum):
    energies = jnp.log(jnp.geomspace(0.1, 1e4, 40))
    assert not derivative_problems(lambda s: jax.vmap(s.log_density)(energies), spectrum, "the parameters")
    assert not derivative_problems(jax.vmap(spectrum.log_density), energies, "the energy")


def test_contract_of_the_field():
    check_field(along(table()))


def test_contract_of_the_grid():
    rays = grid(spectra.PowerLaw(), (1.0, 5.0, 20.0, 100.0))
    varied = 1 + jnp.asarray(np.random.default_rng(0).uniform(0, 1, rays.values.shape), rays.values.dtype)
    check_field(dataclasses.replace(rays, values=rays.values * varied))


def test_contract_of_the_operator_on_power_laws():
    sl.testing.check_operator(sl.emission.SynchrotronSpectrum())


@pytest.mark.parametrize("rays", ["shape", "grid"])
def test_derivatives_of_the_operator(rays, precision):
    rays = {
        "shape": lambda: along(spectra.BrokenPowerLaw()),
        "grid": lambda: grid(spectra.PowerLaw(), (1.0, 5.0, 20.0, 100.0)),
    }[rays]()
    fields = jnp.asarray(np.random.default_rng(2).normal(0, 4, (4, 3))).at[0].set(0)
    operator, nu = sl.emission.SynchrotronSpectrum("polarised"), jnp.geomspace(0.01, 100, 5)
    scale = jnp.max(jnp.abs(coefficients(operator, rays, nu, fields)), axis=(1, 2))

    def evaluate(inputs):
        return coefficients(operator, *inputs).transpose(1, 2, 0) / scale

    assert not derivative_problems(evaluate, (rays, nu, fields), "cosmic rays, frequency and field")


def simulator(spectrum):
    return sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        cosmic_rays=along(spectrum),
        emission=sl.emission.SynchrotronSpectrum(),
    )


def test_a_spectrum_is_found_again_from_its_own_map():
    """Gauss-Newton steps on ln I from 10 MHz to 100 GHz."""
    truth = spectra.BrokenPowerLaw(4e-18, index_low=1.7, index_high=3.2, break_energy=3.0, smoothness=0.4)
    lines = sl.Sightlines(SKY, sl.BoxCells(16))
    leaves, tree = jax.tree.flatten(truth)

    @jax.jit
    def logarithm(x):
        spectrum = jax.tree.unflatten(tree, [jnp.exp(x[0]), *x[1:]])
        return jnp.log(simulator(spectrum)(lines, jnp.geomspace(0.01, 100, 12)).I).ravel()

    goal = jnp.asarray([jnp.log(leaves[0]), *leaves[1:]])
    data, x = logarithm(goal), goal + jnp.asarray([0.3, 0.2, -0.2, 1.0, 0.1])
    for _ in range(12):
        x = x - jnp.linalg.lstsq(jax.jacfwd(logarithm)(x), logarithm(x) - data)[0]
    np.testing.assert_allclose(x, goal, rtol=1e-6)


def test_simulators_take_spectra_and_grids():
    model, lines = simulator(spectra.LogParabola()), sl.Sightlines(SKY, sl.BoxCells(8))
    rays = grid(spectra.LogParabola(), np.geomspace(0.1, 1e4, 30))
    confined = sl.fields.ConfinedToBox(rays, half_widths=(9.0, 9.0, 2.0))
    for found in (model(lines, 1.0), dataclasses.replace(model, cosmic_rays=confined)(lines, 1.0)):
        assert bool(jnp.all(jnp.isfinite(found.I) & (found.I > 0) & (jnp.hypot(found.Q, found.U) < found.I)))


def test_a_ray_can_be_traced():
    trace = simulator(spectra.BrokenPowerLaw()).trace(sl.Sightlines(sl.Directions(30.0, 2.0), sl.BoxCells(8)), 1.0)
    assert trace.coefficients.emissivity.I.shape == trace.distance.shape


def test_refuses_bad_input():
    cases = [
        (lambda: spectra.PowerLaw(n0=-1e-18), "n0"),
        (lambda: spectra.PowerLaw()(0.0), "energy = 0.0 must be finite and positive"),
        (lambda: spectra.PowerLaw().flux(1e-4), "finite and 0.000510999 GeV or more"),
        (lambda: spectra.TabulatedSpectrum([1e-18, -1e-19], (1.0, 2.0)), "density"),
        (lambda: spectra.TabulatedSpectrum([1e-18, 0.0], (1.0, 2.0)), "density"),
        (lambda: spectra.TabulatedSpectrum([], ()), "empty"),
        (lambda: spectra.TabulatedSpectrum([1e-18, 1e-19], (2.0, 1.0)), "ascend"),
        (lambda: spectra.TabulatedSpectrum([1e-18, 1e-19], (1.0, 2.0, 3.0)), "first axis"),
        (lambda: spectra.PowerLaw.from_flux(0.25, energy=1e-4), "rest energy"),
        (lambda: sl.cosmic_rays.SpectrumGrid(jnp.zeros((3, 2, 2, 2)), (1.0, 10.0, 20.0)), "empty"),
        (lambda: sl.cosmic_rays.SpectrumGrid(-jnp.ones((3, 2, 2, 2)), (1.0, 10.0, 20.0)), "values"),
        (lambda: sl.cosmic_rays.SpectrumGrid(jnp.ones((2, 2, 2, 3)), (1.0, 10.0, 20.0)), "first axis"),
        (lambda: sl.cosmic_rays.SpectrumGrid(jnp.ones((3, 2, 2, 2)), (1.0, 20.0, 10.0)), "ascend"),
        (lambda: sl.cosmic_rays.SpectrumGrid(jnp.ones((3, 2, 2, 2)), (20.0, 30.0, 40.0)), "reference_energy"),
        (lambda: sl.cosmic_rays.SpectrumGrid.from_flux(jnp.ones((2, 2, 2, 3)), (1.0, 10.0, 20.0)), "energy, x, y, z"),
        (lambda: sl.emission.SynchrotronSpectrum(absorption="some"), "absorption"),
        (lambda: sl.emission.SynchrotronSpectrum(nodes=2), "nodes"),
        (lambda: sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.Uniform(0.0), spectra.PowerLaw()), "positive"),
    ]
    for build, name in cases:
        with pytest.raises(ValueError, match=name):
            build()
    with pytest.raises(TypeError, match="spectrum"):
        sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.Uniform(), sl.cosmic_rays.Uniform())
    with pytest.raises(TypeError, match="vector"):
        sl.cosmic_rays.WithSpectrum(sl.magnetic.LSA(), spectra.PowerLaw())


@functools.cache
def kernels():
    """x, F(x) and F - x F' at many x."""
    x = np.exp(np.linspace(np.log(1e-8), np.log(400.0), 400))
    return x, x * np.exp(-x) * np.array([bessel_integral(value) for value in x]), x**2 * special.kv(5 / 3, x)


def exact(log_density, field, frequency):
    """Emissivity [K/kpc] and absorption [1/kpc] of I: sums over ln x with scipy's Bessel functions, CODATA's units."""
    x, total, absorbed = kernels()
    critical, hertz = 1.5 * si.e * field * 1e-10 / si.m_e / (2 * np.pi), frequency * 1e9
    gamma = np.sqrt(hertz / (critical * x))
    number = np.exp(log_density(np.log(gamma * ELECTRON_REST_ENERGY))) * 1e6 * gamma / 2
    power = np.sqrt(3) * si.e**3 * field * 1e-10 / (16 * np.pi**2 * si.epsilon_0 * si.m_e * si.c) * 1e3 * si.parsec
    emissivity = power * np.trapezoid(number * total, np.log(x)) * si.c**2 / (2 * si.k * hertz**2)
    depth = power / (2 * si.m_e * hertz**2) * np.trapezoid(2 * number / gamma * absorbed, np.log(x))
    return emissivity, depth


def cut_off(energy, n0):
    """ln N of E^-2.6 e^(-E/Ec), N(10 GeV) = n0, at ln E."""
    return lambda x: np.log(n0) - 2.6 * (x - np.log(10.0)) - (np.exp(x) - 10.0) / energy


@eqx.filter_jit
def value_and_slope(rays, energy, fields, frequency):
    """ln of the emissivity and absorption of I, and their slopes with the energy of the cut-off."""

    def found(energy):
        moved = eqx.tree_at(lambda r: r.spectrum.cut_off_energy, rays, energy)
        return jnp.log(
            coefficients(sl.emission.SynchrotronSpectrum("total"), moved, frequency, fields)[jnp.array([0, 3])]
        )

    return found(energy), jax.jacfwd(found)(energy)


def across(field):
    """A field [uG] across the ray."""
    return field * ray().east


def test_electrons_cut_off_below_their_reference_energy(precision):
    """Normalised at 10 GeV, where next to none are left: in single precision, these were dark or NaN."""
    n0 = 4e-10 * (10.0 / ELECTRON_REST_ENERGY) ** -2.6 * np.exp(-10.0 / 1.2)
    rays = along(spectra.CutOffPowerLaw(n0, index=2.6))
    nu = np.array([0.01, 0.1, 1.0, 10.0])
    for energy in (1.2, 1.0, 0.5, 1e3):
        value, slope = value_and_slope(rays, jnp.asarray(energy), across(6.0)[None], nu)
        expected = np.log([exact(cut_off(energy, n0), 6.0, one) for one in nu]).T
        np.testing.assert_allclose(value[:, 0], expected, atol=3e-5 if np.dtype(precision).itemsize == 8 else 3e-4)
        up, down = (np.log([exact(cut_off(energy * h, n0), 6.0, one) for one in nu]).T for h in (1.001, 0.999))
        np.testing.assert_allclose(energy * slope[:, 0], (up - down) / 0.002, rtol=2e-3)
        if energy == 1.2:
            np.testing.assert_allclose(np.exp(value[0, 0, :3]), [88.58, 0.0739, 2.35e-5], rtol=2e-3)


def test_grids_of_electrons_cut_off_below_their_reference_energy(precision):
    """In single precision the highest energies leave the range of the type, 10 GeV among them."""
    n0, energies, nu = 1e-22, np.geomspace(0.03, 300.0, 121), np.array([0.01, 1.0])
    law = cut_off(0.1, n0 * np.exp(-90.0))
    values = np.exp(law(np.log(energies)))[:, None, None, None] * np.ones((121, 2, 2, 2))
    rays = sl.cosmic_rays.SpectrumGrid(values, energies)

    @jax.jit
    def found(values):
        parts = coefficients(
            sl.emission.SynchrotronSpectrum("total"),
            0.5 * dataclasses.replace(rays, values=values),
            nu,
            across(6.0)[None],
        )
        return parts[jnp.array([0, 3]), 0]

    value, back = jax.vjp(found, rays.values)
    expected = 0.5 * np.array([exact(law, 6.0, one) for one in nu]).T
    np.testing.assert_allclose(value, expected, rtol=1e-2)
    (slope,) = back(jnp.ones_like(value))
    assert not finite_problems(slope, "the gradient of the grid")
    assert bool(jnp.any(slope != 0))


def test_weak_and_strong_fields_are_right_or_nan():
    """The table reached to 0.01 uG at 1 THz and went on as a power law; a cut-off shows."""
    rays = along(spectra.CutOffPowerLaw(5e-18, index=2.6))
    cases = [(1e-5, 1e3), (1e-3, 100.0), (1e-6, 1e3), (2e3, 1e-3)]
    for field, nu in cases:
        value, _ = value_and_slope(rays, jnp.asarray(1e4), across(field)[None], np.array([nu]))
        expected = np.log(exact(cut_off(1e4, 5e-18), field, nu))
        np.testing.assert_allclose(value[:, 0, 0], expected, atol=1e-4 * max(1, -expected[0] / 30))
    strong = value_and_slope(rays, jnp.asarray(1e4), across(3e3)[None], np.array([1e-3]))[0]
    assert bool(jnp.all(jnp.isnan(strong)))  # no relativistic electrons radiate


def test_frequencies_beyond_the_table_are_refused():
    model, lines = simulator(spectra.BrokenPowerLaw()), sl.Sightlines(SKY, sl.BoxCells(8))
    for nu in (1.93e9, 1.1e3, 0.9e-3):  # 8 keV
        with pytest.raises(ValueError, match=r"SynchrotronSpectrum holds from 0\.001 to 1000 GHz"):
            model(lines, [1.0, nu])
    one = ray()
    at = plasma(along(spectra.BrokenPowerLaw()))
    with pytest.raises(ValueError, match="1000 GHz"):
        sl.emission.SynchrotronSpectrum()(at, one, jnp.asarray(2e3))
    found = jax.jit(lambda nu: sl.emission.SynchrotronSpectrum("total")(at, one, nu))(jnp.asarray(2e3))
    assert all(bool(jnp.isnan(leaf)) for leaf in jax.tree.leaves(found))


def test_electrons_beyond_a_table_warn():
    model, lines = simulator(table()), sl.Sightlines(SKY, sl.BoxCells(8))
    with pytest.warns(sl.SpectrumRangeWarning, match=r"cosmic_rays\.spectrum is known from 1 to 100 GeV"):
        model(lines, 0.005)
    with pytest.warns(sl.SpectrumRangeWarning, match="in 3 uG electrons of 8.45 to 267 GeV shine"):
        model(lines, [1.0, 1000.0])
    model(lines, [0.05, 100.0])


def test_power_laws_at_any_reference_energy_shine_alike(precision):
    """The density is carried at the reference energy, not at gamma = 1."""
    operators = (
        sl.emission.Synchrotron(absorption="polarised"),
        sl.emission.CircularSynchrotron(absorption="polarised"),
        sl.emission.RelativisticConversion(100.0),
    )

    def shine(rays):
        return [coefficients(operator, rays, [0.4, 20.0]) for operator in operators]

    for p in (2.2, 4.9):
        low = sl.cosmic_rays.Uniform.from_flux(0.25, energy=10.0, index=p)
        high = sl.cosmic_rays.Uniform(low.n0 * 1e3**-p, index=p, reference_energy=1e4)
        others = [high] + (
            [sl.cosmic_rays.Uniform(low(jnp.zeros(3)), index=p)] if np.dtype(precision).itemsize == 8 else []
        )
        for other in others:
            for a, b in zip(shine(other), shine(low), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-9 if np.dtype(precision).itemsize == 8 else 3e-4)


def test_few_electrons_are_not_lost_in_single_precision():
    """Densities go down to the least numbers there are, 1e-38."""
    with jax.enable_x64(False):
        energies = tuple(float(e) for e in np.geomspace(1.0, 1e6, 13))
        density = 1e-20 * np.asarray(energies) ** -2.8
        values = jnp.asarray(np.broadcast_to(density[:, None, None, None], (13, 2, 2, 2)))
        grid = sl.cosmic_rays.SpectrumGrid(values, energies, half_widths=(20.0, 20.0, 5.0))
        spectrum = grid.prepare().populations(jnp.zeros(3))[0].spectrum
        found = jax.vmap(spectrum.log_density)(jnp.log(jnp.asarray(energies)))
        np.testing.assert_allclose(found, np.log(density), atol=1e-3)


def test_spectra_take_many_energies():
    """One by one: as many energies as the table has nodes were once taken for those of one energy."""
    spectrum, flux = table(), [30.0, 2.0, 0.25, 1e-3, 1e-4]
    np.testing.assert_allclose(spectrum.flux([1.0, 4.0, 10.0, 60.0, 100.0]), flux, rtol=2e-5)
    np.testing.assert_allclose(spectrum([[4.0], [10.0]])[1], [spectrum(10.0)], rtol=1e-6)
    for other in (0.25, [1.0, 0.1, 0.01]):
        with pytest.raises(ValueError, match="flux has shape"):
            spectra.TabulatedSpectrum.from_flux(other, [1.0, 10.0])
    with pytest.raises(TypeError, match="reference_energy"):
        spectra.PowerLaw.from_flux(0.25, energy=10.0, reference_energy=1.0)
