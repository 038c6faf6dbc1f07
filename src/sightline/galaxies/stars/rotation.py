from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import param, setting
from ..._core.safe import safe_hypot
from ..._core.types import Scalar, Vector
from ...sky.fields import AbstractField
from .tables import check_nodes, interpolate


class Rotation(AbstractField):
    """Circular motion about the z axis: v = v_c(R) (-y, x, 0)/R, km/s, anticlockwise seen from z > 0.

    v_c is linear between the nodes, from 0 on the axis to the first, and constant beyond the last. On the axis v is 0
    and turns as a rigid body with the slope of v_c; where a first node at R = 0 has another v_c than 0, v jumps there.

    **Arguments:** `radii`: rising, (n,) kpc; `speeds`: v_c there, (n,) km/s; negative: clockwise.

    **Raises:** `ValueError` for radii that do not rise or are negative, and speeds of another number.

    !!! example
        >>> curve = sl.stars.Rotation(radii=[1.0, 3.0, 10.0], speeds=[90.0, 180.0, 200.0])
        >>> curve(jnp.array([2.0, 0.0, 0.5]))
        Array([ -0., 135.,   0.], dtype=float64)
    """

    radii: tuple[float, ...] = setting(unit="kpc", bounds=(0, None))
    speeds: Float[Array, " n"] = param(unit="km s-1", symbol="v_c")

    def __check_init__(self) -> None:
        check_nodes("Rotation.radii", self.radii)
        if self.speeds.shape != (len(self.radii),):
            raise ValueError(f"Rotation.speeds has shape {self.speeds.shape}, radii has {len(self.radii)} nodes.")

    def speed(self, radius: Scalar) -> Scalar:
        """v_c, () km/s, at a distance from the axis, () kpc."""
        return interpolate(radius, *self._nodes())

    def _nodes(self) -> tuple[tuple[float, ...], Any]:
        """Radii from 0, and v_c there."""
        if self.radii[0] == 0:
            return self.radii, self.speeds
        return (0.0, *self.radii), jnp.concatenate([jnp.zeros(1, self.speeds.dtype), self.speeds])

    def __call__(self, position: Vector) -> Vector:
        """Velocity, (3,) km/s, at a position, (3,) kpc."""
        x, y, _ = position
        radius = safe_hypot(x, y)
        radii, speeds = self._nodes()
        slope = (speeds[1] - speeds[0]) / radii[1] if len(radii) > 1 else jnp.zeros_like(radius)
        turn = jnp.where(radius > 0, self.speed(radius) / jnp.where(radius > 0, radius, 1), slope)
        return jnp.stack([-turn * y, turn * x, jnp.zeros_like(turn)])
