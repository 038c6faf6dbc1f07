"""Time to import Sightline beyond JAX and equinox: `python benchmarks/import_time.py`."""

import subprocess
import sys

import numpy as np
from common import save

CODE = """
import jax, equinox, time
start = time.perf_counter()
import sightline
print(time.perf_counter() - start)
"""


def main() -> None:
    times = [
        float(subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True).stdout) for _ in range(7)
    ]
    rows = [["import sightline", f"{np.median(times):.2f}", f"{min(times):.2f}", f"{max(times):.2f}"]]
    save(
        "import_time",
        "Import",
        ["", "median [s]", "fastest [s]", "slowest [s]"],
        rows,
        "Beyond importing JAX and equinox.",
    )


if __name__ == "__main__":
    main()
