from typing import ClassVar

from jaxtyping import Array, Float

from ...._core.module import param, setting
from ...._core.types import Scalar, Vector
from ..neural import AbstractNeural, positive
from .base import AbstractCosmicRays


class Neural(AbstractNeural, AbstractCosmicRays):
    """Cosmic-ray electrons given by a neural network f: n = n0 softplus(f(x/L)), or n0 exp(f(x/L)).

    **Arguments:**

    - `network`: to one number, `scale` L: as `sightline.fields.AbstractNeural`.
    - `n0`: cm^-3 per unit Lorentz factor at the reference energy; `positivity`: `"softplus"` or `"exp"`.
    - `index`, `reference_energy`: as `AbstractCosmicRays`.

    **Raises:** as `AbstractNeural`.

    !!! example
        >>> import equinox as eqx
        >>> network = eqx.nn.MLP(3, 1, width_size=8, depth=1, key=jax.random.key(0))
        >>> rays = sl.cosmic_rays.Neural(network)
    """

    outputs: ClassVar[int] = 1
    density_argument: ClassVar[str | None] = "n0"
    n0: Float[Array, ""] = param(4.0e-5, unit="cm-3", bounds=(0, None), symbol="n_0", kw_only=True)
    positivity: str = setting("softplus", choices=("softplus", "exp"), kw_only=True)

    def pivot_density(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        return self.n0 * positive(self.network, position, self.scale, self.positivity)
