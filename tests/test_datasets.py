"""Readers of observations: every known defect is found, counted and handled as asked; the real tables are read."""

import dataclasses

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import FK4, ICRS, Galactic
from astropy.table import Table

import sightline as sl
from sightline import datasets
from sightline.sky.datasets import rotation_measures as rm_module


def rotation_table(path, **columns):
    """Five sound sources of two catalogues; `columns` replaces some."""
    sound = {
        "ra": np.array([10.0, 50.0, 120.0, 200.0, 300.0]),
        "dec": np.array([5.0, -20.0, 60.0, 0.0, 33.0]),
        "rm": np.array([3.0, -40.0, 12.0, 500.0, -7.0]),
        "rm_err": np.array([1.0, 2.0, 3.0, 4.0, 5.0]),
        "catalogue": np.array(["New", "New", "Old", "Old", "Old"]),
    }
    np.savez(path, **(sound | columns))
    return path


def test_sound_rows_are_kept_as_they_are(tmp_path):
    table = datasets.read_rotation_measures(rotation_table(tmp_path / "rm.npz"), on_defect="refuse")
    assert len(table) == 5
    assert sum(table.dropped.values()) == sum(table.converted.values()) == 0
    place = ICRS(np.array([10.0]) * u.deg, np.array([5.0]) * u.deg).transform_to(Galactic())
    np.testing.assert_allclose([table.l[0], table.b[0]], [place.l.deg[0], place.b.deg[0]])
    assert table.sky.size == 5
    assert table.summary().startswith("5 of 5 rotation measures of 2 catalogues")


DEFECTS = {
    rm_module.NOT_FINITE: {"rm": [3.0, np.nan, 12.0, 500.0, -7.0]},
    rm_module.IMPOSSIBLE: {"dec": [5.0, -20.0, 95.0, 0.0, 33.0]},
    rm_module.PULSAR: {"catalogue": ["New", "Riseley2020_PSR", "Old", "Old", "Old"]},
    rm_module.NO_ERROR: {"rm_err": [1.0, 2.0, 0.0, 4.0, 5.0]},
    rm_module.DUPLICATE: {"ra": [10.0, 50.0, 120.0, 10.001, 300.0], "dec": [5.0, -20.0, 60.0, 5.0, 33.0]},
}


@pytest.mark.parametrize(("reason", "columns"), DEFECTS.items(), ids=range(len(DEFECTS)))
def test_each_defect_is_counted_or_refused(tmp_path, reason, columns):
    path = rotation_table(tmp_path / "rm.npz", **{name: np.array(column) for name, column in columns.items()})
    table = datasets.read_rotation_measures(path)
    assert {name: number for name, number in table.dropped.items() if number} == {reason: 1}
    assert len(table) == 4
    assert reason in table.summary()
    with pytest.raises(ValueError, match="rows are refused"):
        datasets.read_rotation_measures(path, on_defect="refuse")


def test_of_repeated_measurements_the_best_is_kept(tmp_path):
    path = rotation_table(tmp_path / "rm.npz", ra=np.array([10.0, 10.001, 10.002, 200.0, 300.0]), dec=np.full(5, 5.0))
    assert len(datasets.read_rotation_measures(path, radius=1.0)) == 5
    table = datasets.read_rotation_measures(path, radius=30.0)
    assert table.dropped[rm_module.DUPLICATE] == 2
    np.testing.assert_array_equal(table.rm, [3.0, 500.0, -7.0])


def test_positions_of_b1950_are_converted(tmp_path):
    old = FK4(np.array([50.0]) * u.deg, np.array([-20.0]) * u.deg, equinox="B1950").transform_to(Galactic())
    catalogue = np.array(["New", "Rossetti2008", "Old", "Old", "Old"])
    table = datasets.read_rotation_measures(rotation_table(tmp_path / "rm.npz", catalogue=catalogue))
    np.testing.assert_allclose([table.l[1], table.b[1]], [old.l.deg[0], old.b.deg[0]])
    assert list(table.converted.values()) == [1]
    plain = datasets.read_rotation_measures(tmp_path / "rm.npz", b1950=())
    assert 0.5 < np.hypot((plain.l - table.l)[1] * np.cos(np.deg2rad(plain.b[1])), (plain.b - table.b)[1]) < 0.8


