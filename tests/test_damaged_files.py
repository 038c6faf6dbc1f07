"""Files that are damaged, too large, elsewhere or of another kind: one error that names them, at once."""

import gzip
import importlib
import json
import locale
import re
import socket
import sys
import time
import zipfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from astropy.io import fits

import sightline as sl
from sightline import cli, datasets, io
from sightline.cli import study
from sightline.inference import load_chains
from sightline.inference.checkpoint import Checkpoint, pack, unpack

READERS = {
    "map": io.read_map,
    "columns": io.read_columns,
    "brightness": lambda path: datasets.read_brightness(path, None if str(path).endswith(".npz") else 0.4),
    "faraday": datasets.read_faraday_sky,
    "measures": datasets.read_rotation_measures,
    "pulsars": datasets.read_pulsars,
    "model": sl.load,
    "chains": load_chains,
}


@pytest.fixture(scope="module")
def fuzz():
    folder = str(Path(__file__).parents[1] / "benchmarks")
    sys.path.insert(0, folder)
    yield importlib.import_module("fuzz")
    sys.path.remove(folder)


@pytest.mark.filterwarnings("ignore")
def test_damaged_files_of_every_kind(fuzz, tmp_path):
    counts, failures = fuzz.run(tmp_path, range(700), seed=11)
    assert not failures
    assert sum(count["refused"] for count in counts.values()) > 300
    for name in ("map, packed", "checkpoint, state.npz", "chains"):
        assert counts[name]["other values"] == 0, name  # their numbers have checksums


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_many_damaged_files_of_every_kind(fuzz, tmp_path):
    _, failures = fuzz.run(tmp_path, range(20_000), seed=12)
    assert not failures


@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_refused(name, tmp_path, monkeypatch):
    def connect(*_, **__):
        raise AssertionError("a network address was opened")

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    for address in ("http://localhost/sky.fits", "https://localhost/a.npz", "ftp://localhost/rm.csv", "s3://a/b.nc"):
        with pytest.raises(FileNotFoundError, match=r"does not exist: nothing is downloaded"):
            READERS[name](address)
    for path in (tmp_path, "/dev/zero"):
        with pytest.raises(io.FileError, match=f"path = {path} is a folder or a device"):
            READERS[name](path)
    for content in (b"", b"\x89PNG", b"\x1f\x8b\x08", b"PK\x03\x04", b"SIMPLE  =", b"\x89HDF\r\n\x1a\n", b"\xff" * 500):
        for suffix in (".fits", ".npz", ".csv", ".nc"):
            path = tmp_path / f"file{suffix}"
            path.write_bytes(content)
            with pytest.raises(io.FileError, match=rf"file\{suffix}"):
                READERS[name](path)


def test_a_table_that_names_an_address_is_not_read(tmp_path):
    path = tmp_path / "table.vot"
    stream = '<STREAM href="http://localhost/rm.bin"/>'
    path.write_text(
        f'<?xml version="1.0"?><VOTABLE><RESOURCE><TABLE><DATA>{stream}</DATA></TABLE></RESOURCE></VOTABLE>'
    )
    with pytest.raises(io.FileError, match="refers to other files"):
        datasets.read_rotation_measures(path)


