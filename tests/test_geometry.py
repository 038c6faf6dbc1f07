"""Frames, skies, cells and sightlines."""

import astropy.units as u
import healpy
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.sky.geometry.frames import transport


def test_axes_of_the_frame():
    lines = sl.Sightlines(sl.Directions([0, 90, 180, 0], [0, 0, 0, 90]))
    np.testing.assert_allclose(lines.rays.direction.T, [[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, 0, 1]], atol=1e-15)
    np.testing.assert_allclose(lines.rays.origin[:, 0], sl.SUN)


def test_basis_is_east_north_away():
    sky = sl.Directions(np.linspace(0, 350, 20), np.linspace(-90, 90, 20))
    direction, east, north = sky.rays()
    np.testing.assert_allclose(np.cross(direction, east, axis=0), north, atol=1e-15)
    step = 1e-6
    moved, _, _ = sl.Directions(sky.l[1:-1], sky.b[1:-1] + np.rad2deg(step)).rays()
    np.testing.assert_allclose((moved - direction[:, 1:-1]) / step, north[:, 1:-1], atol=1e-6)


@pytest.mark.parametrize("nest", [False, True])
def test_healpix_pixels_are_those_of_healpy(nest):
    sky = sl.HealpixSky(8, nest=nest)
    l, b = sky.lonlat()
    theta, phi = healpy.pix2ang(8, np.arange(768), nest=nest)
    np.testing.assert_allclose(l, np.rad2deg(phi))
    np.testing.assert_allclose(b, 90 - np.rad2deg(theta), atol=1e-12)
    part = sl.HealpixSky(8, pixels=[5, 700, 33], nest=nest)
    np.testing.assert_allclose(part.lonlat()[0], l[[5, 700, 33]])
    assert part.size == 3


def test_supersampled_rays_surround_their_pixel():
    for nest in (False, True):
        sky = sl.HealpixSky(4, supersample=4, nest=nest)
        direction, east, north = sky.rays()
        assert direction.shape == (3, 192 * 16)
        np.testing.assert_allclose(np.sum(direction * east, axis=0), 0, atol=1e-14)
        np.testing.assert_allclose(np.sum(north * north, axis=0), 1)
        centres = direction.reshape(3, 192, 16).mean(axis=2)
        centres /= np.linalg.norm(centres, axis=0)
        expected, _, _ = sl.HealpixSky(4, nest=nest).rays()
        assert np.max(np.linalg.norm(centres - expected, axis=0)) < 0.02
        np.testing.assert_allclose(sky.reduce(jnp.repeat(jnp.arange(192.0), 16)), np.arange(192))


def test_parallel_transport_keeps_length_and_angle_to_the_path():
    a, b = np.array([[0.0, 0.0, 1.0]]).T, np.array([[1.0, 0.0, 0.0]]).T
    np.testing.assert_allclose(transport(np.array([[1.0, 0.0, 0.0]]).T, a, b), [[0], [0], [-1]], atol=1e-15)
    np.testing.assert_allclose(transport(np.array([[0.0, 1.0, 0.0]]).T, a, b), [[0], [1], [0]], atol=1e-15)


def test_box_cells_end_at_the_wall():
    sky = sl.HealpixSky(8)
    lines = sl.Sightlines(sky, sl.BoxCells(cells=8))
    ends = np.asarray(lines.rays.origin + lines.rays.length * lines.rays.direction)
    half = np.array([20.0, 20.0, 5.0])[:, None]
    assert np.all(np.abs(ends) <= half * (1 + 1e-12))
    np.testing.assert_allclose(np.max(np.abs(ends) / half, axis=0), 1)


@pytest.mark.parametrize("growth", [1, 1.0, 20.0, 0.3])
def test_cells_fill_the_ray(growth):
    cells = sl.RadialCells(cells=50, distance=7.0, growth=growth)
    edges = cells.edges()
    assert edges[0] == 0
    assert edges[-1] == pytest.approx(1)
    widths = np.diff(edges)
    assert widths[-1] / widths[0] == pytest.approx(growth)


def test_rays_of_a_catalogue_end_at_the_sources():
    pulsars = sl.SourceCatalogue([10.0, 20.0], [0.0, 5.0], [1.0, 2.5] * u.kpc)
    np.testing.assert_allclose(sl.Sightlines(pulsars).rays.length, [1.0, 2.5])


