"""Cubes of I, Q and U in files, as RM-Tools takes them, and back."""

import jax.numpy as jnp
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS, Sip

import sightline as sl

EVEN, UNEVEN = (1.2, 1.3, 1.4), (0.3, 0.4, 1.4)


def image(kind="GLON-CAR", shape=(3, 4), centre=(40.0, 10.0)):
    """The coordinates of an image, east to the left, and its sky."""
    other = {"GLON-CAR": "GLAT-CAR", "RA---TAN": "DEC--TAN"}[kind]
    wcs = WCS(
        {"CTYPE1": kind, "CTYPE2": other, "CRVAL1": centre[0], "CRVAL2": centre[1], "CDELT1": -2.0, "CDELT2": 2.0}
    )
    if kind == "GLON-CAR":  # plate carree is about the equator
        wcs.wcs.crval, wcs.wcs.crpix = (centre[0], 0.0), (1.0, 1.0 - centre[1] / 2.0)
    wcs.array_shape = shape
    rows, columns = np.indices(shape)
    return wcs, sl.Directions(wcs.pixel_to_world(columns.ravel(), rows.ravel()))


def maps(sky, frequency=EVEN, **changes):
    values = np.random.default_rng(0).normal(size=(3, len(frequency), sky.size))
    return sl.Stokes(*values, frequency=list(frequency), sky=sky, convention="IAU", **changes)


def read(folder, **options):
    return sl.io.read_stokes_cubes(*(folder / f"Stokes{one}.fits" for one in "QUI"), **options)


def test_axes_and_list_are_what_rm_tools_reads(tmp_path):
    """A cube a parameter in the first extension, an axis called FREQ, a list of hertz: RMtools_3D/README."""
    wcs, sky = image()
    given = maps(sky)
    sl.io.write_stokes_cubes(tmp_path, given, wcs)
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "freqs_Hz.dat"), [1.2e9, 1.3e9, 1.4e9])
    with fits.open(tmp_path / "StokesQ.fits") as file:
        header, data = file[0].header, file[0].data
    assert [header[f"NAXIS{axis}"] for axis in (1, 2, 3)] == [4, 3, 3]
    assert [header[f"CTYPE{axis}"] for axis in (1, 2, 3)] == ["GLON-CAR", "GLAT-CAR", "FREQ"]
    assert (header["CUNIT3"], header["CRVAL3"], header["CDELT3"]) == ("Hz", 1.2e9, pytest.approx(1e8))
    assert (header["BUNIT"], header["STOKES"], header["POLCCONV"]) == ("K", "Q", "IAU")
    np.testing.assert_array_equal(data[1].ravel(), given.Q[1])
    assert WCS(header).wcs_pix2world([[2, 1, 0]], 0)[0, 2] == pytest.approx(1.2e9)


def test_rotation_measures_survive(tmp_path):
    """chi grows by RM (lambda^2 - lambda_0^2), from north towards east, in the files: Burn 1966."""
    wcs, sky = image()
    wavelengths = 0.299792458 / np.asarray(UNEVEN)
    chi = 0.2 + 3.0 * wavelengths[:, None] ** 2 * np.ones(sky.size)
    given = sl.Stokes(
        np.ones_like(chi), np.cos(2 * chi), np.sin(2 * chi), frequency=list(UNEVEN), sky=sky, convention="IAU"
    )
    sl.io.write_stokes_cubes(tmp_path, given.to_convention("COSMO"), wcs)
    q, u = (fits.getdata(tmp_path / f"Stokes{one}.fits") for one in "QU")
    hertz = np.loadtxt(tmp_path / "freqs_Hz.dat")
    angle = np.unwrap(0.5 * np.arctan2(u, q), axis=0, period=np.pi)[:, 1, 2]
    slope, start = np.polyfit((299792458.0 / hertz) ** 2, angle, 1)
    assert (slope, start % np.pi) == pytest.approx((3.0, 0.2))


