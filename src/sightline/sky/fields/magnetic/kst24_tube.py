import dataclasses
import math

import jax.numpy as jnp
from jaxtyping import Array

from ...._core.elementary import arctan2, exp, log, power, sincos
from ...._core.types import Scalar, Vector
from ...geometry.levels import AbstractLevel
from ..algebra import edge

_AXIS = 1e-3  # kpc; within, polar coordinates are frozen
_START = 3.0  # kpc; radius of an arm at the azimuth -phase
_CENTRE = 1e-6  # square of a fraction of the cross-section; within, powers of it are frozen


class Tube(AbstractLevel):
    """One arm of KST24, as `KST24Arms` describes it, or all in arrays."""

    b: Array
    phase: Array
    shift: Array
    half_height: Array
    half_width: Array
    exponent: Array
    flare: Array
    inner_radius: Array
    outer_radius: Array
    max_height: Array
    pitch: Array
    flare_radius: Array
    max_width: Array

    def __call__(self, position: Vector) -> Scalar:
        """How deep [kpc] a position, (3,) kpc, is inside the arm; negative outside."""
        x, y, z = jnp.unstack(position)
        square, radius, angle = self._from_centre(x, y)
        near_radius, _, _, distance_square = self._nearest(angle, square, radius)
        return self._depth(radius, jnp.abs(z), distance_square, *self._widths(near_radius))

    def field(self, position: Vector, smooth: float) -> tuple[Scalar, Scalar]:
        """Components x and y of its field, uG, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        square, radius, angle = self._from_centre(x, y)
        near_radius, radial, azimuthal, distance_square = self._nearest(angle, square, radius)
        width, height = self._widths(near_radius)
        inside = edge(self._depth(radius, jnp.abs(z), distance_square, width, height), smooth)
        strength = self.b * self.half_width * self.half_height * inside / (width * height * radius)
        x = x + self.shift
        return strength * (radial * x - azimuthal * y), strength * (radial * y + azimuthal * x)

    def _from_centre(self, x: Scalar, y: Scalar) -> tuple[Scalar, Scalar, Scalar]:
        """Square of the distance from the centre of the spiral, distance, and azimuth from its beginning, rad."""
        x = x + self.shift
        square = jnp.maximum(x * x + y * y, _AXIS**2)
        return square, jnp.sqrt(square), arctan2(y, x) + jnp.deg2rad(self.phase)

    def _widths(self, near_radius: Scalar) -> tuple[Scalar, Scalar]:
        """Semi-axes of the cross-section along r and z."""
        flare = jnp.deg2rad(self.flare) / sincos(jnp.deg2rad(self.pitch))[0]
        growth = jnp.maximum(1 + flare * (near_radius - self.flare_radius), 1)
        width, height = (jnp.minimum(w * growth, self.max_width) for w in (self.half_width, self.half_height))
        return width, height

    def _nearest(self, angle: Scalar, square: Scalar, radius: Scalar) -> tuple[Scalar, Scalar, Scalar, Scalar]:
        """Near point of the axis: its radius, the tangent there on r^ and phi^, and the square of its distance."""
        sin_pitch, cos_pitch = sincos(jnp.deg2rad(self.pitch))
        slope = sin_pitch / cos_pitch
        ahead = 0.5 * cos_pitch / sin_pitch * log(square * (1 / _START**2)) - angle
        ahead = ahead - 2 * math.pi * jnp.round(ahead * (0.5 / math.pi))
        turn = sin_pitch * cos_pitch * (exp(slope * ahead) - 1)
        near_radius = radius * exp(slope * (turn - ahead))
        half_sine, half_cosine = sincos(0.5 * turn)
        sine, versine = 2 * half_sine * half_cosine, 2 * half_sine * half_sine
        cosine, step = 1 - versine, near_radius - radius
        distance_square = step * step + 2 * radius * near_radius * versine
        radial, azimuthal = sin_pitch * cosine - cos_pitch * sine, cos_pitch * cosine + sin_pitch * sine
        return near_radius, radial, azimuthal, distance_square

    def _depth(self, radius: Scalar, height: Scalar, distance_square: Scalar, a_r: Scalar, a_z: Scalar) -> Scalar:
        across, above = distance_square / (a_r * a_r), height * height / (a_z * a_z)
        exponent = 0.5 * self.exponent
        level = power(jnp.maximum(across, _CENTRE), exponent) + power(jnp.maximum(above, _CENTRE), exponent)
        ends = jnp.minimum(radius - self.inner_radius, self.outer_radius - radius)
        return jnp.minimum(jnp.minimum((1 - level) * a_r, self.max_height - height), ends)


TUBE = tuple(part.name for part in dataclasses.fields(Tube))
"""The numbers of an arm, by name."""
