"""Cells chosen by a tolerance, for the paper's model on its grid and every preset: `python benchmarks/tolerance.py`."""

import dataclasses
import time
import warnings

import jax
import jax.numpy as jnp
import numpy as np
from common import parse, relative, rms, save

import sightline as sl

jax.config.update("jax_enable_x64", True)

TOLERANCE = 1e-3
ALLOWED = 4e-5  # K rms in Q and U, of the model of the paper at 2.4 GHz
GRID, HALF_WIDTHS = (256, 256, 64), (20.0, 20.0, 5.0)


def paper() -> sl.Simulator:
    """LSA, WMAP cosmic rays and YMW16 on the nodes of a grid."""
    axes = [np.linspace(-half, half, number) for half, number in zip(HALF_WIDTHS, GRID, strict=True)]
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"))
    model = sl.electrons.YMW16()
    density = jax.lax.map(jax.vmap(model), jnp.asarray(nodes.reshape(3, -1, 2**12).transpose(1, 2, 0)))
    return sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        electron_density=sl.electrons.Grid(density.reshape(GRID), half_widths=HALF_WIDTHS),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    )


def of_paper(nside: int) -> None:
    """Cells a ray for 4e-5 K in Q and U, against 2048 panels."""
    simulator, sky, growth = paper(), sl.HealpixSky(nside), 8.0
    plain = sl.Sightlines(sky, sl.ResolvedCells(growth=growth))
    begun = time.perf_counter()
    scale = rms(simulator(sl.Sightlines(sl.HealpixSky(8), sl.ResolvedCells(growth=growth)), 2.4).Q)
    lines = simulator.sightlines(plain, 2.4, ALLOWED / scale)
    taken = time.perf_counter() - begun
    truth = simulator(sl.Sightlines(sky, sl.ResolvedCells(2048, growth=growth)), 2.4)
    header = ["cells", "mean cells a ray", "I, K", "Q, K", "U, K"]
    cases = {f"tolerance of {ALLOWED:g} K": (lines, float(lines.error.mean_cells))}
    cases |= {f"{n} equal": (sl.Sightlines(sky, sl.BoxCells(n, HALF_WIDTHS)), n) for n in (32, 256)}
    rows = []
    for name, (cells, mean) in cases.items():
        stokes = simulator(cells, 2.4)
        errors = [f"{rms(getattr(stokes, part) - getattr(truth, part)):.1e}" for part in "IQU"]
        rows.append([name, f"{mean:.1f}", *errors])
        print(rows[-1], flush=True)
    notes = (
        f"rms error of the maps at 2.4 GHz, NSIDE {nside}, against 2048 panels of four cells: LSA, WMAP cosmic rays, "
        f"YMW16 on a grid of {' x '.join(map(str, GRID))} nodes in a box of {HALF_WIDTHS} kpc half-widths; growth 8. "
        f"The mean counts the padding of classes. Chosen in {taken:.0f} s, compilation included."
    )
    save("tolerance_grid", "Cells for a tolerance: a model on a grid", header, rows, notes)


def of_preset(preset: sl.presets.Preset, sky: sl.HealpixSky) -> list[list[str]]:
    """A row for each map: what was estimated, what is true, and the cells."""
    simulator, rows = preset.simulator, []
    finest = dataclasses.replace(preset.cells, cells=16 * preset.cells.cells)
    fine = simulator.sightlines(sl.Sightlines(sky, finest))
    for frequency, parts in ((0.4, "I"), (2.4, "IQU"), (23.0, "IQU")):
        lines = simulator.sightlines(preset.sightlines(sky), frequency, TOLERANCE)
        found, truth = simulator(lines, frequency), simulator(fine, frequency)
        for part in parts:
            exact = getattr(truth, part)
            error = relative(getattr(found, part), exact)
            estimate = float(np.max(lines.error.relative[part]))
            rows.append([preset.name, f"{part}, {frequency:g} GHz", estimate, error, lines.error.mean_cells])
    return [[*row[:2], f"{row[2]:.1e}", f"{row[3]:.1e}", f"{row[2] / row[3]:.2f}", f"{row[4]:.0f}"] for row in rows]


def main() -> None:
    options = parse(__doc__, nside=64, preset_nside=4)
    rows = []
    for entry in sl.presets.list():
        rows += of_preset(sl.presets.load(entry.name), sl.HealpixSky(options.preset_nside))
        print(*rows[-7:], sep="\n", flush=True)
        jax.clear_caches()
    header = ["preset", "map", "estimate", "error", "ratio", "mean cells a ray"]
    notes = (
        f"rms error over the rms of the map at a tolerance of {TOLERANCE:g}, NSIDE {options.preset_nside}, float64: as "
        "estimated by halving the cells, and against sixteen times the default panels. At 0.4 GHz, Q and U turn by "
        "many radians a cell and decide the cells; I alone is shown."
    )
    save("tolerance", "Cells for a tolerance: estimates and errors", header, rows, notes)
    of_paper(options.nside)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
