"""How long each stage of .ci/full took, in the table of the others: `python benchmarks/full.py STAGE SECONDS`.

Without JAX or Sightline: the script that calls it has them in no environment.
"""

import argparse
import os
import platform
from datetime import date
from pathlib import Path

TABLE = Path(__file__).parent / "results" / "full.md"
STAGES = {
    "checks": "all of `.ci/run`",
    "newest": "the suite on every Python found, newest versions",
    "lowest": "the suite on the lowest versions allowed",
    "packages": "wheel and source distribution, installed and tested",
    "types": "complete types of the public surface",
    "long": "the tests marked long",
    "coverage": "the suite, with the lines and branches it runs",
    "mutation": "changes of three modules that tests catch",
    "tutorials": "all tutorials",
    "fuzz": "200,000 damaged files",
    "tables": "benchmarks that need no data",
    "examples": "examples at full size",
}


def read(text: str) -> dict[str, list[str]]:
    """Minutes and day, by stage, of those that were measured."""
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in text.splitlines() if "|" in line]
    return {stage: when for stage, _, *when in rows if stage in STAGES and when[0] != "not yet"}


def write(known: dict[str, list[str]]) -> str:
    """The table of all stages in the order in which they run."""
    lines = ["# Long suites", "", "| stage | what | minutes | measured |", "| --- | --- | --- | --- |"]
    for stage, what in STAGES.items():
        minutes, day = known.get(stage, ["not yet", ""])
        lines.append(f"| `{stage}` | {what} | {minutes} | {day} |")
    total = sum(float(minutes) for minutes, _ in known.values())
    lines += ["", f"Minutes on the clock of each stage of `.ci/full`, its environment included: {total:.0f} in all."]
    lines += ["", f"{platform.machine()}, {os.cpu_count()} cores."]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("seconds", type=float)
    options = parser.parse_args()
    known = read(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else {}
    known[options.stage] = [f"{options.seconds / 60:.1f}", date.today().isoformat()]
    TABLE.write_text(write(known), encoding="utf-8")


if __name__ == "__main__":
    main()
