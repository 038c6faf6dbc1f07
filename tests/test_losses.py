"""Losses of electrons and the spectra they leave, against closed forms."""

import equinox as eqx
import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import constants as si

import sightline as sl
from sightline._core.constants import ELECTRON_REST_ENERGY as REST
from sightline.processes import losses
from sightline.sky.emission import compton_table, spectrum_table

spectra, photons = sl.cosmic_rays.spectra, sl.radiation.spectra
CMB = sl.radiation.CMB().photons(jnp.zeros(3))[0].spectrum
STARS = photons.Greybody(3000.0, 1.0)
PURE = spectra.PowerLaw(1e-18, index=2.3)
ENERGIES = jnp.geomspace(0.1, 1e4, 9)
SIGMA = si.physical_constants["Thomson cross section"][0]
MYR = 3.15576e13


def log_density(spectrum, energies=ENERGIES):
    return eqx.filter_jit(lambda s, e: jax.vmap(s.log_density)(jnp.log(e)))(spectrum, energies)


def beta(field):
    """b/gamma^2 of synchrotron, in SI, per Myr."""
    return 4 / 3 * SIGMA * si.c * (field * 1e-10) ** 2 / (2 * si.mu_0) / (si.m_e * si.c**2) * MYR


def test_rates():
    gamma = jnp.asarray(1e4)
    np.testing.assert_allclose(losses.synchrotron(gamma, jnp.asarray(5.0)), beta(5.0) * 1e8, rtol=1e-7)
    # a blackbody: the Thomson limit has the energy density in place of that of the field
    density = np.pi**2 / 15 * (si.k * 2.7255) ** 4 / (si.hbar * si.c) ** 3
    thomson = 4 / 3 * SIGMA * si.c * density / (si.m_e * si.c**2) * MYR * 1e8
    cooled = spectra.Cooled(PURE, radiation=CMB)
    np.testing.assert_allclose(cooled.rate(jnp.asarray(1e4 * REST)) * 1e4, thomson, rtol=4e-4)
    # a radiation length of hydrogen, 63.05 g cm^-2 (Particle Data Group), to a few per cent
    length = losses.bremsstrahlung(gamma, jnp.asarray(0.0), jnp.asarray(1.0)) / gamma / (si.c * 100 * MYR)
    np.testing.assert_allclose(length, 1.6735e-24 / 63.05, rtol=0.02)
    # Longair 2011: 7.64e-9 (3 ln gamma + 19.8) eV/s, Ginzburg 1979: 7.62e-9 (ln gamma - ln n + 73.4) eV/s
    none, one = jnp.asarray(0.0), jnp.asarray(1.0)
    scale = MYR / (REST * 1e9)
    np.testing.assert_allclose(losses.coulomb(gamma, none, one), 7.64e-9 * (3 * np.log(1e4) + 19.8) * scale, rtol=2e-3)
    np.testing.assert_allclose(losses.coulomb(gamma, one, none), 7.62e-9 * (np.log(1e4) + 73.4) * scale, rtol=1e-2)


def test_klein_nishina_losses_are_those_of_the_emission():
    """The energy that electrons of 1 TeV lose to starlight is what they emit, by an integral over the gamma rays."""
    gamma = 1e3 / REST
    x = np.linspace(-30, 0, 6000)[1:-1]
    scattered = gamma * np.exp(x)
    t = scattered / (gamma - scattered)
    first, second = jax.vmap(STARS.integrals)(jnp.asarray(t / (4 * gamma)))
    rate = 0.75 * SIGMA * 1e4 * si.c * 100 / gamma**2 * (first + t * t / (2 * (1 + t)) * second)
    emitted = np.trapezoid(rate * scattered**2, x) * MYR
    cooled = spectra.Cooled(PURE, radiation=STARS)
    np.testing.assert_allclose(cooled.rate(jnp.asarray(1e3)) * gamma, emitted, rtol=1e-3)


def test_steady_state(precision):
    """Pure synchrotron: N = Q gamma/((p - 1) b), a power law of p + 1."""
    gamma = np.asarray(ENERGIES) / REST
    exact = np.log(1e-18 * (np.asarray(ENERGIES) / 10) ** -2.3 * gamma / 1.3 / (beta(3.0) * gamma**2))
    single = spectra.Cooled(spectra.PowerLaw(1e-18, index=2.3), magnetic_field=3.0)
    np.testing.assert_allclose(
        log_density(single, jnp.asarray(np.asarray(ENERGIES))), exact, atol=1e-6 if precision == "float64" else 1e-4
    )