def test_geometry_follows_the_default_float(precision):
    lines = sl.Sightlines(sl.HealpixSky(2), sl.RadialCells(4))
    assert lines.rays.length.dtype == precision
    assert lines.widths.dtype == precision


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: sl.HealpixSky(12), ValueError, "nside = 12 is not a power of two"),
        (lambda: sl.HealpixSky(8.0), TypeError, "nside must be an integer"),
        (lambda: sl.HealpixSky(1, pixels=[12]), ValueError, "between 0 and 11"),
        (lambda: sl.HealpixSky(1, pixels=[1, 1]), ValueError, "twice"),
        (lambda: sl.HealpixSky(1, pixels=[0.5]), ValueError, "integer indices"),
        (lambda: sl.HealpixSky(1, pixels=[]), ValueError, "pixels"),
        (lambda: sl.HealpixSky(1, supersample=3), ValueError, "supersample = 3"),
        (lambda: sl.Directions([0, 1], [0, 91]), ValueError, r"row 1: l = 1\.0, b = 91\.0"),
        (lambda: sl.Directions([0, np.nan], [0, 0]), ValueError, "row 1"),
        (lambda: sl.Directions([0, 1, 2], [0, 0]), ValueError, "one length"),
        (lambda: sl.Directions(1 * u.kpc, 0), ValueError, "l was given in 'kpc'"),
        (lambda: sl.SourceCatalogue([0, 1], [0, 0], [1, -1]), ValueError, "1 rows are not, the first is row 1"),
        (lambda: sl.SourceCatalogue([0, 1], [0, 0], [1, 2, 3]), ValueError, "distance has shape"),
        (lambda: sl.BoxCells(cells=0), ValueError, "cells = 0"),
        (lambda: sl.BoxCells(half_widths=(1, 2)), ValueError, "three positive lengths"),
        (lambda: sl.BoxCells(growth=-1.0), ValueError, "growth"),
        (lambda: sl.RadialCells(distance=-3), ValueError, "distance = -3"),
        (lambda: sl.RadialCells(distance=3 * u.K), ValueError, "distance was given in 'K'"),
        (lambda: sl.RadialCells(distance=[3.0, 4.0]), ValueError, "distance must be one number"),
        (lambda: sl.Sightlines(sl.HealpixSky(1), sl.BoxCells(), (-30.0, 0, 0)), ValueError, "outside the box"),
        (lambda: sl.Sightlines(sl.HealpixSky(1), observer=(0, 0)), ValueError, "observer"),
        (lambda: sl.Sightlines(64), TypeError, "sky must be"),
    ],
)
def test_bad_geometry_is_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_one_direction_has_many_distances():
    catalogue = sl.SourceCatalogue(l=30.0, b=2.0, distance=[1.0, 2.0, 3.0])
    assert catalogue.size == 3
    np.testing.assert_array_equal([catalogue.l, catalogue.b, catalogue.distance], [[30.0] * 3, [2.0] * 3, [1, 2, 3]])
    one = sl.SourceCatalogue([30.0], [2.0, 3.0, 4.0], [5.0])
    np.testing.assert_array_equal([one.l, one.b, one.distance], [[30.0] * 3, [2, 3, 4], [5.0] * 3])
    simulator = sl.Simulator(electron_density=sl.electrons.Uniform(0.01))
    np.testing.assert_allclose(simulator.dispersion_measure(catalogue), [10.0, 20.0, 30.0], rtol=1e-6)
    for distance in ([], [[1.0, 2.0]]):
        with pytest.raises(ValueError, match="distance has shape"):
            sl.SourceCatalogue(30.0, 2.0, distance)


def test_coordinates_of_astropy():
    """The Crab pulsar: l = 184.5575, b = -5.7843 deg (SIMBAD)."""
    import astropy.units as u
    from astropy.coordinates import Galactocentric, SkyCoord

    crab = SkyCoord("05h34m31.97s", "+22d00m52.1s", frame="icrs", distance=2.0 * u.kpc)
    sky = sl.Directions(crab)
    np.testing.assert_allclose([sky.l, sky.b], [[184.5575], [-5.7843]], atol=1e-3)
    two = SkyCoord([10.0, 20.0], [1.0, 2.0], unit="deg", frame="galactic")
    np.testing.assert_allclose(sl.Directions(two).b, [1.0, 2.0], atol=1e-9)
    np.testing.assert_allclose(sl.SourceCatalogue(crab).distance, [2.0])
    np.testing.assert_allclose(sl.SourceCatalogue(two, distance=[3.0, 4.0]).distance, [3.0, 4.0])
    place = sl.galactocentric(crab, sun=(-8.0, 0.0, 0.0))
    l, b = np.deg2rad([184.5575, -5.7843])
    expected = np.array([-8.0, 0.0, 0.0]) + 2.0 * np.array([np.cos(b) * np.cos(l), np.cos(b) * np.sin(l), np.sin(b)])
    np.testing.assert_allclose(place, expected, atol=1e-4)
    frame = Galactocentric(x=[-8.0, 1.0] * u.kpc, y=[0.0, 2000.0] * u.pc, z=[0.0, 3.0] * u.kpc)
    np.testing.assert_allclose(sl.galactocentric(frame), [[-8.0, 0.0, 0.0], [1.0, 2.0, 3.0]])
    lines = sl.Sightlines(sky, sl.RadialCells(cells=4), observer=SkyCoord(frame[0]))
    np.testing.assert_allclose(lines.observer, [-8.0, 0.0, 0.0], atol=1e-6)


def test_galactocentric_axes_are_those_of_astropy():
    """astropy's frame is tilted by z_sun/d alone, 0.15 deg: x towards l = 0, y towards l = 90, z north."""
    import astropy.units as u
    from astropy.coordinates import Galactocentric, SkyCoord

    here = SkyCoord(l=[0, 90, 30] * u.deg, b=[0, 0, 60] * u.deg, distance=[1, 2, 3] * u.kpc, frame="galactic")
    frame = Galactocentric(galcen_distance=8.3 * u.kpc, z_sun=6 * u.pc)
    found = here.transform_to(frame).cartesian.xyz.to_value("kpc").T
    np.testing.assert_allclose(sl.galactocentric(here), found, atol=0.02)


def test_coordinates_that_lack_something():
    import astropy.units as u
    from astropy.coordinates import SkyCoord

    bare = SkyCoord(10.0 * u.deg, 5.0 * u.deg, frame="galactic")
    with pytest.raises(ValueError, match="have no distance"):
        sl.SourceCatalogue(bare)
    with pytest.raises(ValueError, match="have no distance"):
        sl.galactocentric(bare)
    with pytest.raises(TypeError, match="must be a SkyCoord"):
        sl.galactocentric((1.0, 2.0, 3.0))
    with pytest.raises(TypeError, match="b was given beside a SkyCoord"):
        sl.Directions(bare, 3.0)
    with pytest.raises(TypeError, match="b is missing"):
        sl.Directions(10.0)
    with pytest.raises(TypeError, match="distance is missing"):
        sl.SourceCatalogue(10.0, 5.0)
