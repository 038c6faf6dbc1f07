from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import arctan2, sincos
from ...._core.module import param, setting
from ...._core.safe import safe_hypot, safe_sqrt
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField
from ..ends import Reach
from .ymw16_disk import CUT, SUN
from .ymw16_profiles import offset, profile

_SHELL = (-2.2, 0.0, 2.2)  # widths from the crest of a shell to where it sinks into the disks


def shell(radius: Scalar, width: Scalar) -> Float[Array, "3"]:
    """Radii, (3,) kpc, of the surfaces that resolve a shell: its inner side, crest and outer side."""
    return radius + jnp.asarray(_SHELL, radius.dtype) * width


class YMW16Gum(AbstractField):
    """Gum Nebula of YMW16, an ellipsoidal shell: n_5 = n exp(-(D/w)^2), zero beyond D = 6 w.

    With rho and q the distances from the centre along and across the plane and m^2 = q^2 + (k rho)^2,
    D = m |m - k A|/sqrt(q^2 + (k^2 rho)^2), the distance from the shell along the ray from its centre times
    the cosine between the ray and the normal of the ellipse where they meet.

    **Arguments:**

    | | symbol | value | |
    |---|---|---|---|
    | `n0` | n | 1.84 | cm^-3 |
    | `width` | w | 0.0151 | kpc |
    | `radius`, `elongation` | A, k | 0.1258, 1.4 | kpc; semi-axes A along the plane, k A across |
    | `longitude`, `latitude`, `distance` | | 264, -4, 0.450 | deg, deg, kpc, from z = 0 at the Sun |

    **Source:** Yao, Manchester & Wang 2017, ApJ 835, 29.

    !!! example
        >>> sl.electrons.YMW16Gum()(jnp.array([-8.347, -0.4464, 0.145]))
        Array(1.83940..., dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Yao2017",)
    n0: Float[Array, ""] = param(1.84, unit="cm-3", bounds=(0, None), symbol=r"n_\mathrm{GN}")
    width: Float[Array, ""] = param(0.0151, unit="kpc", bounds=(0, None), symbol=r"W_\mathrm{GN}")
    radius: Float[Array, ""] = param(0.1258, unit="kpc", bounds=(0, None), symbol=r"A_\mathrm{GN}")
    elongation: Float[Array, ""] = param(1.4, bounds=(0, None), symbol=r"K_\mathrm{GN}")
    longitude: Float[Array, ""] = param(264.0, unit="deg", symbol=r"l_\mathrm{GN}")
    latitude: Float[Array, ""] = param(-4.0, unit="deg", bounds=(-90, 90), symbol=r"b_\mathrm{GN}")
    distance: Float[Array, ""] = param(0.450, unit="kpc", bounds=(0, None), symbol=r"d_\mathrm{GN}")
    sun: tuple[float, float, float] = setting(SUN, unit="kpc")

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        x_centre, y_centre, z_centre = self._centre()
        along = self.elongation**2 * ((x - x_centre) ** 2 + (y - y_centre) ** 2)
        across = (z - z_centre) ** 2
        square, normal = across + along, across + self.elongation**2 * along
        rise = safe_sqrt(square) - self.elongation * self.radius
        depth = square * rise * rise * (1 / self.width**2) / jnp.where(normal > 0, normal, 1)
        inside = (normal > 0) & (depth <= CUT**2)
        return self.n0 * profile(inside, exponent=-depth)

    def structures(self) -> Structures:
        semi_axes, centre = (self.radius, self.elongation * self.radius), jnp.stack(self._centre())
        along, across = (shell(r, self.width) for r in semi_axes)
        wide, high = (r + CUT * self.width for r in semi_axes)
        end = Structures.ellipsoids(centre, jnp.stack([wide, wide, high]))
        return Structures.ellipsoids(centre, jnp.stack([along, along, across], axis=1)).ending(end)

    def reach(self) -> Reach:
        """How far it reaches."""
        x, y, z = self._centre()
        wide, high = (r + CUT * self.width for r in (self.radius, self.elongation * self.radius))
        return safe_hypot(x, y) + wide, jnp.abs(z) + high

    def _centre(self) -> tuple[Scalar, Scalar, Scalar]:
        sin_l, cos_l = sincos(jnp.deg2rad(self.longitude))
        sin_b, cos_b = sincos(jnp.deg2rad(self.latitude))
        x_sun, y_sun, _ = self.sun
        planar = self.distance * cos_b
        return x_sun + planar * cos_l, y_sun + planar * sin_l, self.distance * sin_b


class YMW16LoopI(AbstractField):
    """Loop I of YMW16, the part of a spherical shell that is the North Polar Spur.

    n_7 = n exp(-((s - R)/w)^2) exp(-(t/dt)^2), s the distance from the centre and t the angle at the centre
    from the direction at the elevation t0 above that of l = 90. Zero beyond |s - R| = 6 w.

    **Arguments:**

    | | symbol | value | |
    |---|---|---|---|
    | `n0` | n | 1.907 | cm^-3 |
    | `radius`, `width` | R, w | 0.080, 0.015 | kpc |
    | `elevation`, `angular_width` | t0, dt | 40, 30 | deg |
    | `centre` | | (-8.106206, -0.010156, 0.010467) | (3,) kpc |

    **Source:** Yao, Manchester & Wang 2017, ApJ 835, 29.

    !!! example
        >>> sl.electrons.YMW16LoopI()(jnp.array([-8.106, 0.051, 0.062]))
        Array(1.90691..., dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Yao2017",)
    n0: Float[Array, ""] = param(1.907, unit="cm-3", bounds=(0, None), symbol=r"n_\mathrm{LI}")
    radius: Float[Array, ""] = param(0.080, unit="kpc", bounds=(0, None), symbol=r"R_\mathrm{LI}")
    width: Float[Array, ""] = param(0.015, unit="kpc", bounds=(0, None), symbol=r"W_\mathrm{LI}")
    elevation: Float[Array, ""] = param(40.0, unit="deg", symbol=r"\theta_\mathrm{LI}")
    angular_width: Float[Array, ""] = param(30.0, unit="deg", bounds=(0, None), symbol=r"\Delta\theta_\mathrm{LI}")
    centre: Float[Array, "3"] = param((-8.106206, -0.010156, 0.010467), unit="kpc", symbol="c")
    sun: ClassVar[tuple[float, float, float]] = SUN

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        x_centre, y_centre, z_centre = self.centre
        x, y, z = x - x_centre, y - y_centre, z - z_centre
        sine, cosine = sincos(jnp.deg2rad(self.elevation))
        along, across = y * cosine + z * sine, z * cosine - y * sine
        aside = safe_hypot(x, across)
        angle = jnp.rad2deg(arctan2(aside, along)) * (1 / self.angular_width)
        outwards = offset(safe_hypot(aside, along), self.radius, self.width)
        inside = jnp.abs(outwards) <= CUT
        return self.n0 * profile(inside, exponent=-(outwards * outwards + angle * angle))

    def structures(self) -> Structures:
        end = Structures.balls(self.centre, self.radius + CUT * self.width)
        return Structures.balls(self.centre, shell(self.radius, self.width)).ending(end)

    def reach(self) -> Reach:
        """How far it reaches."""
        (x, y, z), radius = self.centre, self.radius + CUT * self.width
        return safe_hypot(x, y) + radius, jnp.abs(z) + radius
