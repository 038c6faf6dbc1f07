from typing import ClassVar

from jaxtyping import Array, Float

from ...._core.module import param, setting
from ...._core.types import Scalar, Vector
from ..base import AbstractField
from ..neural import AbstractNeural, positive


class Neural(AbstractNeural, AbstractField):
    """A density of thermal electrons given by a neural network f: n_e = n0 softplus(f(x/L)), or n0 exp(f(x/L)).

    **Arguments:**

    - `network`: to one number, `scale` L: as `sightline.fields.AbstractNeural`.
    - `n0`: cm^-3; `positivity`: `"softplus"` or `"exp"`.

    **Raises:** as `AbstractNeural`.

    !!! example
        >>> import equinox as eqx
        >>> network = eqx.nn.MLP(3, "scalar", width_size=32, depth=2, key=jax.random.key(0))
        >>> density = sl.electrons.Neural(network, n0=0.03)
    """

    outputs: ClassVar[int] = 1
    n0: Float[Array, ""] = param(0.03, unit="cm-3", bounds=(0, None), symbol="n_0", kw_only=True)
    positivity: str = setting("softplus", choices=("softplus", "exp"), kw_only=True)

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        return self.n0 * positive(self.network, position, self.scale, self.positivity)
