from typing import ClassVar

from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Vector
from ..base import AbstractField
from ..healpix_radial import AbstractHealpixRadialGrid


class HealpixRadialGrid(AbstractHealpixRadialGrid, AbstractField):
    """A magnetic field in cells of HEALPix pixels and radial bins around the observer.

    Components are Galactocentric Cartesian, not radial and tangential. The divergence is not controlled.

    **Arguments:** `values`: (3, npix, bins) uG; the others as `sightline.fields.AbstractHealpixRadialGrid`;
    `interpolation`: as of `AbstractHealpixRadialGrid`.

    **Source:** Gorski et al. 2005, ApJ 622, 759.

    !!! example
        >>> edges = 20.0 * sl.RadialCells(cells=16, distance=20.0, growth=10.0).edges()  # finer near the observer
        >>> nodes = sl.grids.healpix_nodes(8, edges)
        >>> values = jnp.moveaxis(jnp.vectorize(sl.magnetic.LSA(), signature="(d)->(d)")(nodes), -1, 0)
        >>> field = sl.magnetic.HealpixRadialGrid(values, edges=edges)
    """

    cites: ClassVar[tuple[str, ...]] = ("Gorski2005",)
    values: Float[Array, "3 npix bins"] = param(unit="uG", symbol="B")

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        return self.interpolate(position)
