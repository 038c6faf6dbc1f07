"""HEALPix files: read back unchanged by this package and by healpy, refused with the cure, never half-written."""

import os

import healpy
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from astropy.io import fits

import sightline as sl
from sightline import io

NSIDE = 4
KEYWORDS = {
    "PIXTYPE": "HEALPIX",
    "ORDERING": "RING",
    "NSIDE": NSIDE,
    "INDXSCHM": "IMPLICIT",
    "OBJECT": "FULLSKY",
    "FIRSTPIX": 0,
    "LASTPIX": 191,
    "COORDSYS": "G",
    "POLAR": True,
    "POLCCONV": "COSMO",
    "BAD_DATA": -1.6375e30,
    "FREQ": 0.408,
    "UNITFREQ": "GHz",
    "TTYPE1": "I_STOKES",
    "TTYPE3": "U_STOKES",
    "TUNIT1": "K_RJ",
    "TUNIT3": "K_RJ",
    "CREATOR": f"sightline {sl.__version__}",
}


def make(sky, frequency=(0.408, 23.0), dtype="float64", v=False, **kwargs):
    """Stokes of random numbers."""
    random = np.random.default_rng(1)
    shape = (*np.shape(frequency), sky.size)
    maps = [jnp.asarray(random.normal(size=shape), dtype) for _ in range(3 + v)]
    return sl.Stokes(*maps, frequency=jnp.asarray(frequency), sky=sky, **kwargs)


def same(left, right):
    """Whether two Stokes agree bit by bit, in everything."""
    for name in "IQUV":
        a, b = getattr(left, name), getattr(right, name)
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(left.frequency, right.frequency)
    assert (left.unit, left.convention) == (right.unit, right.convention)
    assert (left.sky.nside, left.sky.nest, left.sky.supersample) == (
        right.sky.nside,
        right.sky.nest,
        right.sky.supersample,
    )
    assert (left.sky.pixels is None) == (right.sky.pixels is None)
    np.testing.assert_array_equal(left.sky.indices, right.sky.indices)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sky.fits"


@pytest.fixture
def written(path):
    """A file of one frequency, to be damaged."""
    io.write_map(path, make(sl.HealpixSky(NSIDE), 0.408))
    return path


@pytest.mark.parametrize(
    ("sky", "kwargs"),
    [
        (sl.HealpixSky(NSIDE), {}),
        (sl.HealpixSky(NSIDE), {"frequency": 23.0, "dtype": "float32"}),
        (sl.HealpixSky(NSIDE, nest=True, supersample=2), {"v": True, "unit": "MJy/sr"}),
        (sl.HealpixSky(NSIDE, pixels=[7, 3, 100]), {"unit": "K_CMB", "convention": "IAU"}),
    ],
    ids=["full", "single", "nested", "partial"],
)
def test_read_back_unchanged(path, sky, kwargs):
    stokes = make(sky, **kwargs)
    io.write_map(path, stokes)
    same(io.read_map(path), stokes)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("nest", [False, True])
def test_healpy_reads_full_sky(path, dtype, nest):
    stokes = make(sl.HealpixSky(NSIDE, nest=nest), dtype=dtype)
    io.write_map(path, stokes)
    for k in range(2):
        found = healpy.read_map(path, field=(0, 1, 2), hdu=k + 1, nest=nest)
        assert found.dtype.newbyteorder("=") == np.dtype(dtype)
        np.testing.assert_array_equal(found, np.stack([stokes.I[k], stokes.Q[k], stokes.U[k]]))


def test_healpy_reads_nested_sky_as_ring(path):
    stokes = make(sl.HealpixSky(NSIDE, nest=True), 23.0)
    io.write_map(path, stokes)
    np.testing.assert_array_equal(healpy.read_map(path), healpy.reorder(np.asarray(stokes.I), n2r=True))


