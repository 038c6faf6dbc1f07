"""Operators at one point: contracts, signs and sums."""

import dataclasses
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

import sightline as sl
from sightline.sky.emission import Plasma, StokesVector, TransferCoefficients
from sightline.sky.emission.ensemble import mean_powers
from sightline.sky.fields import Population
from sightline.testing import check_operator


@pytest.mark.parametrize("operator", [sl.emission.Synchrotron, sl.emission.FaradayRotation])
def test_contract(operator, precision):
    check_operator(operator())


def ray():
    lines = sl.Sightlines(sl.Directions(30.0, 20.0))
    return jax.tree.map(lambda leaf: leaf[..., 0], lines.rays)


def plasma(along, index=3.0):
    field = tuple(jnp.asarray(along))
    rays = (Population(jnp.asarray(4e-5), jnp.asarray(index)),)
    return Plasma(jnp.zeros(3), field, jnp.asarray(0.01), rays)


def test_polarisation_is_perpendicular_to_the_field():
    r, nu = ray(), jnp.asarray(2.4)
    for direction, sign in ((r.north, -1), (r.east, 1)):
        j = sl.emission.Synchrotron()(plasma(3 * direction), r, nu).emissivity
        assert sign * j.Q / j.I == pytest.approx(0.75)  # (p + 1)/(p + 7/3)
        assert pytest.approx(0, abs=1e-15) == j.U / j.I
    j = sl.emission.Synchrotron()(plasma(2 * (r.north + r.east)), r, nu).emissivity
    assert pytest.approx(-0.75) == j.U / j.I  # electric vector from north to west: chi = -45 deg


def test_emissivity_scales_with_field_and_frequency():
    r = ray()
    for p in (2.5, 3.0, 4.0):
        operator = jax.jit(sl.emission.Synchrotron())
        base = operator(plasma(1.0 * r.east, p), r, jnp.asarray(1.0)).emissivity.I
        stronger = operator(plasma(2.0 * r.east, p), r, jnp.asarray(1.0)).emissivity.I
        higher = operator(plasma(1.0 * r.east, p), r, jnp.asarray(2.0)).emissivity.I
        assert stronger / base == pytest.approx(2 ** ((p + 1) / 2))
        assert higher / base == pytest.approx(2 ** (-(p + 3) / 2))


def test_rotation_is_positive_for_fields_towards_the_observer():
    r = ray()
    found = sl.emission.FaradayRotation()(plasma(-5.0 * r.direction), r, jnp.asarray(1.0)).rotation.V
    wavelength = 0.299792458
    assert found == pytest.approx(2 * wavelength**2 * 811.901 * 0.01 * 5, rel=1e-6)


def test_populations_emit_with_their_own_index():
    r, nu = ray(), jnp.asarray(0.4)
    first, second = plasma(r.east, 2.4), plasma(r.east, 3.4)
    both = eqx.tree_at(lambda p: p.cosmic_rays, first, first.cosmic_rays + second.cosmic_rays)
    operator = sl.emission.Synchrotron()
    total = operator(both, r, nu).emissivity.Q
    assert total == pytest.approx(operator(first, r, nu).emissivity.Q + operator(second, r, nu).emissivity.Q)


def test_coefficients_add_and_keep_none():
    one = TransferCoefficients(emissivity=StokesVector(I=jnp.asarray(1.0)))
    two = TransferCoefficients(emissivity=StokesVector(I=jnp.asarray(2.0), Q=jnp.asarray(3.0)))
    total = one + two
    assert total.emissivity.I == 3
    assert total.emissivity.Q == 3
    assert total.emissivity.U is None
    assert total.absorption.I is None


