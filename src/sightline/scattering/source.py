"""Where packets are born."""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.given import check_kind
from .._core.module import Module, default_float, is_concrete, param
from ..sky.fields import AbstractField
from ..sky.fields.base import value_at_a_place
from .packet import Packet, Vector, isotropic, perpendicular, unit
from .region import AbstractRegion

_PLACES = 4096
"""Where the light of a field is looked at before packets are born."""


class AbstractSource(Module):
    """What sends packets: subclass it, write `place` and `aim`, and check that it fits a region.

    All have an `energy`, keV, which Compton scattering needs.

    !!! example
        >>> issubclass(sl.scattering.PointSource, sl.scattering.AbstractSource)
        True
    """

    energy: eqx.AbstractVar[Float[Array, ""]]

    @abc.abstractmethod
    def place(self, numbers: Float[Array, "4"], region: AbstractRegion) -> tuple[Vector, Array]:
        """A position, (3,) kpc, and a weight, from numbers in [0, 1)."""

    @abc.abstractmethod
    def aim(self, first: Array, second: Array) -> Vector:
        """A direction from two numbers in [0, 1)."""

    def prepare(self) -> "AbstractSource":
        """The source after the global work of its fields; by default itself."""
        return self

    def check(self, region: AbstractRegion) -> None:
        """Refuses a region that it does not fit.

        **Raises:** `ValueError`.
        """

    def polarisation(self, direction: Vector) -> tuple[Vector, Array, Array]:
        """The reference, Q/I and U/I of a packet: by default none, from north."""
        return perpendicular(direction), jnp.zeros((), direction.dtype), jnp.zeros((), direction.dtype)

    def birth(self, key: Array, region: AbstractRegion, dtype: jnp.dtype) -> Packet:
        """A packet from a key of its own."""
        numbers = jax.random.uniform(key, (6,), dtype)
        position, weight = self.place(numbers[:4], region)
        direction = self.aim(numbers[4], numbers[5])
        reference, q, u = self.polarisation(direction)
        return Packet(position, direction, reference, weight, q, u, self.energy.astype(dtype))


class Lambertian(AbstractSource):
    """A surface of the same brightness in all directions, below a slab: at z = 0, cosine-weighted upwards.

    **Arguments:** `energy`: of the photons, keV.

    **Raises:** `ValueError` for another region than a `Slab`.

    !!! example
        >>> source = sl.scattering.Lambertian()
    """

    energy: Float[Array, ""] = param(1.0, unit="keV", positive=True)

    def place(self, numbers: Array, region: AbstractRegion) -> tuple[Vector, Array]:
        return jnp.zeros(3, numbers.dtype), jnp.ones((), numbers.dtype)

    def aim(self, first: Array, second: Array) -> Vector:
        cosine, phi = jnp.sqrt(1 - first), 2 * jnp.pi * second
        sine = jnp.sqrt(first)
        return jnp.stack([sine * jnp.cos(phi), sine * jnp.sin(phi), cosine])

    def check(self, region: AbstractRegion) -> None:
        if region.bounded:
            raise ValueError(f"Lambertian lies below a sl.scattering.Slab, not a {type(region).__name__}.")


