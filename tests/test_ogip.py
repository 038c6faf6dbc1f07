"""OGIP files: spectra, backgrounds and responses are read as filed, oddities are said, what is written is read back."""

import contextlib
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from astropy.io import fits

from sightline.io.files import FileError
from sightline.io.ogip import hdu, read_observation, read_response, write_pha, write_response
from sightline.xray import counts

jax.config.update("jax_enable_x64", True)

EDGES = np.linspace(0.5, 3.0, 6)
MATRIX = np.array(
    [
        [0.6, 0.1, 0.0, 0.05, 0.0],
        [0.3, 0.5, 0.0, 0.0, 0.0],
        [0.0, 0.3, 0.6, 0.0, 0.0],
        [0.0, 0.0, 0.3, 0.7, 0.0],
    ]
)
AREA = np.array([100.0, 200.0, 300.0, 400.0, 500.0])
ENERGY = np.array([0.5, 1.0, 1.5, 2.0, 2.5])
FOUR = ENERGY[:4], ENERGY[1:]


def groups_of(matrix, first):
    """F_CHAN, N_CHAN and elements of each energy, one group for each run of elements that are not 0."""
    for line in matrix.T:
        places = np.flatnonzero(line)
        runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(places) else []
        yield [run[0] + first for run in runs], [len(run) for run in runs], line[places]


def objects(rows, kind):
    found = np.empty(len(rows), object)
    found[:] = [np.array(row, kind) for row in rows]
    return found


def write_rmf(path, matrix=MATRIX, first=1, labels=None, tlmin=1, name="MATRIX", fixed=True, edges=EDGES, copies=1):
    """A redistribution matrix; `first`: how F_CHAN counts, `fixed`: whether its groups are arrays of a fixed length."""
    starts, lengths, elements = zip(*groups_of(matrix, first), strict=True)
    low, high = np.minimum(edges[:-1], edges[1:]), np.maximum(edges[:-1], edges[1:])
    columns = [fits.Column("ENERG_LO", "E", "keV", array=low), fits.Column("ENERG_HI", "E", "keV", array=high)]
    columns.append(fits.Column("N_GRP", "I", array=[len(start) for start in starts]))
    if fixed:
        pad = (
            [np.pad(np.array(rows), (0, 2 - len(rows))) for rows in starts],
            [np.pad(np.array(rows), (0, 2 - len(rows))) for rows in lengths],
        )
        columns += [fits.Column("F_CHAN", "2I", array=np.array(pad[0], int))]
        columns += [fits.Column("N_CHAN", "2I", array=np.array(pad[1], int))]
    else:
        columns += [fits.Column("F_CHAN", "PI(2)", array=objects(starts, np.int16))]
        columns += [fits.Column("N_CHAN", "PI(2)", array=objects(lengths, np.int16))]
    columns.append(fits.Column("MATRIX", "PE(4)", array=objects(elements, np.float32)))
    header = fits.Header([("EXTNAME", name), ("HDUCLAS1", "RESPONSE"), ("HDUCLAS2", "RSP_MATRIX")])
    if tlmin is not None:
        header["TLMIN4"] = tlmin
    labels = np.arange(1, 5) if labels is None else labels
    bounds = [fits.Column("CHANNEL", "I", array=labels)]
    bounds += [fits.Column("E_MIN", "E", "keV", array=FOUR[0]), fits.Column("E_MAX", "E", "keV", array=FOUR[1])]
    tables = [fits.BinTableHDU.from_columns(columns, header) for _ in range(copies)]
    tables.append(fits.BinTableHDU.from_columns(bounds, fits.Header([("EXTNAME", "EBOUNDS")])))
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(path, overwrite=True)
    return path


def write_arf(path, area=AREA, edges=EDGES):
    columns = [
        fits.Column("ENERG_LO", "E", "keV", array=edges[:-1]),
        fits.Column("ENERG_HI", "E", "keV", array=edges[1:]),
    ]
    columns.append(fits.Column("SPECRESP", "E", "cm**2", array=area))
    table = fits.BinTableHDU.from_columns(columns, fits.Header([("EXTNAME", "SPECRESP")]))
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)
    return path


