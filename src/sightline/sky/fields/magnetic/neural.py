from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.module import param, setting
from ...._core.types import Vector
from ..base import AbstractField
from ..neural import AbstractNeural, scaled


class Neural(AbstractNeural, AbstractField):
    """A magnetic field given by a neural network f: B = b0 f(x/L), or B = curl A of A = b0 L_min f(x/L).

    As a potential, div B = 0 at every point, whatever the weights; the network needs a smooth activation (tanh, silu),
    since the curl of one made of relu is constant in pieces. L_min is the smallest of the three scales.

    **Arguments:**

    - `network`: to (3,), `scale` L: as `sightline.fields.AbstractNeural`.
    - `amplitude` b0: uG.
    - `potential`: whether the network is the vector potential.

    **Raises:** as `AbstractNeural`.

    !!! example
        >>> import equinox as eqx
        >>> network = eqx.nn.MLP(3, 3, width_size=32, depth=2, activation=jax.nn.tanh, key=jax.random.key(0))
        >>> field = sl.magnetic.Neural(network, potential=True)
        >>> bool(abs(sl.fields.divergence(field)(jnp.array([-8.0, 1.0, 0.2]))) < 1e-12)
        True
    """

    outputs: ClassVar[int] = 3
    amplitude: Float[Array, ""] = param(1.0, unit="uG", symbol="b_0", kw_only=True)
    potential: bool = setting(False, choices=(False, True), kw_only=True)

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        if not self.potential:
            return self.amplitude * scaled(self.network, position, self.scale)
        slope = jax.jacfwd(lambda x: scaled(self.network, x, self.scale))(position)
        curl = jnp.stack([slope[2, 1] - slope[1, 2], slope[0, 2] - slope[2, 0], slope[1, 0] - slope[0, 1]])
        return self.amplitude * min(self.scale) * curl
