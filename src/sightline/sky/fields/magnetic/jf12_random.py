from dataclasses import replace
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import arctan2, exp
from ...._core.module import param, setting
from ...._core.safe import safe_sqrt
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField
from .jf12_arms import ARM_RADII, arm_depth, arm_value
from .jf12_shapes import DISK_RADIUS, EDGE_RADIUS, SUN, ratios, within
from .jf12_walls import arms, edges


class JF12RandomAmplitude(AbstractField):
    """Isotropic random field of Jansson & Farrar: the rms of its modulus, sqrt(<B^2>).

    sigma^2 = b_d^2 + b_h^2, b_d = b_k (5 kpc/r) exp(-z^2/(2 z_d^2)) in arm k for r > 5 kpc,
    b_int exp(-z^2/(2 z_d^2)) for r < 5 kpc, b_h = b0 exp(-r/r0) exp(-z^2/(2 z0^2)).
    Zero beyond 20 kpc of the Galactic centre.

    **Arguments:**

    - `b_arms`: b_1 to b_8 at r = 5 kpc, (8,) uG; `b_inner` b_int: uG; `disk_height` z_d: kpc.
    - `b_halo` b0: uG; `halo_radius` r0, `halo_height` z0: kpc.
    - `pitch`: deg; `arm_radii`: (8,) kpc; `smooth`: kpc; as in `JF12Disk`.

    | b_1 | b_2 | b_3 | b_4 | b_5 | b_6 | b_7 | b_8 | b_int | z_d | b0 | r0 | z0 |
    |---|---|---|---|---|---|---|---|---|---|---|---|---|
    | 10.81 | 6.96 | 9.59 | 6.96 | 1.96 | 16.34 | 37.29 | 10.35 | 7.63 | 0.61 | 4.68 | 10.97 | 2.84 |

    **Source:** Jansson & Farrar 2012, ApJL 761, L11, table 1.

    !!! example
        >>> sl.magnetic.JF12RandomAmplitude()(jnp.array([-8.5, 0.0, 0.0]))
        Array(2.445..., dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Jansson2012b",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b_arms: Float[Array, "8"] = param(
        (10.81, 6.96, 9.59, 6.96, 1.96, 16.34, 37.29, 10.35),
        unit="uG",
        symbol="b_k",
    )
    b_inner: Float[Array, ""] = param(7.63, unit="uG", symbol=r"b_\mathrm{int}")
    disk_height: Float[Array, ""] = param(0.61, unit="kpc", bounds=(0, None), symbol=r"z_\mathrm{d}")
    b_halo: Float[Array, ""] = param(4.68, unit="uG", symbol="b_0")
    halo_radius: Float[Array, ""] = param(10.97, unit="kpc", bounds=(0, None), symbol="r_0")
    halo_height: Float[Array, ""] = param(2.84, unit="kpc", bounds=(0, None), symbol="z_0")
    pitch: Float[Array, ""] = param(11.5, unit="deg", bounds=(0, 90), symbol="i")
    arm_radii: Float[Array, "8"] = param(ARM_RADII, unit="kpc", bounds=(0, None), symbol="r_{-x}")
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    @classmethod
    def planck(cls) -> "JF12RandomAmplitude":
        """JF12b: arms of 3.12 and 6.24 uG in turn, b_int = 3.90 uG, b0 = 7.332 uG.

        **Source:** Planck intermediate results XLII 2016, A&A 596, A103.
        """
        return replace(cls(), b_arms=4 * (3.12, 6.24), b_inner=3.90, b_halo=7.332)

    def __call__(self, position: Vector) -> Scalar:
        """Root mean square, () uG, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        square = x * x + y * y
        safe = jnp.maximum(square, 1.0)
        r, cotangent = jnp.sqrt(safe), ratios(self.pitch)[2]
        depth = arm_depth(arctan2(y, x), safe, cotangent, self.arm_radii[-1])
        arm = arm_value(depth, self.arm_radii, self.b_arms, r, cotangent, self.smooth) * DISK_RADIUS / r
        inner = within(DISK_RADIUS, square, self.smooth)
        disk = (arm + inner * (self.b_inner - arm)) * _gaussian(z / self.disk_height)
        halo = self.b_halo * exp(-safe_sqrt(square) / self.halo_radius) * _gaussian(z / self.halo_height)
        return within(EDGE_RADIUS, square + z * z, self.smooth) * safe_sqrt(disk * disk + halo * halo)

    def structures(self) -> Structures:
        spirals = arms(self.arm_radii, self.pitch)
        return Structures.product(edges(self.smooth, hole=False), Structures.cylinders(DISK_RADIUS), spirals)


def _gaussian(u: Scalar) -> Scalar:
    return exp(-0.5 * u * u)
