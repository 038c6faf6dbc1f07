"""Galaxies with dust and gas: columns in front, reddening, lines; derivatives of all of it."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import sightline as sl
from sightline.galaxies.methods.screens import screened

LIBRARY = sl.populations.synthetic(step=5.0).select(low=4500.0, high=7200.0)
CHANNELS = sl.cubes.Channels.regular(4900.0, 2.5, 800)
IFU = sl.cubes.IFU((4, 4), 1.0, CHANNELS, assignment="cloud", lsf=6.0)
SHEET = {"metallicity": np.zeros(40), "star_formation_rate": np.zeros(40)}


def stars(count=40, seed=0):
    rng = np.random.default_rng(seed)
    position, velocity = 0.4 * rng.normal(size=(count, 3)), 80 * rng.normal(size=(count, 3))
    metals = rng.uniform(-2, 0.3, count)
    return sl.particles.Stars(position, velocity, 1e6 * np.ones(count), rng.uniform(0.001, 13, count), metals)


def gas(height=0.0, mass=3e6, rate=0.0, count=40, velocity=0.0, dispersion=30.0):
    rng = np.random.default_rng(1)
    position = np.concatenate([0.4 * rng.normal(size=(count, 2)), np.full((count, 1), height)], axis=1)
    speed = np.tile([0.0, 0.0, -velocity], (count, 1))
    ones = np.ones(count)
    return sl.particles.Gas(position, speed, mass * ones, 0 * ones, rate * ones, dispersion=dispersion)


@eqx.filter_jit
def flux(galaxy, ifu=IFU):
    return galaxy(ifu).flux


def galaxy(**options):
    return sl.Galaxy(stars(), LIBRARY, redshift=0.02, **options)


def test_a_screen_dims_by_its_law():
    screen = sl.dust.Screen(sl.dust.CCM89(), foreground=0.8)
    clean, dusty = flux(galaxy()), flux(galaxy(dust=screen))
    law = sl.dust.CCM89().ratio(CHANNELS.centres / 1.02)
    seen = np.asarray(clean) > 1e-6 * np.max(clean)
    expected = np.broadcast_to(10 ** (-0.4 * 0.8 * law)[:, None], clean.shape)
    np.testing.assert_allclose(np.asarray(dusty / clean)[seen], expected[seen], rtol=1e-9)
    ratio = np.sum(dusty, axis=1) / np.sum(clean, axis=1)
    assert np.all(np.diff(ratio) > 0)  # redder light passes more


def test_gas_behind_takes_no_light_and_gas_in_front_does():
    """Face-on from above, what is higher is nearer."""
    dust = sl.dust.Screen(sl.dust.CCM89())
    clean = np.asarray(flux(galaxy()))
    behind = flux(galaxy(gas=gas(-9.0), dust=dust, lines=None))
    np.testing.assert_allclose(behind, clean, rtol=1e-12)
    front = np.asarray(flux(galaxy(gas=gas(9.0), dust=dust, lines=None)))
    assert np.sum(front) < 0.9 * np.sum(clean)
    ratio = front.sum(axis=1) / clean.sum(axis=1)
    assert ratio[-1] > ratio[0]
    below = sl.Orientation(inclination=180.0)
    turned = flux(galaxy(gas=gas(9.0), dust=dust, lines=None, orientation=below))
    np.testing.assert_allclose(turned, flux(galaxy(orientation=below)), rtol=1e-12)


def test_a_sheet_of_gas_has_its_column():
    """All stars on one spaxel behind all gas: A_V = N_H/1.87e21 of the gas over a spaxel."""
    one = sl.particles.Stars(np.zeros((2, 3)), np.zeros((2, 3)), [1e6, 1e6], [5.0, 5.0], [0.0, -0.1])
    cloud = sl.particles.Gas(np.array([[0.1, 0.1, 3.0]]), np.zeros((1, 3)), [2e7], [-0.3])
    ifu = sl.cubes.IFU((1, 1), 10.0, CHANNELS)
    plain = sl.Galaxy(one, LIBRARY, redshift=0.02)
    dusty = sl.Galaxy(one, LIBRARY, redshift=0.02, gas=cloud, dust=sl.dust.Screen(sl.dust.CCM89()))
    area = (10.0 * plain.scale) ** 2
    atoms = 2e7 * 1.9884e33 / (1.36 * 1.67353e-24) / (area * 3.0856775814913673e21**2)
    law = np.asarray(sl.dust.CCM89().ratio(CHANNELS.centres / 1.02))
    expected = 10 ** (-0.4 * law * atoms / (5.8e21 / 3.1) * 10**-0.3)
    np.testing.assert_allclose((flux(dusty, ifu) / flux(plain, ifu))[:, 0], expected, rtol=1e-9)


def test_lines_have_their_flux_place_and_width():
    shining = galaxy(gas=gas(rate=0.01, velocity=150.0, dispersion=100.0))
    ifu = sl.cubes.IFU((8, 8), 2.0, CHANNELS, lsf=6.0)
    light = flux(shining, ifu) - flux(galaxy(), ifu)
    from astropy.cosmology import Planck15

    area = 4 * np.pi * Planck15.luminosity_distance(0.02).to_value("cm") ** 2
    line = (CHANNELS.centres > 5080) & (CHANNELS.centres < 5130)  # [O III] 5007 alone
    names = sl.populations.NebularLines().names
    power = sl.populations.NebularLines().luminosity(jnp.asarray(0.4), jnp.asarray(0.0)) * 3.828e33
    spectrum, wave = np.asarray(jnp.sum(light, axis=1))[line], CHANNELS.centres[line]
    assert 2.5 * spectrum.sum() * area == pytest.approx(float(power[names.index("[O III] 5007")]), rel=1e-6)
    air = float(sl.cubes.vacuum_to_air(5008.240 * 1.02 * (1 + 150 / 299792.458)))
    centre = spectrum @ wave / spectrum.sum()
    assert centre == pytest.approx(air, abs=1e-4)
    width = np.sqrt(spectrum @ (wave - centre) ** 2 / spectrum.sum() - 2.5**2 / 12)
    own = air * 100 / 299792.458
    assert width == pytest.approx(np.hypot(own, 6.0 / 2.3548), rel=1e-3)


def test_lines_are_dimmed_by_the_clouds_that_they_come_from():
    clouds = sl.dust.Screen(sl.dust.CCM89(), birth_clouds=1.0, dust_to_gas=None)
    old = sl.particles.Stars(np.zeros((1, 3)), np.zeros((1, 3)), [1e6], [9.0], [0.0])
    rest = flux(sl.Galaxy(old, LIBRARY, redshift=0.02))
    clean, dusty = (
        flux(sl.Galaxy(old, LIBRARY, redshift=0.02, gas=gas(rate=0.1), dust=dust)) - rest for dust in (None, clouds)
    )
    line = int(np.argmin(np.abs(CHANNELS.centres - 6562.8 * 1.02)))
    dimmed = np.sum(dusty[line]) / np.sum(clean[line])
    assert dimmed == pytest.approx(10 ** (-0.4 * float(sl.dust.CCM89().ratio(6564.6))), rel=1e-4)


def test_everything_has_a_derivative(precision):
    dust = sl.dust.Screen(sl.dust.CCM89(), foreground=0.2, birth_clouds=0.5, width=0.05)
    whole = galaxy(gas=gas(rate=0.01), dust=dust, orientation=sl.Orientation(inclination=40.0))
    channels = sl.cubes.Channels.regular(6600.0, 5.0, 40)
    ifu = sl.cubes.IFU((3, 3), 1.0, channels, 12.0, sl.cubes.GaussianPSF(0.5), assignment="cloud")

    @eqx.filter_jit
    def gradient(both):
        return eqx.filter_value_and_grad(lambda b: jnp.sum(jnp.square(1e16 * b[0](b[1]).flux)))(both)

    value, found = gradient((whole, ifu))
    assert value.dtype == precision
    assert float(value) > 0
    for path, leaf in jax.tree_util.tree_leaves_with_path(found):
        assert np.all(np.isfinite(leaf)), path
    named = {
        "rate": found[0].gas.star_formation_rate,
        "mass of gas": found[0].gas.mass,
        "depth": found[0].gas.position[:, 2],
        "rv": found[0].dust.law.rv,
        "clouds": found[0].dust.birth_clouds,
        "width": found[0].dust.width,
        "seeing": found[1].psf.fwhm,
        "resolution": found[1].lsf.fwhm,
    }
    assert all(np.any(np.asarray(leaf) != 0) for leaf in named.values())


def test_fast_gas_and_other_lines_are_refused():
    with pytest.raises(ValueError, match=r"40 of 40 gas particles move by more than 6000 km/s"):
        galaxy(gas=gas(rate=0.01, velocity=9000.0))(IFU)
    with pytest.raises(TypeError, match=r"Galaxy: lines is a str, not a AbstractLines"):
        galaxy(gas=gas(), lines="broad")
    assert galaxy().lines is None
    with pytest.raises(ValueError, match=r"lines are those of gas: give gas="):
        galaxy(lines=sl.populations.NebularLines())
    with pytest.raises(TypeError, match=r"lines is a str"):
        galaxy(lines="broad")
    with pytest.raises(ValueError, match=r"opacity is in front of smooth stars only"):
        galaxy(dust=sl.dust.Screen(sl.dust.CCM89(), opacity=Slab(0.1)))
    part, screen = slab().stars[0], sl.dust.Screen(sl.dust.CCM89(), dust_to_gas=None, opacity=Slab(0.1))
    with pytest.raises(ValueError, match=r"opacity does not dim the lines of gas"):
        sl.Galaxy(part, LIBRARY, 0.02, gas=gas(rate=0.01), dust=screen)


class Slab(sl.fields.AbstractField):
    """Constant within a height of the plane, and within a radius."""

    value: Float[Array, ""] = sl.param()
    height: float = sl.setting(1.0)

    def __call__(self, position):
        return jnp.where(jnp.abs(position[2]) < self.height, self.value, 0)

    def structures(self):
        body = sl.fields.Structures.layer(-self.height, self.height)
        return sl.fields.Structures.none().ending(sl.fields.Structures.cylinders(50.0), body)


def slab(opacity=None, age=9.0, inclination=0.0, **dust):
    part = sl.stars.Component(Slab(1e7), dispersion=50.0, history=sl.stars.SingleAge(age))
    screen = sl.dust.Screen(sl.dust.CCM89(), dust_to_gas=None, opacity=opacity, **dust)
    method = sl.cubes.VelocityNodes(step=50.0, limits=(-200.0, 200.0), screens=12, supersample=1, points=16)
    return sl.Galaxy(
        part, LIBRARY, 0.02, dust=screen, orientation=sl.Orientation(inclination=inclination), method=method
    )


NARROW = sl.cubes.IFU((2, 2), 0.5, CHANNELS[:60])


@pytest.mark.parametrize(("inclination", "opacity"), [(0.0, 0.7), (60.0, 0.7), (85.0, 10.0)])
def test_dust_mixed_with_stars_is_the_closed_form(inclination, opacity):
    """(1 - e^-t)/t of a slab of optical depth t."""
    clean = flux(slab(inclination=inclination), NARROW)
    dusty = flux(slab(Slab(opacity), inclination=inclination), NARROW)
    law = np.asarray(sl.dust.CCM89().ratio(NARROW.channels.centres / 1.02))
    depth = 0.4 * np.log(10) * 2 * opacity / np.cos(np.deg2rad(inclination)) * law
    np.testing.assert_allclose((dusty / clean)[:, 0], (1 - np.exp(-depth)) / depth, rtol=2e-4, atol=1e-4)


@pytest.mark.parametrize(("radius", "height", "opacity"), [(1.0, 0.0, 1.0), (0.3, 0.3, 3.0), (0.1, 2.0, 10.0)])
def test_dust_that_ends_is_followed_to_its_ends(radius, height, opacity):
    """A ball of dust in the middle of a disk, and a cloud behind, seen from above: exp(-|z|/h) along the ray."""
    ends = {"radius": radius, "centre": (0.0, 0.0, height)}, {"radius": 0.2, "centre": (0.0, 0.0, -4.0)}
    ball, cloud = (sl.fields.Confined(sl.electrons.Uniform(opacity), **end) for end in ends)
    part = sl.stars.Component(sl.stars.ExponentialDisk(1e10, 1.5, 0.3), history=sl.stars.SingleAge(9.0))
    method = sl.cubes.VelocityNodes(step=50.0, limits=(-400.0, 400.0), supersample=1)
    ifu = sl.cubes.IFU((1, 1), 0.01, CHANNELS[:2])
    dusts = None, sl.dust.Screen(sl.dust.CCM89(), dust_to_gas=None, opacity=ball + cloud)
    clean, dusty = (flux(sl.Galaxy(part, LIBRARY, 0.02, dust=dust, method=method), ifu)[0, 0] for dust in dusts)
    z = np.linspace(-12.0, 12.0, 2_400_001)
    inside = np.where((np.abs(z - height) < radius) | (np.abs(z + 4) < 0.2), opacity, 0.0)
    law = float(sl.dust.CCM89().ratio(ifu.channels.centres[0] / 1.02))
    depth = np.cumsum(inside[::-1])[::-1] * (z[1] - z[0]) * 0.4 * np.log(10) * law
    light = np.exp(-np.abs(z) / 0.3)
    assert float(dusty / clean) == pytest.approx(np.sum(light * np.exp(-depth)) / np.sum(light), abs=2e-3)


def test_dust_before_and_behind_smooth_stars():
    """A sheet in the plane takes the light of the half behind it, a foreground that of all."""
    clean, sheet = flux(slab(), NARROW), flux(slab(Slab(30.0, height=0.05)), NARROW)
    law = np.asarray(sl.dust.CCM89().ratio(NARROW.channels.centres / 1.02))
    half = 0.5 * (1 + 10 ** (-0.4 * 3.0 * law))
    np.testing.assert_allclose((sheet / clean)[:, 0], half, atol=0.04)
    before = flux(slab(foreground=0.5), NARROW)
    np.testing.assert_allclose((before / clean)[:, 1], 10 ** (-0.4 * 0.5 * law), rtol=1e-9)


@pytest.mark.parametrize("deepest", [0.1, 3.0, 30.0, 300.0])
def test_one_buried_emitter_does_not_change_the_others(deepest, precision):
    visual = jnp.append(deepest * jnp.geomspace(1e-4, 1.0, 300), 0.0).astype(precision)
    law = jnp.asarray(sl.dust.CCM89().ratio(np.linspace(4000.0, 9000.0, 4)), precision)

    def passed(amount):
        return 10 ** (-0.4 * amount[:, None] * law)

    def light(amount=jnp.ones_like):
        return jnp.broadcast_to(amount(visual), (4, 301))

    found = screened(light, visual, passed, sl.cubes.VelocityNodes().screens)
    np.testing.assert_allclose(found, passed(visual).T, atol=2e-4)
    assert np.all(found >= 0)


def test_clouds_dim_the_young_of_a_smooth_galaxy():
    library = LIBRARY.select(ages=[0.03, 1.0, 9.0])
    young, old = (
        [dataclasses.replace(slab(age=age, birth_clouds=a, birth_age=0.05), library=library) for a in (0.0, 1.0)]
        for age in (0.03, 9.0)
    )
    law = np.asarray(sl.dust.CCM89().ratio(NARROW.channels.centres / 1.02))
    np.testing.assert_allclose(
        flux(young[1], NARROW)[:, 0] / flux(young[0], NARROW)[:, 0], 10 ** (-0.4 * law), rtol=1e-9
    )
    np.testing.assert_allclose(flux(old[1], NARROW), flux(old[0], NARROW), rtol=1e-12)


def test_dust_of_smooth_galaxies_has_derivatives(precision):
    galaxy = slab(Slab(0.7), inclination=30.0)
    assert flux(galaxy, NARROW).dtype == precision
    found = eqx.filter_jit(eqx.filter_grad(lambda g: jnp.sum(jnp.square(1e18 * g(NARROW).flux))))(galaxy)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(found))
    assert float(found.dust.opacity.value) < 0
    part = galaxy.stars[0]
    with pytest.raises(ValueError, match=r"dust in particles of gas is in front of particles of stars only"):
        sl.Galaxy(part, LIBRARY, 0.02, gas=gas(), dust=sl.dust.Screen(sl.dust.CCM89()))
