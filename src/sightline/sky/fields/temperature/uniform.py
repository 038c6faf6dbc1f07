from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Scalar, Vector
from ..base import AbstractField


class Uniform(AbstractField):
    """A homogeneous electron temperature: T_e(x) = t0.

    **Arguments:** `t0`: K.

    !!! example
        >>> float(sl.temperature.Uniform(7000.0)(jnp.zeros(3)))
        7000.0
    """

    t0: Float[Array, ""] = param(7000.0, unit="K", positive=True, value=True, symbol="T_e")

    def __call__(self, position: Vector) -> Scalar:
        """Temperature, () K, at a position, (3,) kpc."""
        return self.t0
