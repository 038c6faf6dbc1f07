from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Vector
from ..base import AbstractField, prepare_children
from ..grid import AbstractGrid


class Grid(AbstractGrid, AbstractField):
    """A magnetic field interpolated between the nodes of a regular grid.

    **Arguments:** `values`: (3, nx, ny, nz) uG, component first; the others as `sightline.fields.AbstractGrid`;
    `layout`, `interpolation`, `outside`: as of `sl.fields.AbstractGrid`; `tables`: made by `prepare()`.

    **Raises:** as `AbstractGrid`, and `ValueError` for components last.

    !!! example
        >>> nodes = sl.grids.nodes((64, 64, 16), half_widths=(20.0, 20.0, 5.0))
        >>> values = jnp.moveaxis(jnp.vectorize(sl.magnetic.LSA(), signature="(d)->(d)")(nodes), -1, 0)
        >>> field = sl.magnetic.Grid(values, half_widths=(20.0, 20.0, 5.0))
    """

    values: Float[Array, "3 nx ny nz"] = param(unit="uG", symbol="B")

    def __check_init__(self) -> None:
        shape = getattr(self.values, "shape", ())
        if len(shape) == 4 and shape[0] != 3 and shape[-1] == 3:
            raise ValueError(
                f"Grid.values has shape {shape}, components last: pass jnp.moveaxis(values, -1, 0), (3, nx, ny, nz)."
            )

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        return self.interpolate(position)

    def prepare(self) -> "Grid":
        return prepare_children(self).tabulated()
