"""Units, frames, blanks and pixels as files of others spell them: converted, or refused by row and column."""

import astropy.units as u
import healpy
import jax.numpy as jnp
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable, Table

from sightline import datasets, io
from sightline.sky.brightness import per_kelvin
from sightline.sky.geometry import HealpixSky

NSIDE, SIZE = 2, 48
RANDOM = np.random.default_rng(4)
MAPS = RANDOM.normal(size=(3, SIZE))


def healpix(path, columns, units=(), nulls=(), **header):
    """A HEALPix table of FITS columns; `header` replaces keywords, None removes them."""
    units, nulls = dict(units), dict(nulls)
    codes = {"f8": "D", "f4": "E", "i8": "K", "i4": "J", "i2": "I", "u1": "B", "b1": "L"}
    made = [
        fits.Column(name, codes[np.asarray(v).dtype.str[1:]], units.get(name), nulls.get(name), array=np.asarray(v))
        for name, v in columns.items()
    ]
    keys = {"PIXTYPE": "HEALPIX", "ORDERING": "RING", "NSIDE": NSIDE, "COORDSYS": "G", "POLCCONV": "COSMO"}
    keys |= {"FREQ": 23.0, "UNITFREQ": "GHz"} | header
    cards = [(name, value) for name, value in keys.items() if value is not None]
    table = fits.BinTableHDU.from_columns(made, fits.Header(cards))
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)
    return path


def iqu(values=MAPS, names=("I_STOKES", "Q_STOKES", "U_STOKES")):
    return dict(zip(names, values, strict=True))


@pytest.mark.parametrize(
    ("spelt", "factor", "unit"),
    [
        ("mK_CMB", 1e-3, "K_CMB"),
        ("uK_RJ", 1e-6, "K_RJ"),
        ("mK,thermodynamic", 1e-3, "K_CMB"),
        ("Kcmb", 1.0, "K_CMB"),
        ("uK (antenna)", 1e-6, "K_RJ"),
        ("K_RJ", 1.0, "K_RJ"),
        ("Jy/sr", 1e-6, "MJy/sr"),
        ("kJy/sr", 1e-3, "MJy/sr"),
        ("MJy sr-1", 1.0, "MJy/sr"),
        ("1e-6 K_CMB", 1e-6, "K_CMB"),
        ("10^-3 K_RJ", 1e-3, "K_RJ"),
        ("[10**(-6)*K_CMB]", 1e-6, "K_CMB"),
        ("(mK_RJ)", 1e-3, "K_RJ"),
        ("1e3 Jy/sr", 1e-3, "MJy/sr"),
    ],
)
def test_units_of_maps_are_those_of_the_file(tmp_path, spelt, factor, unit):
    path = healpix(tmp_path / "map.fits", iqu(), dict.fromkeys(iqu(), spelt))
    stokes = io.read_map(path)
    assert stokes.unit == unit
    np.testing.assert_allclose(stokes.U, factor * MAPS[2], rtol=1e-6)


def test_a_unit_that_contradicts_the_file_is_refused(tmp_path):
    path = healpix(tmp_path / "map.fits", iqu(), dict.fromkeys(iqu(), "mK"))
    with pytest.raises(io.FileError, match=r"map\.fits has TUNIT1 = 'mK', which does not name one brightness"):
        io.read_map(path)
    np.testing.assert_allclose(io.read_map(path, unit="mK_RJ").I, 1e-3 * MAPS[0])
    with pytest.raises(io.FileError, match="is in 'mK', which is not unit = 'K_RJ'"):
        io.read_map(path, unit="K_RJ")
    path = healpix(path, iqu(), {"I_STOKES": "mK_CMB", "Q_STOKES": "uK_CMB", "U_STOKES": "uK_CMB"})
    with pytest.raises(io.FileError, match="'mK_CMB' and 'uK_CMB'"):
        io.read_map(path)


@pytest.mark.parametrize("spelt", ["10^-6 K", "1e-6 K", "uK", "1E-3 mK", "", "unknown"])
def test_a_unit_that_is_passed_is_that_of_the_file(tmp_path, spelt):
    path = healpix(tmp_path / "map.fits", iqu(), dict.fromkeys(iqu(), spelt))
    np.testing.assert_allclose(io.read_map(path, unit="uK_CMB").U, 1e-6 * MAPS[2], rtol=1e-12)
    if spelt not in ("", "unknown"):
        with pytest.raises(io.FileError, match="which is not unit = 'mK_CMB': pass what the file has"):
            io.read_map(path, unit="mK_CMB")


