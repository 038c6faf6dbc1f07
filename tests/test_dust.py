"""Laws of dust against their papers, columns of gas counted one by one, screens."""

import astropy.units as u
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl

LAWS = {"CCM89": {}, "O94": {}, "F99": {}, "G23": {}, "Calzetti": {}}
# Wavelengths and A/A_V by dust_extinction 1.7 for R_V = 2.5, 3.1, 5.5.
FROZEN = {
    "CCM89": (
        (1216.0, 2175.0, 5000.0, 20000.0),
        (
            (4.634755595750107, 3.9498266421299695, 1.1477202244994489, 0.11898372107033935),
            (3.5040153428918424, 3.1851012753144046, 1.1222468788993016, 0.13234973378969464),
            (1.4481239740586354, 1.7946915174679237, 1.0759317050808523, 0.15665157509761338),
        ),
    ),
    "O94": (
        (1500.0, 3500.0, 4861.0, 16000.0),
        (
            (3.401465275323199, 1.7708059857062235, 1.2247794751211534, 0.170416902685836),
            (2.6638792147137167, 1.604078229562877, 1.181658231335162, 0.18956065166596298),
            (1.3228136499692031, 1.3009368547567932, 1.1032559699060869, 0.22436746799346652),
        ),
    ),
    "F99": (
        (1250.0, 2175.0, 5500.0, 22000.0),
        (
            (4.453810254887651, 3.806456142759135, 0.9720193408300579, 0.11040767069229385),
            (3.1971440203308332, 3.075882845904466, 0.9778952707596905, 0.10920890177199163),
            (1.6356202910646356, 1.9780088322886353, 0.9885723296470816, 0.107027883458575),
        ),
    ),
    "G23": (
        (1000.0, 2175.0, 6563.0, 100000.0),
        (
            (7.071629672706206, 3.9207311430560194, 0.7742562234719375, 0.07672845522792066),
            (5.144083108289096, 3.2203580851538285, 0.8014830381440883, 0.08364113296822111),
            (1.6394529911670803, 1.9469525253316635, 0.8509863375479987, 0.09620963795058554),
        ),
    ),
}


@pytest.mark.parametrize("name", LAWS)
def test_laws_keep_their_contract(name, precision):
    sl.testing.check_law(getattr(sl.dust, name)())


def test_values_of_the_papers():
    """CCM89, table 3: U, V, R, I, J, H, K, its B being 1 % off its own formula; F99, table 3; Calzetti at its joint."""
    x = np.array([2.78, 1.82, 1.43, 1.11, 0.80, 0.63, 0.46])
    table = [1.569, 1.000, 0.751, 0.479, 0.282, 0.190, 0.114]
    np.testing.assert_allclose(sl.dust.CCM89().ratio(1e4 / x), table, atol=0.003)
    wave = [26500.0, 12200.0, 6000.0, 5470.0, 4670.0, 4110.0, 2700.0, 2600.0]
    spline = [0.265, 0.829, 2.688, 3.055, 3.806, 4.315, 6.265, 6.591]
    np.testing.assert_allclose(3.1 * np.asarray(sl.dust.F99().ratio(wave)), spline, atol=0.001)
    below, above = (4.05 * float(sl.dust.Calzetti().ratio(w)) for w in (6299.999, 6300.001))
    assert below == pytest.approx(2.659 * (-2.156 + 1.509 / 0.63 - 0.198 / 0.63**2 + 0.011 / 0.63**3) + 4.05, abs=1e-5)
    assert above == pytest.approx(2.659 * (-1.857 + 1.040 / 0.63) + 4.05, abs=1e-5)


@pytest.mark.parametrize("name", FROZEN)
def test_laws_equal_those_of_dust_extinction(name):
    wave, expected = FROZEN[name]
    found = [getattr(sl.dust, name)(rv=rv).ratio(np.array(wave)) for rv in (2.5, 3.1, 5.5)]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("name", LAWS)
