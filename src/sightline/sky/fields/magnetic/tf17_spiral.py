"""The spiral that the disk and halo fields of TF17 follow."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import log, sincos
from ...._core.module import Module, param
from ...._core.types import Scalar, Vector

SUN = (-8.5, 0.0, 0.0)
"""Where the models have the Sun, kpc."""
_AXIS = 1e-6  # kpc; within, the winding of the spiral, which is without end, is frozen


class Winding(eqx.Module):
    """A point in cylindrical coordinates (r, theta, z), and the spiral through it."""

    outward: tuple[Scalar, Scalar]
    radius: Scalar
    height: Scalar
    angle: Scalar
    radial_slope: Scalar
    vertical_slope: Scalar

    def wave(self, phase: Scalar | None) -> Scalar:
        """cos(theta - g - phase), with `phase` in deg; 1 if there is none."""
        if phase is None:
            return jnp.ones_like(self.radius)
        x, y = self.outward
        sine, cosine = sincos(self.angle + jnp.deg2rad(phase))
        return y * sine - x * cosine

    def field(self, radial: Scalar, vertical: Scalar) -> Vector:
        """The vector with components B_r and B_z whose B_theta follows the spiral."""
        x, y = self.outward
        clockwise = self.radial_slope * radial + self.vertical_slope * vertical
        return jnp.stack([radial * x + clockwise * y, radial * y - clockwise * x, vertical])


class TF17Spiral(Module):
    """Spiral of TF17: field lines keep theta - g(r, z) as they go outwards and up.

    g = cot(p) ln(1 - exp(-r/L)) / (1 + (z/H)^2), so that
    B_theta = r (dg/dr) B_r + r (dg/dz) B_z,

    with the azimuth theta counted clockwise seen from north, 0 at the Sun. p is the pitch angle at small r and z = 0.

    **Arguments:** `pitch` p: deg; `scale_height` H, `scale_radius` L: kpc.

    !!! example
        >>> disk = sl.magnetic.TF17("Ad1C1")

    **Source:** Terral & Ferrière 2017, A&A 600, A29; Ferrière & Terral 2014, A&A 561, A100.
    """

    cites: ClassVar[tuple[str, ...]] = ("Terral2017",)
    pitch: Float[Array, ""] = param(-9.1, unit="deg", bounds=(-90, 90), symbol="p_0")
    scale_height: Float[Array, ""] = param(1.2, unit="kpc", bounds=(0, None), symbol="H_p")
    scale_radius: Float[Array, ""] = param(50.0, unit="kpc", bounds=(0, None), symbol="L_p")

    def wind(self, position: Vector) -> Winding:
        """The spiral at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        radius = jnp.sqrt(jnp.maximum(x * x + y * y, _AXIS**2))
        inverse = 1 / radius  # products with reciprocals: XLA keeps each quotient of arrays in memory
        u = radius * (1 / self.scale_radius)
        grown = -jnp.expm1(-u)
        straight, per_height = self._straight(z), 1 / self.scale_height
        angle = straight * self._cotangent() * log(grown)
        return Winding(
            outward=(x * inverse, y * inverse),
            radius=radius,
            height=z,
            angle=angle,
            radial_slope=straight * self._cotangent() * u * (1 / grown - 1),
            vertical_slope=-2 * per_height * per_height * radius * z * angle * straight,
        )

    def angle(self, radius: Scalar, height: Scalar) -> Scalar:
        """g(r, z) [rad] at a radius > 0 and a height, kpc."""
        return self._straight(height) * self._cotangent() * log(-jnp.expm1(-radius / self.scale_radius))

    def _cotangent(self) -> Scalar:
        sine, cosine = sincos(jnp.deg2rad(self.pitch))
        return cosine / sine

    def _straight(self, height: Scalar) -> Scalar:
        scaled = height * (1 / self.scale_height)
        return 1 / (1 + scaled * scaled)
