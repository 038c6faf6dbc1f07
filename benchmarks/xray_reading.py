"""Processor time of reading a spectrum, beside jaxspec's: `python benchmarks/xray_reading.py --peer PYTHON`.

PYTHON is an interpreter that has jaxspec 0.4.1. Each reads EPIC-pn with background, response and area, as filed from
0.5 to 8 keV, some times in a process of its own, which are run in turn. Needs SIGHTLINE_DATA.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

FOLDER = Path(os.environ.get("SIGHTLINE_DATA", ".")) / "xray" / "xmm_epic_pn"
READS = 5


def ours() -> Callable[[], float]:
    """What reads by sightline: the counts of all groups."""
    import xray

    return lambda: float(xray.read().counts.sum())


def folded() -> Callable[[], float]:
    """As `ours`, and what a likelihood folds with."""
    import xray

    return lambda: float(np.asarray(xray.read().folding.matrix).shape[0])


def peer() -> Callable[[], float]:
    """What reads by jaxspec: the counts of all groups, its response grouped and cut."""
    from jaxspec.data import ObsConfiguration

    names = ("PN_spectrum_grp20.fits", "PN.rmf", "PN.arf", "PNbackground_spectrum.fits")
    files = [str(FOLDER / name) for name in names]

    def read() -> float:
        found = ObsConfiguration.from_pha_file(*files, low_energy=0.5, high_energy=8.0)
        return float(found.folded_counts.sum())

    return read


ROLES = {"ours": ours, "folded": folded, "peer": peer}


def timed(role: str) -> dict[str, list[float]]:
    """Processor seconds of every read, and what was read."""
    read, seconds, found = ROLES[role](), [], 0.0
    for _ in range(READS):
        start = time.process_time()
        found = read()
        seconds.append(time.process_time() - start)
    return {"seconds": seconds, "found": [found]}


def measured(python: str, role: str) -> dict[str, list[float]]:
    """One role in a process of its own, on one thread."""
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    run = subprocess.run([python, __file__, "--role", role], capture_output=True, text=True, env=os.environ | threads)
    if run.returncode:
        raise RuntimeError(run.stderr[-2000:])
    return json.loads(run.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", default=sys.executable, help="an interpreter that has jaxspec")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--role", choices=ROLES)
    options = parser.parse_args()
    if options.role:
        print(json.dumps(timed(options.role)))
        return
    from common import save

    pythons = {"ours": sys.executable, "folded": sys.executable, "peer": options.peer}
    rounds = [{role: measured(python, role) for role, python in pythons.items()} for _ in range(options.rounds)]
    first, again = (
        {role: np.array([part(one[role]["seconds"]) for one in rounds]) for role in pythons}
        for part in (lambda seconds: seconds[0], lambda seconds: float(np.median(seconds[1:])))
    )
    rows = []
    titles = {"ours": "sightline", "folded": "sightline, response grouped", "peer": "jaxspec"}
    for role, title in titles.items():
        cells = [f"{1e3 * np.median(part[role]):.1f}" for part in (first, again)]
        shares = [f"1/{np.median(part['peer'] / part[role]):.1f}" for part in (first, again)]
        rows.append([title, cells[0], shares[0], cells[1], shares[1]])
    notes = (
        f"Medians of {options.rounds} rounds in turn: the first read of a process, and the median of {READS - 1} more; "
        "1/10 of jaxspec is asked."
    )
    header = ["", "first read [ms]", "of jaxspec", "further reads [ms]", "of jaxspec"]
    save("xray_reading", "Reading EPIC-pn beside jaxspec 0.4.1, processor time", header, rows, notes)


if __name__ == "__main__":
    main()
