"""Runs that are killed again and again, and end with the bits of one that was not: `python benchmarks/kills.py`."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from common import parse, save

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from kill_cases import CASES  # noqa: E402


def killed(case: str, folder: str, kills: int) -> list[object]:
    command = [sys.executable, str(TESTS / "kill_cases.py"), case, folder, str(kills), "1"]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    return [case, found["kills"], found["runs"], found["same"]]


def main() -> None:
    kills = parse("kills", kills=20).kills
    rows = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(killed(case, folder, kills))
    save(
        "kills",
        "Kills",
        ["", "kills", "runs ended", "with the same bits"],
        rows,
        "SIGKILL at random moments; a run that ends before the last kill is followed by another one. Each is compared "
        "with one that nothing stopped and that compiled for itself, and must leave no unfinished file behind. A "
        "simulation has no checkpoint: it begins again, and its file is whole or not there.",
    )


if __name__ == "__main__":
    main()
