"""How much of the code the tests run: `python benchmarks/covered.py coverage.json`.

The file is what `pytest --cov=sightline --cov-branch --cov-report=json:coverage.json` writes (pytest-cov). What runs in
processes of its own, as the command line often does, does not count.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from common import save

from sightline.testing.structure import room_of

COUNTS = ("num_statements", "covered_lines", "num_branches", "covered_branches")
LEAST = 90.0
"""Files below, in percent, are named."""


def read(path: Path) -> dict[str, Counter]:
    """Numbers of statements and branches, and of those that ran, by file."""
    files = json.loads(path.read_text("utf-8"))["files"]
    return {
        name.split("sightline/", 1)[1]: Counter({k: part["summary"][k] for k in COUNTS}) for name, part in files.items()
    }


def share(counts: Counter) -> float:
    """Percent of statements and branches that ran, as coverage.py has it."""
    ran, there = (counts[lines] + counts[branches] for lines, branches in (COUNTS[1::2], COUNTS[::2]))
    return 100 * ran / there


def row(name: str, counts: Counter) -> list[str]:
    return [name, *(str(counts[key]) for key in COUNTS), f"{share(counts):.1f} %"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    files = read(parser.parse_args().report)
    rooms: dict[str, Counter] = {}
    for name, counts in files.items():
        room = room_of(Path(name).with_suffix("").parts) or "faces"
        rooms.setdefault(room, Counter()).update(counts)
    rows = [row("all", sum(rooms.values(), Counter())), *(row(f"`{name}`", rooms[name]) for name in sorted(rooms))]
    low = sorted(
        (share(counts), name) for name, counts in files.items() if counts["num_statements"] and share(counts) < LEAST
    )
    named = ", ".join(f"`{name}` {value:.0f} %" for value, name in low) or "none"
    notes = f"Statements and branches that the tests of the README run, by room. Files below {LEAST:.0f} %: {named}."
    save("covered", "Coverage", ["room", "statements", "run", "branches", "taken", "of both"], rows, notes)


if __name__ == "__main__":
    main()
