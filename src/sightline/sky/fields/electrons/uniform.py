from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Scalar, Vector
from ..base import AbstractField


class Uniform(AbstractField):
    """A homogeneous density of thermal electrons: n_e(x) = n0.

    **Arguments:** `n0`: cm^-3.

    !!! example
        >>> float(sl.electrons.Uniform(0.5)(jnp.zeros(3)))
        0.5
    """

    n0: Float[Array, ""] = param(0.01, unit="cm-3", bounds=(0, None), value=True, symbol="n_0")

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        return self.n0
