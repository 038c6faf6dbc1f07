"""Interpolation on a regular 3D grid whose nodes span a box from wall to wall.

A grid of values at the centres of cells is one whose nodes are these centres: they span a smaller box, `within_cells`.
Positions count from the centre of the box, but for the functions that take a `centre`.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.relaxed import relaxed
from ..._core.safe import held
from ..._core.types import Number, Vector
from ..._core.units import numbers, refuse_units, strip_unit
from . import corners

Values = Float[Array, "*channels nx ny nz"]
HalfWidths = tuple[Number, Number, Number]
Place = tuple[float, float, float]


def axes(shape: tuple[int, ...], half_widths: HalfWidths) -> tuple[np.ndarray, ...]:
    """Coordinates [kpc] of the nodes along x, y and z of a grid (..., nx, ny, nz)."""
    refuse_units(shape=shape)
    half_widths = strip_unit(half_widths, "kpc", "half_widths")
    return tuple(np.linspace(-half, half, count) for half, count in zip(half_widths, shape[-3:], strict=True))


def nodes(
    shape: tuple[int, ...], half_widths: HalfWidths, centre: Place = (0.0, 0.0, 0.0), layout: str = "nodes"
) -> np.ndarray:
    """Positions where a grid has its values, (nx, ny, nz, 3) kpc: where to evaluate a field to put it on the grid.

    **Arguments:** `shape`: whole numbers (..., nx, ny, nz); `half_widths`, `centre`: of the box, (3,) kpc; `layout`:
    `"nodes"` from wall to wall, or `"cells"`, whose centres these are, for `Grid.from_cells`.

    **Returns:** positions, (nx, ny, nz, 3) kpc.

    **Raises:** `ValueError` for another layout.

    !!! example
        >>> sl.grids.nodes((2, 2, 2), (20.0, 20.0, 5.0))[0, 0, 0]
        array([-20., -20.,  -5.])
        >>> sl.grids.nodes((2, 2, 2), (20.0, 20.0, 5.0), layout="cells")[0, 0, 0]
        array([-10. , -10. ,  -2.5])
    """
    if layout not in ("nodes", "cells"):
        raise ValueError(f"layout = {layout!r}: choose one of 'nodes', 'cells'.")
    span = half_widths if layout == "nodes" else within_cells(shape, half_widths)
    return np.stack(np.meshgrid(*axes(shape, span), indexing="ij"), axis=-1) + numbers(centre, "kpc", "centre")


def within_cells(shape: tuple[int, ...], half_widths: HalfWidths) -> HalfWidths:
    """Half-widths [kpc] of the box that the centres of nx x ny x nz cells of a box span."""
    x, y, z = (half * (1 - 1 / count) for half, count in zip(half_widths, shape[-3:], strict=True))
    return x, y, z


def centres(shape: tuple[int, ...], half_widths: HalfWidths, centre: Place = (0.0, 0.0, 0.0)) -> np.ndarray:
    """Positions midway between the nodes of a grid (..., nx, ny, nz), (n, 3) kpc: one fewer along each axis.

    **Arguments:** as `nodes`, of layout `"nodes"`; `shape`: of the values, whole numbers, the last three of which
    count; `half_widths`: kpc; `centre`: (3,) kpc.

    **Returns:** positions, (n, 3) kpc.

    !!! example
        >>> sl.grids.centres((9, 9, 5), (20.0, 20.0, 5.0)).shape
        (256, 3)
    """
    middles = [(axis[1:] + axis[:-1]) / 2 for axis in axes(shape, half_widths)]
    return np.stack(np.meshgrid(*middles, indexing="ij"), axis=-1).reshape(-1, 3) + numbers(centre, "kpc", "centre")


def locate(position: Vector, shape: tuple[int, ...], half_widths: HalfWidths) -> tuple[list[Array], list[Array]]:
    """Lower node index and fraction of the way to the next node, along each axis, clipped to the grid."""
    lower, fractions = [], []
    for x, half, count in zip(position, half_widths, shape[-3:], strict=True):
        u = (x + half) * ((count - 1) / (2 * half))
        index = jnp.clip(jnp.floor(u), 0, count - 2)
        lower.append(index.astype(jnp.int32))
        fractions.append(held(u - index, 0, 1))
    return lower, fractions


def table(values: Values) -> Float[Array, "nx ny nz c"]:
    """A grid with all its channels last, as `trilinear` reads it; made once, since XLA would do it for every point."""
    return jnp.moveaxis(values.reshape(-1, *values.shape[-3:]), 0, -1)


def trilinear(
    rows: Float[Array, "nx ny nz c"],
    channels: tuple[int, ...],
    position: Vector,
    half_widths: HalfWidths,
    outside: float | None = None,
    box: HalfWidths | None = None,
) -> Float[Array, "*channels"]:
    """Trilinear interpolation at a position, (3,) kpc, by `corners.gather`.

    **Arguments:** `rows`: the `table` of a grid; `channels`: the shape of the value; `half_widths`: spanned by the
    nodes, beyond which the value is that of the nearest point; `outside`: the value outside of `box` instead, by
    default the same half-widths.
    """
    lower, fractions = locate(position, rows.shape[:3], half_widths)
    fractions = [fraction.astype(rows.dtype) for fraction in fractions]
    # a vector in the middle of the chain would cost its gradient a slow transposition
    parts = jnp.unstack(corners.gather(rows, tuple(lower), tuple(fractions)))
    if outside is not None:
        lit = inside(position, half_widths if box is None else box)
        parts = [jnp.where(lit, part, outside) for part in parts]
    return jnp.stack(parts).reshape(channels)


def inside(position: Vector, half_widths: HalfWidths) -> Array:
    """Whether a position lies in the box."""
    return jnp.all(jnp.abs(position) <= jnp.asarray(half_widths, position.dtype))


def widened(half_widths: HalfWidths, centre: Place, dtype: Any) -> HalfWidths:
    """Half-widths [kpc] of a box in which its own walls are, as places from its centre are rounded."""
    rounding = 4 * float(jnp.finfo(dtype).eps)
    x, y, z = (half + rounding * (half + abs(middle)) for half, middle in zip(half_widths, centre, strict=True))
    return x, y, z


_DERIVATIVES = {
    "fx": (0,),
    "fy": (1,),
    "fz": (2,),
    "fxy": (0, 1),
    "fxz": (0, 2),
    "fyz": (1, 2),
    "fxyz": (0, 1, 2),
}


def cubic_tables(values: Values, half_widths: HalfWidths) -> dict[str, Array]:
    """Derivatives at the nodes that cubic interpolation needs, as interpax estimates them; channels last."""
    import interpax

    knots, tables = axes(values.shape, half_widths), {}
    with relaxed():
        for name, directions in _DERIVATIVES.items():
            table = values
            for axis in directions:
                knot = jnp.asarray(knots[axis], values.dtype)
                table = interpax.approx_df(knot, table, method="cubic", axis=axis - 3)
            tables[name] = jnp.moveaxis(table, (-3, -2, -1), (0, 1, 2))
    return tables


def tricubic(
    values: Values, tables: dict[str, Array], position: Vector, half_widths: HalfWidths
) -> Float[Array, "*channels"]:
    """Cubic interpolation (continuous first derivative) at a position, (3,) kpc."""
    import interpax

    knots = [jnp.asarray(knot, values.dtype) for knot in axes(values.shape, half_widths)]
    query = [held(x, -h, h)[None] for x, h in zip(position, half_widths, strict=True)]
    arguments: list[Any] = [*query, *knots, jnp.moveaxis(values, (-3, -2, -1), (0, 1, 2))]
    options: dict[str, Any] = {"method": "cubic", "even_spacing": True, **tables}
    with relaxed():
        return interpax.interp3d(*arguments, **options)[0].astype(values.dtype)
