"""Divergence and accuracy of a field on grids of a potential and of nodes: `python benchmarks/vector_potential.py`."""

import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save

import sightline as sl

jax.config.update("jax_enable_x64", True)

HALF_WIDTHS = (20.0, 20.0, 5.0)
CELLS = ((32, 32, 8), (64, 64, 16), (128, 128, 32))


def potential(position: jax.Array) -> jax.Array:
    """Of a toroidal field that reverses across the plane and a vertical one, uG kpc, (3,)."""
    x, y, z = position
    return jnp.stack([-1.5 * y, 1.5 * x, -6 * jnp.sqrt(x * x + y * y + 1)]) * jnp.exp(-z * z / 8)


def exact(position: jax.Array) -> jax.Array:
    """Its curl, (3,) uG."""
    d = jax.jacfwd(potential)(position)
    return jnp.stack([d[2, 1] - d[1, 2], d[0, 2] - d[2, 0], d[1, 0] - d[0, 1]])


def fields(cells: tuple[int, int, int]) -> dict[str, sl.fields.AbstractField]:
    """The field on grids of as many cells."""
    nodes = jnp.asarray(sl.grids.nodes(tuple(n + 1 for n in cells), HALF_WIDTHS))
    values = jnp.moveaxis(jnp.vectorize(exact, signature="(d)->(d)")(nodes), -1, 0)
    of_potential = sl.magnetic.VectorPotentialGrid.from_potential
    return {
        "Grid, linear": sl.magnetic.Grid(values, half_widths=HALF_WIDTHS),
        "VectorPotentialGrid, order 1": of_potential(potential, cells, HALF_WIDTHS, order=1),
        "VectorPotentialGrid, order 2": of_potential(potential, cells, HALF_WIDTHS, order=2),
    }


@jax.jit
def measure(field: sl.fields.AbstractField, points: jax.Array, width: float) -> tuple[jax.Array, ...]:
    """Largest |div B| in units of |B| per cell, and the rms error in units of the rms field."""
    prepared = field.prepare()
    b, truth = jax.vmap(prepared)(points), jax.vmap(exact)(points)
    divergence = jnp.abs(jax.vmap(sl.fields.divergence(prepared))(points))
    worst = jnp.max(divergence / jnp.linalg.norm(b, axis=1)) * width
    return worst, jnp.sqrt(jnp.mean((b - truth) ** 2) / jnp.mean(truth**2))


def main() -> None:
    count = parse(__doc__, points=10_000).points
    points = jnp.asarray(np.random.default_rng(5).uniform(-1, 1, (count, 3)) * HALF_WIDTHS)
    rows = []
    for cells in CELLS:
        for name, field in fields(cells).items():
            worst, error = measure(field, points, 2 * HALF_WIDTHS[0] / cells[0])
            rows.append([name, " x ".join(map(str, cells)), f"{worst:.1e}", f"{error:.1e}"])
    header = ["class", "cells", "largest div B, of B per cell", "rms error, of the rms field"]
    notes = (
        f"{count} random points in the box, float64, div B by automatic differentiation. The field: curl of (-1.5 y, "
        "1.5 x, -6 sqrt(x^2 + y^2 + 1)) exp(-z^2/8) uG kpc, on cells as large along z as across."
    )
    save("vector_potential", "Magnetic fields of a vector potential", header, rows, notes)


if __name__ == "__main__":
    main()