def test_contradicting_positions_are_dropped(tmp_path):
    sound = datasets.read_rotation_measures(rotation_table(tmp_path / "rm.npz"))
    published = {"l_file": sound.l + np.eye(5)[0] / 10, "b_file": sound.b * [1, 1, 1, -1, np.nan]}
    table = datasets.read_rotation_measures(rotation_table(tmp_path / "rm.npz", **published))
    assert table.dropped[rm_module.CONTRADICTION] == 1  # a sign of b; 0.1 deg is rounding
    assert 500.0 not in table.rm


def test_tables_of_astropy_are_read(tmp_path):
    columns = dict(np.load(rotation_table(tmp_path / "rm.npz")))
    table = Table(
        {**columns, "catalog": columns["catalogue"], "rm_err": np.ma.array(columns["rm_err"], mask=np.eye(5)[1])}
    )
    table.remove_column("catalogue")
    for name in ("rm.fits", "rm.ecsv"):
        table.write(tmp_path / name)
        read = datasets.read_rotation_measures(tmp_path / name)
        assert read.dropped[rm_module.NO_ERROR] == 1
        assert set(read.catalogue) == {"New", "Old"}


def test_wrong_tables_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        datasets.read_rotation_measures(tmp_path / "nowhere.npz")
    np.savez(tmp_path / "short.npz", ra=[1.0], dec=[1.0])
    with pytest.raises(ValueError, match="no column rm, rm_err"):
        datasets.read_rotation_measures(tmp_path / "short.npz")
    with pytest.raises(ValueError, match="several shapes"):
        datasets.read_rotation_measures(rotation_table(tmp_path / "rm.npz", rm=np.zeros(3)))
    (tmp_path / "text.fits").write_text("no table")
    with pytest.raises(ValueError, match="no table that astropy reads"):
        datasets.read_rotation_measures(tmp_path / "text.fits")


def pulsar_table(path, **columns):
    nan = np.nan
    rows = {
        "l": [10.0, 20.0, 30.0, 40.0],
        "b": [1.0, -2.0, 3.0, 40.0],
        "DM": [100.0, 50.0, nan, 20.0],
        "RM": [nan, 7.0, 8.0, 9.0],
        "RM_err": [nan, 1.0, 1.0, 1.0],
        "PX": [2.0, -0.1, 1.0, nan],
        "PX_err": [0.2, 0.1, 0.1, nan],
        "DIST_A": [0.7, 3.0, nan, nan],
        "DIST_AMN": [0.6, 3.5, nan, nan],
        "DIST_AMX": [0.8, 4.0, nan, nan],
        "DIST_DM": [1.0, 25.0, 3.0, 58.0],
        "DIST_DM1": [1.0, 12.0, 3.0, 50.0],
    }
    np.savez(path, name=["A", "B", "C", "D"], **(rows | columns))
    return path


def test_pulsars_have_distances_of_no_model(tmp_path):
    path = pulsar_table(tmp_path / "psr.npz")
    pulsars = datasets.read_pulsars(path)
    assert list(pulsars.name) == ["A", "B"]
    np.testing.assert_allclose(pulsars.distance, [0.5, 3.0])  # 1/PX; DIST_A where the parallax is negative
    np.testing.assert_allclose(pulsars.nearest, [1 / 2.2, np.nan])
    np.testing.assert_allclose(pulsars.sources.distance, pulsars.distance)
    assert [number for number in pulsars.dropped.values() if number] == [1, 1]
    assert list(pulsars.blanked.values()) == [1, 0, 1]
    assert "does not hold its distance" in pulsars.summary()
    assert len(datasets.read_pulsars(path, need=())) == 4
    assert list(datasets.read_pulsars(path, need=("rm",)).name) == ["B", "C", "D"]
    with pytest.raises(ValueError, match="no dispersion measure"):
        datasets.read_pulsars(path, on_defect="refuse")


def test_limits_are_no_distances(tmp_path):
    path = pulsar_table(tmp_path / "psr.npz")
    assert list(datasets.read_pulsars(path, distance="YMW16").name) == ["A"]
    assert list(datasets.read_pulsars(path, distance="NE2001").name) == ["A", "B"]