@pytest.mark.parametrize("frequency", [EVEN, UNEVEN])
@pytest.mark.parametrize("kind", ["GLON-CAR", "RA---TAN"])
@pytest.mark.parametrize("listed", [False, True])
def test_what_is_written_is_read(precision, tmp_path, frequency, kind, listed):
    wcs, sky = image(kind)
    given = maps(sky, frequency, unit="MJy/sr")
    sl.io.write_stokes_cubes(tmp_path, given, wcs)
    found, again = read(tmp_path, frequencies=tmp_path / "freqs_Hz.dat" if listed else None)
    assert (found.unit, found.convention, found.Q.dtype, again.array_shape) == ("MJy/sr", "IAU", precision, (3, 4))
    tolerance = 1e-12 if precision == "float64" else 2e-6
    for name in "IQU":
        np.testing.assert_allclose(getattr(found, name), getattr(given, name), atol=tolerance)
    np.testing.assert_allclose(found.frequency, frequency, rtol=1e-7 if precision == "float32" else 1e-14)
    np.testing.assert_allclose(found.sky.lonlat(), sky.lonlat(), rtol=1e-9)


def test_angles_of_equatorial_cubes_count_from_celestial_north(tmp_path):
    """A vector along the great circle towards the celestial pole has Q > 0 and U = 0 in the file."""
    wcs, sky = image("RA---TAN", shape=(1, 2), centre=(83.6, 22.0))
    places = SkyCoord(*sky.lonlat(), unit="deg", frame="galactic")
    angle = places.position_angle(SkyCoord(0.0, 90.0, unit="deg", frame="icrs").galactic).rad  # of it, in the Galaxy
    one = np.ones((2, 1))
    given = sl.Stokes(
        one * [1, 1], one * np.cos(2 * angle), one * np.sin(2 * angle), frequency=[1.0, 2.0], sky=sky, convention="IAU"
    )
    sl.io.write_stokes_cubes(tmp_path, given, wcs)
    np.testing.assert_allclose(fits.getdata(tmp_path / "StokesQ.fits"), 1.0, atol=1e-9)
    np.testing.assert_allclose(fits.getdata(tmp_path / "StokesU.fits"), 0.0, atol=1e-9)


def test_an_image_of_a_galaxy_is_on_the_sky(tmp_path):
    """The angle of a pixel is its side over the distance; rows run north, columns east."""
    plane = sl.ImagePlane(shape=(2, 3), extent=(4.0, 9.0))
    sl.io.write_stokes_cubes(tmp_path, maps(plane), distance=10.0, position=(204.25, -29.87))
    header = fits.getheader(tmp_path / "StokesI.fits")
    assert [header["CDELT2"], header["CDELT1"]] == pytest.approx(np.rad2deg([2.0 / 1e4, 3.0 / 1e4]))
    middle = WCS(header).celestial.pixel_to_world(1.0, 0.5)
    assert (middle.ra.deg, middle.dec.deg) == pytest.approx((204.25, -29.87))
    np.testing.assert_array_equal(fits.getdata(tmp_path / "StokesU.fits")[2].ravel(), maps(plane).U[2])


def test_cubes_of_others_have_axes_in_any_order(tmp_path):
    """Four axes, STOKES of one pixel, frequency before latitude; kelvins in thousandths."""
    _, sky = image()
    cube = np.random.default_rng(1).normal(size=(1, 3, 2, 4))
    keys = {"CTYPE1": "GLON-CAR", "CTYPE2": "FREQ", "CTYPE3": "GLAT-CAR", "CTYPE4": "STOKES", "BUNIT": "mK"}
    keys |= {
        "CRVAL1": 40.0,
        "CDELT1": -2.0,
        "CDELT3": 2.0,
        "CRPIX3": -4.0,
        "CRVAL2": 1.2,
        "CDELT2": 0.2,
        "CUNIT2": "GHz",
    }
    keys |= {"CRPIX1": 1.0, "CRPIX2": 1.0}
    for name, sign in (("Q", 1), ("U", -1)):
        fits.PrimaryHDU(sign * cube, fits.Header(keys)).writeto(tmp_path / f"{name}.fits")
    found, image_of = sl.io.read_stokes_cubes(tmp_path / "Q.fits", tmp_path / "U.fits")
    assert image_of.array_shape == (3, 4)
    np.testing.assert_allclose(found.frequency, [1.2, 1.4])
    np.testing.assert_allclose(found.Q, 1e-3 * np.moveaxis(cube[0], 1, 0).reshape(2, 12))
    np.testing.assert_allclose(found.sky.lonlat(), sky.lonlat(), atol=1e-9)
    assert bool(jnp.all(jnp.isnan(found.I)))


