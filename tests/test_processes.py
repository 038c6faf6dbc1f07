"""What other processes are at, or have left when they were killed; what a signal ends."""

import functools
import os
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline._core import processes
from sightline._core.files import is_part, sweep
from sightline._core.locks import LOCK, locked
from sightline.statistics import Gaussian, Likelihood

WRITER = """
import os, signal, sys
from sightline._core.files import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_text("half of it")
    print(temporary.name, flush=True)
    signal.pause()
"""
OWNER = """
import signal, sys
from sightline._core.locks import locked
with locked(sys.argv[1]):
    print("locked", flush=True)
    signal.pause()
"""
DEAF = """
import os, signal, sys, threading, time
from sightline.cli.interrupts import interrupts, watched
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it
with watched(0.3), interrupts():
    threading.Timer(0.2, os.kill, (os.getpid(), getattr(signal, sys.argv[1]))).start()
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            pass
"""


def posterior():
    space = sl.ParameterSpace({"a": jnp.asarray(1.0)}, {"a": dist.Normal(0.0, 1.0)})
    return sl.Posterior(space, Likelihood(lambda m: m["a"] * jnp.ones(3), np.ones(3), Gaussian(np.ones(3))))


def start(script, *arguments):
    """A process of its own, and the first line that it says."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return process, process.stdout.readline().strip()


def end(process):
    process.kill()
    process.communicate()


def test_what_a_killed_process_leaves_is_swept_by_the_next_write_and_nothing_else(tmp_path):
    killed, name = start(WRITER, tmp_path / "a.fits")
    alive, other = start(WRITER, tmp_path / "b.npz")
    try:
        assert name.endswith(".fits")
        assert is_part(name)
        names = {"of the user": ".part-mine.txt", "too": ".part-", "old": ".part-0123456789abcdef.fits"}
        names["new"] = f".part-12345678-1-1-{'0' * 16}.npz"  # of another machine
        for one in names.values():
            (tmp_path / one).write_text("x")
        os.utime(tmp_path / names["old"], (1, 1))
        (tmp_path / ".part-00").mkdir()
        sl.io.write_columns(tmp_path / "c.fits", sl.HealpixSky(1), {"RM": (np.zeros(12), "rad m-2")})
        assert {name, other} < {one.name for one in tmp_path.iterdir()}
        killed.kill()  # dead, though nobody has asked for it yet
        while processes.alive("-".join(name.split("-")[1:4])):
            time.sleep(0.01)
        sl.io.write_columns(tmp_path / "d.fits", sl.HealpixSky(1), {"RM": (np.zeros(12), "rad m-2")})
        kept = {other, names["of the user"], names["too"], names["new"], ".part-00", "c.fits", "d.fits"}
        assert {one.name for one in tmp_path.iterdir()} == kept
        os.utime(tmp_path / names["new"], (1, 1))
        sweep(tmp_path)
        assert not (tmp_path / names["new"]).exists()
    finally:
        end(killed)
        end(alive)


def test_a_label_is_of_one_process():
    machine, number, begun = processes.label().split("-")
    assert processes.alive(processes.label())
    assert processes.alive(f"{machine}-{number}-{int(begun, 16) + 1:x}") is False  # its number was used before
    assert processes.alive(f"{machine}-{2**30:x}-1") is False
    assert processes.alive(f"{'0' * 8}-{number}-{begun}") is None
    assert processes.alive("nonsense") is None


def test_a_folder_is_of_one_process_until_that_ends(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    owner, _ = start(OWNER, folder)
    message = rf"checkpoint = .*run is in use: process {owner.pid} on .* Wait until it ends, or name another folder"
    try:
        for run in (sl.fit, functools.partial(sl.sample, key=jax.random.key(0))):
            with pytest.raises(BlockingIOError, match=message):
                run(posterior(), checkpoint=folder)
        assert [one.name for one in folder.iterdir()] == [LOCK]
    finally:
        end(owner)
    assert (folder / LOCK).exists()
    with locked(folder, "checkpoint"), pytest.raises(BlockingIOError, match="in use"), locked(folder):
        pass
    assert list(folder.iterdir()) == []

    import fcntl

    def unsupported(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    owner, _ = start(OWNER, folder)  # where the file system has no locks, the file tells
    try:
        with pytest.raises(BlockingIOError, match=f"process {owner.pid}"), locked(folder):
            pass
    finally:
        end(owner)
    with locked(folder):
        assert (folder / LOCK).read_text().startswith(processes.label())
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_process_that_does_not_hear_is_ended(name):
    begun = time.monotonic()
    process, _ = start(DEAF, name)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err == "sightline: interrupted; no file is half-written.\n"
    assert time.monotonic() - begun < 60