@pytest.mark.parametrize("nest", [False, True])
def test_healpy_reads_partial_sky(path, nest):
    pixels = np.array([150, 3, 20])
    stokes = make(sl.HealpixSky(NSIDE, pixels=pixels, nest=nest), 23.0)
    io.write_map(path, stokes)
    found = healpy.read_map(path, field=(0, 1, 2), nest=nest, partial=True)
    np.testing.assert_array_equal(found[:, pixels], np.stack([stokes.I, stokes.Q, stokes.U]))
    assert np.all(np.delete(found, pixels, axis=1) == healpy.UNSEEN)


def test_header_is_complete(written):
    header = fits.getheader(written, 1)
    assert {name: header.get(name) for name in KEYWORDS} == KEYWORDS
    assert header["DATE"].count(":") == 2
    assert "CREATOR" in fits.getheader(written, 0)
    with fits.open(written) as file:
        file.verify("exception")


def test_header_of_a_partial_sky(path):
    io.write_map(path, make(sl.HealpixSky(NSIDE, pixels=[9, 5]), 1.0))
    header = fits.getheader(path, 1)
    names = ("OBJECT", "INDXSCHM", "FIRSTPIX", "LASTPIX", "TTYPE1")
    assert [header[name] for name in names] == ["PARTIAL", "EXPLICIT", 5, 9, "PIXEL"]


def test_model_is_kept_as_text(path):
    model = sl.electrons.ExponentialDisk(n0=0.0321)
    io.write_map(path, make(sl.HealpixSky(NSIDE), 1.0), model={"disk": model, "note": "µG"})
    text = "\n".join(fits.getheader(path, 1)["HISTORY"])
    assert "ExponentialDisk" in text
    assert "n0=0.0321" in text
    assert "G" in text
    assert text.isascii()


def test_large_arrays_are_abbreviated_in_the_header(path):
    io.write_map(path, make(sl.HealpixSky(NSIDE), 1.0), model=jnp.zeros((40, 40, 40)))
    assert len(fits.getheader(path, 1)["HISTORY"]) < 50


def test_single_precision_frequency_keeps_its_digits(path):
    with jax.enable_x64(False):
        io.write_map(path, make(sl.HealpixSky(NSIDE), 0.408, "float32"))
    assert fits.getheader(path, 1)["FREQ"] == 0.408


def test_pixels_without_data_are_nan(path):
    stokes = make(sl.HealpixSky(NSIDE), 1.0)
    io.write_map(
        path, stokes.__class__(stokes.I.at[5].set(healpy.UNSEEN), stokes.Q, stokes.U, frequency=1.0, sky=stokes.sky)
    )
    found = io.read_map(path)
    assert np.flatnonzero(np.isnan(found.I)).tolist() == [5]
    np.testing.assert_array_equal(found.Q, stokes.Q)


def test_reads_maps_of_others(tmp_path):
    path, maps = tmp_path / "healpy.fits", np.random.default_rng(2).normal(size=(3, 192)).astype(np.float32)
    healpy.write_map(path, maps, coord="G", column_units="mK", dtype=np.float32)
    found = io.read_map(path, unit="mK_CMB", convention="IAU", frequency=[61.0])
    assert (found.unit, found.convention, float(found.frequency)) == ("K_CMB", "IAU", 61.0)
    np.testing.assert_allclose(found.U, 1e-3 * maps[2], rtol=1e-6)


def test_whole_numbers_keep_all_their_digits(tmp_path):
    """2^24 + 1 is no number of single precision: labels and counts are written in double."""
    counts = 2**24 + np.arange(12)
    sl.io.write_columns(tmp_path / "counts.fits", sl.HealpixSky(1), {"N": (counts, ""), "X": (np.ones(12, "f4"), "")})
    columns = sl.io.read_columns(tmp_path / "counts.fits")[1]
    assert columns["N"].tolist() == counts.tolist()
    assert columns["X"].dtype == np.float32


def test_read_columns(tmp_path):
    path, maps = tmp_path / "rm.fits", np.random.default_rng(3).normal(size=(2, 192))
    healpy.write_map(path, maps, coord="G", column_names=["RM", "RM_ERR"], dtype=np.float64, nest=True)
    sky, columns = io.read_columns(path)
    assert (sky.nside, sky.nest, list(columns)) == (NSIDE, True, ["RM", "RM_ERR"])
    np.testing.assert_array_equal(columns["RM_ERR"], maps[1])
    with pytest.raises(ValueError, match="extension = 1"):
        io.read_columns(path, extension=1)


