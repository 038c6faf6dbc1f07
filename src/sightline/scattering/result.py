"""What a run has seen."""

from collections.abc import Iterator, Mapping

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


class LostWarning(UserWarning):
    """More than 1e-4 of the packets had not escaped at the limit of events: what was seen lacks them."""


class Tallied(eqx.Module):
    """Stokes parameters of a tally, the mean over packets, each with its standard error.

    - `I`, `Q`, `U`: in the bins of the tally; Q and U from north, the IAU convention with +z as north.
    - `error`, `error_Q`, `error_U`: from the scatter of what single packets gave; NaN of one packet.

    !!! example
        >>> found = sl.scattering.Tallied.of(jnp.array([[4.0], [1.0], [0.0]]), jnp.array([[4.0], [1.0], [0.0]]), 8)
        >>> float(found.I[0]), float(found.polarisation[0])
        (0.5, 0.25)
    """

    I: Float[Array, "*bins"]
    Q: Float[Array, "*bins"]
    U: Float[Array, "*bins"]
    error: Float[Array, "*bins"]
    error_Q: Float[Array, "*bins"]
    error_U: Float[Array, "*bins"]

    @property
    def polarisation(self) -> Float[Array, "*bins"]:
        """sqrt(Q^2 + U^2)/I; 0 where nothing is seen."""
        seen = self.I > 0
        length = jnp.hypot(jnp.where(seen, self.Q, 1), self.U)
        return jnp.where(seen, length / jnp.where(seen, self.I, 1), 0)

    @classmethod
    def of(cls, total: Float[Array, "3 *bins"], square: Float[Array, "3 *bins"], packets: int) -> "Tallied":
        """From sums over packets of what each gave, and of its square."""
        mean = total / packets
        variance = jnp.maximum(square / packets - mean * mean, 0) / max(packets - 1, 1)
        variance = variance if packets > 1 else jnp.full_like(variance, jnp.nan)
        lit = variance > 0
        error = jnp.where(lit, jnp.sqrt(jnp.where(lit, variance, 1)), variance)  # 0, or NaN
        return cls(*mean, *error)


class Seen(eqx.Module, Mapping):
    """The tallies of a run by name, `seen["escape"]`.

    - `lost`: packets that reached the limit of events; `scatterings`: collisions of all packets.
    - `packets`: how many were sent.

    **Arguments:** `tallies`: what each has counted, by its name.

    !!! example
        >>> cloud = sl.scattering.Transport(
        ...     sl.electrons.Uniform(100.0),
        ...     sl.scattering.Thomson(),
        ...     sl.scattering.Slab(1.0),
        ...     sl.scattering.Lambertian(),
        ... )
        >>> cloud(jax.random.key(0), packets=100)["escape"].I.shape
        (2,)
    """

    tallies: dict[str, Tallied]
    lost: Int[Array, ""]
    scatterings: Float[Array, ""]
    packets: int = eqx.field(static=True)

    def __getitem__(self, name: str) -> Tallied:
        return self.tallies[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tallies)

    def __len__(self) -> int:
        return len(self.tallies)
