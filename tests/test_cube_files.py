"""Cubes and spectra in files: written whole, opened by astropy, read back bit for bit; those of others, and damage."""

import dataclasses
import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

import sightline as sl

DATA = Path(os.environ.get("SIGHTLINE_DATA", "absent")) / "ifu"


def made(channels, shape=(3, 4), spaxel=0.2, seed=0):
    random = np.random.default_rng(seed)
    flux, variance = random.uniform(1, 2, (2, len(channels), shape[0] * shape[1]))
    return sl.SpectralCube(flux, channels, sl.cubes.Spaxels(shape, spaxel), variance)


STRAIGHT = sl.cubes.Channels.regular(4750.1, 1.25, 7, medium="air")
BENT = sl.cubes.Channels(5000.0 * 1.0002 ** np.arange(8) ** 1.1, medium="vacuum")


@pytest.mark.parametrize("channels", [STRAIGHT, BENT], ids=["straight", "bent"])
def test_a_cube_reads_back_bit_for_bit(tmp_path, channels):
    cube = made(channels)
    sl.io.write_cube(tmp_path / "cube.fits", cube)
    back = sl.io.read_cube(tmp_path / "cube.fits")
    np.testing.assert_array_equal(back.flux, cube.flux)
    np.testing.assert_array_equal(back.variance, cube.variance)
    assert (back.channels, back.plane) == (channels, cube.plane)
    assert back.flux.dtype == cube.flux.dtype


def test_double_precision_survives(tmp_path):
    with jax.enable_x64(True):
        cube = made(STRAIGHT)
        sl.io.write_cube(tmp_path / "cube.fits", cube)
        back = sl.io.read_cube(tmp_path / "cube.fits")
        assert back.flux.dtype == jnp.float64
        np.testing.assert_array_equal(back.flux, cube.flux)


@pytest.mark.parametrize("channels", [STRAIGHT, BENT], ids=["straight", "bent"])
def test_astropy_finds_spaxels_and_wavelengths(tmp_path, channels):
    cube = made(channels)
    sl.io.write_cube(tmp_path / "cube.fits", cube, position=(150.0, -30.0))
    with fits.open(tmp_path / "cube.fits") as file:
        wcs = WCS(file["DATA"].header, fobj=file)
        x, y = np.meshgrid(np.arange(4), np.arange(3))
        world = wcs.pixel_to_world_values(x.ravel(), y.ravel(), 0)
        centre = SkyCoord(150.0 * u.deg, -30.0 * u.deg)
        east, north = centre.spherical_offsets_to(SkyCoord(world[0] * u.deg, world[1] * u.deg))
        to_east, to_north = cube.plane.offsets()
        np.testing.assert_allclose(east.arcsec, to_east, atol=1e-6)
        np.testing.assert_allclose(north.arcsec, to_north, atol=1e-6)
        waves = wcs.pixel_to_world_values(0, 0, np.arange(len(channels)))[2] * u.Unit(wcs.wcs.cunit[2])
        np.testing.assert_allclose(waves.to_value("Angstrom"), channels.centres, atol=1e-6)
        assert wcs.wcs.ctype[2].startswith({"air": "AWAV", "vacuum": "WAVE"}[channels.medium])
        np.testing.assert_array_equal(file["DATA"].data.reshape(7, -1), cube.flux)
        assert u.Unit(file["DATA"].header["BUNIT"]) == u.Unit("erg s-1 cm-2 Angstrom-1")


def test_what_is_left_out_stays_so(tmp_path):
    cube = made(STRAIGHT)
    cube = dataclasses.replace(cube, variance=cube.variance.at[2, 5].set(jnp.inf))
    sl.io.write_cube(tmp_path / "cube.fits", cube)
    assert fits.getdata(tmp_path / "cube.fits", "DQ").sum() == 1
    with pytest.warns(sl.io.LeftOutWarning, match="1 IVAR 0 or no variance"):
        back = sl.io.read_cube(tmp_path / "cube.fits")
    np.testing.assert_array_equal(back.variance, cube.variance)


