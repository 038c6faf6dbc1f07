import dataclasses
from typing import Any, ClassVar

import equinox as eqx
from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField, of_factors, prepare_children
from ..population import Population
from ..turbulent import AbstractLognormal, draw


class Turbulent(AbstractLognormal, AbstractField):
    """Cosmic-ray electrons with lognormal fluctuations about a profile: N_0(x) exp(sigma g(x) - sigma^2/2).

    Every population of the profile fluctuates alike; its index or spectrum stays.

    **Arguments:** as `sl.electrons.Turbulent`; `profile` N_0(x): a field of cosmic rays; `shape`, `log_rms`, `slope`,
    `outside`, `latents`, `key`: as of `sl.electrons.Turbulent`; `table`: made by `prepare()`.

    **Raises:** as `AbstractTurbulent`.

    **Source:** as `sl.electrons.Turbulent`.

    !!! example
        >>> disk = sl.cosmic_rays.ExponentialDisk()
        >>> rays = sl.cosmic_rays.Turbulent((64, 64, 16), profile=disk, outer_scale=5.0, key=jax.random.key(0))
        >>> len(rays.prepare().populations(jnp.array([-8.0, 1.0, 0.0])))
        1
    """

    cites: ClassVar[tuple[str, ...]] = ("Kolmogorov1941",)
    latents: Float[Array, "nx ny nz"] = param(symbol="w", kw_only=True)
    profile: AbstractField = eqx.field(kw_only=True)

    def __init__(
        self,
        shape: tuple[int, int, int] | None = None,
        half_widths: Any = (20.0, 20.0, 5.0),
        *,
        profile: AbstractField,
        log_rms: Any = 0.5,
        slope: Any = 5 / 3,
        outer_scale: Any = 2.0,
        key: Any = None,
        latents: Any = None,
        centre: Any = (0.0, 0.0, 0.0),
        outside: str = "zero",
        table: Array | None = None,
    ):
        self.latents, self.table = draw(latents, shape, key), table
        self.profile, self.log_rms, self.slope, self.outer_scale = profile, log_rms, slope, outer_scale
        self.half_widths, self.centre, self.outside = half_widths, centre, outside

    def __call__(self, position: Vector) -> Scalar:
        """N_0, () cm^-3, at a position, (3,) kpc.

        **Raises:** `ValueError` unless prepared.
        """
        return self.profile(position) * self.fluctuation(position)

    def populations(self, position: Vector) -> tuple[Population, ...]:
        factor = self.fluctuation(position)
        inner = self.profile.populations(position)
        return tuple(dataclasses.replace(p, density=factor * p.density) for p in inner)

    def structures(self) -> Structures:
        """The walls of the box, where fluctuations end, and those of the profile, which says where the field ends."""
        return of_factors(self.walls(), self.profile)

    def prepare(self) -> "Turbulent":
        """The field with its realisation on the nodes."""
        return prepare_children(self).with_fluctuations()
