"""The halo of KST24: a torus on either side of the disk, and an X-shaped field."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import sincos
from ...._core.module import param, setting
from ...._core.types import Vector
from ...geometry import Structures
from ..algebra import edge
from ..base import AbstractField
from ..ends import LOGISTIC

SUN = (-8.2, 0.0, 0.0)
"""Where the model has the Sun, kpc."""
_UPRIGHT = 1e-6  # tangent of a tilt below which lines are told of as if they had this
_AXIS = 1e-3  # kpc; within, polar coordinates are frozen


class KST24Toroid(AbstractField):
    """Toroidal halo of KST24 on one side of the disk: B = b phi^ for r_1 < r < r_2, z_1 < z < z_2.

    **Arguments:**

    | name | symbol | north | south |
    |---|---|---|---|
    | `b` | b | 3.2 | -3.2 uG |
    | `inner_radius` | r_1 | 1 | 1 kpc |
    | `outer_radius` | r_2 | 9.1 | 14 kpc |
    | `bottom` | z_1 | 1.185 | -2.5 kpc |
    | `top` | z_2 | 2.1 | -1.22 kpc |
    | `smooth` | width of the edges | 0 | 0 kpc |

    **Source:** Korochkin, Semikoz & Tinyakov 2025, A&A 693, A284.

    !!! example
        >>> sl.magnetic.KST24Toroid()(jnp.array([-8.2, 0.0, 1.5]))
        Array([-0. , -3.2,  0. ], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Korochkin2025",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b: Float[Array, ""] = param(3.2, unit="uG", symbol="b")
    inner_radius: Float[Array, ""] = param(1.0, unit="kpc", bounds=(0, None), symbol="r_1")
    outer_radius: Float[Array, ""] = param(9.1, unit="kpc", bounds=(0, None), symbol="r_2")
    bottom: Float[Array, ""] = param(1.185, unit="kpc", symbol="z_1")
    top: Float[Array, ""] = param(2.1, unit="kpc", symbol="z_2")
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        radius = jnp.sqrt(jnp.maximum(x * x + y * y, _AXIS**2))
        depth = jnp.minimum(radius - self.inner_radius, self.outer_radius - radius)
        depth = jnp.minimum(depth, jnp.minimum(z - self.bottom, self.top - z))
        planar = self.b * edge(depth, self.smooth) / radius
        return jnp.stack([-planar * y, planar * x, jnp.zeros_like(z)])

    def structures(self) -> Structures:
        soft = LOGISTIC * self.smooth
        cylinders = Structures.cylinders(jnp.stack([self.inner_radius, self.outer_radius]))
        layer, reach = (Structures.layer(self.bottom - far, self.top + far) for far in (0.0, soft))
        return Structures.join(cylinders, layer).ending(Structures.cylinders(self.outer_radius + soft), reach)


class KST24XField(AbstractField):
    """X-shaped field of KST24: straight lines, tilted by T from the vertical, from the plane at R = r - |z| tan T.

    B = b (R/r) [sign(z) sin T r^ + cos T z^] for R_1 < R < R_2, |z| < h; solenoidal, but for its ends at |z| = h.

    **Arguments:**

    | name | symbol | value |
    |---|---|---|
    | `b` | b | 1.8 uG |
    | `tilt` | T | 28 deg |
    | `inner_radius` | R_1 | 1 kpc |
    | `outer_radius` | R_2 | 6.2 kpc |
    | `max_height` | h | 10 kpc |
    | `smooth` | width of the edges | 0 kpc |

    **Source:** Korochkin, Semikoz & Tinyakov 2025, A&A 693, A284.

    !!! example
        >>> sl.magnetic.KST24XField()(jnp.array([-8.2, 0.0, 5.0]))
        Array([-0.571...,  0.        ,  1.074...  ], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Korochkin2025",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b: Float[Array, ""] = param(1.8, unit="uG", symbol="b")
    tilt: Float[Array, ""] = param(28.0, unit="deg", bounds=(-90, 90), symbol="T")
    inner_radius: Float[Array, ""] = param(1.0, unit="kpc", bounds=(0, None), symbol="R_1")
    outer_radius: Float[Array, ""] = param(6.2, unit="kpc", bounds=(0, None), symbol="R_2")
    max_height: Float[Array, ""] = param(10.0, unit="kpc", bounds=(0, None), symbol="h")
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        radius = jnp.sqrt(jnp.maximum(x * x + y * y, _AXIS**2))
        sine, cosine = sincos(jnp.deg2rad(self.tilt))
        foot, inverse = radius - jnp.abs(z) * (sine / cosine), 1 / radius
        depth = jnp.minimum(foot - self.inner_radius, self.outer_radius - foot)
        inside = edge(jnp.minimum(depth, self.max_height - jnp.abs(z)), self.smooth)
        modulus = self.b * foot * inverse * inside
        radial = jnp.sign(z) * sine * modulus * inverse
        return jnp.stack([radial * x, radial * y, cosine * modulus])

    def structures(self) -> Structures:
        tangent = jnp.tan(jnp.deg2rad(self.tilt))
        tangent = jnp.where(jnp.abs(tangent) > _UPRIGHT, tangent, _UPRIGHT)
        apex = jnp.stack([self.inner_radius, self.outer_radius]) / tangent
        cones = Structures.cones(jnp.concatenate([-apex, apex]), jnp.abs(1 / tangent))
        soft = LOGISTIC * self.smooth
        height = self.max_height + soft
        cylinder = Structures.cylinders(self.outer_radius + soft + height * jnp.maximum(tangent, 0))
        layers = Structures.layer(jnp.stack([0 * height, -self.max_height]), jnp.stack([0 * height, self.max_height]))
        return Structures.join(layers, cones).ending(cylinder, Structures.layer(-height, height))