@pytest.mark.parametrize(
    ("name", "value", "message", "cure"),
    [
        ("TUNIT1", None, "TUNIT1", {"unit": "K_RJ"}),
        ("TUNIT1", "K", "TUNIT1", {"unit": "K_RJ"}),
        ("POLCCONV", None, "POLCCONV.*convention=", {"convention": "COSMO"}),
        ("POLCCONV", "", "POLCCONV.*convention=", {"convention": "COSMO"}),
        ("FREQ", None, "FREQ.*frequency=", {"frequency": 0.408}),
        ("UNITFREQ", None, "UNITFREQ.*frequency=", {"frequency": 0.408}),
        ("FREQ", "K band", "FREQ.*frequency=", {"frequency": 0.408}),
        ("FREQ", -1.0, "FREQ.*positive", {"frequency": 0.408}),
        ("UNITFREQ", "kpc", "UNITFREQ.*frequency=", {"frequency": 0.408}),
        ("COORDSYS", None, "COORDSYS.*coordsys=", {"coordsys": "G"}),
    ],
)
def test_missing_keyword_is_named_and_can_be_passed(written, name, value, message, cure):
    whole = io.read_map(written)
    with fits.open(written, mode="update") as file:
        if value is None:
            del file[1].header[name]
        else:
            file[1].header[name] = value
    with pytest.raises(ValueError, match=message):
        io.read_map(written)
    same(io.read_map(written, **cure), whole)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("NSIDE", None, "NSIDE"),
        ("NSIDE", 5, "power of two"),
        ("NSIDE", 8, "192 values"),
        ("ORDERING", None, "ORDERING"),
        ("ORDERING", "UNDEF", "ORDERING"),
        ("COORDSYS", "C", "rotate"),
        ("TTYPE2", "NOBS", "Stokes Q"),
        ("PIXTYPE", "OTHER", None),
    ],
)
def test_unusable_file_is_refused(written, name, value, message):
    with fits.open(written, mode="update") as file:
        if value is None:
            del file[1].header[name]
        else:
            file[1].header[name] = value
    if message is None:  # NSIDE alone says that it is HEALPix
        assert io.read_map(written).I.size == 192
        return
    with pytest.raises(ValueError, match=message):
        io.read_map(written)


def test_wrong_arguments_of_read_map(written):
    with pytest.raises(ValueError, match="unit = 'K'"):
        io.read_map(written, unit="K")
    with pytest.raises(ValueError, match="one \\[GHz\\] for each"):
        io.read_map(written, frequency=[1.0, 2.0])
    with pytest.raises(ValueError, match="positive"):
        io.read_map(written, frequency=-1.0)
    with pytest.raises(ValueError, match="IAU"):
        io.read_map(written, convention="HEALPIX")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        io.read_map(written.parent / "none.fits")


@pytest.mark.filterwarnings("ignore")
def test_damaged_file_is_refused(written):
    content = written.read_bytes()
    written.write_bytes(content[:-3000])
    with pytest.raises(ValueError, match="cut short"):
        io.read_map(written)
    written.write_bytes(b"no FITS file")
    with pytest.raises(ValueError, match="not a FITS file"):
        io.read_map(written)
    fits.PrimaryHDU(np.zeros((2, 2))).writeto(written, overwrite=True)
    with pytest.raises(ValueError, match="no HEALPix table"):
        io.read_map(written)


def test_tables_that_differ_are_not_stacked(path):
    io.write_map(path, make(sl.HealpixSky(NSIDE)))
    fits.setval(path, "POLCCONV", value="IAU", ext=2)
    with pytest.raises(ValueError, match="differ"):
        io.read_map(path)


@pytest.mark.parametrize(("sky", "cure"), [(sl.Directions([1.0], [2.0]), "HealpixSky"), (None, "dataclasses.replace")])
def test_skies_without_pixels_are_refused(path, sky, cure):
    stokes = sl.Stokes(*(jnp.ones(1) for _ in range(3)), frequency=1.0, sky=sky)
    with pytest.raises(TypeError, match=cure):
        io.write_map(path, stokes)
    assert not path.exists()