@pytest.mark.parametrize("index", [1.05, 1.2])
def test_hard_injection_comes_from_far_above(index):
    """N = Q gamma/((p - 1) b): a fifth of it, at p = 1.05, from more than 13 decades above; for p <= 1 without end."""
    hard = spectra.Cooled(spectra.PowerLaw(1e-18, index=index), magnetic_field=3.0)
    gamma = 10.0 / REST
    exact = 1e-18 * gamma / (index - 1) / (beta(3.0) * gamma**2)
    value, slope = jax.value_and_grad(hard.log_density)(jnp.log(jnp.asarray(10.0)))
    assert float(value) == pytest.approx(np.log(exact), abs=1e-5)
    assert float(slope) == pytest.approx(-index - 1, abs=1e-5)
    endless = spectra.Cooled(spectra.PowerLaw(1e-18, index=0.9), magnetic_field=3.0)
    assert float(endless.log_density(jnp.log(jnp.asarray(10.0)))) == np.inf


@pytest.mark.parametrize("injected", ["steadily", "once"])
def test_ages(injected):
    """Kardashev 1962: y = b t/gamma, N = Q (1 - y)^(p - 2), and N = Q gamma (1 - (1 - y)^(p - 1))/((p - 1) b)."""
    age = 50.0
    cut = 1 / (beta(3.0) * age) * REST
    energies = cut * jnp.asarray([1e-4, 1e-2, 0.3, 0.9, 1.2, 30.0])
    y, gamma = np.asarray(energies) / cut, np.asarray(energies) / REST
    source = 1e-18 * (np.asarray(energies) / 10) ** -2.3
    found = np.exp(log_density(spectra.Cooled(PURE, magnetic_field=3.0, age=age, injected=injected), energies))
    left = np.maximum(1 - y, 0)
    if injected == "once":
        exact = np.where(y < 1, source * left**0.3, 0)
    else:
        exact = source * gamma / 1.3 * (1 - left**1.3) / (beta(3.0) * gamma**2)
    np.testing.assert_allclose(found, exact, rtol=2e-6, atol=1e-60)


