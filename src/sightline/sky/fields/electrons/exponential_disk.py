import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import exp
from ...._core.module import param
from ...._core.safe import safe_hypot
from ...._core.types import Scalar, Vector
from ...geometry import SUN, Structures
from ..base import AbstractField
from ..ends import EXPONENTIAL, disk


class ExponentialDisk(AbstractField):
    """A double exponential disk of thermal electrons: n_e = n0 exp(-R/R0) exp(-|z|/h), R^2 = x^2 + y^2.

    **Arguments:** `n0`: density at the centre, cm^-3; `scale_radius` R0, `scale_height` h: kpc.

    !!! example
        >>> sl.electrons.ExponentialDisk()(jnp.array([-8.3, 0.0, 0.0]))
        Array(0.01308..., dtype=float64)
    """

    n0: Float[Array, ""] = param(0.03, unit="cm-3", bounds=(0, None), symbol="n_0")
    scale_radius: Float[Array, ""] = param(10.0, unit="kpc", positive=True, symbol="R_0")
    scale_height: Float[Array, ""] = param(1.0, unit="kpc", positive=True, symbol="h")

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        return self.n0 * exp(-safe_hypot(x, y) / self.scale_radius - jnp.abs(z) / self.scale_height)

    def structures(self) -> Structures:
        """The plane, where it bends, and the disk that holds all but a millionth of its columns from `sl.SUN`."""
        height = EXPONENTIAL * self.scale_height
        ends = disk(math.hypot(*SUN[:2]) + EXPONENTIAL * self.scale_radius, height)
        return Structures.layer(0.0, height).ending(*ends)