def write_spectrum(path, columns=None, formats=None, channel=(1, 2, 3, 4), **keywords):
    """A spectrum of four channels; a column or keyword that is `None` is left out."""
    columns = {"CHANNEL": channel, "COUNTS": [3, 0, 7, 2]} | (columns or {})
    kinds = {"CHANNEL": "I", "COUNTS": "J", "QUALITY": "I", "GROUPING": "I"} | (formats or {})
    table = [fits.Column(name, kinds.get(name, "D"), array=np.array(v)) for name, v in columns.items() if v is not None]
    keywords = {
        "EXPOSURE": 1000.0,
        "BACKSCAL": 2.0,
        "AREASCAL": 1.0,
        "RESPFILE": "x.rmf",
        "ANCRFILE": "x.arf",
    } | keywords
    cards = [(name, value) for name, value in keywords.items() if value is not None]
    header = fits.Header([("EXTNAME", "SPECTRUM"), ("HDUCLAS1", "SPECTRUM"), *cards])
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(table, header)]).writeto(path, overwrite=True)
    return path


@pytest.fixture
def folder(tmp_path):
    """A folder with a matrix, an area, a spectrum and its background."""
    write_rmf(tmp_path / "x.rmf")
    write_arf(tmp_path / "x.arf")
    write_spectrum(tmp_path / "b.pha", {"COUNTS": [1, 4, 0, 2]}, EXPOSURE=2000.0, BACKSCAL=8.0)
    write_spectrum(tmp_path / "x.pha", BACKFILE="b.pha")
    return tmp_path


def test_pn_as_filed(data):
    folder = data / "xray" / "xmm_epic_pn"
    filed = read_observation(folder / "PN_spectrum_grp20.fits")
    observation = filed.select(0.5, 8.0)
    assert filed.on.grouping.tolist().count(1) == 1230
    assert len(observation) == 102
    assert observation.counts.sum() == 10091
    assert observation.background.sum() == 709
    np.testing.assert_allclose(observation.ratio, 0.2927529, rtol=1e-7)
    assert np.count_nonzero(np.asarray(read_response(folder / "PN.rmf").matrix)) == 929478
    assert observation.low[0] >= 0.5
    assert observation.high[-1] <= 8.0
    folding = observation.folding
    with fits.open(folder / "PN.rmf") as rmf, fits.open(folder / "PN.arf") as arf:
        row = rmf["MATRIX"].data[700]
        line = np.zeros(4096)
        used = 0
        for first, length in zip(row["F_CHAN"][: row["N_GRP"]], row["N_CHAN"][: row["N_GRP"]], strict=True):
            line[first : first + length] = row["MATRIX"][used : used + length]
            used += length
        area = arf["SPECRESP"].data["SPECRESP"][700]
        energy = float(row["ENERG_LO"])
    label = observation.label
    expected = np.array([line[label == k].sum() for k in range(102)]) * area * observation.exposure
    place = int(np.argmin(np.abs(folding.low - energy)))
    np.testing.assert_allclose(folding.matrix[:, place], expected, rtol=1e-12)


def test_a_power_law_through_pn_has_the_deviance_that_sherpa_finds(data):
    observation = read_observation(data / "xray" / "xmm_epic_pn" / "PN_spectrum_grp20.fits").select(0.5, 8.0)
    folding = observation.folding
    photons = 1e-4 / 0.7 * (folding.low**-0.7 - folding.high**-0.7)
    mean, counted = np.asarray(folding.fold(photons)), observation.counts
    deviance = 2 * np.sum(mean - counted + counted * np.log(counted / mean))
    np.testing.assert_allclose(deviance, 9175.8529, rtol=1e-8)


def test_chandra_background_in_the_same_file(data):
    path = data / "xray" / "chandra_acis_4487" / "acisf04487_001N023_r0009_pha3.fits.gz"
    observation = read_observation(path)  # names its files without .gz
    with fits.open(path) as file:
        on, off = file["SPECTRUM", 1], file["SPECTRUM", 2]
        assert observation.counts.sum() == on.data["COUNTS"].sum()
        assert observation.background.sum() == off.data["COUNTS"].sum()
        ratio = on.header["BACKSCAL"] / off.header["BACKSCAL"]
    np.testing.assert_allclose(observation.ratio, ratio, rtol=1e-12)
    assert observation.response.shape == (1024, 900)