def test_axes_count_from_their_pixel_of_reference(tmp_path):
    """Parameter 3 at pixel 0 of an axis of one pixel is 4, V; steps of frequency from a matrix."""
    keys = {"CTYPE1": "GLON-CAR", "CTYPE2": "GLAT-CAR", "CTYPE3": "FREQ", "CTYPE4": "STOKES", "BUNIT": "K"}
    keys |= {"CD1_1": -2.0, "CD2_2": 2.0, "CD3_3": 1e8, "CD4_4": 1.0, "CRVAL3": 1.2e9, "CRPIX3": 1.0}

    def cube(name, value, pixel):
        header = fits.Header(keys | {"CRVAL4": value, "CRPIX4": pixel})
        fits.PrimaryHDU(np.ones((1, 3, 2, 4)), header).writeto(tmp_path / name)
        return tmp_path / name

    found, _ = sl.io.read_stokes_cubes(cube("q.fits", 3.0, 2.0), cube("u.fits", 2.0, 0.0))
    np.testing.assert_allclose(found.frequency, [1.2, 1.3, 1.4])
    with pytest.raises(sl.io.FileError, match="holds Stokes V, and is given as Q"):
        sl.io.read_stokes_cubes(cube("v.fits", 3.0, 0.0), tmp_path / "u.fits")


def test_what_makes_no_sense_is_refused(tmp_path):
    wcs, sky = image()
    with pytest.raises(TypeError, match="HealpixSky"):
        sl.io.write_stokes_cubes(tmp_path, maps(sl.HealpixSky(1)))
    with pytest.raises(ValueError, match="sequence of frequencies"):
        sl.io.write_stokes_cubes(tmp_path, maps(sky)[0], wcs)
    plane = sl.Stokes(*np.ones((3, 2)), frequency=[1.0, 2.0], sky=sl.ImagePlane((2, 2), (1.0, 1.0)))
    with pytest.raises(ValueError, match=r"write_stokes_cubes needs maps with an axis of pixels.*give \(2, npix\)"):
        sl.io.write_stokes_cubes(tmp_path, plane, distance=1.0)
    with pytest.raises(ValueError, match="wcs is missing"):
        sl.io.write_stokes_cubes(tmp_path, maps(sky))
    with pytest.raises(ValueError, match="other directions"):
        sl.io.write_stokes_cubes(tmp_path, maps(sky), image(centre=(41.0, 10.0))[0])
    with pytest.raises(ValueError, match="wcs does not belong to an ImagePlane"):
        sl.io.write_stokes_cubes(tmp_path, maps(sl.ImagePlane((2, 2), (1.0, 1.0))), wcs, distance=1.0)
    with pytest.raises(ValueError, match="distance does not belong to Directions"):
        sl.io.write_stokes_cubes(tmp_path, maps(sky), wcs, distance=1.0)
    with pytest.raises(ValueError, match="distance is missing"):
        sl.io.write_stokes_cubes(tmp_path, maps(sl.ImagePlane((2, 2), (1.0, 1.0))))
    assert list(tmp_path.iterdir()) == []
    sl.io.write_stokes_cubes(tmp_path, maps(sky), wcs)
    with pytest.raises(FileExistsError):
        sl.io.write_stokes_cubes(tmp_path, maps(sky), wcs)
    (tmp_path / "freqs_Hz.dat").write_text("1e9\n")
    with pytest.raises(sl.io.FileError, match=r"1 lines, .*has 3"):
        read(tmp_path, frequencies=tmp_path / "freqs_Hz.dat")
    with fits.open(tmp_path / "StokesU.fits", mode="update") as file:
        file[0].header["CRVAL3"] = 1.1e9
    with pytest.raises(sl.io.FileError, match=r"StokesU.fits: .*another image, unit or axis"):
        read(tmp_path)
    with fits.open(tmp_path / "StokesU.fits", mode="update") as file:
        file[0].header["BUNIT"] = "Jy/beam"
    with pytest.raises(sl.io.FileError, match=r"Jy/beam.*no brightness"):
        read(tmp_path)