def test_a_file_is_not_replaced_by_accident(tmp_path):
    path = tmp_path / "cube.fits"
    path.write_text("precious")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        sl.io.write_cube(path, made(STRAIGHT))
    assert path.read_text() == "precious"
    sl.io.write_cube(path, made(STRAIGHT), overwrite=True)
    assert [one.name for one in tmp_path.iterdir()] == ["cube.fits"]


def axes(kind="AWAV", east=-1.0, **cards):
    """World coordinates as MUSE writes them: columns run west."""
    header = fits.Header([("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN"), ("CUNIT1", "deg"), ("CUNIT2", "deg")])
    header.update({"CRPIX1": 2.5, "CRPIX2": 2.0, "CRVAL1": 10.0, "CRVAL2": 20.0, "CD2_2": 0.2 / 3600})
    header.update({"CD1_1": east * 0.2 / 3600, "CD1_2": 0.0, "CD2_1": 0.0, "CTYPE3": kind, "CUNIT3": "Angstrom"})
    header.update({"CRPIX3": 1.0, "CRVAL3": 4750.0, "CD3_3": 1.25, "BUNIT": "10**(-20)*erg/s/cm**2/Angstrom"})
    header.update(cards)
    return header


def muse(path, flux, variance, **cards):
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(flux, axes(**cards), name="DATA")]
    hdus += [fits.ImageHDU(variance, axes(**cards), name="STAT")] if variance is not None else []
    fits.HDUList(hdus).writeto(path)
    return path


def test_cubes_like_those_of_muse(tmp_path):
    flux = np.arange(1.0, 61.0, dtype=np.float32).reshape(5, 3, 4)
    flux[1, 2, 3] = np.nan
    path = muse(tmp_path / "muse.fits", flux, np.full((5, 3, 4), 4.0, np.float32))
    with jax.enable_x64(False), pytest.raises(sl.io.FileError, match="scale=1e-20"):
        sl.io.read_cube(path)
    with pytest.warns(sl.io.LeftOutWarning, match="1 flux not finite"):
        cube = sl.io.read_cube(path, scale=1e-20)
    np.testing.assert_allclose(cube.image[0, 1], flux[0, 1, ::-1], rtol=1e-6)  # columns run east
    assert float(cube.variance[0, 0]) == pytest.approx(4.0)
    assert np.isinf(np.asarray(cube.variance)).sum() == 1
    assert bool(jnp.all(jnp.isfinite(cube.flux)))
    np.testing.assert_allclose(cube.channels.edges, 4750 + 1.25 * (np.arange(6) - 0.5))
    assert cube.channels.medium == "air"
    assert cube.plane.spaxel == pytest.approx(0.2)


def test_cubes_like_those_of_manga(tmp_path):
    wave = 10 ** (3.6 + 1e-4 * np.arange(5))
    inverse, mask = np.full((5, 3, 4), 0.25, np.float32), np.zeros((5, 3, 4), np.int32)
    inverse[0, 0, 0], mask[1, 1, 1], mask[0, 0, 0] = 0, 1024, 1
    cards = axes("WAVE-LOG", BUNIT="1E-17 erg/s/cm^2/Ang/spaxel")
    named = [("FLUX", np.ones((5, 3, 4), np.float32)), ("IVAR", inverse), ("MASK", mask)]
    hdus = [fits.ImageHDU(values, cards, name=name) for name, values in named]
    fits.HDUList([fits.PrimaryHDU(), *hdus, fits.ImageHDU(wave, name="WAVE")]).writeto(tmp_path / "manga.fits")
    with pytest.warns(sl.io.LeftOutWarning, match="1 IVAR 0 or no variance, 1 masked"):
        cube = sl.io.read_cube(tmp_path / "manga.fits", scale=1e-17)
    assert cube.channels.medium == "vacuum"
    np.testing.assert_allclose(cube.channels.edges, 10 ** (3.6 + 1e-4 * (np.arange(6) - 0.5)))
    np.testing.assert_allclose(np.asarray(cube.variance)[3], 4.0)
    assert np.isinf(np.asarray(cube.variance)).sum() == 2


