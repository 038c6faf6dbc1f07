"""Gas particles: what is in front of stars, and what shines in lines."""

from jaxtyping import Array, Float

from ..._core.module import Module, param
from .stars import check_lengths, check_metallicity


class Gas(Module):
    """Gas particles of a galaxy, in its own frame: all their numbers are leaves.

    **Arguments:**

    - `position`: (n, 3), kpc; `velocity`: (n, 3), km/s.
    - `mass`: (n,), Msun; `metallicity`: [M/H], (n,), dex.
    - `star_formation_rate`: (n,), Msun/yr.
    - `dispersion`: of its lines, km/s, a number or (n,).

    **Raises:** as `sl.particles.Stars`.

    !!! example
        >>> gas = sl.particles.Gas(jnp.zeros((1, 3)), jnp.zeros((1, 3)), [1e6], [0.0], [0.1], dispersion=20.0)
        >>> gas.size
        1
    """

    position: Float[Array, "n 3"] = param(unit="kpc")
    velocity: Float[Array, "n 3"] = param(unit="km s-1")
    mass: Float[Array, " n"] = param(unit="Msun", bounds=(0, None))
    metallicity: Float[Array, " n"] = param(symbol="[M/H]")
    star_formation_rate: Float[Array, "*n"] = param(0.0, unit="Msun yr-1", bounds=(0, None))
    dispersion: Float[Array, "*n"] = param(20.0, unit="km s-1", bounds=(0, None))

    def __check_init__(self) -> None:
        check_lengths(self, ("position", "velocity", "mass", "metallicity", "star_formation_rate", "dispersion"))
        check_metallicity(self.metallicity, "Gas")

    @property
    def size(self) -> int:
        """How many there are."""
        return self.mass.shape[0]