@pytest.mark.parametrize(
    "spelt",
    ["pc cm-6", "rad m-2", "K2", "Jy/beam", "count", "K km/s", "0 K", "-1 K", "1..2 K", "dex(K)", "nonsense"],
)
def test_a_unit_of_no_brightness_is_refused_whatever_is_passed(tmp_path, spelt):
    path = healpix(tmp_path / "map.fits", iqu(), dict.fromkeys(iqu(), spelt))
    with pytest.raises(io.FileError, match=r"map\.fits is in '.*', which is no brightness: sl\.io\.read_columns"):
        io.read_map(path, unit="K_RJ")
    with pytest.raises(io.FileError, match=r"has TUNIT1 = '.*', which does not name one brightness"):
        io.read_map(path)


def test_kelvins_are_no_intensity(tmp_path):
    path = healpix(tmp_path / "map.fits", iqu(), dict.fromkeys(iqu(), "K"))
    with pytest.raises(io.FileError, match="is in 'K', which is not unit = 'MJy/sr'"):
        io.read_map(path, unit="MJy/sr")
    with pytest.raises(io.FileError, match="is in 'K', which is no 'MJy/sr': convert it"):
        io.read_columns(path, units={"I_STOKES": "MJy/sr"})
    _, columns = io.read_columns(path, units={"I_STOKES": "10^-6 K"})
    np.testing.assert_allclose(columns["I_STOKES"], 1e6 * MAPS[0], rtol=1e-12)


def test_brightness_in_any_unit_is_in_kelvin(tmp_path):
    path, factor = tmp_path / "map.fits", float(per_kelvin("MJy/sr", jnp.asarray(0.408)))
    thermodynamic = float(per_kelvin("K_CMB", jnp.asarray(0.408)))
    cases = {"K": 1, "mK": 1e-3, "uK_RJ": 1e-6, "": 1, "MJy/sr": 1 / factor, "mK_CMB": 1e-3 / thermodynamic}
    for unit, scale in cases.items():
        healpix(path, {"TEMPERATURE": 1e3 + MAPS[0]}, {"TEMPERATURE": unit})
        (found,) = datasets.read_brightness(path, 408 * u.MHz)
        np.testing.assert_allclose(found.temperature, scale * (1e3 + MAPS[0]), rtol=1e-6)
        assert found.frequency == pytest.approx(0.408)
    healpix(path, {"TEMPERATURE": MAPS[0]}, {"TEMPERATURE": "rad/m2"})
    with pytest.raises(io.FileError, match=r"column TEMPERATURE has the unit 'rad/m2', which is none of brightness"):
        datasets.read_brightness(path, 0.408)
    np.savez(tmp_path / "maps.npz", a_T_45MHz_mK=np.full(12, 7e6), b_T_1GHz_uK_RJ=np.full(12, 3, np.int32))
    low, high = datasets.read_brightness(tmp_path / "maps.npz")
    assert (low.temperature[0], high.temperature[0]) == (pytest.approx(7e3), pytest.approx(3e-6))


def test_a_frame_that_is_not_said_can_be_passed(tmp_path):
    path = healpix(tmp_path / "map.fits", {"T": MAPS[0]}, COORDSYS=None)
    with pytest.raises(io.FileError, match=r"COORDSYS.*coordsys="):
        datasets.read_brightness(path, 0.408)
    np.testing.assert_array_equal(datasets.read_brightness(path, 0.408, coordsys="G")[0].temperature, MAPS[0])
    path = healpix(path, {"RM": MAPS[0], "RM_ERR": np.abs(MAPS[1])}, {"RM": "rad/cm2"}, COORDSYS=None)
    with pytest.raises(io.FileError, match="COORDSYS"):
        datasets.read_faraday_sky(path)
    sky = datasets.read_faraday_sky(path, coordsys="G")
    np.testing.assert_allclose(sky.rm, 1e4 * MAPS[0])
    np.testing.assert_array_equal(sky.error, np.abs(MAPS[1]))
    with pytest.raises(ValueError, match="coordsys = 'C': only"):
        io.read_map(path, coordsys="C")
    healpix(path, {"RM": MAPS[0], "RM_ERR": MAPS[1]}, {"RM_ERR": "kpc"})
    with pytest.raises(io.FileError, match=r"column RM_ERR has the unit 'kpc', which is none of 'rad m-2'"):
        datasets.read_faraday_sky(path)


