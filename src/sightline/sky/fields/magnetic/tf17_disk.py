"""The three disk fields of TF17, each of azimuthal wavenumber 1."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import exp, sincos
from ...._core.module import param, setting
from ...._core.safe import safe_sqrt
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..algebra import edge
from ..base import AbstractField
from .endless import endless
from .sides import windings
from .tf17_spiral import SUN, TF17Spiral


class TF17DiskA(AbstractField):
    """Disk Ad1 of TF17: field lines that flare, z = z_1 (1 + a r^2)/(1 + a r_1^2), and run straight through the centre.

    With k = (1 + a r_1^2)/(1 + a r^2) and B_0 = b1 exp(-|k z|/H) cos(theta - g - phase):
    r > r_1: B_r = (r_1/r) k B_0, B_z = 2 a r_1 k z/(1 + a r^2) B_0, B_theta by the spiral g;
    r <= r_1: straight lines, of modulus b1 exp(-|z|/H), towards the azimuth g(r_1, z) + phase.

    **Arguments:**

    - `b1`: field at r = r_1, z = 0; uG.
    - `scale_height` H, `inner_radius` r_1: kpc; `flare` a: kpc^-2; `phase`: deg.
    - `spiral`: g; `smooth`: width of the change at r_1, where B_z jumps; kpc.

    **Source:** Terral & Ferrière 2017, A&A 600, A29; model A of Ferrière & Terral 2014, A&A 561, A100.

    !!! example
        >>> sl.magnetic.TF17DiskA()(jnp.array([-8.5, 0.0, 0.0]))
        Array([-0.219..., -1.256...,  0.        ], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Terral2017",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b1: Float[Array, ""] = param(32.0, unit="uG", symbol="B_1")
    scale_height: Float[Array, ""] = param(0.054, unit="kpc", bounds=(0, None), symbol="H")
    phase: Float[Array, ""] = param(-31.0, unit="deg", symbol=r"\varphi_\star")
    flare: Float[Array, ""] = param(0.031, unit="kpc-2", bounds=(0, None), symbol="a")
    inner_radius: Float[Array, ""] = param(3.0, unit="kpc", bounds=(0, None), symbol="r_1")
    spiral: TF17Spiral = eqx.field(default_factory=TF17Spiral)
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        winding = self.spiral.wind(position)
        z, radius = winding.height, jnp.maximum(winding.radius, self.inner_radius)
        per_growth = 1 / (1 + self.flare * radius * radius)
        k = (1 + self.flare * self.inner_radius * self.inner_radius) * per_growth
        decay = exp(-k * jnp.abs(z) * (1 / self.scale_height))
        b0 = self.b1 * self.inner_radius * k * decay * winding.wave(self.phase)
        bx, by, bz = jnp.unstack(winding.field(b0 / radius, 2 * self.flare * z * per_growth * b0))
        outside = edge(winding.radius - self.inner_radius, self.smooth)
        straight_x, straight_y = self._straight(z)
        inside = 1 - outside
        return jnp.stack([outside * bx + inside * straight_x, outside * by + inside * straight_y, outside * bz])

    def structures(self) -> Structures:
        walls = Structures.join(Structures.cylinders(self.inner_radius), Structures.layer(0.0, 0.0))
        return walls.ending(endless())

    def _straight(self, z: Scalar) -> tuple[Scalar, Scalar]:
        sine, cosine = sincos(self.spiral.angle(self.inner_radius, z) + jnp.deg2rad(self.phase))
        modulus = self.b1 * exp(-jnp.abs(z) * (1 / self.scale_height))
        return -modulus * cosine, modulus * sine


class TF17DiskB(AbstractField):
    """Disk Bd1 of TF17: field lines that are closest to the plane at r_1, z = z_1 [(r/r_1)^-2 + 4 (r/r_1)^(1/2)]/5.

    With k = z_1/z and B_0 = b1 exp(-|k z|/H) cos(theta - g - phase):
    B_r = (r_1/r) k B_0, B_z = (dz/dr) B_r along a line, B_theta by the spiral g.

    **Arguments:** `b1`: uG; `scale_height` H, `inner_radius` r_1: kpc; `phase`: deg; `spiral`: g.

    **Source:** Terral & Ferrière 2017, A&A 600, A29; model B of Ferrière & Terral 2014, A&A 561, A100.

    !!! example
        >>> sl.magnetic.TF17DiskB()(jnp.array([-8.5, 0.0, 0.0]))
        Array([-0.787... , -4.558...,  0.        ], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Terral2017",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b1: Float[Array, ""] = param(24.0, unit="uG", symbol="B_1")
    scale_height: Float[Array, ""] = param(0.09, unit="kpc", bounds=(0, None), symbol="H")
    phase: Float[Array, ""] = param(-34.0, unit="deg", symbol=r"\varphi_\star")
    inner_radius: Float[Array, ""] = param(3.0, unit="kpc", bounds=(0, None), symbol="r_1")
    spiral: TF17Spiral = eqx.field(default_factory=lambda: TF17Spiral(pitch=-9.0))

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        winding = self.spiral.wind(position)
        z, per_radius = winding.height, 1 / self.inner_radius
        ratio = winding.radius * per_radius
        flare = ratio * ratio * jnp.sqrt(ratio)
        per_growth = 1 / (1 + 4 * flare)
        k = 5 * ratio * ratio * per_growth
        b0 = self.b1 * exp(-k * jnp.abs(z) * (1 / self.scale_height)) * winding.wave(self.phase)
        slope = -10 * per_radius * z * (1 - flare) * per_growth * per_growth
        return winding.field(5 * ratio * per_growth * b0, slope * b0)

    def structures(self) -> Structures:
        return Structures.join(Structures.layer(0.0, 0.0), windings()).ending(endless())


class TF17DiskD(AbstractField):
    """Disk Dd1 of TF17: field lines closest to the axis at |z| = z_1, r = r_1 (2 w^(1/2) + 1/w)/3, w = z_1/|z|.

    With q = r_1/r and B_0 = sign(z) b1 F cos(theta - g - phase),
    F = min(1, exp(1 - q r/L)):
    B_r = -(q^3/3) (r/|z|) (w^(1/2) - 1/w) B_0, B_z = sign(z) q^2 B_0, B_theta by the spiral g.

    **Arguments:**

    - `b1`: vertical field at |z| = z_1; uG.
    - `scale_radius` L, `reference_height` z_1: kpc; `phase`: deg.
    - `spiral`: g; `smooth`: width of the jump of B_r at z = 0; kpc.

    **Source:** Terral & Ferrière 2017, A&A 600, A29; model D of Ferrière & Terral 2014, A&A 561, A100.

    !!! example
        >>> sl.magnetic.TF17DiskD()(jnp.array([-8.5, 0.0, 0.5]))
        Array([ 0.407..., -1.348...,  0.065...], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Terral2017",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b1: Float[Array, ""] = param(0.4, unit="uG", symbol="B_1")
    scale_radius: Float[Array, ""] = param(2.9, unit="kpc", bounds=(0, None), symbol="L")
    phase: Float[Array, ""] = param(120.0, unit="deg", symbol=r"\varphi_\star")
    reference_height: Float[Array, ""] = param(1.5, unit="kpc", bounds=(0, None), symbol="z_1")
    spiral: TF17Spiral = eqx.field(default_factory=lambda: TF17Spiral(pitch=-8.4))
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        winding = self.spiral.wind(position)
        z, radius = winding.height, winding.radius
        per_height = 1 / self.reference_height
        ratio = jnp.abs(z) * per_height
        root = safe_sqrt(ratio)
        per_growth = 1 / (1 + 0.5 * ratio * root)
        q = 1.5 * root * per_growth
        falloff = exp(jnp.minimum(1 - q * radius * (1 / self.scale_radius), 0))
        b0 = self.b1 * falloff * winding.wave(self.phase)
        side = jnp.tanh(z / self.smooth) if self.smooth else jnp.sign(z)
        spread = 1.125 * per_height * (1 - ratio * root) * per_growth * per_growth * per_growth
        return winding.field(-side * spread * radius * b0, q * q * b0)

    def structures(self) -> Structures:
        return Structures.layer(0.0, 0.0).ending(endless())
