from dataclasses import replace
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import arctan2, exp
from ...._core.module import param, setting
from ...._core.safe import safe_hypot
from ...._core.types import Vector
from ...geometry import Structures
from ..algebra import edge
from ..base import AbstractField, add, children, copies
from .jf12_arms import ARM_RADII, arm_depth, arm_value
from .jf12_shapes import DISK_RADIUS, EDGE_RADIUS, RING_RADIUS, SUN, halo_weight, ratios, shell, within, x_lines
from .jf12_walls import arms, disk_layer, edges, galaxy, separatrix
from .sides import sides


class JF12Disk(AbstractField):
    """Disk field of Jansson & Farrar: eight spiral arms around a molecular ring.

    B = (1 - L) (5 kpc/r) b_k [sin i r^ + cos i phi^] in arm k, for r > 5 kpc,
    B = (1 - L) (5 kpc/r) b_ring phi^ for 3 < r < 5 kpc, L = 1/(1 + exp(-2 (|z| - h)/w)).
    Zero beyond 20 kpc of the Galactic centre.

    **Arguments:**

    - `b_arms`: b_1 to b_8 at r = 5 kpc, (8,) uG; `b_ring`: uG.
    - `pitch` i: deg; `arm_radii`: where the outer boundaries of the arms cross the negative x axis, (8,) kpc.
    - `transition_height` h, `transition_width` w: kpc; the same numbers as in `JF12ToroidalHalo`.
    - `smooth`: width of all edges, kpc; 0: as published, with no gradient through them.

    | | b_1 | b_2 | b_3 | b_4 | b_5 | b_6 | b_7 | b_8 | b_ring | h | w |
    |---|---|---|---|---|---|---|---|---|---|---|---|
    | value | 0.1 | 3.0 | -0.9 | -0.8 | -2.0 | -4.2 | 0.0 | 2.7 | 0.1 | 0.40 | 0.27 |
    | error | 1.8 | 0.6 | 0.8 | 0.3 | 0.1 | 0.5 | 1.8 | | 0.1 | 0.03 | 0.08 |

    The paper chooses b_8 so that no net flux crosses r = 5 kpc, which takes 2.757, as in `JF12SolenoidalDisk`; 2.7
    is what the public code has.

    **Source:** Jansson & Farrar 2012, ApJ 757, 14, disk component and table 1.

    !!! example
        >>> sl.magnetic.JF12Disk()(jnp.array([-8.5, 0.0, 0.0]))
        Array([0.223..., 1.096..., 0.        ], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Jansson2012",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b_arms: Float[Array, "8"] = param((0.1, 3.0, -0.9, -0.8, -2.0, -4.2, 0.0, 2.7), unit="uG", symbol="b_k")
    b_ring: Float[Array, ""] = param(0.1, unit="uG", symbol=r"b_\mathrm{ring}")
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
        arm = arm_value(depth, self.arm_radii, self.b_arms, r, cotangent, self.smooth)
        inner, hollow = within(DISK_RADIUS, square, self.smooth), within(RING_RADIUS, square, self.smooth)
        disk = 1 - halo_weight(z, self.transition_height, self.transition_width)
        weight = DISK_RADIUS * disk * within(EDGE_RADIUS, square + z * z, self.smooth)
        arm, ring = weight * (1 - inner) * arm / safe, weight * (inner - hollow) * self.b_ring / safe
        radial, azimuthal = arm * sine, arm * cosine + ring
        return jnp.stack([radial * x - azimuthal * y, radial * y + azimuthal * x, jnp.zeros_like(z)])

    def structures(self) -> Structures:
        layer = disk_layer(self.transition_height, self.transition_width)
        walls = Structures.join(
            arms(self.arm_radii, self.pitch),
            Structures.cylinders((RING_RADIUS, DISK_RADIUS)),
            edges(self.smooth, hole=False),
            sides(self.transition_height),
        )
        return walls.ending(galaxy(self.smooth), layer)


class JF12ToroidalHalo(AbstractField):
    """Toroidal halo field of Jansson & Farrar, different on either side of the plane.

    B = B_n exp(-|z|/z0) L(|z|, h, w) [1 - L(r, r_n, w_h)] phi^ for z >= 0, with B_s and r_s for z < 0;
    L(s, c, w) = 1/(1 + exp(-2 (s - c)/w)). Zero within 1 kpc and beyond 20 kpc of the Galactic centre.

    **Arguments:**

    - `b_north` B_n, `b_south` B_s: uG; `radius_north` r_n, `radius_south` r_s, `radial_width` w_h: kpc.
    - `scale_height` z0: kpc.
    - `transition_height` h, `transition_width` w: kpc; the same numbers as in `JF12Disk`.
    - `smooth`: width of all edges, kpc; 0: as published.

    | | B_n | B_s | r_n | r_s | w_h | z0 | h | w |
    |---|---|---|---|---|---|---|---|---|
    | value | 1.4 | -1.1 | 9.22 | > 16.7, here 17 | 0.20 | 5.3 | 0.40 | 0.27 |
    | error | 0.1 | 0.1 | 0.08 | | 0.12 | 1.6 | 0.03 | 0.08 |

    **Source:** Jansson & Farrar 2012, ApJ 757, 14, toroidal halo component and table 1.

    !!! example
        >>> sl.magnetic.JF12ToroidalHalo()(jnp.array([-8.5, 0.0, 1.0]))
        Array([-0.        , -1.144...,  0.        ], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Jansson2012",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b_north: Float[Array, ""] = param(1.4, unit="uG", symbol=r"B_\mathrm{n}")
    b_south: Float[Array, ""] = param(-1.1, unit="uG", symbol=r"B_\mathrm{s}")
    radius_north: Float[Array, ""] = param(9.22, unit="kpc", bounds=(0, None), symbol=r"r_\mathrm{n}")
    radius_south: Float[Array, ""] = param(17.0, unit="kpc", bounds=(0, None), symbol=r"r_\mathrm{s}")
    radial_width: Float[Array, ""] = param(0.20, unit="kpc", bounds=(0, None), symbol=r"w_\mathrm{h}")
    scale_height: Float[Array, ""] = param(5.3, unit="kpc", bounds=(0, None), symbol="z_0")
    transition_height: Float[Array, ""] = param(0.40, unit="kpc", symbol=r"h_\mathrm{disk}")
    transition_width: Float[Array, ""] = param(0.27, unit="kpc", bounds=(0, None), symbol=r"w_\mathrm{disk}")
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        r = safe_hypot(x, y)
        south = edge(-z, self.smooth)
        b = self.b_north + south * (self.b_south - self.b_north)
        radius = self.radius_north + south * (self.radius_south - self.radius_north)
        halo = halo_weight(z, self.transition_height, self.transition_width)
        halo = halo * jax.nn.sigmoid((radius - r) * (2 / self.radial_width))
        b = b * halo * exp(-jnp.abs(z) / self.scale_height) * shell(r * r + z * z, self.smooth)
        azimuthal = b / jnp.where(r > 0, r, 1)
        return jnp.stack([-azimuthal * y, azimuthal * x, jnp.zeros_like(z)])

    def structures(self) -> Structures:
        return Structures.product(edges(self.smooth, hole=True), sides(self.transition_height))


class JF12XField(AbstractField):
    """X-shaped halo field of Jansson & Farrar.

    The field line through a point crosses the plane at r_p, that of r_p = r_X0 passes r_c = r_X0 + |z|/tan T.
    r < r_c: r_p = r r_X0/r_c, |B| = B_X exp(-r_p/r_X) (r_p/r)^2, at the elevation arctan(r_c tan T/r);
    r > r_c: r_p = r - |z|/tan T, |B| = B_X exp(-r_p/r_X) r_p/r, at the elevation T.
    B_z > 0, B_r > 0 in the north, B_r < 0 in the south. Zero within 1 kpc and beyond 20 kpc of the centre.

    **Arguments:**

    - `b_x` B_X: uG; `elevation` T: deg; `start_radius` r_X0, `scale_radius` r_X: kpc.
    - `smooth`: width of all edges, kpc; 0: as published.

    | | B_X | T | r_X0 | r_X |
    |---|---|---|---|---|
    | value | 4.6 | 49 | 4.8 | 2.9 |
    | error | 0.3 | 1 | 0.2 | 0.1 |

    **Source:** Jansson & Farrar 2012, ApJ 757, 14, X-field component and table 1.

    !!! example
        >>> sl.magnetic.JF12XField()(jnp.array([-8.5, 0.0, 1.0]))
        Array([-0.195...,  0.        ,  0.224...], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Jansson2012",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b_x: Float[Array, ""] = param(4.6, unit="uG", symbol=r"B_\mathrm{X}")
    elevation: Float[Array, ""] = param(49.0, unit="deg", bounds=(0, 90), symbol=r"\Theta_\mathrm{X}^0")
    start_radius: Float[Array, ""] = param(4.8, unit="kpc", bounds=(0, None), symbol=r"r_\mathrm{X}^c")
    scale_radius: Float[Array, ""] = param(2.9, unit="kpc", bounds=(0, None), symbol=r"r_\mathrm{X}")
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        r, height, angles = safe_hypot(x, y), jnp.abs(z), ratios(self.elevation)
        inner = edge(self.start_radius + height * angles[2] - r, self.smooth)
        planar, vertical = x_lines(r, height, inner, angles, self.start_radius, self.scale_radius)
        b = self.b_x * shell(r * r + z * z, self.smooth)
        planar = b * planar * (1 - 2 * edge(-z, self.smooth))
        return jnp.stack([planar * x, planar * y, b * vertical])

    def structures(self) -> Structures:
        plane = Structures.layer(0.0, 0.0)
        return Structures.product(edges(self.smooth, hole=True), plane, separatrix(self.start_radius, self.elevation))


class JF12(AbstractField):
    """Regular Galactic magnetic field of Jansson & Farrar: B = disk + toroidal halo + X field.

    The Sun of the model is 8.5 kpc from the Galactic centre. Each component is free of divergence but for its
    edges; `JF12Solenoidal` mends these. The random field is `JF12RandomAmplitude`. The striated field,
    B times sqrt(beta) with random signs, beta = 1.36 +- 0.36, belongs to the emission: it multiplies the
    B_perp^2 that weights synchrotron by 1 + beta and leaves rotation measures as they are.

    **Arguments:** `disk`, `toroidal`, `x_field`: the components, any fields.

    **Source:** Jansson & Farrar 2012, ApJ 757, 14.

    !!! example
        >>> sl.magnetic.JF12()(jnp.array([-8.5, 0.0, 0.0]))
        Array([0.062..., 1.027..., 0.185...], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Jansson2012",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    disk: AbstractField = eqx.field(default_factory=JF12Disk)
    toroidal: AbstractField = eqx.field(default_factory=JF12ToroidalHalo)
    x_field: AbstractField = eqx.field(default_factory=JF12XField)

    @classmethod
    def planck(cls) -> "JF12":
        """JF12b, adjusted to the synchrotron polarisation seen by Planck: b_6 = -3.5 uG, B_X = 1.8 uG.

        **Source:** Planck Collaboration Int. XLII 2016, A&A 596, A103.
        """
        disk = replace(JF12Disk(), b_arms=(0.1, 3.0, -0.9, -0.8, -2.0, -3.5, 0.0, 2.7))
        return cls(disk=disk, x_field=replace(JF12XField(), b_x=1.8))

    def components(self, position: Vector) -> dict[str, Vector]:
        """Terms of the field by name, (3,) uG each, at a position, (3,) kpc."""
        place = copies(position)
        return {name: getattr(self, name)(place()) for name in ("disk", "toroidal", "x_field")}

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        return add(*self.components(position).values())

    def structures(self) -> Structures:
        return Structures.join(*(part.structures() for part in children(self)))
