import math
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ...._core.elementary import azimuth
from ...._core.module import param, setting
from ...._core.safe import safe_hypot
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField
from ..ends import Reach
from .ymw16_disk import CUT, SUN
from .ymw16_local import shell
from .ymw16_profiles import offset, profile

# Cosine and sine of the tilt of the axis, whose upper end leans away from the Galactic centre.
_AXIS = (0.94, 0.34)
_AXIS_BEYOND_SUN = 0.040  # kpc
_CONE = math.cos(math.radians(45))


class YMW16LocalBubble(AbstractField):
    """Shell regions of YMW16 on the wall of the Local Bubble, a tilted cylinder open at both ends.

    n_6 = sum_i n_i sech^2((l - l_i)/D_i) sech^2((U - R)/w_i) sech^2(z/h_i), l the longitude seen from the Sun
    and U the distance from the axis, U^2 = (0.94 (x - x_axis) + 0.34 z)^2 + y^2, x_axis 40 pc beyond the Sun.

    Each region is zero beyond |l - l_i| = 6 D_i; the first also beyond U - R = 6 w_1, |z| = 6 h_1, and where
    the directions from the Sun and, at the same height, from the axis differ by more than 45 deg; the second
    beyond its own limits in U and z only where the first is beyond one of its limits, as in the public code.

    **Arguments:**

    | | symbol | values | |
    |---|---|---|---|
    | `radius` | R | 0.110 | kpc |
    | `n0` | n_i | 1.094, 2.33 | (2,) cm^-3 |
    | `width` | w_i | 0.0142, 0.0156 | (2,) kpc |
    | `scale_height` | h_i | 0.1129, 0.0436 | (2,) kpc |
    | `longitude`, `angular_width` | l_i, D_i | 195.4, 278.2; 28.4, 14.7 | (2,) deg |

    **Source:** Yao, Manchester & Wang 2017, ApJ 835, 29.

    !!! example
        >>> sl.electrons.YMW16LocalBubble()(jnp.array([-8.29, -0.11, 0.0]))
        Array(1.57227..., dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Yao2017",)
    radius: Float[Array, ""] = param(0.110, unit="kpc", bounds=(0, None), symbol=r"R_\mathrm{LB}")
    n0: Float[Array, "2"] = param((1.094, 2.33), unit="cm-3", bounds=(0, None), symbol=r"n_\mathrm{LB}")
    width: Float[Array, "2"] = param((0.0142, 0.0156), unit="kpc", bounds=(0, None), symbol=r"W_\mathrm{LB}")
    scale_height: Float[Array, "2"] = param((0.1129, 0.0436), unit="kpc", bounds=(0, None), symbol=r"H_\mathrm{LB}")
    longitude: Float[Array, "2"] = param((195.4, 278.2), unit="deg", symbol=r"l_\mathrm{LB}")
    angular_width: Float[Array, "2"] = param((28.4, 14.7), unit="deg", bounds=(0, None), symbol=r"D_\mathrm{LB}")
    sun: tuple[float, float, float] = setting(SUN, unit="kpc")

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        from_axis = self._from_axis(x, y, z)
        depth = self._depth(*from_axis)
        from_sun = x - self.sun[0], y - self.sun[1]
        longitude = jnp.rad2deg(azimuth(from_sun[1], from_sun[0]))
        first, second = (self._offsets(i, depth, z, longitude) for i in (0, 1))
        near_1, near_2 = (_within(*offsets) for offsets in (first, second))
        inside_1 = near_1 & _within_cone(from_sun, from_axis)
        inside_2 = _within(second[0]) & (near_1 | near_2)
        return self.n0[0] * profile(inside_1, *first) + self.n0[1] * profile(inside_2, *second)

    def depth(self, position: Vector) -> Scalar:
        """Distance inside the wall, kpc, negative outside."""
        return self._depth(*self._from_axis(*jnp.unstack(position)))

    def structures(self) -> Structures:
        """The wall, and within and outside it where the shell regions sink into the disks."""
        radius, height = shell(self.radius, jnp.max(self.width)), CUT * jnp.max(self.scale_height)
        end = self.radius + CUT * jnp.max(self.width)
        return self._cylinders(radius).ending(self._cylinders(end[None]), Structures.layer(-height, height))

    def reach(self) -> Reach:
        """How far it reaches."""
        height, width = CUT * jnp.max(self.scale_height), CUT * jnp.max(self.width)
        x, y = self.sun[0] - _AXIS_BEYOND_SUN, self.sun[1]
        return math.hypot(x, y) + (self.radius + width + _AXIS[1] * height) / _AXIS[0], height

    def _cylinders(self, radius: Float[Array, " n"]) -> Structures:
        """Cylinders about the axis."""
        across = jnp.asarray(((_AXIS[0], 0.0, _AXIS[1]), (0.0, 1.0, 0.0), (0.0, 0.0, 0.0)), radius.dtype)
        centre = self.sun[0] - _AXIS_BEYOND_SUN, self.sun[1], 0.0
        return Structures.surfaces(centre, across[None] / radius[:, None, None])

    def _depth(self, along: Scalar, across: Scalar) -> Scalar:
        return self.radius - safe_hypot(_AXIS[0] * along, across)

    def _from_axis(self, x: Scalar, y: Scalar, z: Scalar) -> tuple[Scalar, Scalar]:
        """Horizontal distances from the axis along x and y."""
        return x - (self.sun[0] - _AXIS_BEYOND_SUN) + _AXIS[1] / _AXIS[0] * z, y - self.sun[1]

    def _offsets(self, i: int, depth: Scalar, z: Scalar, longitude: Scalar) -> tuple[Scalar, Scalar, Scalar]:
        """Offsets from a region along l, U and z in units of its widths."""
        turns = jnp.round((longitude - self.longitude[i]) * (1 / 360))
        around = offset(longitude - 360 * turns, self.longitude[i], self.angular_width[i])
        return around, -depth * (1 / self.width[i]), z * (1 / self.scale_height[i])


def _within(around: Scalar, outwards: Scalar | None = None, upwards: Scalar | None = None) -> Bool[Array, ""]:
    """Whether a place is within the limits of a region."""
    near = jnp.abs(around) <= CUT
    return near if outwards is None else near & (outwards <= CUT) & (jnp.abs(upwards) <= CUT)


def _within_cone(a: tuple[Scalar, Scalar], b: tuple[Scalar, Scalar]) -> Bool[Array, ""]:
    """Whether two horizontal vectors point to within 45 deg of each other."""
    product = a[0] * b[0] + a[1] * b[1]
    squares = (a[0] * a[0] + a[1] * a[1]) * (b[0] * b[0] + b[1] * b[1])
    return (product > 0) & (product * product >= _CONE**2 * squares)
