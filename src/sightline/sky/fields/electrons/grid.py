from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Scalar, Vector
from ..base import AbstractField, prepare_children
from ..grid import AbstractGrid


class Grid(AbstractGrid, AbstractField):
    """A density of thermal electrons interpolated between the nodes of a regular grid.

    **Arguments:** `values`: (nx, ny, nz) cm^-3; the others as `sightline.fields.AbstractGrid`; `layout`,
    `interpolation`, `outside`: as of `sl.fields.AbstractGrid`; `tables`: made by `prepare()`.

    !!! example
        >>> round(float(sl.electrons.Grid(0.1 * jnp.ones((5, 5, 3)))(jnp.zeros(3))), 6)
        0.1
    """

    values: Float[Array, "nx ny nz"] = param(unit="cm-3", bounds=(0, None), value=True, symbol="n_e")

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        return self.interpolate(position)

    def prepare(self) -> "Grid":
        return prepare_children(self).tabulated()
