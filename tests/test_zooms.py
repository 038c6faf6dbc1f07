"""Patches of the sky: directions land where the FITS standard has them, scales are of what is in view."""

import astropy.units as u
import healpy as hp
import numpy as np
import pytest
from astropy.wcs import WCS

import sightline as sl
from sightline.plot import gnomonic, mollweide

SKY = sl.HealpixSky(32)
ZOOM = (350.0, 40.0, 30.0)


def standard(zoom, x, y):
    """Directions [rad] of places on the plane [deg] by the TAN projection of the FITS standard as astropy has it."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["GLON-TAN", "GLAT-TAN"]
    wcs.wcs.crval, wcs.wcs.cdelt, wcs.wcs.crpix = zoom[:2], [1.0, 1.0], [0.0, 0.0]
    wcs.wcs.lonpole = 180.0
    return np.deg2rad(wcs.wcs_pix2world(-x, y, 1))


def stokes(q=0.0, v=0.0, sky=SKY):
    """Intensity 10 in the north, 1 in the south, with constant Q and U."""
    bright = np.where(sky.lonlat()[1] > 0, 10.0, 1.0)
    return sl.Stokes(bright, np.full(sky.size, q), np.full(sky.size, v), frequency=23.0, sky=sky)


@pytest.mark.parametrize("zoom", [ZOOM, (0.0, 0.0, 100.0), (123.0, -88.0, 10.0), (10.0, 90.0, 20.0)])
def test_projection_is_that_of_the_standard(zoom):
    patch = gnomonic.Patch(SKY, zoom, 20)
    assert patch.half == pytest.approx(np.tan(np.deg2rad(zoom[2] / 2)))
    middles = np.rad2deg(patch.half) * ((2 * np.arange(20) + 1) / 20 - 1)
    x, y = (part.ravel() for part in np.meshgrid(middles, middles))
    l, b = standard(zoom, x, y)
    found = patch.points(20)
    np.testing.assert_allclose(np.cos(found[0] - l), 1.0, atol=1e-12)
    np.testing.assert_allclose(found[1], b, atol=1e-9)
    np.testing.assert_allclose(np.rad2deg(patch.place(*found)), np.stack([x, y], axis=-1), atol=1e-9)


@pytest.mark.parametrize("sky", [SKY, sl.HealpixSky(32, nest=True), sl.HealpixSky(32, pixels=np.arange(3000))])
def test_a_pixel_lands_where_it_belongs(sky):
    """Above the middle and to its left: at larger b and l, as far from it as tan of the angle."""
    l, b = sky.lonlat()
    pixel = int(np.argmin(np.hypot((l - 5 + 180) % 360 - 180, b - 55)))
    values = np.zeros(sky.size)
    values[pixel] = 1.0
    image = sl.plot.map(values, sky, zoom=(0.0, 50.0, 30.0)).axes[0].images[0].get_array()
    rows, columns = np.nonzero(image.filled(0) > 0.5)
    half = np.tan(np.deg2rad(15))
    row, column = (2 * (np.mean(place) + 0.5) / len(image) - 1 for place in (rows, columns))
    distance = np.arccos(
        np.sin(np.deg2rad(b[pixel])) * np.sin(np.deg2rad(50))
        + np.cos(np.deg2rad(b[pixel])) * np.cos(np.deg2rad(50)) * np.cos(np.deg2rad(l[pixel]))
    )
    assert np.hypot(row, column) * half == pytest.approx(np.tan(distance), abs=0.01)
    assert row > 0
    assert column < 0


def test_scales_are_of_what_is_in_view():
    south = sl.plot.maps(stokes(), zoom=(0.0, -40.0, 20.0)).axes[0].images[0]
    north = sl.plot.maps(stokes(), zoom=(0.0, 40.0, 20.0)).axes[0].images[0]
    assert south.norm.vmin < 1.0 < south.norm.vmax < 2.0
    assert north.norm.vmax > 10.0
    assert south.colorbar.extend == "neither"


@pytest.mark.parametrize(("q", "v", "towards"), [(1, 0, (0, 1)), (-1, 0, (1, 0)), (0, -1, (-1, 1)), (0, 1, (1, 1))])
@pytest.mark.parametrize("convention", ["COSMO", "IAU"])
def test_lines_lie_along_the_electric_vector(q, v, towards, convention):
    """Q > 0: north to south; U > 0 of IAU, < 0 of COSMO: north-east, which is up to the left."""
    given = stokes(q, v).to_convention(convention)
    axes = sl.plot.maps(given, zoom=(200.0, 0.0, 4.0), lines=5).axes[0]
    drawn = np.diff(np.asarray(axes.collections[0].get_segments()), axis=1)[:, 0]
    assert len(drawn) == 25
    unit = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs(unit @ np.asarray(towards)) / np.linalg.norm(towards), 1.0, atol=1e-3)


def test_lines_of_the_whole_sky_are_of_one_length():
    axes = sl.plot.maps(stokes(1.0), lines=20).axes[0]
    drawn = np.diff(np.asarray(axes.collections[0].get_segments()), axis=1)[:, 0]
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 0.7 * 4 * np.sqrt(2) / 20, rtol=1e-6)
    assert 100 < len(drawn) < 20 * 10


def test_graticule_is_numbered_where_it_meets_the_edges():
    figure = sl.plot.map(np.ones(SKY.size), SKY, zoom=(0.0, 0.0, 19.0))
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["5°", "0°", "355°"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["\N{MINUS SIGN}5°", "0°", "+5°"]
    np.testing.assert_allclose(axes.get_yticks()[1:], np.tan(np.deg2rad([0, 5])) / np.cos(np.deg2rad(9.5)), atol=1e-5)
    assert axes.get_aspect() == 1.0
    polar = sl.plot.map(np.ones(SKY.size), SKY, zoom=(10.0, 85.0, 30.0)).axes[0]
    assert [text.get_text() for text in polar.get_xticklabels()] == ["45°", "30°", "15°", "0°", "345°"]


def test_angles_may_have_units_and_senseless_patches_are_refused():
    one = sl.plot.map(np.ones(SKY.size), SKY, zoom=np.deg2rad(ZOOM) * u.rad).axes[0]
    assert one.get_xlim()[1] == pytest.approx(np.tan(np.deg2rad(15)))
    for zoom in ((0.0, 0.0), (0.0, 91.0, 5.0), (0.0, 0.0, 0.0), (0.0, 0.0, 130.0), (np.nan, 0.0, 5.0)):
        with pytest.raises(ValueError, match="zoom"):
            sl.plot.maps(stokes(), zoom=zoom)
    with pytest.raises(ValueError, match="no pixel"):
        sl.plot.map(np.ones(100), sl.HealpixSky(32, pixels=np.arange(100)), zoom=(0.0, -50.0, 5.0))
    with pytest.raises(ValueError, match="lines = -1"):
        sl.plot.maps(stokes(), lines=-1)


def test_pixels_without_data_have_no_lines():
    blank = np.where(SKY.lonlat()[1] > 0, hp.UNSEEN, 1.0)
    given = sl.Stokes(np.ones(SKY.size), blank, blank, frequency=23.0, sky=SKY)
    drawn = sl.plot.maps(given, zoom=(0.0, 0.0, 20.0), lines=10).axes[0].collections[0].get_segments()
    assert 50 <= len(drawn) < 60  # pixels on the plane reach to both sides
    assert np.all(np.mean(drawn, axis=1)[:, 1] < np.deg2rad(2.0))


@pytest.mark.parametrize("b", [0.0, 0.001, 0.3, -1.2, 1.5])
def test_directions_of_the_whole_sky_are_those_of_mollweide(b):
    """dx/dl = -2 sqrt(2)/pi cos(theta), dy/db = sqrt(2) pi cos(b)/(4 cos(theta)): areas are kept."""
    place, step = mollweide.Whole(sl.HealpixSky(1), 10).place, 1e-5
    l = np.array([1.0])
    along = (place(l + step, np.array([b])) - place(l - step, np.array([b])))[0] / (2 * step)
    up = (place(l, np.array([b + step])) - place(l, np.array([b - step])))[0] / (2 * step)
    area = -along[0] * up[1]
    assert along[1] == pytest.approx(0.0, abs=1e-9)
    assert area == pytest.approx(np.cos(b), rel=1e-6)