@pytest.mark.long
def test_all_losses_keep_the_balance():
    """d(b N)/d gamma = -Q with every loss at once."""
    light = (CMB, STARS)
    cooled = spectra.Cooled(PURE, magnetic_field=3.0, radiation=light, ionised=0.03, neutral=1.0)

    def flow(log_energy):
        energy = jnp.exp(log_energy)
        return jnp.exp(cooled.log_density(log_energy)) * cooled.rate(energy) * energy / REST

    for energy in (0.05, 1.0, 100.0, 1e4):
        at = jnp.log(jnp.asarray(energy))
        lost = jax.grad(flow)(at) / (energy / REST)
        np.testing.assert_allclose(-lost, PURE(jnp.asarray(energy)), rtol=1e-4)


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({}, marks=pytest.mark.long),
        {"age": 30.0},
        pytest.param({"age": 30.0, "injected": "once"}, marks=pytest.mark.long),
    ],
    ids=["steady", "aged", "once"],
)
def test_derivatives(parameters):
    cooled = spectra.Cooled(PURE, magnetic_field=3.0, radiation=(CMB, STARS), ionised=0.03, neutral=1.0, **parameters)
    flat, back = jax.flatten_util.ravel_pytree(cooled)
    energies = jnp.asarray([0.1, 3.0, 30.0])
    run = jax.jit(lambda scale: jax.vmap(back(scale * flat).log_density)(jnp.log(energies)))
    jacobian, one = jax.jit(jax.jacfwd(run))(jnp.ones(flat.size)), jnp.ones(flat.size)
    reverse = jax.jit(jax.jacrev(run))(one)
    for k in range(flat.size):
        ends = [run(one.at[k].add(s * 1e-4)) for s in (-2, -1, 1, 2)]
        slope = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / 12e-4
        np.testing.assert_allclose(jacobian[:, k], slope, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(reverse, jacobian, rtol=1e-9, atol=1e-12)


def test_both_emissions_take_it():
    cooled = spectra.Cooled(PURE, magnetic_field=3.0, radiation=CMB, age=100.0)
    at = compton_table.Electrons.of(CMB, jnp.asarray(1.0), 160)
    assert np.isfinite(eqx.filter_jit(compton_table.shared)(at, cooled))
    nodes = spectrum_table.rule(16)
    found = eqx.filter_jit(lambda s: spectrum_table.moments(s, nodes, jnp.dtype("float64")).values)(cooled)
    assert np.all(np.isfinite(found))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: spectra.Cooled(PURE), "without losses"),
        (lambda: spectra.Cooled(PURE, magnetic_field=1.0, injected="once"), "age"),
        (lambda: spectra.Cooled(3.0, magnetic_field=1.0), "injection"),
        (lambda: spectra.Cooled(PURE, magnetic_field=1.0, age=-1.0), "age"),
    ],
)
def test_bad_input_is_refused(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


@pytest.mark.parametrize("age", [1e-4, 1e-3, 1.0, 300.0])
def test_young_electrons_keep_their_digits_in_single_precision(age):
    """Injected since `age`: by synchrotron losses alone N = Q gamma/((p - 1) b) [1 - (1 - k gamma t)^(p - 1)]."""

    def cooled(age):
        spectra = sl.cosmic_rays.spectra
        return spectra.Cooled(spectra.PowerLaw(1e-20, index=2.2), magnetic_field=3.0, age=age)

    energies = np.geomspace(1e-3, 10.0, 9)
    found = {}
    for double in (True, False):
        with jax.enable_x64(double):
            place = jnp.log(jnp.asarray(energies))
            density = jax.jit(jax.vmap(lambda at, age: cooled(age).log_density(at), (0, None)))
            slope = jax.jit(jax.vmap(jax.grad(lambda age, at: cooled(age).log_density(at)), (None, 0)))
            values = density(place, jnp.asarray(age)), slope(jnp.asarray(age), place) * age
            found[double] = [np.asarray(part, np.float64) for part in values]
    rate = np.asarray(jax.vmap(cooled(1.0).rate)(jnp.asarray(energies)))
    turned = np.maximum(1 - rate * age, 0)
    injected = np.asarray(jax.vmap(cooled(1.0).injection)(jnp.asarray(energies)))
    exact = np.log(injected / (1.2 * rate) * -np.expm1(1.2 * np.log(np.maximum(turned, 1e-300))))
    np.testing.assert_allclose(found[True][0], exact, atol=2e-5)
    np.testing.assert_allclose(found[False][0], found[True][0], atol=5e-5)
    np.testing.assert_allclose(found[False][1], found[True][1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("injected", ["steadily", "once"])
@pytest.mark.parametrize("radiation", [(), (CMB,)])
def test_second_derivatives_of_ages(injected, radiation):
    """Where losses are not as gamma^2 alone the age of an energy is no linear function of its inverse."""

    def value(x):
        source = spectra.PowerLaw(1e-18, index=x[3])
        loss = {"magnetic_field": x[0], "neutral": x[1], "age": x[2], "radiation": radiation}
        return spectra.Cooled(source, **loss, injected=injected).log_density(jnp.log(2.0))

    at, step = jnp.asarray([3.0, 1.0, 5.0, 2.2]), 1e-4 * jnp.eye(4)
    slope = jax.jit(jax.grad(value))
    right = np.stack([(slope(at + one) - slope(at - one)) / 2e-4 for one in step])
    np.testing.assert_allclose(jax.jit(jax.hessian(value))(at), right, rtol=1e-4, atol=1e-6)


def test_energies_and_photons_of_cooling_are_what_they_say():
    u = pytest.importorskip("astropy.units")
    cooled = spectra.Cooled(PURE, magnetic_field=3.0)
    np.testing.assert_allclose(cooled.rate(10 * u.TeV), 1e3 * cooled.rate(10.0), rtol=1e-6)
    np.testing.assert_allclose(cooled.rate([10.0, 1e4])[1], 1e3 * cooled.rate(10.0), rtol=1e-6)
    for light in (sl.radiation.CMB(), (STARS, sl.radiation.CMB())):
        with pytest.raises(TypeError, match=r"radiation.*field\.photons"):
            spectra.Cooled(PURE, radiation=light)


def test_narrow_lines_and_strengths_of_photons_count():
    """A line of a table lay between the nodes of a rule, and what a field is multiplied by was nowhere."""
    line = photons.Tabulated([0, 0, 1, 0, 0], energies=[1e-6, 0.99, 1.0, 1.01, 1e4])
    same = photons.Monochromatic(1.0, float(line.total()))
    cooled = [spectra.Cooled(PURE, radiation=light).rate([1.0, 1e3]) for light in (line, same)]
    np.testing.assert_allclose(*cooled, rtol=1e-4)
    field = 0.5 * sl.radiation.CMB() + sl.radiation.CMB()
    double = spectra.Cooled(PURE, radiation=field.photons(jnp.zeros(3)))
    np.testing.assert_allclose(double.rate(10.0), 1.5 * spectra.Cooled(PURE, radiation=CMB).rate(10.0), rtol=1e-6)


def test_where_a_grid_has_no_photons_none_are_scattered():
    """Their share of none was NaN; the slope by their strength is what they would scatter."""
    grid = sl.radiation.Grid(np.full((3, 2, 2, 2), 0.2), energies=[0.1, 1.0, 10.0], half_widths=(5.0, 5.0, 5.0))
    (light,), (none,) = (grid.photons(jnp.asarray([x, 0.0, 0.0])) for x in (0.0, 9.0))
    cooled, plain = (spectra.Cooled(PURE, magnetic_field=3.0, radiation=light) for light in (none, ()))
    np.testing.assert_allclose(cooled.rate([1.0, 1e3]), plain.rate([1.0, 1e3]), rtol=1e-7)
    lit = [eqx.filter_grad(lambda one: spectra.Cooled(PURE, radiation=one).rate(10.0))(one) for one in (none, light)]
    np.testing.assert_allclose(*(one.spectrum.values for one in lit), rtol=1e-5)
