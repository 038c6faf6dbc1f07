from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.constants import KILOPARSEC
from ...._core.elementary import exp
from ...._core.module import param
from ...._core.safe import phi1
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField, copies
from ..ends import LOGISTIC
from .endless import endless
from .sides import axis, sides
from .uf23_parameters import UF23_PARAMETERS
from .uf23_poloidal import AbstractUF23PoloidalHalo
from .uf23_shapes import SUN, distances_from_axis, fall, rise

_BASE, _TWIST_X = UF23_PARAMETERS["base"], UF23_PARAMETERS["twistX"]
_KM_PER_S = 1e5 * 365.25e6 * 86400 / KILOPARSEC  # kpc/Myr


class UF23ToroidalHalo(AbstractField):
    """The toroidal halo of UF23, of opposite directions north and south of the plane.

    B = B_N|S (1 - S(r; r_t, w_t)) S(|z|; z_d, w_d) exp(-|z|/z_t) phi^, S(s; c, w) = 1/(1 + exp(-(s - c)/w)),
    B_N where z >= 0.

    It jumps on the axis, where it is 0, and at z = 0, where S(|z|; z_d, w_d) is of the order of 1e-3.

    **Arguments:** by default those of the model `base`.

    - `b_north` B_N, `b_south` B_S: uG.
    - `radius` r_t, `width` w_t: of the outer edge, kpc; `scale_height` z_t: kpc.
    - `transition_height` z_d, `transition_width` w_d: from the disk, kpc; in the paper those of the disk field.

    **Source:** Unger & Farrar 2024, ApJ 970, 95, eq. 21 and table 3, which is `UF23_PARAMETERS`.

    !!! example
        >>> sl.magnetic.UF23ToroidalHalo()(jnp.array([-8.178, 0.0, 2.0]))
        Array([-0.        , -1.5186...,  0.        ], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Unger2024",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b_north: Float[Array, ""] = param(_BASE["B_N"], unit="uG", symbol="B_N")
    b_south: Float[Array, ""] = param(_BASE["B_S"], unit="uG", symbol="B_S")
    radius: Float[Array, ""] = param(_BASE["r_t"], unit="kpc", bounds=(0, None), symbol="r_t")
    width: Float[Array, ""] = param(_BASE["w_t"], unit="kpc", bounds=(0, None), symbol="w_t")
    scale_height: Float[Array, ""] = param(_BASE["z_t"], unit="kpc", bounds=(0, None), symbol="z_t")
    transition_height: Float[Array, ""] = param(_BASE["z_d"], unit="kpc", bounds=(0, None), symbol="z_d")
    transition_width: Float[Array, ""] = param(_BASE["w_d"], unit="kpc", bounds=(0, None), symbol="w_d")

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        _, radius, inverse = distances_from_axis(x, y)
        height = jnp.abs(z)
        b = jnp.where(z >= 0, self.b_north, self.b_south) * exp(-height / self.scale_height)
        b = b * rise(height, self.transition_height, self.transition_width) * fall(radius, self.radius, self.width)
        return jnp.stack([-b * inverse * y, b * inverse * x, jnp.zeros_like(z)])

    def structures(self) -> Structures:
        """Walls and extent, and the axis, where the field turns round."""
        height = self.transition_height + 14 * self.scale_height
        cylinder = Structures.cylinders(self.radius + LOGISTIC * self.width)
        walls = Structures.join(sides(self.transition_height), axis())
        return walls.ending(cylinder, Structures.layer(-height, height))


class UF23TwistedHalo(AbstractField):
    """A poloidal halo and what differential rotation has made of it: the halo of the model `twistX` of UF23.

    B_phi = t r (B_z d omega/dz + B_r d omega/dr), omega = (v_0/r) F(r) G(z),
    F = 1 - exp(-r/r_v), G = 2/(1 + exp(2 |z|/z_v)).

    B_phi jumps at z = 0, where the rotation has a kink; there it is that of z > 0.

    **Arguments:**

    - `poloidal`: the field before, which is there still.
    - `twisting_time` t: Myr.
    - `rotation_speed` v_0 = -240 km/s (clockwise as seen from the north), `rotation_radius` r_v = 1.6 kpc,
      `rotation_height` z_v = 10 kpc: not fitted in the paper.

    **Source:** Unger & Farrar 2024, ApJ 970, 95, eqs. 43-47 and table 3, which is `UF23_PARAMETERS`.

    !!! example
        >>> sl.magnetic.UF23TwistedHalo(sl.magnetic.UF23PoloidalHalo())(jnp.array([-8.178, 0.0, 2.0]))
        Array([-0.6509..., -1.6722...,  0.6589...], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Unger2024",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    poloidal: AbstractUF23PoloidalHalo
    twisting_time: Float[Array, ""] = param(_TWIST_X["t"], unit="Myr", symbol="t")
    rotation_speed: Float[Array, ""] = param(-240.0, unit="km/s", symbol="v_0")
    rotation_radius: Float[Array, ""] = param(1.6, unit="kpc", bounds=(0, None), symbol="r_v")
    rotation_height: Float[Array, ""] = param(10.0, unit="kpc", bounds=(0, None), symbol="z_v")

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        place = copies(position)
        x, y, z = jnp.unstack(place())
        radial, vertical = self.poloidal.meridional(place())
        shear_radial, shear_vertical = self._shear(x, y, z)
        azimuthal = self.twisting_time * (vertical * shear_vertical + radial * shear_radial)
        return jnp.stack([radial * x - azimuthal * y, radial * y + azimuthal * x, vertical])

    def structures(self) -> Structures:
        return Structures.layer(0.0, 0.0).ending(endless())

    def _shear(self, x: Scalar, y: Scalar, z: Scalar) -> tuple[Scalar, Scalar]:
        """r d omega/dr and d omega/dz, 1/Myr."""
        _, radius, _ = distances_from_axis(x, y)
        u = radius / self.rotation_radius
        e, mean = exp(-2 * jnp.abs(z) / self.rotation_height), phi1(u)  # mean = F/u
        omega = self.rotation_speed * _KM_PER_S / self.rotation_radius * 2 * e / (1 + e)
        decline = jnp.where(z >= 0, -2, 2) / (self.rotation_height * (1 + e))
        return omega * (exp(-u) - mean), omega * mean * decline
