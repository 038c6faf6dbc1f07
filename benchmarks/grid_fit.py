"""Value and gradient of a fit of a magnetic grid, against interpax: `python benchmarks/grid_fit.py`."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import interpax
import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save

import sightline as sl
from sightline.sky.grids.regular import axes

jax.config.update("jax_enable_x64", True)

HALF, FREQUENCY = (20.0, 20.0, 5.0), 2.4  # kpc, GHz
HELD = ("electron_density", "cosmic_rays")
EMISSION = (sl.emission.Synchrotron(), sl.emission.FaradayRotation())


def gridded(field: Callable[[jax.Array], jax.Array], shape: tuple[int, int, int]) -> jax.Array:
    """A field on the nodes of a grid, components first."""
    positions = jnp.asarray(sl.grids.nodes(shape, HALF).reshape(-1, 3))
    values = jax.lax.map(field, positions, batch_size=8192)
    return jnp.moveaxis(values, 0, -1).reshape(*values.shape[1:], *shape)


def setting(nside: int, cells: int) -> tuple[sl.Simulator, sl.Sightlines]:
    """LSA on 128 x 128 x 32 and YMW16 on 256 x 256 x 64 nodes, cosmic rays of the WMAP analysis."""
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.Grid(gridded(sl.magnetic.LSA(), (128, 128, 32)), half_widths=HALF),
        electron_density=sl.electrons.Grid(gridded(sl.electrons.YMW16().prepare(), (256, 256, 64)), half_widths=HALF),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=EMISSION,
    )
    return simulator, sl.Sightlines(sl.HealpixSky(nside), cells=sl.BoxCells(cells=cells))


@eqx.filter_jit
def ours(values: jax.Array, simulator: sl.Simulator, lines: sl.Sightlines) -> tuple[jax.Array, jax.Array]:
    def loss(values: jax.Array) -> jax.Array:
        stokes = eqx.tree_at(lambda s: s.magnetic_field.values, simulator, values)(lines, FREQUENCY)
        return jnp.sum(stokes.I**2 + stokes.Q**2 + stokes.U**2)

    return jax.value_and_grad(loss)(values)


def lookup(values: jax.Array, knots: list[jax.Array], points: jax.Array) -> jax.Array:
    """interpax's linear interpolation, components last, at (3, n) points."""
    return interpax.interp3d(*points, *knots, jnp.moveaxis(values, range(-3, 0), range(3)), method="linear")


def one_ray(b: jax.Array, n_e: jax.Array, n_cr: jax.Array, ray: sl.geometry.Ray, lines: sl.Sightlines) -> jax.Array:
    """I, Q and U of a ray whose fields are given in its cells."""

    def cell(b: jax.Array, n_e: jax.Array, n_cr: jax.Array) -> sl.emission.TransferCoefficients:
        fields = (sl.magnetic.Uniform(b), sl.electrons.Uniform(n_e), sl.cosmic_rays.Uniform(n_cr, index=3.0))
        simulator = sl.Simulator(*fields, emission=EMISSION)
        return simulator.coefficients(simulator.plasma(jnp.zeros(3)), ray, jnp.asarray(FREQUENCY))

    widths = ray.length * lines.widths
    coefficients = jax.vmap(cell)(b, n_e, n_cr)
    stokes = sl.transfer.CellTransfer()(coefficients, widths, sl.emission.StokesVector())
    return jnp.stack([stokes.I, stokes.Q, stokes.U])


@eqx.filter_jit
def theirs(
    values: jax.Array, density: jax.Array, n_cr: jax.Array, points: jax.Array, lines: sl.Sightlines, knots: Any
) -> tuple[jax.Array, jax.Array]:
    """Every point in memory; `density` is a grid to look up, or the density at the points."""
    shape = n_cr.shape

    def loss(values: jax.Array) -> jax.Array:
        n_e = density if density.ndim == 2 else lookup(density, knots[1], points).reshape(shape)
        b = lookup(values, knots[0], points).reshape(*shape, 3)
        stokes = jax.vmap(one_ray, (0, 0, 0, -1, None))(b, n_e, n_cr, lines.rays, lines)
        return jnp.sum(stokes**2)

    return jax.value_and_grad(loss)(values)


