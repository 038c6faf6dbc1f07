"""Damaged files for every reader: `python benchmarks/fuzz.py --files 100000 --seed 0`.

Small valid files of every kind are damaged in ways that a seed decides, and read. Each must give what it held, other
values that are valid, or one error of ours that names the file; at once, and without taking memory. Whatever else
happens is printed with its number, from which `python benchmarks/fuzz.py --only NUMBER` repeats it, and ends the
benchmark with an error.
"""

import argparse
import collections
import faulthandler
import resource
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import jax
import numpy as np
from common import save
from fuzz_damage import damage
from fuzz_targets import TARGETS, Target

import sightline as sl

SLOW = 5.0  # s
HUNG = 60.0  # s, after which a library that never returns ends the benchmark, with where it was
LARGE = 1024  # MiB that one file may add to what the process has ever held
OUTCOMES = ("unchanged", "other values", "refused")


def examine(target: Target, path: Path, seed: int) -> str:
    """Damages one file, reads it, and says how that ended: one of `OUTCOMES`, or what went wrong."""
    path.write_bytes(damage(target.content, target.kind, np.random.default_rng(seed)))
    begun, held = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        outcome = OUTCOMES[0] if target.read(path) else OUTCOMES[1]
    except sl.io.FileError as error:
        outcome = OUTCOMES[2] if path.name in str(error) else f"an error that names no file: {error}"
    except Exception:
        outcome = traceback.format_exc()
    took, taken = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held
    if took > SLOW or taken > 1024 * LARGE:
        return f"{took:.1f} s, {taken / 1024:.0f} MiB, then {outcome}"
    return outcome


def run(folder: Path, numbers: range | list[int], seed: int) -> tuple[dict[str, collections.Counter], list[str]]:
    """Outcomes by target, and failures, of the damaged files with these numbers."""
    made = [target for kind in TARGETS for target in kind(folder)]
    turns = [target for target in made for _ in range(target.weight)]
    counts, failures = {target.name: collections.Counter() for target in made}, []
    for number in numbers:
        faulthandler.dump_traceback_later(HUNG, exit=True, file=sys.__stderr__)
        target = turns[number % len(turns)]
        outcome = examine(target, folder / target.file, seed * 2**32 + number)
        if outcome not in OUTCOMES:
            failures.append(f"number {number}, {target.name}: {outcome}")
            outcome = "failed"
        counts[target.name][outcome] += 1
        (folder / target.file).write_bytes(target.content)
        if number % 10_000 == 9_999:
            print(f"{number + 1} files", file=sys.stderr, flush=True)
    faulthandler.cancel_dump_traceback_later()
    return counts, failures


def main() -> None:
    """Runs, prints and writes the table; exits with an error where something failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    numbers = range(options.files) if options.only is None else [options.only]
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), jax.enable_x64(True):
        warnings.simplefilter("ignore")
        counts, failures = run(Path(folder), numbers, options.seed)
    for failure in failures[:20]:
        print(failure, "\n")
    if options.only is None:
        columns = (*OUTCOMES, "failed")
        rows = [[name, *(count[outcome] for outcome in columns)] for name, count in counts.items()]
        rows.append(["all", *(sum(count[outcome] for count in counts.values()) for outcome in columns)])
        note = f"{options.files} files, seed {options.seed}, in {time.perf_counter() - begun:.0f} s. "
        note += (
            "Other values: text that was damaged into other text that is valid, numbers in files without a checksum."
        )
        save("fuzz", "Damaged files", ["file", *columns], rows, note)
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
