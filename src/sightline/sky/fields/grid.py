"""What fields on regular grids share: their box, interpolation and checks."""

import dataclasses
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import Module, setting
from ..._core.types import Vector
from ..geometry import Structures
from ..grids import regular, splines
from .base import children, with_walls

T = TypeVar("T", bound="AbstractGrid")


class AbstractGrid(Module):
    """Values on a regular grid in a box: at nodes from wall to wall, or, `from_cells`, at the centres of its cells.

    The axes of `values` are x, y, z, the last ones, in this order: nothing in a cube tells that it is stored as z, y, x
    (as Fortran and FITS often have it): transpose that, `values.T` of a scalar or `jnp.swapaxes(values, -3, -1)`.

    **Arguments:**

    - `values`: (..., nx, ny, nz), the only learnable leaf.
    - `half_widths`: the box is |x - c_x| <= X, |y - c_y| <= Y, |z - c_z| <= Z [kpc].
    - `centre` c: of the box, (3,) kpc, by default the Galactic centre.
    - `layout`: `"nodes"`: value i along x lies at c_x - X + 2 X i/(nx - 1); `"cells"`: at c_x - X + 2 X (i + 1/2)/nx,
      the centre of cell i, and between the outermost centres and the walls the value is that at the nearest point.
    - `interpolation`: `"linear"`, or `"cubic"` (interpax; the gradient is continuous).
    - `outside`: `"zero"`, or `"nearest"` to continue the value at the wall.
    - `tables`: made by `prepare()`.

    **Raises:** `ValueError` for fewer than two values along an axis or half-widths that are not positive.

    !!! example
        >>> issubclass(sl.magnetic.Grid, sl.fields.AbstractGrid)
        True
    """

    values: eqx.AbstractVar[Float[Array, "*channels nx ny nz"]]
    half_widths: tuple[float, float, float] = setting((20.0, 20.0, 5.0), unit="kpc", kw_only=True)
    centre: tuple[float, float, float] = setting((0.0, 0.0, 0.0), unit="kpc", kw_only=True)
    layout: str = setting("nodes", choices=("nodes", "cells"), kw_only=True)
    interpolation: str = setting("linear", choices=("linear", "cubic"), kw_only=True)
    outside: str = setting("zero", choices=("zero", "nearest"), kw_only=True)
    tables: dict[str, Array] | None = eqx.field(default=None, kw_only=True, repr=False)

    def __check_init__(self) -> None:
        check_box(self)
        name = type(self).__name__
        shape = getattr(self.values, "shape", (2, 2, 2))
        if min(shape[-3:]) < 2:
            raise ValueError(f"{name}.values has shape {shape}: a grid needs at least two nodes along x, y and z.")

    @classmethod
    def from_cells(cls: type[T], values: Any, *arguments: Any, **parameters: Any) -> T:
        """The grid of values at the centres of the cells of a box, as simulations write them: `layout="cells"`.

        Of means over cells this keeps the total, to second order in their size.

        **Arguments:** `values`: (..., nx, ny, nz), one for each of nx x ny x nz cells; the others as the class.

        !!! example
            >>> cells = jnp.array([[[1.0, 2.0], [1.0, 2.0]], [[1.0, 2.0], [1.0, 2.0]]])
            >>> cube = sl.electrons.Grid.from_cells(cells, half_widths=(1.0, 1.0, 1.0), centre=(-8.0, 0.0, 0.0))
            >>> cube(jnp.array([-8.5, 0.5, -0.5])), cube(jnp.array([-8.0, 0.0, 1.0]))
            (Array(1., dtype=float64), Array(2., dtype=float64))
        """
        return cls(values, *arguments, layout="cells", **parameters)

    @property
    def span(self) -> regular.HalfWidths:
        """Half-widths of the box that the places of the values span [kpc]."""
        cells = self.layout == "cells"
        return regular.within_cells(self.values.shape, self.half_widths) if cells else self.half_widths

    def interpolate(self, position: Vector) -> Float[Array, "*channels"]:
        """The value at a position, (3,) kpc."""
        place, box = from_centre(position, self.centre), regular.widened(self.half_widths, self.centre, position.dtype)
        if self.interpolation == "linear":
            table = regular.table(self.values) if self.tables is None else self.tables["nodes"]
            fill = 0.0 if self.outside == "zero" else None
            return regular.trilinear(table, self.values.shape[:-3], place, self.span, fill, box)
        if self.tables is None:
            raise ValueError(f"{type(self).__name__} with cubic interpolation: call .prepare() first.")
        value = regular.tricubic(self.values, self.tables, place, self.span)
        return value if self.outside == "nearest" else jnp.where(regular.inside(place, box), value, 0)

    def structures(self) -> Structures:
        """The walls of the box, where values end or go on as they are."""
        box = Structures.box(self.half_widths, self.centre)
        return with_walls(box.ending(box) if self.outside == "zero" else box, *children(self))

    def tabulated(self: T) -> T:
        """The same grid in the order, or with the derivatives, that its interpolation reads."""
        if self.interpolation == "linear":
            tables = {"nodes": regular.table(self.values)}
        else:
            tables = regular.cubic_tables(self.values, self.span)
        return eqx.tree_at(lambda grid: grid.tables, self, tables, is_leaf=lambda leaf: leaf is None)

    def refined(self: T, factor: int = 2) -> T:
        """The same field on intervals, or cells, `factor` times smaller, for fits from coarse to fine.

        Linear interpolation between nodes gives the same value at every point; cubic interpolation, and that between
        centres of cells, the same at the places of the new values.
        """
        if self.interpolation == "linear" and self.layout == "nodes":
            return dataclasses.replace(self, values=splines.refine(self.values, (1, 1, 1), factor), tables=None)
        fixed = 1 if self.layout == "nodes" else 0
        shape = tuple(factor * (n - fixed) + fixed for n in self.values.shape[-3:])
        places = regular.nodes(shape, self.half_widths, self.centre, self.layout)
        nodes = jnp.asarray(places, self.values.dtype).reshape(-1, 3)
        values = jax.vmap(self.tabulated().interpolate, out_axes=-1)(nodes)
        values = values.reshape(self.values.shape[:-3] + shape)
        return dataclasses.replace(self, values=values, tables=None)


def check_box(module: Any) -> None:
    """Refuses `half_widths` that are not three positive lengths, and a `centre` that is no place.

    **Raises:** `ValueError`.
    """
    half_widths = module.half_widths
    if len(half_widths) != 3 or not all(half > 0 for half in half_widths):
        raise ValueError(f"{type(module).__name__}.half_widths = {half_widths} must be three positive lengths [kpc].")
    if np.shape(module.centre) != (3,):
        raise ValueError(f"{type(module).__name__}.centre = {module.centre} must be a position, (3,) kpc.")


def from_centre(position: Vector, centre: tuple[float, float, float]) -> Vector:
    """A position [kpc] counted from the centre of a box, which costs nothing where that is the Galactic centre."""
    return position - jnp.asarray(centre, position.dtype) if any(centre) else position
