import abc
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...._core.elementary import exp, log, power, sincos
from ...._core.module import param
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField, copies
from .endless import endless
from .uf23_parameters import UF23_PARAMETERS
from .uf23_shapes import SUN, distances_from_axis, fall

_BASE, _EXP_X = UF23_PARAMETERS["base"], UF23_PARAMETERS["expX"]


class AbstractUF23PoloidalHalo(AbstractField):
    """A field in meridional planes, the same in all of them.

    !!! example
        >>> isinstance(sl.magnetic.UF23("base").poloidal, sl.magnetic.AbstractUF23PoloidalHalo)
        True
    """

    @abc.abstractmethod
    def meridional(self, position: Vector) -> tuple[Scalar, Scalar]:
        """B_r/r, () uG/kpc, and B_z, () uG, at a position, (3,) kpc."""

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        place = copies(position)
        x, y, _ = jnp.unstack(place())
        radial, vertical = self.meridional(place())
        return jnp.stack([radial * x, radial * y, vertical])

    def structures(self) -> Structures:
        return Structures.layer(0.0, 0.0).ending(endless())


class UF23PoloidalHalo(AbstractUF23PoloidalHalo):
    """The poloidal halo of UF23: field lines r = a Q^(1/p), Q = 1 + (|z|/z_p)^p, that cross the plane at r = a.

    B_z = B_p f(a) Q^(-2/p), B_r = B_p f(a) Q^(-2/p - 1) r sign(z) |z|^(p-1)/z_p^p,
    f(a) = 1 - S(a; r_p, w_p), S(s; c, w) = 1/(1 + exp(-(s - c)/w)).

    The lines are those of `UF23ExponentialPoloidalHalo` for infinite A. For p < 2 the slope of B_r is infinite at
    z = 0: the value is exact, the gradient at z = 0 given as 0.

    **Arguments:** by default those of the model `base`.

    - `b` B_p: B_z at the centre, uG.
    - `exponent` p, `height` z_p, kpc: shape of the field lines.
    - `radius` r_p, `width` w_p: of the edge of the profile f in the plane, kpc.

    **Source:** Unger & Farrar 2024, ApJ 970, 95, eqs. 28-36 and table 3, which is `UF23_PARAMETERS`.

    !!! example
        >>> sl.magnetic.UF23PoloidalHalo()(jnp.array([-8.178, 0.0, 2.0]))
        Array([-0.6509...,  0.        ,  0.6589...], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Unger2024",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b: Float[Array, ""] = param(_BASE["B_p"], unit="uG", symbol="B_p")
    exponent: Float[Array, ""] = param(_BASE["p"], bounds=(1, None), symbol="p")
    height: Float[Array, ""] = param(_BASE["z_p"], unit="kpc", bounds=(0, None), symbol="z_p")
    radius: Float[Array, ""] = param(_BASE["r_p"], unit="kpc", bounds=(0, None), symbol="r_p")
    width: Float[Array, ""] = param(_BASE["w_p"], unit="kpc", bounds=(0, None), symbol="w_p")

    def meridional(self, position: Vector) -> tuple[Scalar, Scalar]:
        """B_r/r, () uG/kpc, and B_z, () uG, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        _, radius, _ = distances_from_axis(x, y)
        opening, slope = _opening(z, self.height, self.exponent)
        spread = 1 + opening
        shrink = power(spread, -1 / self.exponent)  # a/r
        vertical = self.b * fall(radius * shrink, self.radius, self.width) * shrink * shrink
        return vertical * slope / spread, vertical


class UF23ExponentialPoloidalHalo(AbstractUF23PoloidalHalo):
    """The poloidal halo of the model `expX` of UF23: field lines r^p = a^p (1 + w/(1 + alpha)) from r = a in the plane.

    B_z = B_p f(a) (r/a)^(p-2) (1 + alpha)/D, B_r = B_p f(a) (a^2/r) sign(z) |z|^(p-1)/(z_p^p D), f = exp(-a/r_p),
    w = (|z|/z_p)^p, z_p = A tan xi, u = (r/A)^p, s = 1 + w - u, D = sqrt(s^2 + 4 u), alpha = (a/A)^p = (D - s)/2,
    (r/a)^p = (D + s)/2.

    For p < 2 the slope of B_r is infinite at z = 0: the value is exact, the gradient at z = 0 given as 0.

    **Arguments:**

    - `b` B_p: B_z at the centre, uG.
    - `exponent` p, `line_radius` A, kpc, `line_angle` xi, deg: shape of the field lines; far out, those of a >> A
      rise from the plane at the angle xi.
    - `radius` r_p: scale of the profile f in the plane, kpc.

    **Source:** Unger & Farrar 2024, ApJ 970, 95, eqs. 28-36 and table 3, which is `UF23_PARAMETERS`.

    !!! example
        >>> sl.magnetic.UF23ExponentialPoloidalHalo()(jnp.array([-8.178, 0.0, 2.0]))
        Array([-0.2872...,  0.        ,  0.2961...], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Unger2024",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b: Float[Array, ""] = param(_EXP_X["B_p"], unit="uG", symbol="B_p")
    exponent: Float[Array, ""] = param(_EXP_X["p"], bounds=(1, None), symbol="p")
    line_radius: Float[Array, ""] = param(_EXP_X["A"], unit="kpc", bounds=(0, None), symbol="A")
    line_angle: Float[Array, ""] = param(_EXP_X["xi"], unit="deg", bounds=(0, 90), symbol=r"\xi")
    radius: Float[Array, ""] = param(_EXP_X["r_p"], unit="kpc", bounds=(0, None), symbol="r_p")

    def meridional(self, position: Vector) -> tuple[Scalar, Scalar]:
        """B_r/r, () uG/kpc, and B_z, () uG, at a position, (3,) kpc."""
        sine, cosine = sincos(jnp.deg2rad(self.line_angle))
        x, y, z = jnp.unstack(position)
        square, radius, _ = distances_from_axis(x, y)
        opening, slope = _opening(z, self.line_radius * sine / cosine, self.exponent)
        u = exp(self.exponent * (0.5 * log(square) - log(self.line_radius)))
        s = 1 + opening - u
        root = jnp.sqrt(s * s + 4 * u)
        larger = 0.5 * (root + jnp.abs(s))  # of (r/a)^p and alpha, whose product is u
        spread, alpha = jnp.where(s >= 0, larger, u / larger), jnp.where(s >= 0, u / larger, larger)
        shrink = power(spread, -1 / self.exponent)  # a/r
        flux = self.b * exp(-radius * shrink / self.radius) * shrink * shrink / root
        return flux * slope, flux * spread * (1 + alpha)


def _opening(z: Scalar, scale: Scalar, exponent: Scalar) -> tuple[Scalar, Scalar]:
    """w = (|z|/scale)^p and w/z; both 0, with their derivatives, where 1/z^2 would overflow."""
    away = jnp.abs(z) > float(np.finfo(z.dtype).tiny) ** 0.4
    size = jnp.where(away, jnp.abs(z), 1)
    w = jnp.where(away, exp(exponent * (log(size) - log(scale))), 0)
    return w, w / jnp.where(away, z, 1)
