"""What fields on regular grids share: their box, interpolation and checks."""

import dataclasses
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.module import Module, setting
from .._core.types import Vector
from ..geometry import Structures
from ..grids import regular, splines
from .base import children, with_walls

T = TypeVar("T", bound="AbstractGrid")


class AbstractGrid(Module):
    """Values on the nodes of a regular grid that span a box centred on the Galactic centre, wall to wall.

    **Arguments:**

    - `values`: (..., nx, ny, nz), the only learnable leaf; node i along x lies at -X + 2 X i / (nx - 1).
    - `half_widths`: the box is |x| <= X, |y| <= Y, |z| <= Z [kpc].
    - `interpolation`: `"linear"`, or `"cubic"` (interpax; the gradient is continuous).
    - `outside`: `"zero"`, or `"nearest"` to continue the value at the wall.

    **Raises:** `ValueError` for fewer than two nodes along an axis or half-widths that are not positive.
    """

    values: eqx.AbstractVar[Float[Array, "*channels nx ny nz"]]
    half_widths: tuple[float, float, float] = setting((20.0, 20.0, 5.0), unit="kpc", kw_only=True)
    interpolation: str = setting("linear", choices=("linear", "cubic"), kw_only=True)
    outside: str = setting("zero", choices=("zero", "nearest"), kw_only=True)
    tables: dict[str, Array] | None = eqx.field(default=None, kw_only=True, repr=False)

    def __check_init__(self) -> None:
        check_box(self)
        name = type(self).__name__
        shape = getattr(self.values, "shape", (2, 2, 2))
        if min(shape[-3:]) < 2:
            raise ValueError(f"{name}.values has shape {shape}: a grid needs at least two nodes along x, y and z.")

    def interpolate(self, position: Vector) -> Float[Array, "*channels"]:
        """The value at a position, (3,) kpc."""
        if self.interpolation == "linear":
            table = regular.table(self.values) if self.tables is None else self.tables["nodes"]
            fill = 0.0 if self.outside == "zero" else None
            return regular.trilinear(table, self.values.shape[:-3], position, self.half_widths, outside=fill)
        if self.tables is None:
            raise ValueError(f"{type(self).__name__} with cubic interpolation: call .prepare() first.")
        value = regular.tricubic(self.values, self.tables, position, self.half_widths)
        return value if self.outside == "nearest" else jnp.where(regular.inside(position, self.half_widths), value, 0)

    def structures(self) -> Structures:
        """The walls of the box, where values end or go on as they are."""
        box = Structures.box(self.half_widths)
        return with_walls(box.ending(box) if self.outside == "zero" else box, *children(self))

    def tabulated(self: T) -> T:
        """The same grid in the order, or with the derivatives, that its interpolation reads."""
        if self.interpolation == "linear":
            tables = {"nodes": regular.table(self.values)}
        else:
            tables = regular.cubic_tables(self.values, self.half_widths)
        return eqx.tree_at(lambda grid: grid.tables, self, tables, is_leaf=lambda leaf: leaf is None)

    def refined(self: T, factor: int = 2) -> T:
        """The same field on a grid with n - 1 times `factor` intervals along each axis, for fits from coarse to fine.

        Linear interpolation gives the same value at every point; cubic interpolation the same at every node.
        """
        if self.interpolation == "linear":
            return dataclasses.replace(self, values=splines.refine(self.values, (1, 1, 1), factor), tables=None)
        shape = tuple(factor * (n - 1) + 1 for n in self.values.shape[-3:])
        nodes = jnp.asarray(regular.nodes(shape, self.half_widths), self.values.dtype).reshape(-1, 3)
        values = jax.vmap(self.tabulated().interpolate, out_axes=-1)(nodes)
        values = values.reshape(self.values.shape[:-3] + shape)
        return dataclasses.replace(self, values=values, tables=None)


def check_box(module: Any) -> None:
    """Refuses `half_widths` that are not three positive lengths.

    **Raises:** `ValueError`.
    """
    half_widths = module.half_widths
    if len(half_widths) != 3 or not all(half > 0 for half in half_widths):
        raise ValueError(f"{type(module).__name__}.half_widths = {half_widths} must be three positive lengths [kpc].")