def test_whole_numbers_are_numbers(tmp_path):
    whole = np.arange(3 * SIZE, dtype=np.int32).reshape(3, SIZE)
    path = healpix(tmp_path / "map.fits", iqu(whole), dict.fromkeys(iqu(), "uK_RJ"), {"Q_STOKES": 50}, BAD_DATA=7)
    stokes = io.read_map(path)
    expected = 1e-6 * whole.astype(float)
    expected[0, 7] = expected[1, 2] = np.nan
    np.testing.assert_allclose(np.stack([stokes.I, stokes.Q, stokes.U]), expected, rtol=1e-6)
    _, columns = io.read_columns(path, units={"U_STOKES": "mK"})
    assert columns["Q_STOKES"].dtype == np.float64
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(columns["Q_STOKES"])), [2])
    np.testing.assert_allclose(columns["U_STOKES"], 1e-3 * whole[2])


def test_scaled_numbers_have_blanks_before_they_are_scaled(tmp_path):
    whole = np.array([-99, *range(1, 12)], np.int16)
    path = healpix(tmp_path / "map.fits", {"T": whole}, {"T": "K"}, {"T": -99}, NSIDE=1)
    fits.setval(path, "TSCAL1", value=0.5, ext=1)
    fits.setval(path, "TZERO1", value=100.0, ext=1)
    temperature = datasets.read_brightness(tmp_path / "map.fits", 0.408)[0].temperature
    np.testing.assert_allclose(temperature, [np.nan, *(100 + 0.5 * np.arange(1, 12))])


PIXELS = np.array([30, 2, 17])


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("PIXEL", {"INDXSCHM": "EXPLICIT"}),
        ("PIX", {"INDXSCHM": "explicit"}),
        ("INDEX", {"OBJECT": "partial"}),
        ("hpx_index", {}),
        ("IPIX", {"INDXSCHM": "IMPLICIT"}),
        ("NUMBER", {"INDXSCHM": "EXPLICIT"}),
        ("NUMBER", {"GRAIN": 1}),
    ],
)
@pytest.mark.parametrize("last", [False, True])
def test_pixels_are_numbered_in_other_spellings(tmp_path, name, header, last):
    if last and name == "NUMBER":
        pytest.skip("a column of a name that says nothing must come first")
    values = iqu(MAPS[:, :3])
    columns = values | {name: PIXELS} if last else {name: PIXELS} | values
    path = healpix(tmp_path / "map.fits", columns, dict.fromkeys(values, "K_RJ"), **header)
    stokes = io.read_map(path)
    np.testing.assert_array_equal(stokes.sky.pixels, PIXELS)
    np.testing.assert_array_equal(stokes.Q, MAPS[1, :3])
    assert list(io.read_columns(path)[1]) == list(values)


@pytest.mark.parametrize("name", ["INDEX", "pix", "PIXEL", "HEALPIX"])
@pytest.mark.parametrize("keys", [{"INDXSCHM": "IMPLICIT"}, {"OBJECT": "FULLSKY"}, {}])
def test_a_full_sky_needs_no_numbers_of_pixels(tmp_path, name, keys):
    values = MAPS[0] - 2.7
    sky, columns = io.read_columns(healpix(tmp_path / "map.fits", {"T": MAPS[1], name: values}, **keys))
    assert sky.pixels is None
    np.testing.assert_array_equal(columns[name], values)
    shuffled = np.random.default_rng(1).permutation(SIZE)
    sky, columns = io.read_columns(healpix(tmp_path / "map.fits", {name: shuffled, "T": MAPS[1]}, **keys))
    assert list(columns) == (["T"] if not keys else [name, "T"])
    np.testing.assert_array_equal(sky.indices, np.arange(SIZE) if keys else shuffled)


