"""Peak memory of value and gradient beyond the import, each in a process of its own: `python benchmarks/memory.py`."""

import resource
import subprocess
import sys
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
from common import galaxy, parse, save

import sightline as sl

jax.config.update("jax_enable_x64", True)


def peak() -> float:
    """Largest resident memory of this process so far [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(nside: int, cells: int) -> tuple[float, float]:
    """Peak memory [MB] beyond that of the import, and temporary memory of the compiled gradient [MB]."""
    jax.block_until_ready(jnp.ones(3) + 1)
    before = peak()
    lines = sl.Sightlines(sl.HealpixSky(nside), sl.BoxCells(cells))

    def loss(simulator: sl.Simulator, lines: sl.Sightlines) -> jax.Array:
        stokes = simulator(lines, 2.4)
        return jnp.sum(stokes.I**2 + stokes.Q**2 + stokes.U**2)

    compiled = eqx.filter_jit(eqx.filter_value_and_grad(loss)).lower(galaxy(), lines).compile()
    jax.block_until_ready(jax.tree.leaves(compiled(galaxy(), lines)))
    return peak() - before, compiled.compiled.memory_analysis().temp_size_in_bytes / 1e6


def main() -> None:
    options = parse(__doc__, nside=0, cells=512)
    if options.nside:
        print(*measure(options.nside, options.cells))
        return
    rows = []
    for nside in (32, 64, 128):
        command = [sys.executable, __file__, "--nside", str(nside), "--cells", str(options.cells)]
        resident, temporary = map(
            float, subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
        )
        points = 12 * nside**2 * options.cells
        rows.append(
            [nside, f"{points / 1e6:.0f} million", f"{resident:.0f}", f"{temporary:.0f}", f"{points * 1.2e-3:.0f}"]
        )
    header = [
        "NSIDE",
        "points",
        "peak beyond the import [MB]",
        "of it compiled temporaries [MB]",
        "at 1.2 kB a point [MB]",
    ]
    notes = (
        f"Value and gradient of a chi-squared, {options.cells} cells, float64, LSA and disks, synchrotron and Faraday "
        "rotation, one frequency."
    )
    save("memory", "Memory", header, rows, notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
