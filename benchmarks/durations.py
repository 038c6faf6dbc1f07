"""How long the tests, the checks, the import and the first command take: `python benchmarks/durations.py suite.xml`.

`suite.xml` is what `pytest --junitxml=suite.xml` wrote. `--check .ci/run .ci/full` runs these and times them, too.
Commands run in processes of their own, the first ones with an empty cache folder each.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from common import save

ROOT = Path(__file__).parents[1]
RUNS = 5
LONGEST = 20
FIRST = (*("-m", "sightline.cli", "simulate", "--frequency", "0.408", "2.3", "23", "--nside", "64"), "--overwrite")
"""The command of the README."""


class Suite(NamedTuple):
    """What a report of pytest says: tests, seconds on the clock, and by file the seconds and number of its tests."""

    tests: int
    elapsed: float
    seconds: Counter
    numbers: Counter


def read(path: Path) -> Suite:
    """A report in the format of JUnit.

    **Raises:** `ValueError` for a report of no tests.
    """
    seconds, numbers, root = Counter(), Counter(), ElementTree.parse(path).getroot()
    for case in root.iter("testcase"):
        parts = case.get("classname", "").split(".")
        file = next((part for part in parts if part.startswith("test_")), parts[-1])
        seconds[file] += float(case.get("time", 0.0))
        numbers[file] += 1
    if not numbers:
        raise ValueError(f"{path} holds no tests: give what pytest --junitxml={path} writes.")
    elapsed = sum(float(suite.get("time", 0.0)) for suite in root.iter("testsuite"))
    return Suite(sum(numbers.values()), elapsed, seconds, numbers)


def suite_rows(suite: Suite) -> Iterator[list[str]]:
    """The suite as a whole, and the files that take longest."""
    total = sum(suite.seconds.values())
    yield ["pytest, on the clock", str(suite.tests), f"{suite.elapsed:.0f}"]
    yield ["pytest, sum over its processes", str(suite.tests), f"{total:.0f}"]
    for file, seconds in suite.seconds.most_common(LONGEST):
        yield [f"`tests/{file}.py`", str(suite.numbers[file]), f"{seconds:.1f}"]
    others = len(suite.seconds) - LONGEST
    if others > 0:
        rest = suite.seconds.most_common()[LONGEST:]
        yield [
            f"{others} other files",
            str(sum(suite.numbers[file] for file, _ in rest)),
            f"{sum(s for _, s in rest):.1f}",
        ]


def clock(command: list[str], **environment: str) -> float:
    """Seconds that a command takes in a process of its own."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | environment)
    return time.perf_counter() - start


def python(*arguments: str, kept: bool) -> list[float]:
    """Seconds of several processes of Python, with the cache folder of the one before, or an empty one each."""
    with tempfile.TemporaryDirectory() as folder:
        places = [f"{folder}/{0 if kept else number}" for number in range(RUNS + kept)]
        times = [clock([sys.executable, *arguments], XDG_CACHE_HOME=place) for place in places]
    return times[kept:]


def command_rows(folder: str) -> Iterator[list[str]]:
    """Import, and the first command, before and after there are compiled programs of it."""
    first = [*FIRST, "--output", f"{folder}/sky.fits", "--plot", f"{folder}/sky.png"]
    for name, arguments, kept in (
        ("`python -c pass`", ["-c", "pass"], True),
        ("`import jax, equinox`", ["-c", "import jax, equinox"], True),
        ("`import sightline`", ["-c", "import sightline"], True),
        ("the command of the README, the first time", first, False),
        ("the same, when its programs are kept", first, True),
    ):
        times = python(*arguments, kept=kept)
        yield [name, "", f"{np.median(times):.2f} ({min(times):.2f} to {max(times):.2f})"]


def check_rows(scripts: list[str]) -> Iterator[list[str]]:
    """The scripts of checks, run here."""
    for script in scripts:
        yield [f"`{script}`", "", f"{clock(['bash', str(ROOT / script)]):.0f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("--check", nargs="*", default=[])
    options = parser.parse_args()
    rows = [*suite_rows(read(options.report)), *check_rows(options.check)]
    with tempfile.TemporaryDirectory() as folder:
        rows = [*command_rows(folder), *rows]
    notes = f"Commands: medians of {RUNS} processes, with the fastest and the slowest. A test has its fixtures in it."
    save("durations", "Durations", ["", "tests", "seconds"], rows, notes)


if __name__ == "__main__":
    main()