def test_backgrounds():
    r = ray()
    cmb = sl.emission.CMB()(r, jnp.asarray(23.0)).I
    photon = 0.0479924307 * 23  # K
    assert cmb == pytest.approx(2.7255 - photon / 2 + photon**2 / (12 * 2.7255), rel=1e-3)  # for h nu << k T
    with jax.enable_x64(False):  # at 12 THz e^(h nu/kT) = e^211 is no number of single precision
        assert np.isfinite(jax.jacrev(lambda t: sl.emission.CMB(t)(r, jnp.asarray(12e3)).I)(jnp.asarray(2.7255)))
    power_law = sl.emission.IsotropicBackground()(r, jnp.asarray(0.31)).I
    assert power_law == pytest.approx(24.1)
    assert pytest.approx(24.1 * 2**-2.599) == sl.emission.IsotropicBackground()(r, jnp.asarray(0.62)).I


def test_the_contract_check_finds_faults():
    class Greedy(sl.emission.AbstractEmissionOperator):
        needs: ClassVar[tuple[str, ...]] = ("electron_density",)

        def __call__(self, plasma, ray, frequency):
            return TransferCoefficients(emissivity=StokesVector(I=plasma.temperature * plasma.electron_density))

    class Rough(sl.emission.AbstractEmissionOperator):
        needs: ClassVar[tuple[str, ...]] = ("electron_density",)

        def __call__(self, plasma, ray, frequency):
            return TransferCoefficients(emissivity=StokesVector(I=jnp.sqrt(plasma.electron_density)))

    class Steep(sl.emission.AbstractEmissionOperator):
        needs: ClassVar[tuple[str, ...]] = ("electron_density",)

        def exponents(self, plasma):
            return TransferCoefficients(StokesVector(I=jnp.full_like(plasma.electron_density, -3)))

        def __call__(self, plasma, ray, frequency):
            return TransferCoefficients(StokesVector(I=plasma.electron_density / frequency**2))

    class Partial(Steep):
        def __call__(self, plasma, ray, frequency):
            emission = plasma.electron_density / frequency**3
            return TransferCoefficients(StokesVector(I=emission, Q=emission))

    class Mixed(sl.emission.AbstractEmissionOperator):
        needs: ClassVar[tuple[str, ...]] = ("cosmic_rays",)

        def exponents(self, plasma):
            return TransferCoefficients(StokesVector(I=-plasma.cosmic_rays[0].index))

        def __call__(self, plasma, ray, frequency):
            return TransferCoefficients(
                StokesVector(I=sum(p.density * frequency**-p.index for p in plasma.cosmic_rays))
            )

    for wrong in (Steep(), Mixed()):
        with pytest.raises(AssertionError, match="not the powers of exponents"):
            check_operator(wrong)
    with pytest.raises(AssertionError, match="has other parts than its coefficients"):
        check_operator(Partial())
    with pytest.raises(AssertionError, match="holds only what it needs"):
        check_operator(Greedy())
    with pytest.raises(AssertionError, match="not finite"):
        check_operator(Rough())


class Amplitude(sl.fields.AbstractField):
    """A random field of uniform rms, as a user would write it."""

    sigma: jax.Array = sl.param(3.0, unit="uG")

    def __call__(self, position):
        return self.sigma


def realisations(east, north, sigma, count=200_000):
    """Draws of the field across the ray: fixed components plus an isotropic Gaussian of rms modulus sigma."""
    noise = np.random.default_rng(5).normal(0, sigma / np.sqrt(3), (2, count))
    return east + np.concatenate([noise[0], -noise[0]]), north + np.concatenate([noise[1], -noise[1]])


