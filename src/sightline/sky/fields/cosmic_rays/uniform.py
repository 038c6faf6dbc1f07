from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Scalar, Vector
from .base import AbstractCosmicRays


class Uniform(AbstractCosmicRays):
    """Homogeneous cosmic-ray electrons.

    **Arguments:** `n0`: density per unit Lorentz factor at the reference energy, cm^-3; `index`, `reference_energy`:
    see `AbstractCosmicRays`.

    !!! example
        >>> round(float(sl.cosmic_rays.Uniform(4e-5, index=2.8).spectral_index(jnp.zeros(3))), 3)
        2.8
    """

    n0: Float[Array, ""] = param(4.01e-5, unit="cm-3", bounds=(0, None), symbol="n_0")

    def pivot_density(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        return self.n0