def npz(path, **members):
    """An archive of raw members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def header(shape, descr="<f8"):
    text = repr({"descr": descr, "fortran_order": False, "shape": shape}).ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize("name", ["model", "measures", "pulsars", "brightness"])
def test_sizes_are_checked_before_memory_is_taken(name, tmp_path):
    begun = time.perf_counter()
    read = READERS[name] if name != "brightness" else datasets.read_brightness
    member = {"model": "structure", "measures": "rm", "pulsars": "dm", "brightness": "T_1GHz_K"}[name]
    claims = [header((10**13,)), header((10**6,), "|V0"), header((3,), "|O") + 24 * b"\0", header((2, -1))]
    zeros = [header((3 * 10**8,), "|u1") + bytes(3 * 10**8)] if name == "measures" else []
    for content in [*claims, *zeros]:
        with pytest.raises(io.FileError, match="bomb"):
            read(npz(tmp_path / "bomb.npz", **{member: content}))
    assert time.perf_counter() - begun < 30


def test_packed_maps_that_never_end_are_refused(tmp_path):
    path = tmp_path / "bomb.fits.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(fits.PrimaryHDU().header.tostring().encode())
        for _ in range(40):
            file.write(bytes(2**23))
    with pytest.raises(io.FileError, match=r"bomb\.fits\.gz says that it holds"):
        io.read_map(path)


def test_tables_larger_than_their_file_are_refused(tmp_path):
    path = tmp_path / "map.fits"
    io.write_columns(path, sl.HealpixSky(1), {"T": (np.arange(12.0), "K")})
    raw = path.read_bytes()
    assert b"NAXIS2  =                   12" in raw
    path.write_bytes(raw.replace(b"NAXIS2  =                   12", b"NAXIS2  =        9999999999999"))
    with pytest.raises(io.FileError, match=r"map\.fits"):
        io.read_columns(path)


def test_numbers_that_were_changed_are_refused(tmp_path):
    path, values = tmp_path / "map.fits", np.arange(1.0, 13.0)
    io.write_columns(path, sl.HealpixSky(1), {"T": (values, "K")})
    raw = path.read_bytes()
    path.write_bytes(raw.replace(np.array(7.0, ">f8").tobytes(), np.array(7.5, ">f8").tobytes()))
    with pytest.raises(io.FileError, match=r"DATASUM.*delval"):
        io.read_columns(path)
    fits.delval(path, "DATASUM", ext=1)
    np.testing.assert_array_equal(io.read_columns(path)[1]["T"], np.where(values == 7, 7.5, values))
    path.write_bytes(raw)
    with fits.open(path, mode="update") as file:
        file[1].data["T"][0] = 99.0
    assert io.read_columns(path)[1]["T"][0] == 99.0  # astropy keeps the sum


SIMULATOR = sl.Simulator(
    magnetic_field=sl.magnetic.LSA(),
    electron_density=sl.electrons.ExponentialDisk(),
    cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
    emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
)


def _nan(fields, arrays):
    arrays[f"array_{fields['magnetic_field']['fields']['b0']['array']}"] = np.array(np.nan)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_nan, r"LSA\.b0 is not finite"),
        (lambda fields, _: fields.update(chunk=0), r"Simulator\.chunk = 0"),
        (lambda fields, _: fields.update(chunk=True), r"Simulator\.chunk = True must be a whole number"),
        (lambda fields, _: fields.update(chunk="x"), r"Simulator\.chunk = 'x' must be a whole number"),
        (
            lambda fields, _: fields.update(magnetic_field=fields["electron_density"]),
            "magnetic_field must return shape",
        ),
        (lambda fields, _: fields.update(electron_density=None), "needs electron_density"),
        (lambda fields, _: fields.update(transfer=None), r"Simulator\.transfer holds a NoneType"),
        (lambda fields, _: fields["emission"].update(tuple=[fields["cosmic_rays"]]), r"Simulator\.emission"),
        (lambda _, arrays: arrays.update(array_0=np.zeros((2, 2))), "has shape"),
        (lambda _, arrays: arrays.update(array_0=np.array(3)), "has type int64"),
        (lambda _, arrays: arrays.update(extra=np.zeros(3)), "holds extra, which no part names"),
        (lambda _, arrays: arrays.pop("array_0"), "no array array_0"),
    ],
)
def test_models_are_checked_as_at_construction(tmp_path, change, said):
    path = tmp_path / "model.npz"
    sl.save(SIMULATOR, path)
    with np.load(path) as file:
        arrays = dict(file)
    structure = json.loads(arrays.pop("structure").tobytes())
    change(structure["model"]["fields"], arrays)
    np.savez(path, structure=np.frombuffer(json.dumps(structure).encode(), np.uint8), **arrays)
    with pytest.raises(io.FileError, match=said) as caught:
        sl.load(path)
    assert "model.npz" in str(caught.value)


def test_masks_are_checked(tmp_path):
    sl.save(sl.instruments.Mask(np.arange(48) % 2), tmp_path / "mask.npz")
    with np.load(tmp_path / "mask.npz") as file:
        structure = json.loads(file["structure"].tobytes())
    structure["model"]["fields"]["npix"] = 10**12
    np.savez(tmp_path / "mask.npz", structure=np.frombuffer(json.dumps(structure).encode(), np.uint8))
    with pytest.raises(io.FileError, match="no mask of 1000000000000 pixels"):
        sl.load(tmp_path / "mask.npz")


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (["simulate", "--frequency", "1:2:100000000"], "no frequency, or more than 10000"),
        (["simulate", "--frequency", "1", "--nside", str(2**29)], "rays of 3 numbers are more than"),
        (["simulate", "--frequency", "1", "--cells", str(10**10)], "--cells = 10000000000 must be 1000000 at most"),
        (["simulate", "--bandpass", "band.txt"], r"band\.txt must hold two columns"),
        (["simulate", "--bandpass", "http://localhost/band"], "does not exist"),
        (["fit", "deep.toml"], r"deep\.toml is no TOML file: RecursionError"),
        (["fit", "latin.toml"], r"latin\.toml is no TOML file.*utf-8"),
        (["fit", "many.toml"], "draws at most are kept"),
        (["fit", "rays.toml"], "rays of 16 numbers are more than"),
        (["fit", "."], "is a folder"),
    ],
)
def test_commands_refuse_at_once(tmp_path, monkeypatch, capsys, tokens, said):
    monkeypatch.chdir(tmp_path)
    zeros = jnp.zeros(12)
    io.write_map("sky.fits", sl.Stokes(zeros, zeros, zeros, frequency=jnp.asarray(1.0), sky=sl.HealpixSky(1)))
    Path("band.txt").write_text("20 1 2\n23 1 2\n")
    Path("deep.toml").write_text(f"a = {20_000 * '['}")
    Path("latin.toml").write_bytes("a = 'ü'".encode("latin-1"))
    rest = '[parameters]\n"magnetic_field.b0" = { prior = "uniform", low = 0, high = 10 }\n[output]\nfolder = "r"\n'
    rest += '[[data]]\nkind = "map"\nfile = "sky.fits"\nnoise = 1.0\n'
    Path("many.toml").write_text(f"{rest}[sample]\ndraws = 999999999999\n")
    Path("rays.toml").write_text(f"{rest}supersample = {2**20}\n")
    begun = time.perf_counter()
    output = ["--output", "new.fits"] if tokens[0] == "simulate" else []
    assert cli.main([*tokens, *output]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(said, error), error
    assert time.perf_counter() - begun < 10


def test_run_files_are_utf8_whatever_the_locale(tmp_path, monkeypatch):
    monkeypatch.setattr(locale, "getpreferredencoding", lambda *_: "latin-1")
    monkeypatch.setattr(locale, "getencoding", lambda: "latin-1", raising=False)
    (tmp_path / "run.toml").write_bytes("\N{BOM}[output]\nfolder = 'Größe'\n".encode())
    assert study.read(tmp_path / "run.toml") == {"output": {"folder": "Größe"}}


def test_checkpoints_that_are_damaged_name_their_file(tmp_path):
    like = {"x": jnp.arange(3.0), "key": jax.random.key(0)}
    checkpoint = Checkpoint(tmp_path / "run", {"model": "a"})
    checkpoint.write("state", pack(like))
    npz(tmp_path / "run" / "state.npz", **{"0": header((10**12,))})
    with pytest.raises(io.FileError, match=r"state\.npz is damaged .*delete it"):
        checkpoint.read("state")
    checkpoint.write("state", {"0": np.zeros(2)})
    with pytest.raises(io.FileError, match=r"state\.npz is damaged .*delete it"), checkpoint.damaged("state"):
        unpack(checkpoint.read("state"), like)
    (tmp_path / "run" / "run.json").write_bytes(b"[" * 100_000)
    with pytest.raises(io.FileError, match=r"run\.json is no description of a run"):
        Checkpoint(tmp_path / "run", {"model": "a"})
