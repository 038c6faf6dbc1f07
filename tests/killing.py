"""Kills a script at random moments and starts it again: for tests that nothing is lost."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

PATIENCE = 300.0  # seconds after which a script hangs


def uninterrupted(script: str, folder: Path) -> Path:
    """The file that a script writes when nothing stops it."""
    _wait(_start(script, folder), lambda: False)
    return folder / "result.npz"


def interrupted(script: str, folder: Path, moments: Sequence[tuple[str, float]], seed: int = 0) -> tuple[Path, int]:
    """The file that a script writes, and how often it was killed on the way.

    **Arguments:** `script`: Python; its only argument is a folder, in which it keeps its checkpoints and writes
    `result.npz` in the end; `moments`: for each kill the file in the folder that the process must have written before,
    so that not only imports are interrupted, and the longest time between that and the kill, in seconds.
    """
    generator, kills = random.Random(seed), 0
    for name, longest in moments:
        process, file, begun = _start(script, folder), folder / name, _age(folder / name)
        if _wait(process, lambda file=file, begun=begun: _age(file) != begun):
            time.sleep(generator.uniform(0.0, longest))
            kills += process.poll() is None
            process.kill()  # SIGKILL
            process.wait()
    return uninterrupted(script, folder), kills


def _start(script: str, folder: Path) -> subprocess.Popen:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen([sys.executable, "-c", script, str(folder)], env=os.environ | {"PYTHONHASHSEED": "random"})


def _age(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0


def _wait(process: subprocess.Popen, ready) -> bool:
    """Whether the moment came before the end of the process."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None:
        if ready():
            return True
        if time.monotonic() > end:
            process.kill()
            raise TimeoutError("the script hangs")
        time.sleep(0.001)
    assert process.returncode == 0, f"the script ended with {process.returncode}"
    return False