@pytest.mark.parametrize("p", [2.2, 3.0, 4.6])
@pytest.mark.parametrize("sigma", [0.5, 3.0, 20.0])
def test_random_field_gives_the_mean_over_realisations(p, sigma):
    r, nu = ray(), jnp.asarray(1.0)
    east, north = realisations(2.0, -1.0, sigma)
    fields = jnp.asarray(east)[:, None] * r.east + jnp.asarray(north)[:, None] * r.north
    each = jax.vmap(lambda b: sl.emission.Synchrotron()(plasma(b, p), r, nu).emissivity)(fields)
    found = sl.emission.Synchrotron(random=Amplitude(sigma))(plasma(2.0 * r.east - r.north, p), r, nu).emissivity
    for name in "IQU":
        values = getattr(each, name)
        error = 5 * float(jnp.std(values)) / len(east) ** 0.5 + 1e-9 * float(found.I)
        assert getattr(found, name) == pytest.approx(float(jnp.mean(values)), abs=error)


def test_random_field_for_p_3_is_exact():
    r, nu = ray(), jnp.asarray(1.0)
    field = 2.0 * r.east - r.north
    regular = sl.emission.Synchrotron()(plasma(field), r, nu).emissivity
    mean = sl.emission.Synchrotron(random=Amplitude(3.0))(plasma(field), r, nu).emissivity
    assert pytest.approx((5 + 2 * 9 / 3) / 5, rel=1e-14) == mean.I / regular.I
    assert pytest.approx(float(regular.Q), rel=1e-14) == mean.Q
    assert pytest.approx(float(regular.U), rel=1e-14) == mean.U


@pytest.mark.parametrize("p", [2.0, 2.5, 3.7, 5.0])
def test_moments_equal_the_kummer_functions(p):
    a, x = (p + 1) / 4, np.logspace(-3, 2, 30)
    intensity, polarised = jax.vmap(lambda s: mean_powers(s, jnp.asarray(1.0), jnp.asarray(a)))(jnp.asarray(x))
    total = (1 + x) ** (a - 1)
    exact = special.gamma(1 + a) * special.hyp1f1(-a, 1, -x), special.gamma(2 + a) / 2 * special.hyp1f1(1 - a, 3, -x)
    np.testing.assert_allclose(intensity * total * (1 + x), exact[0], rtol=2e-9)
    np.testing.assert_allclose(polarised * total, exact[1], rtol=2e-9)


def test_striation_multiplies_all_of_the_regular_emission():
    r, nu = ray(), jnp.asarray(1.0)
    for p in (2.5, 3.0):
        regular = sl.emission.Synchrotron()(plasma(2.0 * r.east - r.north, p), r, nu).emissivity
        striated = sl.emission.Synchrotron(striation=1.36)(plasma(2.0 * r.east - r.north, p), r, nu).emissivity
        for name in "IQU":
            ratio = getattr(striated, name) / getattr(regular, name)
            assert ratio == pytest.approx(2.36 ** ((p + 1) / 4))


@pytest.mark.long
def test_random_operators_hold_their_contract(precision):
    check_operator(sl.emission.Synchrotron(random=Amplitude(), striation=0.5))
    check_operator(sl.emission.FaradayRotation(random=Amplitude(), coherence_length=0.05))


def test_refuses_amplitudes_that_are_none():
    with pytest.raises(TypeError, match="is a vector"):
        sl.emission.Synchrotron(random=sl.magnetic.LSA())
    with pytest.raises(TypeError, match="random"):
        sl.emission.Synchrotron(random=3.0)
    with pytest.raises(ValueError, match="needs both"):
        sl.emission.FaradayRotation(random=Amplitude())


def test_dispersion_fades_a_slab_as_burn_has_it():
    """P of a slab with random rotation only: P_0 (1 - e^-S)/S, S = 2 lambda^4 sigma_RM^2 (Burn 1966, eq. 18)."""
    operators = sl.emission.Synchrotron(), sl.emission.FaradayRotation(random=Amplitude(3.0), coherence_length=0.05)
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.Uniform((0.0, 0.0, 5.0)),
        electron_density=sl.electrons.Uniform(0.02),
        cosmic_rays=sl.cosmic_rays.Uniform(4e-5),
        emission=operators,
    )
    lines = sl.Sightlines(sl.Directions(0.0, 0.0), sl.RadialCells(cells=16, distance=2.0))
    clear = dataclasses.replace(simulator, emission=(sl.emission.Synchrotron(),))(lines, 0.5)
    scatter = 2 * 0.599584916**4 * (811.901 * 0.02) ** 2 * 9 / 3 * 0.05 * 2.0
    found = simulator(lines, 0.5)
    np.testing.assert_allclose(found.Q / clear.Q, -np.expm1(-scatter) / scatter, rtol=1e-6)
    np.testing.assert_allclose(found.I, clear.I, rtol=1e-12)