def test_everything_as_filed(folder):
    observation = read_observation(folder / "x.pha")
    assert observation.name == "x.pha"
    assert observation.counts.tolist() == [3, 0, 7, 2]
    assert observation.background.tolist() == [1, 4, 0, 2]
    np.testing.assert_allclose(observation.ratio, 1000 * 2 / (2000 * 8))
    assert (observation.exposure, observation.background_exposure) == (1000.0, 2000.0)
    assert observation.poisson
    assert observation.integer
    np.testing.assert_allclose(np.asarray(observation.response.matrix), MATRIX * AREA, rtol=1e-6)
    np.testing.assert_allclose(observation.folding.fold(jnp.ones(4)), (MATRIX * AREA)[:, :4].sum(1) * 1000, rtol=1e-6)


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("name", ["MATRIX", "SPECRESP MATRIX", "OTHER"])
def test_matrices_of_every_kind(tmp_path, fixed, name):
    response = read_response(write_rmf(tmp_path / "x.rmf", fixed=fixed, name=name))
    np.testing.assert_allclose(np.asarray(response.matrix), MATRIX, rtol=1e-7)
    np.testing.assert_allclose(response.low, EDGES[:-1])


@pytest.mark.parametrize(("first", "labels", "tlmin"), [(0, range(4), 0), (0, range(4), None), (1, range(1, 5), None)])
def test_channels_from_zero_or_one(tmp_path, first, labels, tlmin):
    response = read_response(write_rmf(tmp_path / "x.rmf", first=first, labels=np.array(labels), tlmin=tlmin))
    np.testing.assert_allclose(np.asarray(response.matrix), MATRIX, rtol=1e-7)
    assert response.channels.label[0] == labels[0]


def test_where_tlmin_and_ebounds_disagree_all_groups_are_kept(tmp_path):
    path = write_rmf(tmp_path / "x.rmf", first=0, labels=np.arange(4), tlmin=1)
    with pytest.warns(UserWarning, match="TLMIN says that F_CHAN counts from 1, EBOUNDS from 0: taken from 0"):
        response = read_response(path)
    np.testing.assert_allclose(np.asarray(response.matrix), MATRIX, rtol=1e-7)
    with pytest.raises(ValueError, match="do not belong together"):
        read_response(write_rmf(path, first=7, tlmin=1))


def test_falling_energies_are_turned_round(tmp_path):
    found = read_response(write_rmf(tmp_path / "x.rmf", MATRIX[:, ::-1], edges=EDGES[::-1]))
    np.testing.assert_allclose(np.asarray(found.matrix), MATRIX, rtol=1e-7)
    np.testing.assert_allclose(found.low, EDGES[:-1])


def test_a_bin_from_zero_energy_begins_above_it(tmp_path):
    edges = np.array([0.0, 1.0, 1.5, 2.0, 2.5, 3.0])
    with pytest.warns(UserWarning, match="low\\[0\\] = 0 keV: the first bin of the model begins at 0.001 keV"):
        response = read_response(write_rmf(tmp_path / "x.rmf", edges=edges))
    np.testing.assert_allclose(response.low[:2], [0.001, 1.0])


def test_rates_are_made_counts(folder):
    path = write_spectrum(
        folder / "r.pha", {"COUNTS": None, "RATE": np.array([3, 0, 7, 2]) / 1000}, {"RATE": "E"}, POISSERR=True
    )
    assert read_observation(path).counts.tolist() == [3, 0, 7, 2]
    net = write_spectrum(
        folder / "n.pha", {"COUNTS": None, "RATE": [0.0032, -0.001, 0.0, 0.0], "STAT_ERR": [0.1, 0.2, 0.3, 0.4]}
    )
    observation = read_observation(net)
    np.testing.assert_allclose(observation.counts, [3.2, -1.0, 0.0, 0.0])
    np.testing.assert_allclose(observation.error, [100, 200, 300, 400])
    assert not observation.poisson
    assert not observation.integer


@pytest.mark.parametrize(
    ("unit", "factor"),
    {
        "count/s": 1,
        "counts/s": 1,
        "ct/ks": 1e-3,
        "Counts s**-1": 1,
        "s-1": 1,
        "count/min": 1 / 60,
        "cts/sec": 1,
        "cps": 1,
        "c/s": 1,
        "counts per sec": 1,
        "COUNT/S": 1,
    }.items(),
)
def test_rates_in_other_units(folder, unit, factor):
    rates = {"COUNTS": None, "RATE": np.array([3, 0, 7, 2]) / 1000 / factor, "STAT_ERR": np.full(4, 1e-3) / factor}
    path = write_spectrum(folder / "u.pha", rates, {"RATE": "D", "STAT_ERR": "D"})
    with fits.open(path, mode="update") as file:
        column = next(k for k, name in enumerate(file[1].columns.names, 1) if name == "RATE")
        file[1].header[f"TUNIT{column}"] = unit
    found = read_observation(path)
    np.testing.assert_allclose(found.counts, [3, 0, 7, 2])
    np.testing.assert_allclose(found.error, 1)