@pytest.mark.parametrize(("unit", "factor"), [("nm", 0.1), ("ANGSTROMS", 1.0), ("A", 1.0), ("um", 1e-4)])
def test_lists_of_wavelengths_have_their_unit(tmp_path, unit, factor):
    wave = fits.ImageHDU(factor * (4750 + 1.25 * np.arange(5)), fits.Header({"BUNIT": unit}), name="WAVE")
    flux = fits.ImageHDU(np.ones((5, 3, 4)), axes("WAVE", BUNIT="1E-17 erg/s/cm^2/Ang/spaxel"), name="FLUX")
    fits.HDUList([fits.PrimaryHDU(), flux, wave]).writeto(tmp_path / "cube.fits")
    found = sl.io.read_cube(tmp_path / "cube.fits", scale=1e-17)
    np.testing.assert_allclose(found.channels.centres, 4750 + 1.25 * np.arange(5))


def others(path, names, **cards):
    """A file of images by name, whose first has 2 at one place, where a mask of them is not 0."""
    hdus = [fits.ImageHDU(values, axes(**cards), name=name) for name, values in names.items() if name != "PRIMARY"]
    first = fits.PrimaryHDU(names.get("PRIMARY"), axes(**cards) if "PRIMARY" in names else None)
    fits.HDUList([first, *hdus]).writeto(path)
    return path


FLUX, BAD = np.full((5, 3, 4), 3.0), np.zeros((5, 3, 4), np.int16)
BAD[1, 2, 0] = 1


@pytest.mark.parametrize("names", [("FLUX", "MASK"), ("SCI", "DQ"), ("PRIMARY", "BADPIX"), ("DATA", "DQ")])
def test_masks_are_found_without_errors(tmp_path, names):
    path = others(tmp_path / "cube.fits", dict(zip(names, (FLUX, BAD), strict=True)))
    with pytest.warns(sl.io.LeftOutWarning, match="1 masked"):
        cube = sl.io.read_cube(path, scale=1e-20)
    assert cube.variance is None
    np.testing.assert_array_equal(np.isnan(cube.image), BAD[:, :, ::-1] != 0)


@pytest.mark.parametrize(
    ("name", "values", "flux"),
    [
        ("VARIANCE", 0.25, "PRIMARY"),
        ("ERROR", 0.5, "DATA"),
        ("ERR", 0.5, "SCI"),
        ("IVAR", 4.0, "FLUX"),
        ("VAR", 0.25, "SCI"),
    ],
)
def test_errors_are_found_by_themselves(tmp_path, name, values, flux):
    images = {flux: FLUX, name: np.full(FLUX.shape, values), "BADPIX": BAD, "WEIGHT": FLUX, "NOISE": FLUX}
    path = others(tmp_path / "cube.fits", images, kind="Wavelength")
    with pytest.warns(sl.io.LeftOutWarning) as found:
        cube = sl.io.read_cube(path, medium="air", scale=1e-20)
    texts = [str(one.message) for one in found]
    assert len(texts) == 2
    assert "data left out: 1 masked." in texts[0]
    assert ": NOISE not used: errors and masks are known by the names STAT" in texts[1]
    np.testing.assert_allclose(np.asarray(cube.variance), np.where(BAD, np.inf, 0.25)[:, :, ::-1].reshape(5, 12))
    np.testing.assert_allclose(cube.channels.centres, 4750 + 1.25 * np.arange(5))