def cases(simulator: sl.Simulator, lines: sl.Sightlines) -> dict[str, Callable[[], tuple[jax.Array, jax.Array]]]:
    """What is timed; the gradients are compared."""
    values, rays = simulator.magnetic_field.values, lines.rays
    distance = rays.length[:, None] * lines.midpoints
    points = jnp.stack([rays.origin[a][:, None] + distance * rays.direction[a][:, None] for a in range(3)])
    n_cr = jax.vmap(jax.vmap(simulator.cosmic_rays, 1), 1)(points)
    n_e, density = jax.vmap(jax.vmap(simulator.electron_density, 1), 1)(points), simulator.electron_density.values
    flat = points.reshape(3, -1)
    knots = [[jnp.asarray(axis) for axis in axes(grid.shape, HALF)] for grid in (values, density)]
    held = simulator.hold(lines, HELD)
    found = {
        "Sightline, the rest held": lambda: ours(values, simulator, held),
        "Sightline": lambda: ours(values, simulator, lines),
        "interpax, both grids": lambda: theirs(values, density, n_cr, flat, lines, knots),
        "interpax, electrons looked up once": lambda: theirs(values, n_e, n_cr, flat, lines, knots),
    }
    gradients = [case()[1] for case in found.values()]
    scale = float(jnp.max(jnp.abs(gradients[0])))
    for gradient in gradients[1:]:
        np.testing.assert_allclose(gradient, gradients[0], rtol=0, atol=1e-9 * scale)
    return found


def measure(nside: int, cells: int, runs: int) -> dict[str, list[tuple[float, float]]]:
    """Wall and processor time [ns] a point, in turn."""
    simulator, lines = setting(nside, cells)
    timed = cases(simulator, lines)
    taken = {name: [] for name in timed}
    for _ in range(runs):
        for name, case in timed.items():
            start = time.perf_counter(), time.process_time()
            jax.block_until_ready(case())
            stop = time.perf_counter(), time.process_time()
            taken[name].append(tuple((b - a) / (lines.size * cells) * 1e9 for a, b in zip(start, stop, strict=True)))
    return taken


def full(nside: int, cells: int) -> None:
    """Alone in a process: wall and processor time [ns a point], peak memory [MB] beyond the import and in all."""
    jax.block_until_ready(jnp.ones(3) + 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    simulator, lines = setting(nside, cells)
    values, lines = simulator.magnetic_field.values, simulator.hold(lines, HELD)
    jax.block_until_ready(ours(values, simulator, lines))
    start = time.perf_counter(), time.process_time()
    jax.block_until_ready(ours(values, simulator, lines))
    points = lines.size * cells
    wall, busy = time.perf_counter() - start[0], time.process_time() - start[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print("full", wall / points * 1e9, busy / points * 1e9, (peak - before) / 1024, peak / 1024)


def main() -> None:
    options = parse(__doc__, nside=64, compared=16, cells=512, runs=9, alone=0)
    if options.alone:
        full(options.nside, options.cells)
        return
    command = [sys.executable, __file__, "--alone", "1", "--nside", str(options.nside), "--cells", str(options.cells)]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()[-1]
    wall, busy, beyond, peak = map(float, text.split()[1:])
    taken = {name: np.array(times) for name, times in measure(options.compared, options.cells, options.runs).items()}
    own = taken["Sightline, the rest held"]
    rows = []
    for name, times in taken.items():
        ratios = np.median(times / own, axis=0)
        low, middle, high = np.min(times[:, 0]), *np.median(times, axis=0)
        rows.append(
            [name, options.compared, f"{middle:.0f}", f"{low:.0f}", f"{high:.0f}", *(f"{r:.2f}" for r in ratios)]
        )
    rows.append(["Sightline, the rest held", options.nside, f"{wall:.0f}", "", f"{busy:.0f}", "", ""])
    notes = (
        f"Nanoseconds per point of one value and gradient of a chi-squared of I, Q and U at {FREQUENCY} GHz with "
        "respect to a magnetic grid of 128 x 128 x 32 nodes, YMW16 on 256 x 256 x 64 nodes, WMAP cosmic rays, "
        f"{options.cells} cells, float64. Held: electrons and cosmic rays are evaluated once, before. interpax "
        "interpolates linearly at all points at once; cosmic rays are computed once for it, and so are electrons in "
        "the last of its rows; emission and transfer are the same code. "
        f"{options.runs} runs in turn, ratios are medians of the ratios within a turn. At NSIDE {options.nside} "
        f"({12 * options.nside**2 * options.cells / 1e6:.1f} million points) the largest resident memory of the "
        f"process was {peak:.0f} MB, {beyond:.0f} MB beyond the import."
    )
    header = ["form", "NSIDE", "wall", "fastest wall", "processor", "wall ratio", "processor ratio"]
    save("grid_fit", "Fit of a magnetic grid", header, rows, notes)


if __name__ == "__main__":
    main()