def test_maps_of_another_size_are_refused():
    with pytest.raises(ValueError, match="I has 100 pixels, sky has 192"):
        sl.Stokes(*(jnp.ones(100) for _ in range(3)), frequency=1.0, sky=sl.HealpixSky(NSIDE))


def test_existing_file_is_kept_without_overwrite(written):
    before = written.read_bytes()
    stokes = make(sl.HealpixSky(NSIDE), 2.0)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        io.write_map(written, stokes)
    assert written.read_bytes() == before
    io.write_map(written, stokes, overwrite=True)
    same(io.read_map(written), stokes)
    assert os.listdir(written.parent) == [written.name]


def test_compressed_file(tmp_path):
    path, stokes = tmp_path / "sky.fits.gz", make(sl.HealpixSky(NSIDE), 2.0)
    io.write_map(path, stokes)
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    same(io.read_map(path), stokes)


class Interruption(BaseException):
    """Like Ctrl-C."""


@pytest.mark.parametrize("overwrite", [False, True])
def test_interrupted_writing_leaves_nothing(path, monkeypatch, overwrite):
    if overwrite:
        path.write_text("old")
    write = fits.HDUList.writeto

    def interrupted(self, name, *args, **kwargs):
        write(self, name, *args, **kwargs)
        raise Interruption

    monkeypatch.setattr(fits.HDUList, "writeto", interrupted)
    with pytest.raises(Interruption):
        io.write_map(path, make(sl.HealpixSky(NSIDE)), overwrite=overwrite)
    assert {p.name: p.read_text() for p in path.parent.iterdir()} == ({path.name: "old"} if overwrite else {})


@pytest.mark.parametrize("links", [True, False])
def test_file_that_appears_meanwhile_is_kept(path, monkeypatch, links):
    def no_links(*_):
        raise PermissionError("no hard links here")

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(FileExistsError, match="exists"), io.replacing(path) as temporary:  # noqa: PT012
        temporary.write_text("mine")
        path.write_text("theirs")
    assert {p.name: p.read_text() for p in path.parent.iterdir()} == {path.name: "theirs"}
    path.unlink()
    with io.replacing(path) as temporary:
        temporary.write_text("mine")
    assert {p.name: p.read_text() for p in path.parent.iterdir()} == {path.name: "mine"}


def test_check_writable_names_argument_and_cure(tmp_path):
    with pytest.raises(FileExistsError, match=r"--output = .*--overwrite"):
        io.check_writable(__file__, name="--output")
    with pytest.raises(IsADirectoryError, match="name a file"):
        io.check_writable(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        io.check_writable(tmp_path / "none" / "sky.fits")
    with pytest.raises(PermissionError, match="cannot be written"):
        io.check_writable(tmp_path / (300 * "x"))
    with pytest.raises(PermissionError, match="regular file"):
        io.check_writable(os.devnull, overwrite=True)
    assert io.check_writable(tmp_path / "sky.fits") == tmp_path.resolve() / "sky.fits"
    assert list(tmp_path.iterdir()) == []


def test_folder_without_permission_is_refused(tmp_path, monkeypatch):
    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "touch", denied)
    with pytest.raises(PermissionError, match=r"path = .*Permission denied.*choose another place"):
        io.write_map(tmp_path / "sky.fits", make(sl.HealpixSky(NSIDE)))


def test_links_are_followed(tmp_path):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    with io.replacing(link, overwrite=True) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_real_survey(data):
    path = data / "radio" / "wmap7_V_IQU_nside32.fits"
    with pytest.raises(ValueError, match="COORDSYS"):
        io.read_map(path, unit="mK_CMB", convention="COSMO", frequency=61.0)
    stokes = io.read_map(path, unit="mK_CMB", convention="COSMO", frequency=61.0, coordsys="G")
    maps = healpy.read_map(path, field=(0, 1, 2))
    np.testing.assert_allclose(np.stack([stokes.I, stokes.Q, stokes.U]), 1e-3 * maps, rtol=1e-6)