def test_axes_follow_the_standard(tmp_path):
    cards = axes()
    for name in ("CD3_3", "CRPIX3", "CD1_1", "CD2_2", "CD1_2", "CD2_1"):
        del cards[name]
    cards.update({"CDELT1": -0.2 / 3600, "CDELT2": 0.2 / 3600, "CDELT3": 2.5, "PC3_3": 0.5})
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(FLUX, cards, name="DATA")]).writeto(tmp_path / "pc.fits")
    channels = sl.io.read_cube(tmp_path / "pc.fits", scale=1e-20).channels
    np.testing.assert_allclose(channels.centres, 4750 + 1.25 * np.arange(1, 6))  # CRPIX3 is 0 where it is missing
    del cards["CUNIT3"]
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(FLUX, cards, name="DATA")]).writeto(tmp_path / "metres.fits")
    with pytest.raises(sl.io.FileError, match="outside 100 A to 1 mm: CUNIT3 is missing, which means metres"):
        sl.io.read_cube(tmp_path / "metres.fits", scale=1e-20)


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        ({"CUNIT3": "nm", "CRVAL3": 1.0}, "CUNIT3 = 'nm': write the unit"),
        ({"kind": "WAVE-GRI"}, "straight axes"),
        ({"kind": "VELO-LSR"}, "velocity.*AWAV or WAVE"),
        ({"kind": "FREQ"}, "frequency.*AWAV or WAVE"),
        ({"kind": ""}, "pass medium="),
        ({"CD1_1": -0.4 / 3600}, "not square"),
        ({"CD1_2": 0.05 / 3600, "CD2_1": 0.05 / 3600}, "rotated=True"),
        ({"BUNIT": "K"}, "BUNIT"),
        ({"BUNIT": ""}, "pass unit="),
        ({"CTYPE1": "LINEAR"}, "right ascension"),
        ({"CRVAL3": "none"}, "CRVAL3"),
        ({"CD3_3": -1.25}, r"channels of -1\.25: turn the cube"),
    ],
)
def test_files_that_cannot_be_taken_say_why(tmp_path, cards, words):
    path = muse(tmp_path / "odd.fits", np.ones((5, 3, 4)), np.ones((5, 3, 4)), **cards)
    with pytest.raises(sl.io.FileError, match=words):
        sl.io.read_cube(path, scale=1e-20)


def test_cubes_without_variance_have_none(tmp_path):
    path = muse(tmp_path / "bare.fits", np.ones((5, 3, 4)), None)
    cube = sl.io.read_cube(path)
    assert cube.variance is None
    with pytest.raises(ValueError, match="no variance"):
        sl.cubes.fit_mixture(cube, sl.populations.synthetic(step=20.0))


def test_damage_is_one_error(tmp_path):
    path = tmp_path / "cube.fits"
    sl.io.write_cube(path, made(STRAIGHT))
    whole = path.read_bytes()
    for cut in (100, 3000, len(whole) // 2):
        path.write_bytes(whole[:cut])
        with pytest.raises(sl.io.FileError):
            sl.io.read_cube(path)
    changed = bytearray(whole)
    place = whole.find(np.asarray(made(STRAIGHT).flux).astype(">f4").tobytes()[:16])
    changed[place] ^= 1
    path.write_bytes(bytes(changed))
    with pytest.raises(sl.io.FileError, match="DATASUM"):
        sl.io.read_cube(path)


def test_bins_of_a_pipeline(tmp_path):
    logs = np.log(4800.0) + 2e-4 * np.arange(6)
    error = np.full((2, 6), 0.1)
    error[1, 3] = 0
    bins = fits.BinTableHDU.from_columns(
        [fits.Column("SPEC", "6D", array=np.ones((2, 6))), fits.Column("ESPEC", "6D", array=error)], name="BIN_SPECTRA"
    )
    axis = fits.BinTableHDU.from_columns([fits.Column("LOGLAM", "D", array=logs)], name="LOGLAM")
    fits.HDUList([fits.PrimaryHDU(), bins, axis]).writeto(tmp_path / "bins.fits")
    found = sl.io.read_spectra(tmp_path / "bins.fits", medium="air")
    assert found.shape == (2,)
    assert found.left_out["flux or variance not finite"] == 1
    np.testing.assert_allclose(np.log(found.channels.edges[1:]), logs + 1e-4, rtol=1e-12)
    np.testing.assert_allclose(found.variance[0], 0.01)
    with pytest.raises(sl.io.FileError, match="read_spectra"):
        sl.io.read_cube(tmp_path / "bins.fits")


def bins(path, values, unit):
    columns = [fits.Column(name, "6D", array=np.ones((2, 6))) for name in ("SPEC", "ESPEC")]
    axis = fits.BinTableHDU.from_columns([fits.Column("LOGLAM", "D", array=values)], name="LOGLAM")
    axis.header["TUNIT1"] = unit
    table = fits.BinTableHDU.from_columns(columns, name="BIN_SPECTRA")
    fits.HDUList([fits.PrimaryHDU(), table, axis]).writeto(path, overwrite=True)
    return path


LISTED = 4800.0 + 2.0 * np.arange(6)


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (np.log(LISTED), ""),
        (np.log(LISTED), "Angstrom"),
        (np.log(LISTED), "log(Angstrom)"),
        (np.log(LISTED / 10), "ln(nm)"),
        (np.log10(LISTED), "log10(Angstrom)"),
        (np.log10(LISTED), "log(Angstrom)"),
        (LISTED, ""),
        (LISTED / 10, "nm"),
        (LISTED / 1e4, "um"),
    ],
)
def test_wavelengths_of_spectra_have_their_unit(tmp_path, values, unit):
    found = sl.io.read_spectra(bins(tmp_path / "bins.fits", values, unit), medium="air")
    np.testing.assert_allclose(found.channels.centres, LISTED, rtol=1e-9)


