"""Peak memory of value and gradient beyond the import, each in a process of its own: `python benchmarks/memory.py`."""

import resource
import subprocess
import sys
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
from common import galaxy, parse, save, sphere

import sightline as sl

jax.config.update("jax_enable_x64", True)


def peak() -> float:
    """Largest resident memory of this process so far [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def gridded(nodes: int) -> sl.Simulator:
    """The same with a magnetic field on a grid of so many nodes along each axis."""
    values = 3 * jax.random.normal(jax.random.key(0), (3, nodes, nodes, nodes))
    return sphere(magnetic_field=sl.magnetic.Grid(values), cosmic_rays=sl.cosmic_rays.ExponentialDisk())


def measure(nside: int, cells: int, nodes: int) -> tuple[float, float]:
    """Peak memory [MB] beyond that of the import, and temporary memory of the compiled gradient [MB]."""
    jax.block_until_ready(jnp.ones(3) + 1)
    before, simulator = peak(), gridded(nodes) if nodes else galaxy()
    lines = sl.Sightlines(sl.HealpixSky(nside), sl.BoxCells(cells))

    def loss(simulator: sl.Simulator, lines: sl.Sightlines) -> jax.Array:
        stokes = simulator(lines, 2.4)
        return jnp.sum(stokes.I**2 + stokes.Q**2 + stokes.U**2)

    compiled = eqx.filter_jit(eqx.filter_value_and_grad(loss)).lower(simulator, lines).compile()
    jax.block_until_ready(jax.tree.leaves(compiled(simulator, lines)))
    return peak() - before, compiled.compiled.memory_analysis().temp_size_in_bytes / 1e6


def row(nside: int, cells: int, nodes: int) -> list[str]:
    """What a process of its own measures."""
    command = [sys.executable, __file__, "--nside", nside, "--cells", cells, "--nodes", nodes]
    found = subprocess.run(list(map(str, command)), capture_output=True, check=True, text=True).stdout
    resident, temporary = map(float, found.split())
    points = 12 * nside**2 * cells
    free = f"{3 * nodes**3 / 1e6:.1f} million" if nodes else "9"
    return [str(nside), f"{points / 1e6:.0f} million", free, f"{resident:.0f}", f"{temporary:.0f}"]


def main() -> None:
    options = parse(__doc__, nside=0, cells=512, nodes=0)
    if options.nside:
        print(*measure(options.nside, options.cells, options.nodes))
        return
    rows = [row(nside, options.cells, 0) for nside in (16, 32, 64, 128, 256)] + [row(32, options.cells, 150)]
    header = ["NSIDE", "points", "free numbers", "peak beyond the import [MB]", "of it compiled temporaries [MB]"]
    notes = (
        f"Value and gradient of a chi-squared, {options.cells} cells, float64, LSA and disks, or a field on a grid, "
        "synchrotron and Faraday rotation, one frequency."
    )
    save("memory", "Memory", header, rows, notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