def test_blank_pixels_of_a_faraday_sky_are_counted(tmp_path):
    table = Table({"RM": np.arange(12.0), "RM_ERR": np.array([0.0, np.nan, -1.6375e30, *np.ones(9)])})
    table.meta |= {"PIXTYPE": "HEALPIX", "ORDERING": "RING", "NSIDE": 1, "COORDSYS": "G"}
    table.write(tmp_path / "faraday.fits")
    sky = datasets.read_faraday_sky(tmp_path / "faraday.fits")
    assert sky.blank == np.isnan(sky.rm).sum() == np.isnan(sky.error).sum() == 3
    assert "3 blank" in sky.summary()
    with pytest.raises(ValueError, match="no column DEPTH"):
        datasets.read_faraday_sky(tmp_path / "faraday.fits", rm="DEPTH")


def test_brightness_says_its_frequency(tmp_path):
    values = np.full(48, 100.0)
    values[3] = -1.6375e30
    np.savez(tmp_path / "maps.npz", lfmap_T_73p9MHz_K=values, T_1GHz_K=values[:12])
    maps = datasets.read_brightness(tmp_path / "maps.npz")
    assert [(one.name, one.frequency, one.sky.nside, one.blank) for one in maps] == [
        ("", 1.0, 1, 1),
        ("lfmap", 0.0739, 2, 1),
    ]
    assert "73.9 MHz" in maps[1].summary()
    with pytest.raises(ValueError, match="leave it out"):
        datasets.read_brightness(tmp_path / "maps.npz", 0.4)
    np.savez(tmp_path / "other.npz", beta=values)
    with pytest.raises(ValueError, match="'beta' is not of the kind"):
        datasets.read_brightness(tmp_path / "other.npz")
    np.savez(tmp_path / "odd.npz", T_1GHz_K=np.zeros(13))
    with pytest.raises(ValueError, match="no full HEALPix sky"):
        datasets.read_brightness(tmp_path / "odd.npz")


def test_the_catalogue_of_rotation_measures(data):
    """Numbers of the notes that come with the catalogue: 71 rows without error, one of exactly zero, 33 pulsars."""
    table = datasets.read_rotation_measures(data / "radio/rm_catalogues_cirada.npz")
    assert len(table) + sum(table.dropped.values()) == 15053
    assert table.dropped[rm_module.PULSAR] == 33
    assert table.dropped[rm_module.NO_ERROR] == 72
    assert table.dropped[rm_module.CONTRADICTION] == 15
    assert 1500 < table.dropped[rm_module.DUPLICATE] < 3000
    assert list(table.converted.values()) == [32]
    assert np.all(np.isfinite(table.rm) & (table.error > 0))


def test_the_maps_and_the_pulsars(data, models):
    sky = datasets.read_faraday_sky(data / "radio/faraday_oppermann2015_gal_ring_nside128.fits")
    high = np.abs(sky.sky.lonlat()[1]) > 60
    assert sky.blank == 0
    assert 5.5 < np.std(sky.rm[high]) < 6.5
    maps = datasets.read_brightness(data / "radio/lowfreq_lsl_gal_ring_nside64.npz")
    assert {(one.name, one.frequency) for one in maps} >= {("lfsm", 0.045), ("lfsm", 0.408), ("lfmap", 0.0739)}
    (haslam,) = datasets.read_brightness(data / "radio/haslam408_bonn1982_gal_ring_nside128.fits", 0.408)
    assert 34 < haslam.temperature.mean() < 35.5
    pulsars = datasets.read_pulsars(models / "catalogues/pulsar_distance_dm_ne2025cal.csv", on_defect="refuse")
    assert len(pulsars) == 171
    catalogue = datasets.read_pulsars(data / "radio/psrcat_v1p66.npz", distance="YMW16")
    nearest = catalogue.distance < 5
    lines = sl.SourceCatalogue(catalogue.l[nearest][:40], catalogue.b[nearest][:40], catalogue.distance[nearest][:40])
    modelled = sl.Simulator(electron_density=sl.electrons.YMW16()).dispersion_measure(lines)
    assert np.median(np.abs(np.asarray(modelled) / catalogue.dm[nearest][:40] - 1)) < 0.01  # YMW16 inverted


def test_results_are_plain_records(tmp_path):
    table = datasets.read_rotation_measures(rotation_table(tmp_path / "rm.npz"))
    assert [field.name for field in dataclasses.fields(table)][:4] == ["l", "b", "rm", "error"]
