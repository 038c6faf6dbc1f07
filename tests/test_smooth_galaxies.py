"""Smooth galaxies: fields along rays, and the particles that are drawn from them."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.galaxies.galaxy import rays

LIBRARY = sl.populations.synthetic(step=5.0).select(ages=[1.0, 3.0, 10.0], metallicities=[-0.5, 0.0])
CHANNELS = sl.cubes.Channels.regular(4800.0, 5.0, 60)


def disk(height=0.3, dispersion=60.0):
    return sl.stars.Component(
        density=sl.stars.ExponentialDisk(mass=3e10, scale_radius=3.0, scale_height=height),
        velocity=sl.stars.Rotation([2.0, 6.0], [150.0, 200.0]),
        dispersion=dispersion,
        history=sl.stars.SingleAge(3.0, 0.0),
    )


def galaxy(stars, inclination=50.0, **method):
    orientation = sl.Orientation(inclination=inclination, position_angle=60.0)
    nodes = sl.cubes.VelocityNodes(**{"step": 50.0, "limits": (-500.0, 500.0), **method})
    return sl.Galaxy(stars, LIBRARY, redshift=0.01, orientation=orientation, method=nodes)


def unit(size=6, kpc=1.67, **options):
    scale = galaxy(disk()).scale
    return sl.cubes.IFU((size, size), kpc / scale, CHANNELS, **options)


def drawn(count, seed=0):
    """Particles of the disk."""
    rng = np.random.default_rng(seed)
    radius, angle = rng.gamma(2.0, 3.0, count), rng.uniform(0, 2 * np.pi, count)
    position = np.stack([radius * np.cos(angle), radius * np.sin(angle), rng.laplace(0, 0.3, count)], axis=1)
    velocity = jax.vmap(disk().velocity)(jnp.asarray(position)) + 60 * rng.normal(size=(count, 3))
    return sl.particles.Stars(position, velocity, np.full(count, 3e10 / count), np.full(count, 3.0), np.zeros(count))


@pytest.mark.parametrize("inclination", [0.0, 50.0, 90.0])
def test_all_mass_is_seen(inclination):
    stars = galaxy(disk(), inclination, supersample=8)
    cube = stars(unit(12, 5.0))
    one = sl.particles.Stars(np.zeros((1, 3)), np.zeros((1, 3)), [3e10], [3.0], [0.0])
    point = galaxy(one, inclination)(unit(12, 5.0))
    assert float(cube.flux.sum()) == pytest.approx(float(point.flux.sum()), rel=0.01)


def test_particles_drawn_from_a_disk_agree_with_its_fields():
    count, ifu = 60_000, unit(10)
    smooth = np.asarray(galaxy(disk())(ifu).flux.sum(axis=0))
    stars = drawn(count)
    cube = np.asarray(galaxy(stars)(ifu).flux.sum(axis=0))
    east, north, _ = galaxy(stars).orientation.project(stars.position)
    scale = galaxy(stars).scale
    found = sl.cubes.assign(np.asarray(east) / scale, np.asarray(north) / scale, ifu.plane)
    number = np.bincount(np.asarray(found.spaxel[:, 0]), np.asarray(found.share[:, 0]), ifu.plane.size)
    many = number > 200
    error = smooth[many] / np.sqrt(count * smooth[many] / smooth.sum() * number.sum() / count)
    assert many.sum() > 20
    assert 0.5 < np.mean(((cube[many] - smooth[many]) / error) ** 2) < 1.6


def test_the_velocity_field_turns_with_the_galaxy():
    line = np.exp(-0.5 * ((LIBRARY.wavelength - 4900.0) / 8.0) ** 2)
    library = sl.populations.Library(LIBRARY.wavelength, [3.0], [0.0], line[None, None], "air")
    stars = disk(dispersion=30.0)
    orientation = sl.Orientation(inclination=50.0, position_angle=0.0, velocity=40.0)
    nodes = sl.cubes.VelocityNodes(25.0, limits=(-500.0, 500.0))
    seen = sl.Galaxy(stars, library, 0.01, orientation=orientation, method=nodes)
    ifu = sl.cubes.IFU((1, 3), 1.0 / seen.scale, sl.cubes.Channels.regular(4800.0, 2.0, 150))
    wide = sl.cubes.IFU((3, 1), 1.0 / seen.scale, ifu.channels)
    _, minor, _ = seen(ifu).moments(4850.0, 5050.0, 4900.0 * 1.01)
    _, major, _ = seen(wide).moments(4850.0, 5050.0, 4900.0 * 1.01)
    np.testing.assert_allclose(minor, 40.0, atol=2.0)  # across the axis nothing recedes
    # the major axis is north: at +x the disk turns towards +y, whose part along (0, sin i, -cos i) recedes
    expected = 75.0 * np.sin(np.deg2rad(50.0))
    np.testing.assert_allclose(np.asarray(major) - 40.0, [-expected, 0.0, expected], atol=12.0)


def test_gradients_by_fields_and_orientation():
    ifu = unit(4)
    weight = np.random.default_rng(1).normal(size=(60, 16)) * 1e16

    def value(model):
        return jnp.sum(model(ifu).flux * weight)

    model = galaxy(disk(), supersample=2, points=12)
    slope = jax.grad(value, allow_int=True)(model)
    for get, put, step in (
        (lambda m: m.orientation.inclination, lambda m, x: _oriented(m, inclination=x), 1e-4),
        (lambda m: m.orientation.position_angle, lambda m, x: _oriented(m, position_angle=x), 1e-4),
        (lambda m: m.orientation.velocity, lambda m, x: _oriented(m, velocity=x), 1e-3),
        (lambda m: m.stars[0].dispersion, _dispersed, 1e-3),
    ):
        ends = [value(put(model, get(model) + s * step)) for s in (-1, 1)]
        assert (ends[1] - ends[0]) / (2 * step) == pytest.approx(float(get(slope)), rel=1e-3)
    many = jax.vmap(lambda x: value(_oriented(model, inclination=x)))(jnp.array([30.0, 60.0]))
    assert many[1] == pytest.approx(float(value(_oriented(model, inclination=60.0))), rel=1e-9)


def _oriented(model, **values):
    return dataclasses.replace(model, orientation=dataclasses.replace(model.orientation, **values))


def _dispersed(model, value):
    one = model.stars[0]
    stars = sl.stars.Component(one.density, one.velocity, value, history=one.history)
    return dataclasses.replace(model, stars=(stars,))


def test_what_smooth_galaxies_refuse():
    with pytest.raises(TypeError, match="VelocityNodes"):
        sl.Galaxy(disk(), LIBRARY, 0.01, method=sl.cubes.Exact())
    endless = sl.stars.Component(sl.electrons.Uniform(1.0), history=sl.stars.SingleAge(3.0))
    with pytest.raises(ValueError, match="ends"):
        sl.Galaxy(endless, LIBRARY, 0.01)
    with pytest.warns(sl.cubes.VelocityWarning, match=r"Stars of a smooth galaxy move by .* wider limits"):
        galaxy(disk(), supersample=8, step=25.0, limits=(-100.0, 100.0), points=4)(unit(2, 8.0))


def test_dispersions_are_held_by_the_nodes():
    with pytest.warns(sl.cubes.VelocityWarning, match="three dispersions included; those beyond the nodes, -500"):
        galaxy(disk(dispersion=200.0), supersample=8, points=4)(unit(2, 8.0))
    profile = sl.stars.RadialProfile([0.0, 5.0], [60.0, -20.0])
    with pytest.raises(ValueError, match=r"Component.dispersion: RadialProfile.values has 1 negative numbers"):
        disk(dispersion=profile)
    with pytest.raises(ValueError, match="dispersion is negative, down to -60 km/s"):
        galaxy(disk(dispersion=-60.0 * sl.electrons.Uniform(1.0)), supersample=8, points=4)(unit(2, 8.0))


def test_stars_between_the_rays_are_told():
    """At 90 deg rays miss a razor-thin disk, or meet it and see 2000 times its mass; 0.3 kpc needs rays as near."""
    for height, supersample, angle in ((1e-4, 4, 0.0), (1e-4, 4, 45.0), (1e-4, 4, 135.0), (0.3, 2, 90.0)):
        edge_on = sl.Orientation(inclination=90.0, position_angle=angle)
        seen = dataclasses.replace(galaxy(disk(height), supersample=supersample), orientation=edge_on)
        with pytest.warns(sl.cubes.RayWarning, match=r"between its rays, .* kpc apart: .* larger supersample"):
            seen(unit(6))


def test_single_precision(precision):
    cube = galaxy(disk(), supersample=2)(unit(3))
    assert cube.flux.dtype == precision
    assert np.all(np.isfinite(cube.flux))


def test_small_galaxies_are_as_sharp_in_single_precision():
    """A disk of 3 pc is that of 3 kpc, seen from a thousandth of the distance: not on a grain of 0.06 pc."""
    found = []
    for x64 in (True, False):
        with jax.enable_x64(x64):
            small = dataclasses.replace(
                disk(), density=sl.stars.ExponentialDisk(mass=3e10, scale_radius=3e-3, scale_height=3e-4), velocity=None
            )
            ifu = sl.cubes.IFU((3, 3), 1.67e-3 / galaxy(small).scale, CHANNELS)
            found.append(np.asarray(galaxy(small, supersample=2)(ifu).flux.sum(axis=0), np.float64))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4)


def test_ends_of_stars_are_found_before_and_behind():
    """A ball of 1 kpc at 3 kpc on either side of the centre, along a line next to it: 3 -+ 1 kpc."""
    for middle in (-3.0, 0.5, 3.0):
        ball = sl.fields.Confined(sl.electrons.Uniform(1.0), radius=1.0, centre=(0.0, 0.0, middle))
        scene = rays.Scene(
            sl.stars.Component(ball, history=sl.stars.SingleAge(3.0, 0.0)),
            sl.Orientation(),
            LIBRARY,
            sl.cubes.VelocityNodes(),
        )
        away = jnp.asarray([0.0, 0.0, 1.0])
        np.testing.assert_allclose(scene._ends(jnp.zeros(3), away), [middle - 1, middle + 1], atol=1e-12)
    assert [float(one) for one in scene._ends(jnp.asarray([2.0, 0.0, 0.0]), away)] == [0.0, 0.0]


def test_image_planes_project_and_average():
    angles = {"inclination": 50.0, "position_angle": 20.0, "centre": (1.0, 2.0, 3.0)}
    plane = sl.ImagePlane((3, 2), (3.0, 4.0), **angles, supersample=2)
    once = dataclasses.replace(plane, supersample=1)
    assert plane.rays()[0].shape == (3, 24)
    east, north, away = plane.project(plane.offsets().T)
    np.testing.assert_allclose(plane.reduce(east), once.plane()[0], atol=1e-9)
    np.testing.assert_allclose(plane.reduce(north), once.plane()[1], atol=1e-9)
    np.testing.assert_allclose(away, -1000.0)
    np.testing.assert_allclose(np.sort(np.unique(np.round(np.asarray(east), 6))), [-1.5, -0.5, 0.5, 1.5])
    turned = sl.Orientation(inclination=50.0, position_angle=20.0)
    np.testing.assert_allclose(turned.axes(), plane.axes(), atol=1e-14)
    with pytest.raises(ValueError, match="position"):
        plane.project([1.0, 2.0])


@pytest.mark.parametrize("ages", [[0.001, 0.1, 1.0], [0.03, 1.0]])
def test_clouds_are_about_stars_by_their_age(ages):
    """Not by that of the nodes of a library, between which stars of one age are shared out."""
    light = 1 + np.arange(len(ages))[:, None] * np.ones((1, 3))
    library = sl.populations.Library([4500.0, 5000.0, 5500.0], ages, [0.0], light[None], "air")
    screen = sl.dust.Screen(sl.dust.CCM89(), birth_clouds=1.0)
    channels = sl.cubes.Channels.regular(4990.0, 5.0, 2)

    def flux(dust, history):
        def at(age):
            stars = sl.stars.Component(sl.stars.ExponentialDisk(mass=1e9), history=history(age))
            return sl.Galaxy(stars, library, redshift=0.01, dust=dust)(sl.cubes.IFU((2, 2), 40.0, channels)).flux[0]

        return jax.jit(at)

    def radial(_):  # a fifth of the mass is young, the rest is old
        return sl.stars.RadialHistory([0.0, 5.0], [0.002, 0.9], jnp.log(jnp.array([[0.2, 0.8], [0.2, 0.8]])))

    passed = float(10 ** (-0.4 * screen.law.ratio(np.array([4992.5 / 1.01]))[0]))
    behind, clear = flux(screen, sl.stars.SingleAge), flux(None, sl.stars.SingleAge)
    for age in (0.0005, 0.002, 0.0099, 0.012, 0.05):
        np.testing.assert_allclose(behind(age) / clear(age), passed if age < 0.01 else 1.0, rtol=2e-3)
    parts = [library.luminosity(one, 0.0)[1] for one in (0.002, 0.9)]
    wanted = (0.2 * passed * parts[0] + 0.8 * parts[1]) / (0.2 * parts[0] + 0.8 * parts[1])
    np.testing.assert_allclose(flux(screen, radial)(1.0) / flux(None, radial)(1.0), wanted, rtol=2e-3)