def rewritten(folder, name, change):
    """A cube of another program: the file of ours with its data or header changed, without checksums."""
    with fits.open(folder / name) as file:
        header, data = file[0].header.copy(), np.asarray(file[0].data)
    for key in ("CHECKSUM", "DATASUM"):
        header.remove(key, ignore_missing=True)
    fits.PrimaryHDU(change(header, data), header).writeto(folder / name, overwrite=True)


def test_cubes_of_whole_numbers_keep_their_unit(tmp_path):
    wcs, sky = image()
    sl.io.write_stokes_cubes(tmp_path, maps(sky), wcs)

    def change(header, data):
        header["BUNIT"] = "mK"
        return np.arange(data.size, dtype=np.int16).reshape(data.shape)

    for one in "QUI":
        rewritten(tmp_path, f"Stokes{one}.fits", change)
    found, _ = read(tmp_path)
    np.testing.assert_allclose(found.I.ravel(), 1e-3 * np.arange(found.I.size), rtol=1e-6)


@pytest.mark.parametrize(
    ("card", "value", "message"),
    [("POLCCONV", "cosmological", "may be IAU or COSMO"), ("STOKES", "U", "holds Stokes U, and is given as Q")],
)
def test_another_parameter_or_convention_is_refused(tmp_path, card, value, message):
    wcs, sky = image()
    sl.io.write_stokes_cubes(tmp_path, maps(sky), wcs)

    def change(header, data):
        header[card] = value
        return data

    rewritten(tmp_path, "StokesQ.fits", change)
    with pytest.raises(sl.io.FileError, match=message):
        read(tmp_path)


def test_tables_of_frequencies_of_others_are_refused(tmp_path):
    wcs, sky = image()
    sl.io.write_stokes_cubes(tmp_path, maps(sky, UNEVEN), wcs)
    with fits.open(tmp_path / "StokesQ.fits", mode="update") as file:
        file[0].header["CRPIX3"] = 2.0
    with pytest.raises(sl.io.FileError, match="pass frequencies="):
        sl.io.read_stokes_cubes(tmp_path / "StokesQ.fits", tmp_path / "StokesU.fits")


def test_distorted_images_are_refused(tmp_path):
    wcs, sky = image("RA---TAN")
    wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
    wcs.sip = Sip(np.zeros((3, 3)), np.zeros((3, 3)), None, None, [1.0, 1.0])
    with pytest.raises(ValueError, match="has distortions"):
        sl.io.write_stokes_cubes(tmp_path, maps(sky), wcs)


def test_cubes_without_brightness_are_data(tmp_path):
    wcs, sky = image()
    sl.io.write_stokes_cubes(tmp_path, maps(sky), wcs)
    found, _ = sl.io.read_stokes_cubes(tmp_path / "StokesQ.fits", tmp_path / "StokesU.fits")
    likelihood = sl.MapLikelihood(found.sky, found.frequency, data=found, noise=1.0, parameters="QU")
    assert likelihood.size == 2 * len(EVEN) * sky.size


def test_blank_pixels_are_nan_in_cubes(tmp_path):
    """The sentinel of HEALPix files would be a brightness there, and another number where Q and U are turned."""
    wcs, sky = image("RA---TAN")
    given = maps(sky)
    values = [np.array(part).astype(np.float32) for part in (given.I, given.Q, given.U)]
    for pixel, part in enumerate(values):
        part[:, pixel] = -1.6375e30
    sl.io.write_stokes_cubes(tmp_path, sl.Stokes(*values, frequency=list(EVEN), sky=sky, convention="IAU"), wcs)
    for name, blank in (("I", [0]), ("Q", [1, 2]), ("U", [1, 2])):
        found = fits.getdata(tmp_path / f"Stokes{name}.fits").reshape(len(EVEN), -1)
        assert found.dtype == np.dtype(">f4")
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(found[0])), blank)
        assert np.nanmax(np.abs(found)) < 10