@pytest.mark.parametrize("unit", ["count", "counts/channel", "counts/bin", "Photons", "unitless", ""])
def test_counts_by_other_names(folder, unit):
    path = write_spectrum(folder / "u.pha", {})
    with fits.open(path, mode="update") as file:
        column = next(k for k, one in enumerate(file[1].columns.names, 1) if one == "COUNTS")
        file[1].header[f"TUNIT{column}"] = unit
    assert read_observation(path).counts.tolist() == [3, 0, 7, 2]


@pytest.mark.parametrize(("name", "unit"), [("RATE", "count/s/keV"), ("RATE", "count"), ("COUNTS", "count/s")])
def test_other_units_are_refused(folder, name, unit):
    columns = {"COUNTS": None, name: [3.0, 0.0, 7.0, 2.0]}
    path = write_spectrum(folder / "u.pha", columns, {name: "D"})
    with fits.open(path, mode="update") as file:
        column = next(k for k, one in enumerate(file[1].columns.names, 1) if one == name)
        file[1].header[f"TUNIT{column}"] = unit
    with pytest.raises(FileError, match=f"column {name} has the unit"):
        read_observation(path)


@pytest.mark.parametrize(("unit", "factor"), [("eV", 1e3), ("MeV", 1e-3), ("meV", 1e6), ("KEV", 1)])
def test_energies_in_other_units(folder, unit, factor):
    energies = fits.Column("E", "D", unit, array=factor * np.array([1.0, 2.0]))
    found = hdu.energies(fits.BinTableHDU.from_columns([energies]), "E", "x")
    np.testing.assert_allclose(found, [1.0, 2.0])


def test_columns_instead_of_keywords(folder):
    scales = {"AREASCAL": [1.0, 0.5, 0.5, 1.0], "BACKSCAL": [2.0, 2.0, 4.0, 4.0]}
    path = write_spectrum(folder / "c.pha", scales, AREASCAL=None, BACKSCAL=None, BACKFILE="b.pha")
    observation = read_observation(path)
    np.testing.assert_allclose(observation.ratio, np.array([2.0, 1.0, 2.0, 4.0]) / 16)
    np.testing.assert_allclose(
        observation.folding.fold(jnp.ones(4)), (MATRIX * AREA)[:, :4].sum(1) * 1000 * scales["AREASCAL"], rtol=1e-6
    )


def test_quality_and_groups(folder):
    columns = {"GROUPING": [1, -1, -1, 1], "QUALITY": [0, 5, 0, 2]}
    observation = read_observation(write_spectrum(folder / "g.pha", columns, BACKFILE="b.pha"))
    assert observation.counts.tolist() == [10]
    assert observation.background.tolist() == [1]
    np.testing.assert_allclose(
        observation.folding.fold(jnp.ones(4)), (MATRIX * AREA)[[0, 2]][:, :4].sum() * 1000, rtol=1e-6
    )
    assert observation.group(counts.Ungrouped()).counts.tolist() == [3, 7, 2]
    off = write_spectrum(folder / "q.pha", {"COUNTS": [1, 4, 0, 2], "QUALITY": [1, 0, 0, 2]})
    assert read_observation(folder / "x.pha", background=off).counts.tolist() == [0, 7, 2]


def test_channels_of_bad_quality_need_no_counts(folder):
    """OGIP/92-007, section 4.1: channels of bad quality are not used; the same as with 0 in their place."""
    path = write_spectrum(folder / "n.pha", {"COUNTS": [3, -9, 7, 2], "QUALITY": [0, 1, 0, 0]}, BACKFILE="b.pha")
    with fits.open(path, mode="update") as file:
        file[1].header["TNULL2"] = -9
    assert read_observation(path).counts.tolist() == [3, 7, 2]
    assert read_observation(path).background.tolist() == [1, 0, 2]
    rates = {"COUNTS": None, "RATE": [3e-3, np.nan, 7e-3, 2e-3], "QUALITY": [0, 5, 0, 0]}
    assert read_observation(write_spectrum(folder / "n.pha", rates)).counts.tolist() == [3, 7, 2]
    with pytest.raises(FileError, match="not finite"):
        read_observation(write_spectrum(folder / "n.pha", rates | {"QUALITY": [0, 0, 0, 0]}))


