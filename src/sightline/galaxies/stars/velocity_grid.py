from jaxtyping import Array, Float

from ..._core.module import param
from ..._core.types import Vector
from ...sky.fields import AbstractField, AbstractGrid


class VelocityGrid(AbstractGrid, AbstractField):
    """Velocities of stars between the nodes of a regular grid, in the galaxy's own frame.

    Only what is along the line of sight is seen: give fitted values a prior.

    **Arguments:** `values`: (3, nx, ny, nz) km/s, component first; `half_widths`, `centre`: kpc; `layout`,
    `interpolation`, `outside`: as of `sl.fields.AbstractGrid`; `tables`: made by `prepare()`.

    **Raises:** as `AbstractGrid`, and `ValueError` for components last.

    !!! example
        >>> field = sl.stars.VelocityGrid(50.0 * jnp.ones((3, 2, 2, 2)), half_widths=(8.0, 8.0, 1.0))
        >>> float(field(jnp.array([4.0, 0.0, 0.0]))[1])
        50.0
    """

    values: Float[Array, "3 nx ny nz"] = param(unit="km s-1", symbol="v")

    def __check_init__(self) -> None:
        shape = getattr(self.values, "shape", ())
        if len(shape) == 4 and shape[0] != 3 and shape[-1] == 3:
            raise ValueError(
                f"VelocityGrid.values has shape {shape}, components last: pass jnp.moveaxis(values, -1, 0)."
            )

    def __call__(self, position: Vector) -> Vector:
        """Velocity, (3,) km/s, at a position, (3,) kpc."""
        return self.interpolate(position)

    def prepare(self) -> "VelocityGrid":
        return self.tabulated()
