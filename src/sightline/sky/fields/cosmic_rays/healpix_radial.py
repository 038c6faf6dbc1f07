from typing import ClassVar

from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Scalar, Vector
from ..healpix_radial import AbstractHealpixRadialGrid
from .base import AbstractCosmicRays


class HealpixRadialGrid(AbstractHealpixRadialGrid, AbstractCosmicRays):
    """Cosmic-ray electrons in cells of HEALPix pixels and radial bins around the observer.

    **Arguments:** `values`: (npix, bins) cm^-3 per unit Lorentz factor at the reference energy; `index`,
    `reference_energy` as `AbstractCosmicRays`; the others as `sightline.fields.AbstractHealpixRadialGrid`;
    `interpolation`: as of `AbstractHealpixRadialGrid`.

    **Source:** Gorski et al. 2005, ApJ 622, 759.

    !!! example
        >>> values = jnp.full((12 * 2**2, 3), 4e-5)
        >>> rays = sl.cosmic_rays.HealpixRadialGrid(values, edges=(0.0, 1.0, 3.0, 10.0), index=3.0)
    """

    cites: ClassVar[tuple[str, ...]] = ("Gorski2005",)
    values: Float[Array, "npix bins"] = param(unit="cm-3", bounds=(0, None), symbol="n")

    def pivot_density(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        return self.interpolate(position)