def type_two(folder):
    rows = {"COUNTS": [[3, 0, 7, 2], [1, 1, 1, 1]], "CHANNEL": [[1, 2, 3, 4]] * 2, "BACKSCAL": [1.0, 2.0]}
    columns = rows | {"EXPOSURE": [1000.0, 500.0], "BACKFILE": ["b.pha", "none"]}
    formats = {"COUNTS": "4J", "CHANNEL": "4I", "BACKFILE": "8A"}
    return write_spectrum(folder / "two.pha", columns, formats, EXPOSURE=None, BACKSCAL=None)


def test_many_spectra_in_one_file(folder):
    path = type_two(folder)
    first, second = read_observation(path, row=0), read_observation(path, row=1)
    assert (first.counts.tolist(), second.counts.tolist()) == ([3, 0, 7, 2], [1, 1, 1, 1])
    assert (first.exposure, second.exposure) == (1000.0, 500.0)
    assert first.background.tolist() == [1, 4, 0, 2]
    assert second.background is None
    behind = write_spectrum(folder / "named.pha", BACKFILE="two.pha{2}")
    np.testing.assert_allclose(read_observation(behind).background, [1, 1, 1, 1])
    with pytest.raises(ValueError, match="holds 2 spectra: choose one with row=0 to row=1"):
        read_observation(path)
    with pytest.raises(ValueError, match=r"row = 2: .* holds 2 spectra, counted from 0"):
        read_observation(path, row=2)
    with pytest.raises(ValueError, match="holds one spectrum"):
        read_observation(folder / "x.pha", row=1)


