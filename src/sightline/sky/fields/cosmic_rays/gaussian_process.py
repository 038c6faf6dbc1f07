import dataclasses
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField, of_factors, prepare_children
from ..gaussian_process import AbstractGaussianProcess, begin, scalar_at
from ..population import Population


class GaussianProcess(AbstractGaussianProcess, AbstractField):
    """Cosmic-ray electrons whose logarithm is a smooth random function about a median: N_0(x) exp(sigma g(x)).

    Every population of the median changes alike; its index or spectrum stays.

    **Arguments:** as `sl.electrons.GaussianProcess`; `median` N_0(x): a field of cosmic rays; `shape`, `rms`,
    `latents`, `key`, `smoothness`, `coordinates`: as of `sl.fields.AbstractGaussianProcess`; `table`: made by
    `prepare()`.

    **Raises:** as `AbstractGaussianProcess`.

    !!! example
        >>> disk = sl.cosmic_rays.ExponentialDisk()
        >>> axial = {"shape": (21, 1, 21), "coordinates": "cylindrical"}
        >>> rays = sl.cosmic_rays.GaussianProcess(median=disk, rms=0.3, key=jax.random.key(0), **axial)
        >>> len(rays.prepare().populations(jnp.array([-8.0, 1.0, 0.0])))
        1
    """

    latents: Float[Array, "mx my mz"] = param(symbol="w", kw_only=True)
    rms: Float[Array, ""] = param(0.5, bounds=(0, None), symbol=r"\sigma", kw_only=True)
    median: AbstractField = eqx.field(kw_only=True)

    def __init__(
        self,
        shape: tuple[int, int, int],
        half_widths: Any = (20.0, 20.0, 5.0),
        *,
        median: AbstractField,
        rms: Any = 0.5,
        lengths: Any = (3.0, 3.0, 1.0),
        smoothness: Any = 2.5,
        coordinates: str = "cartesian",
        key: Any = None,
        latents: Any = None,
        centre: Any = (0.0, 0.0, 0.0),
        table: Array | None = None,
    ):
        self.latents = begin(latents, key, (), shape, half_widths, lengths, coordinates)
        self.median, self.rms, self.lengths, self.smoothness, self.table = median, rms, lengths, smoothness, table
        self.shape, self.half_widths, self.centre, self.coordinates = shape, half_widths, centre, coordinates

    def __call__(self, position: Vector) -> Scalar:
        """N_0, () cm^-3, at a position, (3,) kpc.

        **Raises:** `ValueError` unless prepared.
        """
        return self.median(position) * scalar_at(self, position)

    def populations(self, position: Vector) -> tuple[Population, ...]:
        factor = scalar_at(self, position)
        inner = self.median.populations(position)
        return tuple(dataclasses.replace(p, density=factor * p.density) for p in inner)

    def structures(self) -> Structures:
        """The walls of the box, where fluctuations end, and those of the median, which says where the field ends."""
        return of_factors(self.walls(), self.median)

    def prepare(self) -> "GaussianProcess":
        """The field with its values at the nodes."""
        return prepare_children(self).with_values(self.process())