def test_fading_random_fields_have_finite_derivatives(precision):
    """The squares of very small fields leave single precision."""

    def emitted(size, p):
        b, sigma = size * jnp.array([2.0, -1.0, 0.5]), Amplitude(size)
        return sl.emission.Synchrotron(random=sigma)(plasma(b, p), ray(), jnp.asarray(1.0)).emissivity.I

    for p in (2.7, 3.0):
        for size in 10.0 ** -np.arange(1, 26, 3):
            value, slope = jax.value_and_grad(emitted)(jnp.asarray(size), p)
            assert jnp.isfinite(value), size
            assert jnp.isfinite(slope), size


def operators():
    """Those of power laws, in the precision of the moment."""
    return (
        sl.emission.Synchrotron(absorption="polarised"),
        sl.emission.CircularSynchrotron(absorption="polarised"),
        sl.emission.RelativisticConversion(30.0),
    )


@eqx.filter_jit
def coefficients_of_index(p):
    """The coefficients of all operators of power laws, and their slopes."""

    def all_of(p):
        electrons = (Population(jnp.asarray(5e-18), p, pivot=2e4),)
        at = Plasma(jnp.zeros(3), tuple(jnp.asarray([3.0, -2.0, 1.0])), cosmic_rays=electrons)
        return jnp.stack(jax.tree.leaves([operator(at, ray(), jnp.asarray(1.0)) for operator in operators()]))

    return all_of(p), jax.jacfwd(all_of)(p)


def closed_form(p):
    """I emitted and absorbed, relative to p = 3 but for the powers of frequency and field (Rybicki & Lightman 1979)."""
    gammas = special.gamma(p / 4 + 19 / 12) * special.gamma(p / 4 - 1 / 12) / (p + 1)
    absorbed = special.gamma(p / 4 + 11 / 6) * special.gamma(p / 4 + 1 / 6)
    circular = (p + 2) / p * special.gamma(p / 4 + 2 / 3) * special.gamma(p / 4 + 1 / 3)
    return np.array([gammas, absorbed, circular])


def test_power_laws_beyond_2_to_5_shine_and_lead_back(precision):
    """They were dark, without a gradient."""
    across = np.hypot(*(float(x) for x in ray().project(tuple(jnp.asarray([3.0, -2.0, 1.0])))[:2]))
    critical = 3 * 1.602176634e-19 * across * 1e-10 / (2 * np.pi * 9.1093837015e-31) * 1e-9 * 2e4**2  # of the pivot
    known, _ = coefficients_of_index(jnp.asarray(3.0))
    for p in (0.6, 1.0, 1.9, 5.3, 6.5, 7.0):
        values, slopes = coefficients_of_index(jnp.asarray(p))
        found = (values / known)[jnp.array([0, 3, 6])]
        expected = closed_form(p) / closed_form(3.0) * critical ** ((p - 3) / 2)
        np.testing.assert_allclose(found, expected, rtol=1e-4)
        assert bool(jnp.all(jnp.isfinite(slopes) & (slopes != 0)))
    for p in (-0.5, 0.1, 8.0, 11.0):
        values, slopes = coefficients_of_index(jnp.asarray(p))
        assert bool(jnp.all(jnp.isfinite(values) & jnp.isfinite(slopes) & (slopes != 0)))
    none, _ = coefficients_of_index(jnp.asarray(0.0))
    assert not bool(jnp.any(none))  # outside the box of a grid of indices


