"""Published data sets by name: the registry, folders, and downloads of which none is real."""

import functools
import hashlib
import http.server
import inspect
import operator
import tarfile
import threading
import zipfile

import numpy as np
import pytest

import sightline as sl
from sightline.sky.datasets import fetching, known


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "data"


@pytest.fixture
def entry(monkeypatch):
    """Registers a data set of this test, which nobody publishes."""

    def register(**changes):
        made = known.find("haslam_408")._replace(name="made", files=("made.txt",), copies=(), **changes)
        monkeypatch.setitem(known._registry(), "made", made)
        return made

    return register


def packed(folder, kind, name, content):
    """An archive, or the file itself, that holds a file in a folder."""
    file = folder / name
    file.write_bytes(content)
    if kind == "plain":
        return file
    archive = folder / f"all.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as pack:
            pack.write(file, f"inner/{name}")
    else:
        with tarfile.open(archive, "w:gz") as pack:
            pack.add(file, f"inner/{name}")
    return archive


def test_every_entry_is_complete():
    for name in sl.datasets.names():
        entry = sl.datasets.find(name)
        assert entry.name == name
        assert entry.files
        assert entry.summary
        assert entry.citation
        assert entry.page.startswith("https://")
        assert not entry.address or entry.address.startswith("https://")
        assert all(len(one) == 64 for one in entry.sha256)
        assert len(entry.sha256) in (0, len(entry.files))


@pytest.mark.parametrize("name", sl.datasets.names())
def test_every_entry_has_a_reader_that_takes_its_options(name):
    entry = sl.datasets.find(name)
    reader = operator.attrgetter(entry.reader)(sl)
    assert inspect.signature(reader).bind("file", **entry.options)


def test_names_of_the_surveys_that_are_known():
    asked = {"haslam_408", "wmap_k", "planck_30", "s_pass", "faraday_2022", "faraday_2015", "rotation_measures"}
    assert asked | {"pulsars", "ams02_electrons", "miles", "exosat_1e1048"} <= set(sl.datasets.names())
    with pytest.raises(ValueError, match="There is no data set 'haslam408': choose one of haslam_408"):
        sl.datasets.find("haslam408")
    with pytest.raises(ValueError, match=r"no data set 'PLANCK-30': choose one of planck_30, .*chandra_4487\.$"):
        sl.datasets.path("PLANCK-30")
    every = ", ".join(sl.datasets.names())
    for name in ("nonsense", "", ["haslam_408"]):
        with pytest.raises(ValueError, match=f"choose one of {every}."):
            sl.datasets.find(name)


def test_a_folder_of_the_user_comes_first(folder, tmp_path):
    name = "haslam408_dsds_Remazeilles2014.fits"
    for place in (tmp_path / "cache" / "sightline" / "data", folder / "radio" / "surveys"):
        place.mkdir(parents=True)
        (place / name).write_text("")
        assert sl.datasets.path("haslam_408") == place / name
        assert sl.datasets.fetch("haslam_408") == place / name


def test_what_is_not_there_says_how_to_get_it(folder):
    address = "https://lambda.gsfc.nasa.gov/data/foregrounds/haslam_2014/haslam408_dsds_Remazeilles2014.fits"
    with pytest.raises(FileNotFoundError, match=r"sl\.datasets\.fetch") as caught:
        sl.datasets.path("haslam_408")
    assert address in str(caught.value)
    assert str(caught.value).endswith(f"put it into the folder {folder}.")
    with pytest.raises(FileNotFoundError, match=r"get psrcat\.csv from the page https://www.atnf"):
        sl.datasets.path("pulsars")


def test_nothing_but_fetch_downloads(folder, monkeypatch):
    def opened(*_):
        raise AssertionError("a network address was opened")

    monkeypatch.setattr("socket.socket.connect", opened)
    monkeypatch.setattr(fetching, "download", opened)
    for name in sl.datasets.names():
        with pytest.raises(FileNotFoundError):
            sl.datasets.path(name)
        with pytest.raises((FileNotFoundError, ValueError)):
            sl.datasets.load(name)


@pytest.mark.parametrize("kind", ["plain", "zip", "tar.gz"])
def test_fetched_files_are_checked_and_kept(folder, entry, tmp_path, monkeypatch, kind):
    content = b"x" * 1000
    archive = packed(tmp_path, kind, "made.txt", content)
    monkeypatch.setattr(fetching, "download", lambda address, place: archive)
    entry(sha256=(hashlib.sha256(content).hexdigest(),))
    found = sl.datasets.fetch("made")
    assert found == folder / "made.txt"
    assert found.read_bytes() == content
    assert sl.datasets.path("made") == found
    assert sorted(one.name for one in folder.iterdir()) == ["made.txt"]


def test_a_wrong_checksum_is_refused_and_none_is_said(folder, entry, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "download", lambda address, place: packed(tmp_path, "plain", "made.txt", b"x"))
    entry(sha256=("0" * 64,))
    with pytest.raises(sl.datasets.FetchError, match=r"could not be fetched .*has sha256 2d711642.*not 0000"):
        sl.datasets.fetch("made")
    assert list(folder.iterdir()) == []
    entry(sha256=())
    with pytest.warns(sl.datasets.UnverifiedWarning, match="no checksum of made.txt; .* sha256 2d711642"):
        sl.datasets.fetch("made")


def test_without_a_connection_the_address_and_the_folder_are_named(folder, entry, monkeypatch):
    def offline(address, place):
        raise OSError("Name or service not known")

    monkeypatch.setattr(fetching, "download", offline)
    address = entry(address="https://example.org/made.txt").address
    with pytest.raises(sl.datasets.FetchError, match="Name or service not known") as caught:
        sl.datasets.fetch("made")
    assert str(caught.value).endswith(f"get made.txt from {address} and put it into the folder {folder}.")


def test_without_pooch_the_extra_is_named(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    with pytest.raises(sl.datasets.FetchError, match=r'pip install "sightline\[data\]"'):
        sl.datasets.fetch("haslam_408")


def test_pooch_downloads_from_a_server_of_this_machine(folder, entry, tmp_path):
    pytest.importorskip("pooch")
    (tmp_path / "made.txt").write_text("l b rm\n")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        entry(address=f"http://127.0.0.1:{server.server_port}/made.txt", sha256=())
        with pytest.warns(sl.datasets.UnverifiedWarning):
            assert sl.datasets.fetch("made").read_text() == "l b rm\n"
        server.shutdown()


def test_load_reads_by_the_reader_of_the_registry(folder):
    folder.mkdir()
    np.savez(folder / "rm_catalogues_cirada.npz", l=[10.0], b=[5.0], rm=[-30.0], rm_err=[1.0])
    assert sl.datasets.load("rotation_measures").rm.tolist() == [-30.0]


def test_real_files_are_those_of_the_registry(data, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_DATA", str(data))
    entry = sl.datasets.find("chandra_4487")
    for name, expected in zip(entry.files, entry.sha256, strict=True):
        assert hashlib.sha256((sl.datasets.path(entry.name).parent / name).read_bytes()).hexdigest() == expected
    assert sl.datasets.load("haslam_408_1982")[0].sky.nside == 128
    assert sl.datasets.load("faraday_2015").rm.shape == (196608,)
