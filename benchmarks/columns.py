"""Dispersion measures with the default cells of a catalogue beside fine columns: `python benchmarks/columns.py`."""

import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from common import model_table, save

import sightline as sl
from sightline.sky.geometry.cells import PARTS

jax.config.update("jax_enable_x64", True)

MODELS = {"YMW16": sl.electrons.YMW16, "NE2001": sl.electrons.NE2001, "NE2025": sl.electrons.NE2025}
CHUNK = 2**16


@eqx.filter_jit
def densities(model: sl.fields.AbstractField, positions: jax.Array) -> jax.Array:
    return jax.vmap(model)(positions)


def column(model, sky: sl.SourceCatalogue, step: float, start: float = 0.0) -> np.ndarray:
    """DM by midpoints of steps of `step` kpc, the first shorter by `start` steps, the last ended by the source."""
    totals = []
    for direction, distance in zip(sky.rays()[0].T, sky.distance, strict=True):
        edges = np.append(np.maximum(np.arange(0, distance / step) - start, 0) * step, distance)
        positions = np.array(model.sun) + 0.5 * (edges[1:] + edges[:-1])[:, None] * direction
        padded = np.pad(positions, ((0, -len(positions) % CHUNK), (0, 0))).reshape(-1, CHUNK, 3)
        values = np.concatenate([densities(model, jnp.asarray(chunk)) for chunk in padded])[: len(positions)]
        totals.append(1e3 * np.sum(values * np.diff(edges)))
    return np.array(totals)


def row(name: str, sky: sl.SourceCatalogue) -> list[object]:
    model = MODELS[name]()
    lines, simulator = sl.Sightlines(sky), sl.Simulator(electron_density=model)
    found = np.asarray(simulator.dispersion_measure(lines))
    start = time.perf_counter()
    simulator.dispersion_measure(lines).block_until_ready()
    taken = (time.perf_counter() - start) / sky.size
    first, second = (column(model, sky, 1e-3, start) for start in (0.0, 0.5))
    mean, fine = 0.5 * (first + second), column(model, sky, 1e-4)
    error, single, finest = (np.abs(found / truth - 1) for truth in (mean, first, fine))
    grain = np.max(np.abs(first / second - 1))
    points = PARTS * (simulator.sightlines(sl.observables.DispersionMeasure(lines)).edges.shape[0] - 1)
    shown = [f"{100 * value:.3f}" for value in (np.median(error), np.max(error))]
    rest = [f"{100 * np.max(finest):.3f}", f"{100 * grain:.2f}", np.sum(single > 5e-3), points, f"{1e3 * taken:.2f}"]
    return [name, *shown, np.sum(error > 5e-3), *rest]


def main() -> None:
    table = np.load(model_table("tables/DM_public.npz"))
    sky = sl.SourceCatalogue(table["l_deg"], table["b_deg"], table["dist_kpc"])
    header = ["model", "median [%]", "largest [%]", "above 0.5 %", "largest from 0.1 pc [%]"]
    header += ["grain of 1 pc [%]", "above 0.5 % of one start", "points", "ms per source"]
    notes = (
        f"Deviation of `sl.Simulator.dispersion_measure(sl.SourceCatalogue(...))`, default cells, from columns of "
        f"{sky.size} targets in steps of 1 pc, the mean of two that start half a step apart, and from columns in "
        "steps of 0.1 pc. The grain is how much the two columns of 1 pc differ at most: walls of clumps and bubbles "
        "fall between their steps. `above 0.5 % of one start` counts against the column that starts at the Sun alone. "
        "Points: evaluations of the density on a ray, whatever its length."
    )
    save("columns", "Columns to sources", header, [row(name, sky) for name in MODELS], notes)


if __name__ == "__main__":
    main()