@pytest.mark.parametrize("p", [1.0, 5.5, 6.5])
def test_moments_beyond_2_to_5(p):
    for a in ((p + 1) / 4, (p + 2) / 4):
        x = np.logspace(-3, 2, 30)
        intensity, polarised = jax.vmap(lambda s: mean_powers(s, jnp.asarray(1.0), jnp.asarray(a)))(jnp.asarray(x))  # noqa: B023
        total = (1 + x) ** (a - 1)
        np.testing.assert_allclose(
            intensity * total * (1 + x), special.gamma(1 + a) * special.hyp1f1(-a, 1, -x), rtol=1e-5
        )
        np.testing.assert_allclose(
            polarised * total, special.gamma(2 + a) / 2 * special.hyp1f1(1 - a, 3, -x), rtol=1e-5
        )


def shining(cosmic_rays, *operators):
    return sl.Simulator(
        magnetic_field=sl.magnetic.Uniform((1.0, 2.0, 3.0)),
        cosmic_rays=cosmic_rays,
        emission=operators or sl.emission.Synchrotron(),
    )


def test_indices_for_which_an_operator_is_not_made_warn():
    lines = sl.Sightlines(sl.Directions([30.0, 120.0], [0.0, 10.0]), cells=sl.RadialCells(cells=4, distance=10.0))
    rays, spectra = sl.cosmic_rays, sl.cosmic_rays.spectra
    steep = eqx.tree_at(lambda field: field.index, rays.Uniform(), jnp.asarray(5.5))
    small = sl.electrons.Grid(jnp.full((3, 3, 3), 3.0), half_widths=(9.0, 9.0, 9.0))
    curved = rays.WithSpectrum(rays.Uniform(), spectra.CutOffPowerLaw(cut_off_energy=1.0))
    cases = {
        r"cosmic_rays\.index is 5\.5": steep,
        r"cosmic_rays\.terms\.old\.field\.index is 5\.5": sl.fields.Sum(new=rays.Uniform(), old=2.0 * steep),
        r"reaches from .* to [67]\.": rays.Uniform(index=rays.LinearIndex(3.0, -0.3)),
        r"reaches from 0 to 3": rays.Uniform(index=small),
        r"touches cosmic_rays\.spectrum is 13;": curved,
    }
    for message, field in cases.items():
        with pytest.warns(sl.SpectralIndexWarning, match=message):
            shining(field)(lines, 1.0)
    with pytest.warns(sl.SpectralIndexWarning, match="SynchrotronSpectrum is made"):
        shining(steep, sl.emission.SynchrotronSpectrum())(lines, 1.0)
    bounded = sl.fields.Confined(rays.Uniform(index=rays.LinearIndex(3.0, -0.3)), radius=1.0, centre=(0.0, 0.0, 0.0))
    quiet = [(curved, sl.emission.SynchrotronSpectrum()), (bounded, sl.emission.Synchrotron())]
    for field, operator in quiet:  # warnings are errors here
        shining(field, operator)(lines, 1.0)


def test_free_free_covers_its_frequencies_and_shines_when_cold():
    simulator = sl.Simulator(
        electron_density=sl.electrons.Uniform(0.1),
        temperature=sl.temperature.Uniform(0.5),
        emission=sl.emission.FreeFree(),
    )
    lines = sl.Sightlines(sl.Directions(0.0, 0.0), cells=sl.RadialCells(cells=2, distance=1e-9))
    with pytest.raises(ValueError, match=r"FreeFree holds from 0 to 1000 GHz"):
        simulator(lines, 2e3)
    assert float(simulator(lines, 1e-4).I[0]) > 0

    @jax.jit
    def brightness(temperature):
        return eqx.tree_at(lambda s: s.temperature.t0, simulator, temperature)(lines, 1.0).I[0]

    for temperature in (1e-3, 0.5, 2.0):
        slope = jax.grad(brightness)(jnp.asarray(temperature))
        assert bool(jnp.isfinite(slope) & (slope != 0) & (brightness(jnp.asarray(temperature)) > 0))


