from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Vector
from ..base import AbstractField


class Uniform(AbstractField):
    """A homogeneous magnetic field: B(x) = b.

    **Arguments:** `b`: Galactocentric components, (3,) uG.

    !!! example
        >>> sl.magnetic.Uniform((6.0, 0.0, 0.0))
        Uniform(b=(6, 0, 0) uG)
    """

    b: Float[Array, "3"] = param((6.0, 0.0, 0.0), unit="uG", symbol="B")

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        return self.b