BAD = {
    "names no response: pass response=": {"RESPFILE": "none"},
    "names gone.rmf in RESPFILE.*pass response=": {"RESPFILE": "gone.rmf"},
    "names gone.arf in ANCRFILE.*pass area=": {"ANCRFILE": "gone.arf"},
    "has no EXPOSURE: add the keyword": {"EXPOSURE": None},
    "exposure = 0.0 s must be positive": {"EXPOSURE": 0.0},
    "back_scale = 0 in 4 good channels": {"BACKSCAL": 0.0},
    "area_scale = -1 in 4 good channels": {"AREASCAL": -1.0},
    "EXPOSURE = 'long', which is no number": {"EXPOSURE": "long"},
    "grouping holds 7": {"columns": {"GROUPING": [1, 7, 1, 1]}},
    "counts holds 1 numbers that are not finite": {
        "columns": {"COUNTS": [1, np.nan, 2, 3]},
        "formats": {"COUNTS": "D"},
    },
    "has the channels 1 to 4, the spectrum 2 to 5: 1 of these": {"channel": (2, 3, 4, 5)},
    "no column COUNTS or RATE": {"columns": {"COUNTS": None}},
    "no channel is left": {"columns": {"QUALITY": [1, 1, 1, 1]}},
    "channel must be 4 whole numbers that rise": {"channel": (4, 3, 2, 1)},
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_wrong_is_said(folder, message):
    path = write_spectrum(folder / "bad.pha", **BAD[message])
    with pytest.raises(ValueError, match=message) as error:
        read_observation(path)
    assert "bad.pha" in str(error.value)


def test_areas_and_matrices_that_do_not_fit(folder):
    with pytest.raises(ValueError, match=r"SPECRESP|ENERG_LO\[0\] is 0.6 keV, in the matrix 0.5 keV"):
        read_response(folder / "x.rmf", write_arf(folder / "y.arf", edges=EDGES + 0.1))
    with pytest.raises(ValueError, match="has 4 energies, the matrix 5"):
        read_response(folder / "x.rmf", write_arf(folder / "y.arf", AREA[:4], EDGES[:5]))
    with pytest.raises(ValueError, match="holds 2 matrices"):
        read_response(write_rmf(folder / "two.rmf", copies=2))
    with pytest.raises(ValueError, match="no table MATRIX"):
        read_response(folder / "x.arf")
    with pytest.raises(ValueError, match="holds no spectrum"):
        read_observation(folder / "x.rmf")
    with pytest.raises(FileNotFoundError):
        read_response(folder / "gone.rmf")
    with pytest.warns(UserWarning, match=r"names no area, and .* alone collects 0.9 cm2 at most"):
        read_observation(write_spectrum(folder / "a.pha", ANCRFILE="none"))
    assert read_observation(folder / "x.pha", background="none", area="none").background is None


def test_spectra_written_are_read_back(folder):
    spectrum = counts.Spectrum(
        counts=[3.5, -1.0, 2.0, 1.0],
        exposure=1234.5,
        channel=[1, 2, 3, 4],
        area_scale=[1.0, 0.5, 1.0, 1.0],
        back_scale=3.25,
        quality=[0, 2, 0, 0],
        grouping=[1, 1, 1, -1],
        error=[0.1, 0.2, 0.3, 0.4],
        systematic=0.05,
        poisson=False,
    )
    write_pha(folder / "w.pha", spectrum, response="x.rmf", area="x.arf")
    found = read_observation(folder / "w.pha").on
    for name in ("counts", "channel", "area_scale", "back_scale", "quality", "grouping", "error", "systematic"):
        np.testing.assert_array_equal(getattr(found, name), getattr(spectrum, name), err_msg=name)
    assert (found.exposure, found.poisson) == (1234.5, False)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        write_pha(folder / "w.pha", spectrum)
    with pytest.raises(ValueError, match="RESPFILE"):
        write_pha(folder / "v.pha", spectrum, response="x" * 80)


def test_net_counts_that_are_written_as_counted_are_told(folder, recwarn):
    net = {"counts": [1.5, -2.0, 3.0], "exposure": 1e3}
    with pytest.warns(
        UserWarning, match=r"2 numbers that are negative .* the first 1\.5 in channel 1, .*poisson=False"
    ):
        write_pha(folder / "n.pha", counts.Spectrum(**net))
    recwarn.clear()
    write_pha(folder / "f.pha", counts.Spectrum(**net, error=[1.0, 2.0, 1.0], poisson=False))
    assert not recwarn
    assert fits.getheader(folder / "f.pha", 1)["POISSERR"] is False


def test_an_observation_is_written_with_its_groups(folder):
    columns = {"COUNTS": [3, 4, 7, 2], "QUALITY": [0, 5, 0, 0]}
    filed = read_observation(write_spectrum(folder / "g.pha", columns, BACKFILE="b.pha"))
    observation = filed.group(counts.MinimumCounts(9))
    write_pha(folder / "w.pha", observation, background="b.pha", response="x.rmf", area="x.arf")
    found = read_observation(folder / "w.pha")
    assert observation.counts.tolist() == found.counts.tolist() == [10]
    assert found.on.quality.tolist() == [0, 5, 0, 2]
    assert found.background.tolist() == observation.background.tolist()
    np.testing.assert_array_equal(found.folding.matrix, observation.folding.matrix)


@pytest.mark.parametrize("first", [0, 1, 37])
def test_responses_written_are_read_back(tmp_path, first):
    label = np.arange(first, first + 4)
    channels = counts.Channels(label, *FOUR)
    response = counts.Response(EDGES[:-1], EDGES[1:], MATRIX * AREA / 3, channels)
    write_response(tmp_path / "x.rsp", response)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_response(tmp_path / "x.rsp")
    for left, right in zip(jax.tree.leaves(found), jax.tree.leaves(response), strict=True):
        np.testing.assert_array_equal(left, right)


def test_large_responses_are_written_in_blocks_and_read_back(tmp_path):
    edges = np.geomspace(0.3, 10.0, 1201)
    middle = 0.5 * (edges[1:] + edges[:-1])
    matrix = np.where(np.abs(np.log(middle[:, None] / middle)) < 0.05, 1.0, 0.0) * middle
    response = counts.Response(edges[:-1], edges[1:], matrix, edges)
    assert isinstance(response.matrix, counts.Rows)
    write_response(tmp_path / "x.rsp", response)
    np.testing.assert_array_equal(np.asarray(read_response(tmp_path / "x.rsp").matrix), matrix)


def test_damaged_files_end_in_a_message(folder):
    content = (folder / "x.rmf").read_bytes()
    random = np.random.default_rng(0)
    for number in range(60):
        damaged = bytearray(content)
        for _ in range(8):
            damaged[random.integers(2880, len(content))] ^= 1 << random.integers(8)
        (folder / "d.rmf").write_bytes(bytes(damaged) if number % 4 else content[: random.integers(len(content))])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with contextlib.suppress(FileError):
                read_response(folder / "d.rmf")