@pytest.mark.parametrize("pixels", [None, PIXELS])
def test_columns_come_back_whatever_they_are_called(tmp_path, pixels):
    sky = HealpixSky(NSIDE, pixels)
    written = {name: (MAPS[0, : sky.size] + k, "") for k, name in enumerate(("INDEX", "PIX", "HEALPIX", "T"))}
    io.write_columns(tmp_path / "map.fits", sky, written)
    found, columns = io.read_columns(tmp_path / "map.fits")
    np.testing.assert_array_equal(found.indices, sky.indices)
    assert list(columns) == list(written)
    for name, (values, _) in written.items():
        np.testing.assert_array_equal(columns[name], values)
    if pixels is not None:
        with pytest.raises(ValueError, match=r"columns\['Pixel'\] has the name of the column that numbers the pixels"):
            io.write_columns(tmp_path / "other.fits", sky, {"Pixel": (MAPS[0, :3], "")})


def test_pixels_that_cannot_be_are_refused(tmp_path):
    values = iqu(MAPS[:, :3])
    for pixels, said in [([1, 2, 48], "row 2 of column PIX is 48"), ([0.0, 0.5, 1.0], "row 1 of column PIX is 0.5")]:
        path = healpix(tmp_path / "map.fits", {"PIX": np.array(pixels)} | values, dict.fromkeys(values, "K_RJ"))
        with pytest.raises(io.FileError, match=said):
            io.read_map(path)
    path = healpix(tmp_path / "map.fits", values, dict.fromkeys(values, "K_RJ"), INDXSCHM="EXPLICIT")
    with pytest.raises(io.FileError, match="says that a column numbers its pixels"):
        io.read_map(path)
    healpix(path, values, dict.fromkeys(values, "K_RJ"), OBJECT="PARTIAL", INDXSCHM="IMPLICIT", FIRSTPIX=4, LASTPIX=6)
    np.testing.assert_array_equal(io.read_map(path).sky.pixels, [4, 5, 6])


def test_covariances_beside_a_map_are_left_to_read_columns(tmp_path):
    """As the I, Q, U files of WMAP: temperatures and counts, and a second table of inverse covariances."""
    path, names = tmp_path / "wmap.fits", ("TEMPERATURE", "Q_POLARISATION", "U_POLARISATION")
    hits = np.full(SIZE, 9.0)
    healpix(path, iqu(names=names) | {"N_OBS": hits}, dict.fromkeys(names, "mK") | {"N_OBS": "counts"})
    with fits.open(path) as file:
        more = [fits.Column(name, "E", array=hits) for name in ("N_OBS", "M11", "M12", "M22")]
        table = fits.BinTableHDU.from_columns(more, file[1].header)
        fits.HDUList([file[0], file[1], table]).writeto(tmp_path / "both.fits")
    stokes = io.read_map(tmp_path / "both.fits", unit="mK_CMB", frequency=61.0)
    assert stokes.frequency.ndim == 0
    np.testing.assert_allclose(stokes.I, 1e-3 * MAPS[0])
    assert list(io.read_columns(tmp_path / "both.fits", 1)[1]) == ["N_OBS", "M11", "M12", "M22"]


def test_maps_of_q_and_u_alone_have_no_i(tmp_path):
    columns = {"Q-POLARISATION": MAPS[1], "U-POLARISATION": MAPS[2]}
    stokes = io.read_map(healpix(tmp_path / "map.fits", columns, dict.fromkeys(columns, "uK_RJ")))
    assert np.all(np.isnan(stokes.I))
    np.testing.assert_allclose(stokes.U, 1e-6 * MAPS[2], rtol=1e-6)
    columns["I"] = columns["T"] = MAPS[0]
    with pytest.raises(io.FileError, match="2 columns of Stokes I: I, T"):
        io.read_map(healpix(tmp_path / "map.fits", columns, dict.fromkeys(columns, "uK_RJ")))


def test_what_healpy_writes_is_read(tmp_path):
    path, seen = tmp_path / "map.fits", MAPS.copy()
    seen[:, 5:] = healpy.UNSEEN
    healpy.write_map(path, seen, coord="G", column_units="mK_CMB", dtype=np.float32)
    stokes = io.read_map(path, convention="COSMO", frequency=23.0)
    np.testing.assert_allclose(stokes.Q[:5], 1e-3 * MAPS[1, :5], rtol=1e-6)
    assert np.all(np.isnan(stokes.U[5:]))


