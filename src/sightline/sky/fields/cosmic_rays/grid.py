from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Scalar, Vector
from ..base import prepare_children
from ..grid import AbstractGrid
from .base import AbstractCosmicRays


class Grid(AbstractGrid, AbstractCosmicRays):
    """Cosmic-ray electrons interpolated between the nodes of a regular grid.

    **Arguments:** `values`: (nx, ny, nz) cm^-3 per unit Lorentz factor at the reference energy; `index`,
    `reference_energy` as `AbstractCosmicRays`; the others as `sightline.fields.AbstractGrid`; `layout`,
    `interpolation`, `outside`: as of `sl.fields.AbstractGrid`; `tables`: made by `prepare()`.

    !!! example
        >>> round(float(sl.cosmic_rays.Grid(4e-5 * jnp.ones((5, 5, 3)))(jnp.zeros(3)) * 1e5), 4)
        4.0
    """

    values: Float[Array, "nx ny nz"] = param(unit="cm-3", bounds=(0, None), symbol="n")

    def pivot_density(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        return self.interpolate(position)

    def prepare(self) -> "Grid":
        return prepare_children(self).tabulated()
