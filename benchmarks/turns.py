"""Programs timed in turn, each warm in a process of its own: what compares Sightline with itself and with other codes.

A program calls `serve` with its cases; `Turns` starts programs and asks them for one run at a time, so that all see the
same machine. A program may be written for any code: `adapters/` holds those that are.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

WARM = 0.25
"""Seconds of calls before the one that is timed."""


def serve(cases: dict[str, Callable[[], Any]]) -> None:
    """Answers each name of a case on a line of standard input with the seconds that a call took.

    It follows a quarter of a second of others, which find caches and threads as other programs left them: no fit does.
    """
    for line in sys.stdin:
        case, until = cases[line.strip()], time.perf_counter() + WARM
        case()
        while time.perf_counter() < until:
            case()
        begun = time.perf_counter(), time.process_time()
        case()
        wall, busy = time.perf_counter() - begun[0], time.process_time() - begun[1]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"wall": wall, "busy": busy, "peak": peak}), flush=True)


class Turns:
    """Programs that wait for their turn.

    **Arguments:** `programs`: the command of each, by name, after the interpreter.
    """

    def __init__(self, programs: dict[str, Sequence[str]]):
        path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
        self.processes = {
            name: subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | {"PYTHONPATH": path},
            )
            for name, command in programs.items()
        }

    def ask(self, name: str, case: str) -> dict[str, float]:
        """Seconds by the clock and of the processor of one run of a case, and MB that the program ever held."""
        process = self.processes[name]
        print(case, file=process.stdin, flush=True)
        answer = process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{name} ended with {process.wait()} at {case}.")
        return json.loads(answer)

    def run(self, cases: Sequence[str], runs: int) -> dict[str, dict[str, dict[str, float]]]:
        """Medians by program and case of `runs` turns, after one that compiles."""
        for name in self.processes:
            for case in cases:
                self.ask(name, case)
        taken = {name: {case: [] for case in cases} for name in self.processes}
        for _ in range(runs):
            for case in cases:
                for name in self.processes:
                    taken[name][case].append(self.ask(name, case))
        return {
            name: {
                case: {key: statistics.median(run[key] for run in found) for key in found[0]}
                for case, found in by.items()
            }
            for name, by in taken.items()
        }

    def __enter__(self) -> "Turns":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            process.stdin.close()
            process.wait()