SOURCES = {"l": [30.0, 200.0], "b": [5.0, -40.0], "rm": [-30.0, 12.0], "rm_err": [1.0, 2.0]}


def written(path, text):
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "l,b,rm,error\n30,5,-30,1\n200,-40,12,2\n",
        "\N{BOM}l,b,rm,error\r\n30,5,-30,1\r\n200,-40,12,2\r\n",
        "# l b rm error\n30 5 -30 1\n200 -40 12 2\n",
        "GLON;GLAT;RM [rad/cm^2];e_RM (rad m^-2)\n30;5;-0.003;1\n200;-40;0.0012;2\n",
        "l [arcmin]\tb [rad]\trm\terr\n1800\t0.08726646259971647\t-30\t1\n12000\t-0.6981317007977318\t12\t2\n",
        "l|b|rm|sigma|note\n30|5|-30|1|a\n200|-40|12|2|\n",
        "l,b,rm,error\n(deg),(deg),(rad m^-2),(rad m^-2)\n30,5,-30,1\n200,-40,12,2\n",
    ],
)
def test_a_list_of_ones_own_is_enough(tmp_path, text):
    table = datasets.read_rotation_measures(written(tmp_path / "own.csv", text), on_defect="refuse")
    np.testing.assert_allclose(np.stack([table.l, table.b, table.rm, table.error]), list(SOURCES.values()))
    assert set(table.catalogue) == {"own"}


@pytest.mark.parametrize("name", ["table.fits", "table.ecsv", "table.vot"])
def test_quantities_of_tables_keep_their_units(tmp_path, name):
    units = {"l": u.hourangle, "b": u.arcmin, "rm": u.rad / u.cm**2, "rm_err": u.rad / u.km**2}
    plain = {"l": u.deg, "b": u.deg, "rm": u.rad / u.m**2, "rm_err": u.rad / u.m**2}
    table = QTable({key: (np.array(v) * plain[key]).to(units[key]) for key, v in SOURCES.items()})
    if name.endswith("fits"):
        table["l"] = table["l"].to(u.deg)  # FITS has no hours
    table.write(tmp_path / name, **({"format": "votable"} if name.endswith("vot") else {}))
    found = datasets.read_rotation_measures(tmp_path / name, on_defect="refuse")
    np.testing.assert_allclose(np.stack([found.l, found.b, found.rm, found.error]), list(SOURCES.values()))


def test_blanks_of_whole_numbers_are_missing(tmp_path):
    table = Table(SOURCES | {"rm": np.ma.MaskedArray([3, 4], mask=[False, True])})
    table["rm"].fill_value = -99
    table.write(tmp_path / "table.fits")
    assert datasets.read_rotation_measures(tmp_path / "table.fits").rm.tolist() == [3.0]
    np.savez(tmp_path / "table.npz", **(SOURCES | {"rm": [3.0, -1.6375e30]}))
    assert datasets.read_rotation_measures(tmp_path / "table.npz").rm.tolist() == [3.0]


