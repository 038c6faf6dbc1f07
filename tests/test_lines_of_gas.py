"""Lines of gas: luminosities of the papers, and lines in channels against the normal distribution."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import sightline as sl
from sightline.galaxies.cubes.line import line_means
from sightline.galaxies.methods import line_light


def by_name(metallicity, rate=1.0):
    lines = sl.populations.NebularLines()
    light = lines.luminosity(jnp.asarray(rate), jnp.asarray(metallicity)) * 3.828
    return dict(zip(lines.names, np.asarray(light) * 1e33, strict=True))


def test_luminosities_are_those_of_the_papers():
    light = by_name(0.0, rate=2.0)
    assert light["H alpha"] == pytest.approx(2 * 10**41.27, rel=1e-6)
    assert light["H alpha"] / light["H beta"] == pytest.approx(2.86)
    assert light["[O III] 5007"] / light["[O III] 4959"] == pytest.approx(2.98)
    assert light["[N II] 6584"] / light["[N II] 6548"] == pytest.approx(3.05)


@pytest.mark.parametrize("metallicity", [-0.4, -0.1, 0.03])
def test_ratios_give_back_the_metallicity(metallicity):
    """Equations 1 and 3 of Pettini & Pagel 2004."""
    light = by_name(metallicity)
    n2 = np.log10(light["[N II] 6584"] / light["H alpha"])
    o3n2 = np.log10(light["[O III] 5007"] / light["H beta"]) - n2
    assert 8.90 + 0.57 * n2 == pytest.approx(8.69 + metallicity)
    assert 8.73 - 0.32 * o3n2 == pytest.approx(8.69 + metallicity)


def test_lines_are_finite_and_differentiable_at_any_metallicity(precision):
    lines = sl.populations.NebularLines()
    rates, metals = jnp.array([0.0, 1.0, 3.0]), jnp.array([-9.0, 0.0, 4.0])

    def total(lines, rates, metals):
        return jnp.sum(lines.luminosity(rates, metals))

    assert lines.luminosity(rates, metals).shape == (3, 8)
    assert lines.luminosity(rates, metals).dtype == precision
    gradient = eqx.filter_grad(lambda one: total(*one))((lines, rates, metals))
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


def test_rates_and_metallicities_are_broadcast():
    metals = jnp.array([-1.0, 0.0, 0.2])
    table = sl.populations.TabulatedLines([5008.24, 6564.614], [-1.0, 0.0], [[3e7, 1e7], [1e7, 2e7]])
    for lines in (sl.populations.NebularLines(), table):
        whole = lines.luminosity(jnp.full(3, 2.0), metals)
        np.testing.assert_allclose(lines.luminosity(jnp.asarray(2.0), metals), whole, rtol=1e-12)
        one = lines.luminosity(jnp.full(3, 2.0), metals[1])
        np.testing.assert_allclose(one, np.broadcast_to(whole[1], whole.shape), rtol=1e-12)


def test_a_table_is_linear_and_clamped():
    lines = sl.populations.TabulatedLines([5008.24, 6564.614], [-1.0, 0.0], [[3e7, 1e7], [1e7, 2e7]])
    light = lines.luminosity(jnp.array([1.0, 2.0, 1.0]), jnp.array([-0.25, 5.0, -5.0]))
    np.testing.assert_allclose(light, [[1.5e7, 1.75e7], [2e7, 4e7], [3e7, 1e7]])
    with pytest.raises(ValueError, match=r"TabulatedLines.table has shape \(1, 2\), not \(metallicities, lines\)"):
        sl.populations.TabulatedLines([5008.24, 6564.614], [-1.0, 0.0], [[3e7, 1e7]])
    with pytest.raises(ValueError, match=r"TabulatedLines.metallicity = \(0.0, -1.0\) must be rising"):
        sl.populations.TabulatedLines([5008.24], [0.0, -1.0], [[3e7], [1e7]])


def test_lines_in_channels_keep_flux_and_centroid(precision):
    edges = 6500.0 + 1.25 * np.arange(101)
    beta, sigma = jnp.array([0.0, 300.0, -450.0]) / 299792.458, jnp.array([0.05, 1.0, 2.5])
    means = line_means(edges, 6564.614, beta, sigma)
    centre = 6564.614 * (1 + np.asarray(beta, np.float64))
    exact = np.diff(stats.norm(centre[:, None], np.asarray(sigma)[:, None]).cdf(edges)) / 1.25
    np.testing.assert_allclose(means, exact, atol=3e-5 if precision == "float32" else 1e-12)
    np.testing.assert_allclose(1.25 * jnp.sum(means, axis=1), 1, rtol=1e-6)
    middles = 0.5 * (edges[1:] + edges[:-1])
    np.testing.assert_allclose(1.25 * np.asarray(means)[1:] @ middles, centre[1:], rtol=1e-6)
    gradient = jax.grad(lambda b, s: jnp.sum(line_means(edges, 6564.614, b, s) ** 2), (0, 1))(beta, sigma)
    assert np.all(np.isfinite(gradient[0]))
    assert np.all(np.isfinite(gradient[1]))


def gas_emitters(count=150, seed=0):
    generator = np.random.default_rng(seed)
    velocity = jnp.asarray(generator.normal(0, 150, count))
    spaxel = jnp.asarray(generator.integers(0, 6, (count, 2)), jnp.int32)
    first = jnp.asarray(generator.uniform(0, 1, count))
    luminosity = jnp.asarray(generator.uniform(1, 2, (count, 2)))
    sigma = line_light.widths((6564.6, 5008.2), jnp.asarray(generator.uniform(20, 60, count)), 1.0)
    return line_light.LineEmitters(luminosity, sigma, velocity, spaxel, jnp.stack([first, 1 - first], axis=1))


def test_a_cube_of_lines_is_the_sum_over_particles():
    gas, edges, places = gas_emitters(), 4900.0 + 2.0 * np.arange(1001), (6564.6, 5008.2)
    found = line_light.line_light(gas, edges, line_light.windows(edges, places, 1.0), 6)
    expected = np.zeros((1000, 6))
    for i in range(150):
        for line, place in enumerate(places):
            centre = place * (1 + float(gas.velocity[i]) / 299792.458)
            part = np.diff(stats.norm(centre, float(gas.sigma[i, line])).cdf(edges)) / 2.0
            for k in range(2):
                expected[:, gas.spaxel[i, k]] += float(gas.luminosity[i, line] * gas.share[i, k]) * part
    np.testing.assert_allclose(found, expected, atol=1e-12 * expected.max())
    assert float(2 * jnp.sum(found)) == pytest.approx(float(jnp.sum(gas.luminosity)), rel=1e-12)


def test_lines_outside_the_channels_are_left_out():
    edges = 4900.0 + 2.0 * np.arange(101)
    seen = line_light.windows(edges, (6564.6, 5008.2, 3000.0), 1.0)
    assert [one.line for one in seen] == [1]
    broad = line_light.windows(edges, (6564.6, 5008.2, 3000.0), 1.0, dispersion=12000.0)  # reach 78 000 km/s
    assert [one.line for one in broad] == [0, 1]
    with pytest.raises(ValueError, match=r"1 of 2 gas particles move by more than 6000 km/s"):
        line_light.check_speeds(jnp.array([0.0, 7000.0]))


def test_lines_that_leave_their_window_are_told():
    """Where speeds and widths are traced, as in a fit, nothing can be refused: NaN, not a line without its wings."""
    light, place = jnp.ones((4, 1)), (5008.2,)
    velocity, dispersion = jnp.array([0.0, 5900.0, 6100.0, 0.0]), jnp.array([30.0, 0.0, 0.0, 1200.0])
    sigma = line_light.widths(place, dispersion, 1.0)
    edges, share = np.array([3000.0, 8000.0]), jnp.ones((4, 1))
    found = line_light.within(light, place, velocity, sigma, 1.0, 0.0, edges, share)[:, 0]
    np.testing.assert_array_equal(np.isnan(found), [False, False, True, True])
    known = line_light.within(light, place, velocity, sigma, 1.0, 1200.0, edges, share)
    np.testing.assert_array_equal(np.isnan(known[:, 0]), [False] * 4)
    still = place, velocity * 0, sigma, 1.0, 1200.0, edges, share
    slope = jax.grad(lambda s: jnp.sum(line_light.within(light * s, *still)))(1.0)
    assert float(slope) == 4.0


@pytest.mark.parametrize(
    ("edges", "lit", "share", "lost"),
    [
        ((3000.0, 8000.0), 1.0, 1.0, True),
        ((3000.0, 8000.0), 0.0, 1.0, False),
        ((3000.0, 8000.0), 1.0, 0.0, False),
        ((3000.0, 5050.0), 1.0, 1.0, False),
    ],
)
def test_lines_that_nobody_sees_are_not_lost(edges, lit, share, lost):
    """At 6100 km/s: without light, off the field, and beyond the last channel nothing is missed."""
    sigma = line_light.widths((5008.2,), jnp.zeros(1), 1.0)
    fixed = (5008.2,), jnp.array([6100.0]), sigma, 1.0, 0.0, np.array(edges), jnp.full((1, 2), share)
    found = line_light.within(jnp.full((1, 1), lit), *fixed)
    assert bool(jnp.isnan(found[0, 0])) == lost
    slope = jax.grad(lambda light: line_light.within(light, *fixed)[0, 0])(jnp.full((1, 1), lit))
    assert bool(slope[0, 0] == 0.0) == lost  # also that of no light at all


def test_a_cube_of_lines_is_differentiable(precision):
    gas = jax.tree.map(lambda x: x.astype(precision) if x.dtype.kind == "f" else x, gas_emitters(70))
    edges = 6400.0 + 2.0 * np.arange(151)
    seen = line_light.windows(edges, (6564.6, 5008.2), 1.0)

    def total(velocity, dispersion):
        sigma = line_light.widths((6564.6, 5008.2), dispersion, 0.0)
        light = eqx.tree_at(lambda g: (g.velocity, g.sigma), gas, (velocity, sigma))
        return jnp.sum(line_light.line_light(light, edges, seen, 6) ** 2)

    still = jnp.zeros(70, precision).at[0].set(30.0)
    gradient = jax.grad(total, (0, 1))(gas.velocity, still)
    assert all(np.all(np.isfinite(one)) for one in gradient)
    _, slope = jax.jvp(lambda v: total(v, still + 30.0), (gas.velocity,), (jnp.ones_like(still),))
    assert float(slope) == pytest.approx(float(jnp.sum(jax.grad(total)(gas.velocity, still + 30.0))), rel=1e-3)


def test_lines_without_a_line_spread_function_have_the_width_of_the_library():
    """As the stars have: sqrt(gas^2 + [W (1 + z)/2.3548]^2 + channel^2/12)."""
    wave = np.linspace(6000.0, 7500.0, 1501)
    library = sl.populations.Library(wave, [1.0, 10.0], [0.0], np.full((1, 2, 1501), 1e-12), "vacuum", fwhm=2.51)
    gas = sl.particles.Gas(np.zeros((1, 3)), np.zeros((1, 3)), [1e9], [0.0], star_formation_rate=1.0, dispersion=30.0)
    stars = sl.particles.Stars(np.zeros((1, 3)), np.zeros((1, 3)), [1.0], [5.0], [0.0])
    lines = sl.populations.TabulatedLines([6564.614], [0.0], [[1e7]])
    channels = sl.cubes.Channels.regular(6660.0, 0.5, 160, "vacuum")
    for lsf, wide in ((None, 2.51 * 1.02), (4.0, 4.0)):
        ifu = sl.cubes.IFU((1, 1), 5.0, channels, lsf=lsf)
        flux = np.asarray(sl.Galaxy(stars, library, redshift=0.02, gas=gas, lines=lines)(ifu).flux[:, 0])
        flux = flux - np.median(flux)
        mean = flux @ channels.centres / flux.sum()
        spread = np.sqrt(flux @ (channels.centres - mean) ** 2 / flux.sum())
        own = 30.0 / 299792.458 * 6564.614 * 1.02
        assert spread == pytest.approx(np.sqrt(own**2 + (wide / 2.3548200450309493) ** 2 + 0.25 / 12), rel=1e-3)


def test_rates_have_units():
    """1e9 Msun/Gyr are 1 Msun/yr, and not 1e9 of them."""
    u = pytest.importorskip("astropy.units")
    table = sl.populations.TabulatedLines([5008.24], [-1.0, 0.0], [[3e7], [1e7]])
    for lines in (sl.populations.NebularLines(), table):
        plain = lines.luminosity([1.0, 2.0], 0.0)
        np.testing.assert_allclose(lines.luminosity([1e9, 2e9] * u.Msun / u.Gyr, 0.0), plain, rtol=1e-6)
        with pytest.raises(ValueError, match="star_formation_rate"):
            lines.luminosity(1.0 * u.kg, 0.0)