def test_single_and_double_precision_agree(name):
    wave = np.geomspace(3000.0, 20000.0, 200)
    double = np.asarray(getattr(sl.dust, name)().ratio(wave))
    with jax.enable_x64(False):
        np.testing.assert_allclose(getattr(sl.dust, name)().ratio(wave), double, rtol=5e-6)


def test_wavelengths_outside_a_law_are_refused():
    law = sl.dust.CCM89()
    with pytest.raises(ValueError, match=r"wavelength = 0.55 A: CCM89 holds from 1000 to 33333.3 A, and 1 of 2"):
        law.ratio([0.55, 5500.0])
    assert float(law.ratio(0.55 * u.um)) == pytest.approx(float(law.ratio(5500.0)))
    traced = jax.jit(lambda w: law.ratio(w))(jnp.array([0.55, 5500.0]))
    assert np.isnan(traced[0])
    assert float(traced[1]) == pytest.approx(float(law.ratio(5500.0)))
    with pytest.raises(ValueError, match=r"CCM89.rv = 7.0 is outside its bounds"):
        sl.dust.CCM89(rv=7.0)


def particles(seed=0, stars=200, gas=300, spaxels=7):
    generator = np.random.default_rng(seed)
    place, gas_place = generator.integers(-1, spaxels, stars), generator.integers(-1, spaxels, gas)
    away, gas_away = generator.normal(size=stars).round(1), generator.normal(size=gas).round(1)
    return place, away, gas_place, gas_away, generator.uniform(0, 1, gas)


def test_columns_are_those_counted_one_by_one(precision):
    place, away, gas_place, gas_away, amount = particles()
    front = (gas_place == place[:, None]) & (gas_away < away[:, None]) & (place[:, None] >= 0)
    found = sl.dust.column(place, away, gas_place, gas_away, amount)
    assert found.dtype == precision
    np.testing.assert_allclose(found, front @ amount, rtol=1e-6 if precision == "float32" else 1e-13, atol=1e-12)


def test_columns_do_not_depend_on_the_order():
    place, away, gas_place, gas_away, amount = particles()
    order, gas_order = np.random.default_rng(1).permutation(200), np.random.default_rng(2).permutation(300)
    found = sl.dust.column(place, away, gas_place, gas_away, amount)
    moved = sl.dust.column(place[order], away[order], gas_place[gas_order], gas_away[gas_order], amount[gas_order])
    np.testing.assert_allclose(moved, found[order], rtol=1e-13)


def test_columns_have_derivatives():
    place, away, gas_place, gas_away, amount = map(jnp.asarray, particles())
    weight = jnp.sin(jnp.arange(200.0))
    gradient = jax.grad(lambda a: weight @ sl.dust.column(place, away, gas_place, gas_away, a))(amount)
    front = (gas_place == place[:, None]) & (gas_away < away[:, None]) & (place[:, None] >= 0)
    np.testing.assert_allclose(gradient, weight @ front.astype(float), rtol=1e-10, atol=1e-12)

    def smooth(away, width):
        return sl.dust.column(place, away, gas_place, gas_away, amount, width)

    same = (gas_place == place[:, None]) & (place[:, None] >= 0)
    share = jax.nn.sigmoid((away[:, None] - gas_away) / 0.3) * same.astype(float)
    np.testing.assert_allclose(smooth(away, 0.3), share @ amount, rtol=1e-12, atol=1e-14)
    slope = jax.grad(lambda d: jnp.sum(smooth(d, 0.3)))(away)
    np.testing.assert_allclose(slope, (share * (1 - share)) @ amount / 0.3, rtol=1e-10, atol=1e-12)
    _, tangent = jax.jvp(lambda d: smooth(d, 0.3), (away,), (jnp.ones(200),))
    np.testing.assert_allclose(tangent, slope, rtol=1e-10, atol=1e-12)
    far = smooth(away + 0.05, 1e-4)  # depths are multiples of a tenth: a narrow step is sharp
    np.testing.assert_allclose(far, sl.dust.column(place, away + 0.05, gas_place, gas_away, amount), atol=1e-10)


