"""Forms of the gather from a grid and of its gradient: `python benchmarks/gather.py`."""

import itertools
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save
from jax import lax

import sightline as sl
from sightline.sky.geometry import map_rays
from sightline.sky.grids import regular
from sightline.sky.simulator.observe import arrays, coordinates, division

HALF, SHAPE, CHUNK = (20.0, 20.0, 5.0), (128, 128, 32), 256
CORNERS = list(itertools.product((0, 1), repeat=3))
OFFSETS = [(x * SHAPE[1] + y) * SHAPE[2] + z for x, y, z in CORNERS]


def place(position: jax.Array) -> tuple[jax.Array, list[jax.Array], list[jax.Array]]:
    """Index of the lower corner in the flattened grid and along each axis, and the fractions."""
    (i, j, k), fractions = regular.locate(position, SHAPE, HALF)
    return (i * SHAPE[1] + j) * SHAPE[2] + k, [i, j, k], fractions


def weights(fractions: list[jax.Array]) -> jax.Array:
    """(2, 2, 2), as one expression."""
    x, y, z = (jnp.stack([1 - f, f]) for f in fractions)
    return x[:, None, None] * y[:, None] * z


def components_first(table: jax.Array, position: jax.Array) -> jax.Array:
    """Eight gathers from each component, as JAX differentiates them."""
    first, _, fractions = place(position)
    terms = zip(weights(fractions).ravel(), OFFSETS, strict=True)
    return sum(w * table[:, first + offset] for w, offset in terms)


def components_last(table: jax.Array, position: jax.Array) -> jax.Array:
    """Eight gathers of rows."""
    first, _, fractions = place(position)
    terms = zip(weights(fractions).ravel(), OFFSETS, strict=True)
    return sum(w * table.at[first + offset].get(mode="promise_in_bounds") for w, offset in terms)


def one_gather(table: jax.Array, position: jax.Array) -> jax.Array:
    """One gather of eight rows."""
    first, _, fractions = place(position)
    rows = table.at[first + jnp.asarray(OFFSETS)].get(mode="promise_in_bounds")
    return jnp.sum(weights(fractions).reshape(8, 1) * rows, axis=0)


def window(table: jax.Array, position: jax.Array) -> jax.Array:
    """One gather of 2 x 2 x 2 rows, contracted by a product of matrices."""
    _, (i, j, k), fractions = place(position)
    box = lax.GatherDimensionNumbers((0, 1, 2, 3), (), (0, 1, 2))
    rows = lax.gather(table, jnp.stack([i, j, k]), box, (2, 2, 2, 3), mode="promise_in_bounds")
    return weights(fractions).reshape(8) @ rows.reshape(8, 3)


def interpax_linear(table: jax.Array, position: jax.Array) -> jax.Array:
    """interpax, in the same bounded memory."""
    import interpax

    knots = [jnp.asarray(axis, table.dtype) for axis in regular.axes(SHAPE, HALF)]
    return interpax.interp3d(*(x[None] for x in position), *knots, table, method="linear")[0]


def rows_of(values: jax.Array) -> jax.Array:
    return jnp.moveaxis(values, 0, -1).reshape(-1, 3)


def last(values: jax.Array) -> jax.Array:
    return jnp.moveaxis(values, 0, -1)


FORMS = {
    "eight gathers, components first": (components_first, lambda values: values.reshape(3, -1)),
    "eight gathers of rows": (components_last, rows_of),
    "one gather of eight rows": (one_gather, rows_of),
    "one window, matrix product": (window, last),
    "interpax linear": (interpax_linear, last),
    "Sightline: eight rows, scatter of four": (lambda table, x: regular.trilinear(table, (3,), x, HALF), regular.table),
}


def compiled(form: Callable, layout: Callable) -> tuple[Callable, Callable]:
    """Value, value and gradient of the sum of B^2 along rays."""

    def loss(values: jax.Array, lines: sl.Sightlines) -> jax.Array:
        table = layout(values)

        def ray(ray: sl.geometry.Ray, _: None) -> jax.Array:
            distance, widths = division(lines, ray)
            field = jax.vmap(lambda *x: jnp.unstack(form(table, jnp.stack(x))))(*coordinates(ray, distance))
            return sum(jnp.sum(component**2 * widths) for component in field)

        return jnp.sum(map_rays(ray, lines.rays, CHUNK))

    return jax.jit(loss), jax.jit(jax.value_and_grad(loss))


def timed(function: Callable, *arguments: object) -> tuple[float, float]:
    """Wall and processor time, s."""
    start = time.perf_counter(), time.process_time()
    jax.block_until_ready(function(*arguments))
    return time.perf_counter() - start[0], time.process_time() - start[1]


def measure(runs: int, cells: int, wide: bool) -> list[list[str]]:
    """Nanoseconds a point of every form, in turn."""
    with jax.enable_x64(wide):
        pixels = np.concatenate([np.arange(first, first + 4 * CHUNK) for first in (6144, 16384, 24576)])
        sightlines = sl.Sightlines(sl.HealpixSky(64, pixels=pixels), cells=sl.BoxCells(cells=cells))
        lines, points = arrays(sightlines), sightlines.size * cells
        values = jnp.asarray(np.random.default_rng(0).normal(size=(3, *SHAPE)), float)
        functions = {name: compiled(*form) for name, form in FORMS.items()}
        gradients = [gradient(values, lines)[1] for _, gradient in functions.values()]
        scale = float(jnp.max(jnp.abs(gradients[0])))
        for gradient in gradients[1:]:
            np.testing.assert_allclose(gradient, gradients[0], rtol=0, atol=scale * (1e-12 if wide else 1e-4))
        taken = {name: [] for name in FORMS}
        for value, _ in functions.values():
            value(values, lines)
        for _ in range(runs):
            for name, pair in functions.items():
                taken[name].append([timed(function, values, lines) for function in pair])
    rows = []
    for name, times in taken.items():
        (value, value_cpu), (both, both_cpu) = np.median(times, axis=0) / points * 1e9
        numbers = [f"{number:.0f}" for number in (value, value_cpu, both, both_cpu)]
        rows.append([name, "float64" if wide else "float32", *numbers])
    return rows


def main() -> None:
    options = parse(__doc__, cells=512, runs=7)
    rows = measure(options.runs, options.cells, True) + measure(options.runs, options.cells, False)
    notes = (
        "Nanoseconds per point of the sum of B^2 along 3072 rays of NSIDE 64 (three groups of rings) with "
        f"{options.cells} cells, {CHUNK} rays at a time, from a grid of 128 x 128 x 32 nodes and three components; "
        f"medians of {options.runs} runs in turn, wall time and time of all processors together."
    )
    header = ["form", "precision", "value", "value, processor", "value and gradient", "both, processor"]
    save("gather", "Gather from a grid", header, rows, notes)


if __name__ == "__main__":
    main()
