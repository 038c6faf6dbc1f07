"""Rays shared out over devices and processes: the same numbers, to rounding."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import sightline as sl
from sightline.inference.fingerprint import fingerprint

SCRIPT = Path(__file__).with_name("sharded.py")


def begin(path: Path, devices: int, *more: str) -> subprocess.Popen:
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}"
    command = [sys.executable, str(SCRIPT), str(path), *more]
    return subprocess.Popen(command, env=os.environ | {"XLA_FLAGS": flags}, stderr=subprocess.PIPE, text=True)


def end(process: subprocess.Popen) -> None:
    message = process.communicate(timeout=600)[1]
    assert process.returncode == 0, message[-2000:]


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    path = tmp_path_factory.mktemp("one") / "found"
    end(begin(path, 1))
    return dict(np.load(f"{path}_0.npz"))


def same(one: dict[str, np.ndarray], file: str) -> None:
    for name, values in np.load(file).items():
        scale = np.max(np.abs(one[name]))
        np.testing.assert_allclose(values / scale, one[name] / scale, rtol=0, atol=1e-12, err_msg=name)


def test_eight_devices(one: dict[str, np.ndarray], tmp_path: Path) -> None:
    end(begin(tmp_path / "found", 8))
    same(one, f"{tmp_path}/found_0.npz")


def test_two_processes(one: dict[str, np.ndarray], tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    processes = [begin(tmp_path / "found", 1, str(rank), "2", address) for rank in range(2)]
    for process in processes:
        end(process)
    for rank in range(2):
        same(one, f"{tmp_path}/found_{rank}.npz")


def test_lines_in_classes_take_lengths_in_the_order_of_the_sky() -> None:
    simulator = sl.Simulator(electron_density=sl.electrons.ExponentialDisk())
    catalogue = sl.SourceCatalogue(np.linspace(0, 350, 9), np.linspace(-3, 3, 9), np.full(9, 4.0))
    observable = sl.observables.DispersionMeasure(catalogue)
    whole = simulator.sightlines(observable)
    length, places = np.linspace(1.0, 4.0, 9), np.array([1, 4, 7, 0, 2, 3, 5, 6, 8])
    parts = (whole.take(places[:3]), whole.take(places[3:]))
    classes = whole.with_classes(parts, np.argsort(places))
    found = [simulator.measure(sl.observables.DispersionMeasure(lines), length) for lines in (whole, classes)]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12)


def test_one_device_changes_nothing() -> None:
    lines = sl.shard(sl.HealpixSky(1))
    assert isinstance(lines, sl.Sightlines)
    assert (lines.mesh is None) == (jax.device_count() == 1)


def test_a_run_is_recognised_on_other_devices() -> None:
    lines = sl.Sightlines(sl.HealpixSky(1), sl.RadialCells(cells=4, distance=1.0))
    shared = lines.on(jax.sharding.Mesh(np.asarray(jax.devices()[:1]), ("rays",)))
    assert shared.mesh is not None
    assert fingerprint(shared) == fingerprint(lines)


def test_refused() -> None:
    with pytest.raises(TypeError, match=r"mesh must be a jax\.sharding\.Mesh"):
        sl.shard(sl.HealpixSky(1), mesh=4)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="There are no sightlines in LSA"):
        sl.shard(sl.magnetic.LSA())