def test_columns_map_over_a_batch():
    place, away, gas_place, gas_away, amount = map(jnp.asarray, particles())
    both = jax.vmap(lambda a: sl.dust.column(place, away, gas_place, gas_away, a))(jnp.stack([amount, 2 * amount]))
    np.testing.assert_allclose(both[1], 2 * both[0], rtol=1e-13)


def test_no_gas_in_front_is_no_dust():
    assert not np.any(sl.dust.column([0, 1], [1.0, 2.0], [0, 1], [5.0, 2.0], [1.0, 1.0]))
    assert not np.any(sl.dust.column([0], [1.0], np.zeros(0, int), np.zeros(0), np.zeros(0)))


def test_bad_particles_are_refused():
    with pytest.raises(ValueError, match=r"gas_away is not finite for 1 of 2 particles"):
        sl.dust.column([0], [1.0], [0, 0], [1.0, np.nan], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"amount has shape \(1,\), gas_spaxel \(2,\)"):
        sl.dust.column([0], [1.0], [0, 0], [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match=r"spaxel has shape \(2,\), away \(1,\)"):
        sl.dust.column([0, 0], [1.0], [0], [1.0], [1.0])
    with pytest.raises(ValueError, match=r"width = 0.0 kpc must be positive; None is exact"):
        sl.dust.column([0], [1.0], [0], [1.0], [1.0], width=0.0)


def test_dust_of_gas_is_that_of_the_neighbourhood():
    """1.87e21 atoms per cm2 and magnitude, 1.36 m_H each."""
    grams = 1.87e21 * 1.36 * 1.6735e-24 / 1.9884e33 * 3.0857e21**2
    assert float(grams * sl.dust.PowerLawDust().visual(jnp.zeros(()))) == pytest.approx(1, rel=2e-3)
    broken = sl.dust.BrokenPowerLawDust().relative
    np.testing.assert_allclose(broken(jnp.array([0.0, -0.5, 0.3])), 10 ** np.array([0.0, -0.5, 0.3]), rtol=1e-12)
    assert float(jnp.log10(broken(jnp.array(-1.69)))) == pytest.approx(2.21 - 0.96 - 3.10 * 1.69)


def test_a_screen_reddens_and_dims(precision):
    screen = sl.dust.Screen(sl.dust.CCM89(), foreground=0.5, birth_clouds=1.0)
    visual = screen.visual(jnp.array([0.001, 0.02]), jnp.array([0.0, 0.25]))
    np.testing.assert_allclose(visual, [1.5, 0.75], rtol=1e-6)
    wave = np.array([4000.0, 5494.5, 8000.0])
    passed = screen.transmission(visual, wave)
    assert passed.shape == (2, 3)
    assert passed.dtype == precision
    np.testing.assert_allclose(passed[:, 1], 10 ** (-0.4 * np.array([1.5, 0.75])), rtol=1e-5)
    assert np.all(np.diff(passed, axis=1) > 0)
    gradient = eqx.filter_grad(lambda s: jnp.sum(s.transmission(s.visual(jnp.zeros(2)), wave)))(screen)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))
    assert float(gradient.law.rv) != 0
    assert float(gradient.foreground) < 0
    assert float(gradient.birth_clouds) < 0


def test_screens_of_something_else_are_refused():
    with pytest.raises(TypeError, match=r"Screen.law is a PowerLawDust, not a AbstractLaw"):
        sl.dust.Screen(sl.dust.PowerLawDust())


@pytest.mark.parametrize(
    ("law", "wavelength"),
    [(sl.dust.CCM89(), 1000.0), (sl.dust.CCM89(), 1250.0), (sl.dust.F99(), 2700.0), (sl.dust.Calzetti(), 1200.0)],
)
def test_slopes_at_joints_and_ends_are_those_of_one_side(law, wavelength):
    ratio = jax.jit(lambda x: law.ratio(x[None])[0])
    slope = float(jax.grad(ratio)(wavelength))
    with np.errstate(invalid="ignore"):
        sides = [float(ratio(wavelength + s * 1e-3) - ratio(wavelength)) / (s * 1e-3) for s in (1, -1)]
    assert any(slope == pytest.approx(side, rel=2e-3) for side in sides)
