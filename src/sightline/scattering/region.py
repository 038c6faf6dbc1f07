"""Where packets fly: outside they are seen."""

import abc

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.module import Module, setting
from .._core.types import Scalar
from .packet import Vector, isotropic


class AbstractRegion(Module):
    """A convex region; subclass it and write how far a packet inside has to fly, and where packets may be born.

    Regions are centred on the origin, but for a slab, which stands on it. Lengths are kpc.

    !!! example
        >>> issubclass(sl.scattering.Slab, sl.scattering.AbstractRegion)
        True
    """

    @abc.abstractmethod
    def exit(self, position: Vector, direction: Vector) -> Scalar:
        """The distance [kpc] to the edge from a position inside, along a direction."""

    @abc.abstractmethod
    def depth(self, position: Vector) -> Scalar:
        """The distance [kpc] to the nearest edge, negative outside."""

    @abc.abstractmethod
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """The corners, (3,) kpc each, of a box around it; of an endless region, of a part that stands for it."""

    @abc.abstractmethod
    def point(self, numbers: Float[Array, "3"]) -> Vector:
        """A place in the region, (3,) kpc, of three numbers between 0 and 1: evenly, if these are.

        Of a region that goes on for ever, a place that stands for those beside it.
        """

    @property
    def bounded(self) -> bool:
        """Whether it has a finite volume."""
        return True


class Slab(AbstractRegion):
    """0 < z < thickness, endless in x and y.

    **Arguments:** `thickness`: kpc.

    !!! example
        >>> slab = sl.scattering.Slab(1.0)
        >>> float(slab.exit(jnp.zeros(3), jnp.asarray([0.6, 0.0, 0.8])))
        1.25
    """

    thickness: float = setting(1.0, unit="kpc", positive=True)

    def exit(self, position: Vector, direction: Vector) -> Scalar:
        up = direction[2] > 0
        still = direction[2] == 0
        far = jnp.where(up, self.thickness - position[2], -position[2])
        return jnp.where(still, jnp.inf, jnp.maximum(far / jnp.where(still, 1, direction[2]), 0))

    def depth(self, position: Vector) -> Scalar:
        return jnp.minimum(position[2], self.thickness - position[2])

    def box(self) -> tuple[np.ndarray, np.ndarray]:
        half = 0.5 * self.thickness
        return np.array([-half, -half, 0.0]), np.array([half, half, self.thickness])

    def point(self, numbers: Float[Array, "3"]) -> Vector:
        return self.thickness * jnp.asarray((0, 0, 1), numbers.dtype) * numbers

    @property
    def bounded(self) -> bool:
        return False


class Sphere(AbstractRegion):
    """|x| < radius.

    **Arguments:** `radius`: kpc.

    !!! example
        >>> float(sl.scattering.Sphere(2.0).exit(jnp.asarray([1.0, 0.0, 0.0]), jnp.asarray([-1.0, 0.0, 0.0])))
        3.0
    """

    radius: float = setting(1.0, unit="kpc", positive=True)

    def exit(self, position: Vector, direction: Vector) -> Scalar:
        along = jnp.sum(position * direction)
        rest = jnp.maximum(self.radius**2 - jnp.sum(position * position) + along * along, 0)
        return jnp.maximum(jnp.sqrt(rest) - along, 0)

    def depth(self, position: Vector) -> Scalar:
        return self.radius - jnp.sqrt(jnp.sum(position * position))

    def box(self) -> tuple[np.ndarray, np.ndarray]:
        return np.full(3, -self.radius), np.full(3, self.radius)

    def point(self, numbers: Float[Array, "3"]) -> Vector:
        return self.radius * jnp.cbrt(numbers[0]) * isotropic(numbers[1], numbers[2])


class Box(AbstractRegion):
    """|x| < a, |y| < b, |z| < c.

    **Arguments:** `half_widths`: (a, b, c) kpc.

    **Raises:** `ValueError` for other than three positive lengths.

    !!! example
        >>> box = sl.scattering.Box((1.0, 2.0, 3.0))
        >>> float(box.exit(jnp.zeros(3), jnp.asarray([0.0, 0.0, -1.0])))
        3.0
    """

    half_widths: tuple[float, float, float] = setting((1.0, 1.0, 1.0), unit="kpc", positive=True)

    def __check_init__(self) -> None:
        if np.shape(self.half_widths) != (3,):
            raise ValueError(f"Box.half_widths = {self.half_widths} must be three positive lengths [kpc].")

    def exit(self, position: Vector, direction: Vector) -> Scalar:
        half: Float[Array, "3"] = jnp.asarray(self.half_widths, position.dtype)
        still = direction == 0
        far = jnp.where(direction > 0, half - position, -half - position) / jnp.where(still, 1, direction)
        return jnp.maximum(jnp.min(jnp.where(still, jnp.inf, far)), 0)

    def depth(self, position: Vector) -> Scalar:
        return jnp.min(jnp.asarray(self.half_widths, position.dtype) - jnp.abs(position))

    def box(self) -> tuple[np.ndarray, np.ndarray]:
        half = np.asarray(self.half_widths)
        return -half, half

    def point(self, numbers: Float[Array, "3"]) -> Vector:
        return jnp.asarray(self.half_widths, numbers.dtype) * (2 * numbers - 1)
