import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import param
from ..._core.safe import safe_hypot
from ..._core.types import Scalar, Vector
from ...sky.fields import AbstractField, Structures
from ...sky.fields.ends import EXPONENTIAL, disk


class ExponentialDisk(AbstractField):
    """A double exponential disk of stars: rho = M/(4 pi R0^2 h) exp(-R/R0 - |z|/h), Msun kpc^-3.

    **Arguments:** `mass` M: formed, Msun, of the whole disk; `scale_radius` R0, `scale_height` h: kpc.

    **Raises:** `ValueError` for a scale that is not positive: a disk without thickness has no density.

    !!! example
        >>> disk = sl.stars.ExponentialDisk(mass=3e10, scale_radius=3.0, scale_height=0.3)
        >>> f"{float(disk(jnp.zeros(3))):.4g}"
        '8.842e+08'
    """

    mass: Float[Array, ""] = param(1e10, unit="Msun", bounds=(0, None), symbol="M")
    scale_radius: Float[Array, ""] = param(3.0, unit="kpc", positive=True, symbol="R_0")
    scale_height: Float[Array, ""] = param(0.3, unit="kpc", positive=True, symbol="h")

    def __call__(self, position: Vector) -> Scalar:
        """Density, () Msun kpc^-3, at a position, (3,) kpc."""
        x, y, z = position
        centre = self.mass / (4 * math.pi * self.scale_radius * self.scale_radius * self.scale_height)
        return centre * jnp.exp(-safe_hypot(x, y) / self.scale_radius - jnp.abs(z) / self.scale_height)

    def structures(self) -> Structures:
        """The plane, where it bends, and the disk that holds all but a millionth of its columns."""
        height = EXPONENTIAL * self.scale_height
        return Structures.layer(0.0, height).ending(*disk(EXPONENTIAL * self.scale_radius, height))