def test_wavelengths_of_spectra_that_are_none(tmp_path):
    for values, unit, words in (
        (np.log10(LISTED), "", r"LOGLAM holds decimal logarithms, 3\.68.*TUNIT1 = 'log10"),
        (LISTED / 1e4, "", "outside 100 A to 1 mm: LOGLAM says Angstrom"),
        (LISTED, "um", "LOGLAM says um"),
        (LISTED, "km/s", "LOGLAM"),
    ):
        with pytest.raises(sl.io.FileError, match=words):
            sl.io.read_spectra(bins(tmp_path / "bins.fits", values, unit), medium="air")
    rows = [fits.ImageHDU(np.ones((2, 6)), name=name) for name in ("FLUX", "IVAR", "SRES")]
    for factor, unit in ((1.0, ""), (0.1, "nm"), (1e-4, "um")):
        wave = fits.ImageHDU(factor * LISTED, fits.Header({"BUNIT": unit}), name="WAVE")
        fits.HDUList([fits.PrimaryHDU(), *rows, wave]).writeto(tmp_path / "rows.fits", overwrite=True)
        found = sl.io.read_spectra(tmp_path / "rows.fits", medium="air")
        np.testing.assert_allclose(found.channels.centres, LISTED)
        np.testing.assert_allclose(found.fwhm[1], LISTED)  # of resolving power 1
    wave = fits.ImageHDU(1e-4 * LISTED, name="WAVE")
    fits.HDUList([fits.PrimaryHDU(), *rows, wave]).writeto(tmp_path / "rows.fits", overwrite=True)
    with pytest.raises(sl.io.FileError, match="outside 100 A to 1 mm: WAVE says Angstrom"):
        sl.io.read_spectra(tmp_path / "rows.fits", medium="air")


def test_real_spectra_are_read():
    if not DATA.is_dir():
        pytest.skip("needs the environment variable SIGHTLINE_DATA with the folder ifu")
    bins = sl.io.read_spectra(DATA / "NGC0000Example_BinSpectra.fits", medium="air")
    assert bins.flux.shape == (28, 583)
    assert sum(bins.left_out.values()) == 0
    speed = 299792.458 * np.diff(np.log(bins.channels.edges))
    np.testing.assert_allclose(speed, 70.0, rtol=1e-4)
    rows = sl.io.read_spectra(DATA / "MaNGA_test_spectra.fits.gz", medium="vacuum")
    assert rows.shape == (8,)
    assert rows.kept.sum(axis=1)[5] == 0
    assert rows[1].redshift == pytest.approx(0.050231, abs=1e-6)
    assert rows[1].fwhm.shape == (4563,)
    assert rows.left_out == {"flux or variance not finite": 2380, "masked": 2221}