def test_fluxes_normalise_every_model():
    """At the reference energy, whatever the name of the argument that takes the density."""
    sun, energy = jnp.asarray(sl.SUN), 20.6
    expected = 4 * np.pi * 0.51099895e-3 / 299792458.0 * 1e-6 * 0.0217 / np.sqrt(1 - (0.51099895e-3 / energy) ** 2)
    network = eqx.nn.MLP(3, "scalar", 4, 1, key=jax.random.key(0))
    rays = sl.cosmic_rays
    models = [
        rays.Uniform.from_flux(0.0217, energy),
        rays.ExponentialDisk.from_flux(0.0217, energy),
        rays.AnalyticDisk.from_flux(0.0217, energy, sun=(-8.3, 0.0, 0.0)),
        rays.Grid.from_flux(np.full((2, 2, 2), 0.0217), energy),
        rays.HealpixRadialGrid.from_flux(np.full((12, 3), 0.0217), energy, edges=(0.0, 5.0, 10.0, 30.0)),
    ]
    for model in models:
        (population,) = model.populations(jnp.asarray([-8.3, 0.0, 0.0]))
        density = population.normalisation * (energy / 0.51099895e-3) ** -population.index
        np.testing.assert_allclose(density, expected, rtol=1e-4)
    neural = rays.Neural.from_flux(0.0217, energy, network=network)
    np.testing.assert_allclose(neural.n0, expected, rtol=1e-6)
    moved = [rays.AnalyticDisk(index=rays.LinearIndex(3.2, 0.02), reference_energy=e) for e in (20.6, 3.0, None)]
    for model in moved:
        np.testing.assert_allclose(model(sun), moved[0](sun), rtol=1e-9)


@pytest.mark.parametrize("cut_off", [5.0, 100.0, 1e4])
def test_second_derivatives_behind_a_cut_off(cut_off, precision):
    """Far above it there is so little emission that 1/x^2 is no number."""
    lines = sl.Sightlines(sl.Directions([30.0], [5.0]), cells=sl.BoxCells(cells=2))

    def sky(x):
        spectrum = sl.cosmic_rays.spectra.CutOffPowerLaw(index=x[0], cut_off_energy=x[1])
        rays = sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.ExponentialDisk(), spectrum)
        emission = sl.emission.SynchrotronSpectrum()
        return sl.Simulator(magnetic_field=sl.magnetic.LSA(), cosmic_rays=rays, emission=emission)(lines, 1.4).I[0]

    at, slope = jnp.asarray([2.8, cut_off]), jax.jit(jax.grad(sky))
    found = jax.jit(jax.hessian(sky))(at)
    assert np.all(np.isfinite(found))
    assert np.all(np.isfinite(slope(at)))
    if precision == "float64":
        steps = jnp.diag(1e-4 * at)
        right = np.stack([(slope(at + one) - slope(at - one)) / (2 * jnp.sum(one)) for one in steps])
        np.testing.assert_allclose(found, right, rtol=1e-5)


@pytest.mark.parametrize("p", [3.0, 4.0])
def test_second_derivatives_where_there_is_no_field(p, precision):
    r, nu = ray(), jnp.asarray(1.0)

    def emissivity(strength):
        found = sl.emission.Synchrotron(absorption="total")(plasma(strength * r.east, p), r, nu).emissivity
        return jnp.stack([found.I, found.Q])

    curvature = jax.jit(jax.hessian(emissivity))(jnp.asarray(0.0))
    wanted = 2 * emissivity(jnp.asarray(1.0)) if p == 3 else jnp.zeros(2)  # j is B_perp^2 for p = 3
    np.testing.assert_allclose(curvature, wanted, rtol=1e-6)
