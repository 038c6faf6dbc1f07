from typing import ClassVar

from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Scalar, Vector
from ..base import AbstractField
from ..healpix_radial import AbstractHealpixRadialGrid


class HealpixRadialGrid(AbstractHealpixRadialGrid, AbstractField):
    """A density of thermal electrons in cells of HEALPix pixels and radial bins around the observer.

    **Arguments:** `values`: (npix, bins) cm^-3; the others as `sightline.fields.AbstractHealpixRadialGrid`;
    `interpolation`: as of `AbstractHealpixRadialGrid`.

    **Source:** Gorski et al. 2005, ApJ 622, 759.

    !!! example
        >>> field = sl.electrons.HealpixRadialGrid(jnp.full((12 * 8**2, 3), 0.02), edges=(0.0, 1.0, 3.0, 10.0))
    """

    cites: ClassVar[tuple[str, ...]] = ("Gorski2005",)
    values: Float[Array, "npix bins"] = param(unit="cm-3", bounds=(0, None), value=True, symbol="n_e")

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        return self.interpolate(position)