class PointSource(AbstractSource):
    """A point that shines in all directions, or in a beam that may be polarised.

    **Arguments:**

    - `position`: (3,) kpc; `energy`: keV.
    - `beam`: the direction of all packets, (3,); `None`: all directions.
    - `degree`, `angle`: of linear polarisation of a beam, at most 1, and its angle from north, deg.

    **Raises:** `ValueError` for a position outside the region, a beam of no length, polarisation without a beam.

    !!! example
        >>> source = sl.scattering.PointSource(energy=0.01)
    """

    position: Float[Array, "3"] = param((0.0, 0.0, 0.0), unit="kpc")
    energy: Float[Array, ""] = param(1.0, unit="keV", positive=True)
    beam: Float[Array, "3"] | None = param(None)
    degree: Float[Array, ""] = param(0.0, bounds=(0, 1))
    angle: Float[Array, ""] = param(0.0, unit="deg")

    def __check_init__(self) -> None:
        if self.beam is None and is_concrete(self.degree) and float(self.degree) > 0:
            raise ValueError("PointSource: only a beam can be polarised: name its direction, beam=(x, y, z).")
        if self.beam is not None and is_concrete(self.beam) and not np.any(np.asarray(self.beam)):
            raise ValueError("PointSource.beam has no length: name a direction, e.g. (0, 0, 1).")

    def place(self, numbers: Array, region: AbstractRegion) -> tuple[Vector, Array]:
        return self.position.astype(numbers.dtype), jnp.ones((), numbers.dtype)

    def aim(self, first: Array, second: Array) -> Vector:
        return isotropic(first, second) if self.beam is None else unit(self.beam.astype(first.dtype))

    def polarisation(self, direction: Vector) -> tuple[Vector, Array, Array]:
        twice = 2 * jnp.deg2rad(self.angle).astype(direction.dtype)
        degree = self.degree.astype(direction.dtype)
        return perpendicular(direction), degree * jnp.cos(twice), degree * jnp.sin(twice)

    def check(self, region: AbstractRegion) -> None:
        if is_concrete(self.position) and float(region.depth(self.position)) < 0:
            place = np.asarray(self.position).tolist()
            raise ValueError(f"PointSource.position = {place} kpc lies outside the {type(region).__name__}.")


class IsotropicSource(AbstractSource):
    """Light that is made evenly everywhere in the region, in all directions.

    **Arguments:** `energy`: keV.

    !!! example
        >>> source = sl.scattering.IsotropicSource()
    """

    energy: Float[Array, ""] = param(1.0, unit="keV", positive=True)

    def place(self, numbers: Array, region: AbstractRegion) -> tuple[Vector, Array]:
        return region.point(numbers[:3]), jnp.ones((), numbers.dtype)

    def aim(self, first: Array, second: Array) -> Vector:
        return isotropic(first, second)


class FieldSource(AbstractSource):
    """Light that is made in proportion to a scalar field, in all directions.

    Packets are born evenly in the region and carry the field there as weight: what is seen is per packet, times the
    mean of the field in the region.

    **Arguments:** `emissivity`: a field, per volume in any unit; `energy`: keV.

    **Raises:** `ValueError` for a region without end, and where the field is negative or not finite at one of 4096
    places; `TypeError` for what is no scalar field.

    !!! example
        >>> source = sl.scattering.FieldSource(sl.electrons.ExponentialDisk())
    """

    emissivity: AbstractField
    energy: Float[Array, ""] = param(1.0, unit="keV", positive=True)

    def place(self, numbers: Array, region: AbstractRegion) -> tuple[Vector, Array]:
        position = region.point(numbers[:3])
        return position, self.emissivity(position)

    def aim(self, first: Array, second: Array) -> Vector:
        return isotropic(first, second)

    def prepare(self) -> "FieldSource":
        return FieldSource(self.emissivity.prepare(), self.energy)

    def __check_init__(self) -> None:
        check_scalar(self.emissivity, "FieldSource: emissivity")

    def check(self, region: AbstractRegion) -> None:
        if not region.bounded:
            raise ValueError(
                f"FieldSource needs a region with an end, a Sphere or a Box, not a {type(region).__name__}."
            )
        numbers = jnp.asarray(np.random.default_rng(0).uniform(size=(_PLACES, 3)), default_float())
        places = jax.vmap(region.point)(numbers)
        values = eqx.filter_jit(lambda field, at: jax.vmap(field.prepare())(at))(self.emissivity, places)
        if not is_concrete(values):
            return
        bad = ~(np.isfinite(np.asarray(values)) & (np.asarray(values) >= 0))
        if np.any(bad):
            found, place = float(values[np.argmax(bad)]), np.asarray(places[np.argmax(bad)]).round(4).tolist()
            raise ValueError(f"FieldSource.emissivity = {found:g} at {place} kpc: it must be finite, not negative.")


def check_scalar(field: Any, what: str) -> None:
    """Refuses what is no scalar field.

    **Raises:** `TypeError`.
    """
    check_kind(what, field, AbstractField, "a scalar field, e.g. sl.electrons.ExponentialDisk()")
    shape = value_at_a_place(field)
    if getattr(shape, "shape", None) != ():
        raise TypeError(f"{what} must be a scalar field, {type(field).__name__} returns {shape}.")
