from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import arctan2
from ...._core.module import param, setting
from ...._core.safe import safe_hypot
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..algebra import edge
from ..base import AbstractField, add, children, copies
from .jf12 import JF12ToroidalHalo
from .jf12_arms import ARM_RADII, arm_depth, arm_intercepts, arm_value, close_flux
from .jf12_shapes import DISK_RADIUS, EDGE_RADIUS, SUN, halo_weight, ratios, within, x_lines
from .jf12_walls import arms, bent_separatrix, disk_layer, edges, galaxy, separatrix
from .sides import sides


class JF12SolenoidalDisk(AbstractField):
    """Disk field of Jansson & Farrar with the flux of its arms closed before r = 5 and 20 kpc.

    B = (1 - L) [p b sin i r^ + (p b cos i - q H sin i) phi^] for 5 < r < 20 kpc, with b = b_k in arm k, H its
    integral from azimuth 0 to that at which the spiral through a point crosses r = 5 kpc, L as in `JF12Disk`.
    p = 5 kpc/r and q = 0, but within `margin` of either end, r from r_b = 8 to r_a = 5 kpc or 17 to 20 kpc,
    p = (5 kpc/r_b) [2 - r/r_b + f (r - r_b)^2], q = d(r p)/dr, f = (r_a/r_b - 2)/(r_a - r_b)^2.
    There is no molecular ring.

    **Arguments:**

    - `b_arms`: b_1 to b_7 at r = 5 kpc, (7,) uG; b_8, 2.757 uG, follows: no net flux crosses r = 5 kpc.
    - `margin`: delta = 3 kpc.
    - `pitch`, `arm_radii`, `transition_height`, `transition_width`: as in `JF12Disk`.
    - `smooth`: width of all edges, kpc; 0: as published. Soft arms have some divergence.

    **Source:** Kleimann, Schorlepp, Merten & Becker Tjus 2019, ApJ 877, 76, spiral disk field.

    !!! example
        >>> sl.magnetic.JF12SolenoidalDisk()(jnp.array([-8.5, 0.0, 0.0]))
        Array([0.223..., 1.096..., 0.        ], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Jansson2012", "Kleimann2019")
    sun: ClassVar[tuple[float, float, float]] = SUN
    b_arms: Float[Array, "7"] = param((0.1, 3.0, -0.9, -0.8, -2.0, -4.2, 0.0), unit="uG", symbol="b_k")
    margin: Float[Array, ""] = param(3.0, unit="kpc", bounds=(0, 7.5), symbol=r"\delta")
    pitch: Float[Array, ""] = param(11.5, unit="deg", bounds=(0, 90), symbol="i")
    arm_radii: Float[Array, "8"] = param(ARM_RADII, unit="kpc", bounds=(0, None), symbol="r_{-x}")
    transition_height: Float[Array, ""] = param(0.40, unit="kpc", symbol=r"h_\mathrm{disk}")
    transition_width: Float[Array, ""] = param(0.27, unit="kpc", bounds=(0, None), symbol=r"w_\mathrm{disk}")
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        square = x * x + y * y
        safe = jnp.maximum(square, 1.0)
        r, (sine, cosine, cotangent) = jnp.sqrt(safe), ratios(self.pitch)
        depth = arm_depth(arctan2(y, x), safe, cotangent, self.arm_radii[-1])
        values = close_flux(self.b_arms, self.arm_radii, cotangent)
        intercepts = arm_intercepts(values, self.arm_radii, cotangent)
        arm = arm_value(depth, self.arm_radii, values, r, cotangent, self.smooth)
        flux = arm * depth + arm_value(depth, self.arm_radii, intercepts, r, cotangent, self.smooth)
        p, q = closing(r, self.margin)
        disk = 1 - halo_weight(z, self.transition_height, self.transition_width)
        inside = within(EDGE_RADIUS, square + z * z, self.smooth) - within(DISK_RADIUS, square, self.smooth)
        weight = disk * inside / r
        radial, azimuthal = weight * p * arm * sine, weight * (p * arm - q * flux) * cosine  # flux: H tan i
        return jnp.stack([radial * x - azimuthal * y, radial * y + azimuthal * x, jnp.zeros_like(z)])

    def structures(self) -> Structures:
        layer = disk_layer(self.transition_height, self.transition_width)
        walls = Structures.join(
            arms(self.arm_radii, self.pitch),
            Structures.cylinders(DISK_RADIUS),
            edges(self.smooth, hole=False),
            sides(self.transition_height),
        )
        return walls.ending(galaxy(self.smooth), layer)


def closing(r: Scalar, margin: Scalar) -> tuple[Scalar, Scalar]:
    """p and q of the disk, which turn the flux round before it reaches either end."""
    near = r < 0.5 * (DISK_RADIUS + EDGE_RADIUS)
    a = jnp.where(near, DISK_RADIUS, EDGE_RADIUS).astype(r.dtype)
    b = jnp.where(near, DISK_RADIUS + margin, EDGE_RADIUS - margin)
    step = r - b
    turning = (near & (step < 0)) | (~near & (step > 0))
    f = (a / b - 2) / ((a - b) * (a - b))
    p = DISK_RADIUS / b * (2 - r / b + f * step * step)
    q = DISK_RADIUS / b * (2 - 2 * r / b + f * step * (3 * r - b))
    return jnp.where(turning, p, DISK_RADIUS / r), jnp.where(turning, q, 0)


class JF12SolenoidalXField(AbstractField):
    """X-shaped halo field of Jansson & Farrar with lines that cross the plane smoothly, as parabolas.

    For |z| > z_s it is `JF12XField`, without the hole at the centre. Below, the line through a point passes
    (r_0, z_s); B_r = (z/z_s) F B_r(r_0, z_s) and B_z = F B_z(r_0, z_s) of that field. With g = 1 - (z/z_s)^2,
    inside the separatrix r_0 = r/(1 - kappa g), F = (r_0/r)^2, kappa = z_s/(2 (z_s + r_X0 tan T)),
    outside r_0 = r + g z_s/(2 tan T), F = r_0/r.

    **Arguments:**

    - `plane_height` z_s: 0.5 kpc.
    - `b_x`, `elevation`, `start_radius`, `scale_radius`: as in `JF12XField`.
    - `smooth`: width of all edges, kpc; 0: as published.

    **Source:** Kleimann, Schorlepp, Merten & Becker Tjus 2019, ApJ 877, 76, X-shaped halo field.

    !!! example
        >>> sl.magnetic.JF12SolenoidalXField()(jnp.array([-8.5, 0.0, 0.0]))
        Array([-0.        ,  0.        ,  0.194...], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Jansson2012", "Kleimann2019")
    sun: ClassVar[tuple[float, float, float]] = SUN
    plane_height: Float[Array, ""] = param(0.5, unit="kpc", bounds=(0, None), symbol=r"z_\mathrm{s}")
    b_x: Float[Array, ""] = param(4.6, unit="uG", symbol=r"B_\mathrm{X}")
    elevation: Float[Array, ""] = param(49.0, unit="deg", bounds=(0, 90), symbol=r"\Theta_\mathrm{X}^0")
    start_radius: Float[Array, ""] = param(4.8, unit="kpc", bounds=(0, None), symbol=r"r_\mathrm{X}^c")
    scale_radius: Float[Array, ""] = param(2.9, unit="kpc", bounds=(0, None), symbol=r"r_\mathrm{X}")
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc.

        With the shift s = g z_s/(2 tan T) and the separatrix r_c at max(|z|, z_s), both sides have
        r_0/r = 1 + s/max(r, r_c - s), because kappa r_c = z_s/(2 tan T).
        """
        x, y, z = jnp.unstack(position)
        r, low = safe_hypot(x, y), jnp.abs(z) < self.plane_height
        height = jnp.where(low, self.plane_height, jnp.abs(z))
        slope = jnp.where(low, z / self.plane_height, jnp.sign(z))
        angles = ratios(self.elevation)
        shift = (1 - slope * slope) * (0.5 * self.plane_height * angles[2])
        separatrix = self.start_radius + height * angles[2] - shift
        inner = edge(separatrix - r, self.smooth)
        ratio = 1 + shift / jnp.where(r < separatrix, separatrix, r)
        planar, vertical = x_lines(ratio * r, height, inner, angles, self.start_radius, self.scale_radius)
        b = self.b_x * ratio * (1 + inner * (ratio - 1)) * within(EDGE_RADIUS, r * r + z * z, self.smooth)
        planar = b * planar * ratio * slope
        return jnp.stack([planar * x, planar * y, b * vertical])

    def structures(self) -> Structures:
        low = bent_separatrix(self.start_radius, self.elevation, self.plane_height)
        high = separatrix(self.start_radius, self.elevation)
        return Structures.product(edges(self.smooth, hole=False), sides(self.plane_height), low, high)


class JF12Solenoidal(AbstractField):
    """Regular field of Jansson & Farrar without divergence: B = disk + toroidal halo + X field.

    The Sun of the model is 8.5 kpc from the Galactic centre. For its striated and random fields see `JF12`.

    **Arguments:** `disk`, `toroidal`, `x_field`: the components, any fields.

    **Source:** Kleimann et al. 2019, ApJ 877, 76; Jansson & Farrar 2012, ApJ 757, 14.

    !!! example
        >>> sl.magnetic.JF12Solenoidal()(jnp.array([-8.5, 0.0, 0.0]))
        Array([0.223..., 1.027..., 0.194...], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Jansson2012", "Kleimann2019")
    sun: ClassVar[tuple[float, float, float]] = SUN
    disk: AbstractField = eqx.field(default_factory=JF12SolenoidalDisk)
    toroidal: AbstractField = eqx.field(default_factory=JF12ToroidalHalo)
    x_field: AbstractField = eqx.field(default_factory=JF12SolenoidalXField)

    def components(self, position: Vector) -> dict[str, Vector]:
        """Terms of the field by name, (3,) uG each, at a position, (3,) kpc."""
        place = copies(position)
        return {name: getattr(self, name)(place()) for name in ("disk", "toroidal", "x_field")}

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        return add(*self.components(position).values())

    def structures(self) -> Structures:
        return Structures.join(*(part.structures() for part in children(self)))