@pytest.mark.parametrize("scale", [1e-20, 3e-19])
def test_units_of_cubes_are_those_of_their_files(tmp_path, scale, precision):
    """Powers of ten are written as units, other scales multiplied in; both come back in any unit."""
    channels, plane = sl.cubes.Channels.regular(5000.0, 2.5, 4), sl.cubes.Spaxels((2, 3), 0.5)
    flux = np.random.default_rng(0).uniform(1, 2, (4, 6))
    sl.io.write_cube(tmp_path / "c.fits", sl.SpectralCube(flux, channels, plane, flux**2, scale=scale))
    back = sl.io.read_cube(tmp_path / "c.fits", scale=1e-20)
    np.testing.assert_allclose(back.flux, flux * scale / 1e-20, rtol=1e-6)
    np.testing.assert_allclose(back.variance, (flux * scale / 1e-20) ** 2, rtol=1e-6)
    unit = fits.getheader(tmp_path / "c.fits", "DATA")["BUNIT"]
    assert unit == ("10**-20 " if scale == 1e-20 else "") + "erg Angstrom-1 s-1 cm-2"


@pytest.mark.parametrize(
    ("name", "values", "unit", "variance"),
    [
        ("STAT", 4.0, "10**(-38)*erg**2/s**2/cm**4/Angstrom**2", 400.0),
        ("STAT", 4.0, "(10**(-20)*erg/s/cm**2/Angstrom)**2", 4.0),
        ("STAT", 4.0, "10**(-20)*erg/s/cm**2/Angstrom", 4.0),  # as some write it who mean its square
        ("ERROR", 2.0, "1e-19 erg/s/cm2/A", 400.0),
        ("ERROR", 2.0, "", 4.0),
        ("IVAR", 0.25, "whatever", 4.0),
    ],
)
def test_errors_in_a_unit_of_their_own(tmp_path, name, values, unit, variance):
    path = others(tmp_path / "cube.fits", {"DATA": FLUX, name: np.full(FLUX.shape, values)}, kind="Wavelength")
    with fits.open(path, mode="update") as file:
        file["DATA"].header["BUNIT"] = "10**(-20)*erg/s/cm**2/Angstrom"
        file[name].header["BUNIT"] = unit
    cube = sl.io.read_cube(path, medium="air", scale=1e-20)
    np.testing.assert_allclose(cube.variance, variance, rtol=1e-6)


def test_a_unit_that_is_given_is_that_of_errors_too(tmp_path):
    path = others(tmp_path / "cube.fits", {"DATA": FLUX, "STAT": np.full(FLUX.shape, 4.0)}, kind="Wavelength")
    with fits.open(path, mode="update") as file:
        file["DATA"].header["BUNIT"], file["STAT"].header["BUNIT"] = "erg/s/cm2/A", "(erg/s/cm2/A)**2"
    cube = sl.io.read_cube(path, unit="1e-20 erg/s/cm2/A", medium="air", scale=1e-20)
    np.testing.assert_allclose(cube.variance, 4.0, rtol=1e-6)


def test_errors_in_a_unit_that_is_none_and_brightness_of_surfaces(tmp_path):
    spread = np.full(FLUX.shape, 2.0)
    spread[0, 0, 0] = -2.0
    path = others(tmp_path / "cube.fits", {"DATA": FLUX, "ERR": spread}, kind="Wavelength")
    with fits.open(path, mode="update") as file:
        file["DATA"].header["BUNIT"], file["ERR"].header["BUNIT"] = "1e-20 erg/s/cm2/A", "mJy"
    with pytest.warns(sl.io.LeftOutWarning) as found:
        cube = sl.io.read_cube(path, medium="air", scale=1e-20)
    texts = " ".join(str(one.message) for one in found)
    assert "ERR has BUNIT = 'mJy', which is no unit of it" in texts
    assert "1 IVAR 0 or no variance" in texts
    np.testing.assert_allclose(np.sort(np.asarray(cube.variance).ravel()), [*[4.0] * (FLUX.size - 1), np.inf])
    for unit in ("1e-20 erg/s/cm2/A/arcsec2", "erg / (s cm2 Angstrom sr)"):
        with fits.open(path, mode="update") as file:
            file["DATA"].header["BUNIT"] = unit
        with pytest.raises(sl.io.FileError, match="which is none of 'erg s-1 cm-2 Angstrom-1'"):
            sl.io.read_cube(path, medium="air", scale=1e-20)