def test_sexagesimal_positions_are_read(tmp_path):
    text = (
        "RA,Dec,rm,rm_err\n05:34:31.94,+22:00:52.2,-30,1\n05h34m31.96s,22d00m52.2s,2,1\n83.63308,22.0145,3,1\n*,1,4,1\n"
    )
    table = datasets.read_rotation_measures(written(tmp_path / "crab.csv", text), radius=1e-3)
    np.testing.assert_allclose(table.l, 184.55745, atol=1e-4)
    np.testing.assert_allclose(table.b, -5.78436, atol=1e-4)
    assert table.rm.tolist() == [-30, 2, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("l,b,rm,error\n1,2,3,1\n4,5,6x,1\n", r"row 1 of column rm is '6x': this is no number"),
        ("ra,dec,rm,error\n05:74:31,1,3,1\n", r"row 0 of column ra is '05:74:31': .*minute"),
        ("l,b,rm,error\n1,2,3\n", "row 0 has 3 values, 4 columns are named"),
        ("l,b,rm [kpc],error\n1,2,3,4\n", r"column rm has the unit '\[kpc\]', which is none of 'rad m-2'"),
        ("l,b,rm [K],error\n1,2,3,4\n", r"column rm has the unit '\[K\]', which is none of 'rad m-2'"),
        ("l,b,rm [furlong],error\n1,2,3,4\n", "no unit that astropy knows"),
        ("1,2,3,4\n5,6,7,8\n", "names no columns"),
        ("ra,rm,error\n1,2,3\n", "has no column dec or dej2000"),
        ("rm,RM,l,b,error\n1,2,3,4,5\n", None),
        ("Rm,RM,l,b,error\n1,2,3,4,5\n", "which one is meant"),
        ('l,b,rm,error\n1,2,"3,4\n5,6,7",8\n', "no table"),
    ],
)
def test_what_cannot_be_read_is_refused_by_row_and_column(tmp_path, text, said):
    path = written(tmp_path / "table.csv", text)
    if said is None:
        assert datasets.read_rotation_measures(path).rm.tolist() == [1.0]
        return
    with pytest.raises(io.FileError, match=said) as caught:
        datasets.read_rotation_measures(path)
    assert "table.csv" in str(caught.value)


ATNF = """------------------------------------------------------------------------
#     NAME         GL       GB       DM          RM         DIST_DM
                   (deg)    (deg)    (cm^-3 pc)  (rad m^-2) (pc)
------------------------------------------------------------------------
1     J0002+6216   117.327  -0.074   218.6       *          6357
2     J0006+1834   108.172  -42.985  11.4        -20.00     860
3     J0007+7303   119.660  10.463   *           *          *
------------------------------------------------------------------------
"""
LONG = """#;NAME;;GL;GB;DM;;;RM;;;DIST_DM;
;;;(deg);(deg);(cm^-3 pc);;;(rad m^-2);;;(kpc);
1;J0002+6216;cwp+18;117.327;-0.074;218.6;0.6;wcp+18;*;0;*;6.357;
2;J0006+1834;cnt96;108.172;-42.985;11.4;0.55;bkk+16;-20.00;2.0;x;0.860;
"""


@pytest.mark.parametrize("text", [ATNF, LONG], ids=["short", "csv"])
def test_tables_of_the_atnf_catalogue_are_read_as_they_come(tmp_path, text):
    path = written(tmp_path / "psrcat.txt", text)
    pulsars = datasets.read_pulsars(path, distance="YMW16")
    assert pulsars.name.tolist() == ["J0002+6216", "J0006+1834"]
    np.testing.assert_allclose([pulsars.l, pulsars.b], [[117.327, 108.172], [-0.074, -42.985]])
    np.testing.assert_allclose(
        [pulsars.dm, pulsars.distance, pulsars.rm], [[218.6, 11.4], [6.357, 0.86], [np.nan, -20]]
    )
    assert len(datasets.read_pulsars(path, need=("rm",))) == 1
    with pytest.raises(io.FileError, match="has no column px or dist_a"):
        datasets.read_pulsars(path)


def test_distances_and_parallaxes_have_units(tmp_path):
    text = "name,l,b,DM,PX [arcsec],PX_ERR [mas],DIST_A [pc],DIST_AMN [pc],DIST_AMX [pc]\n"
    text += "A,1,2,30,0.002,0.1,,,\nB,3,4,50,,,900,800,1000\n"
    pulsars = datasets.read_pulsars(written(tmp_path / "psr.csv", text))
    np.testing.assert_allclose(pulsars.distance, [0.5, 0.9])
    np.testing.assert_allclose(pulsars.nearest, [1 / 2.1, 0.8])


def test_the_survey_in_other_units_is_the_same(tmp_path, data):
    source = data / "radio/haslam408_bonn1982_gal_ring_nside128.fits"
    (expected,) = datasets.read_brightness(source, 0.408)
    with fits.open(source) as file:
        file[1].data["T"] *= 1e3
        file[1].columns["T"].unit = "mK"
        file.writeto(tmp_path / "milli.fits")
    (found,) = datasets.read_brightness(tmp_path / "milli.fits", 0.408)
    np.testing.assert_allclose(found.temperature, expected.temperature, rtol=1e-6)
