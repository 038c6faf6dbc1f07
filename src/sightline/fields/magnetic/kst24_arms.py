import math
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.elementary import arctan2, log, power, sincos
from ..._core.module import param, setting
from ..._core.types import Scalar, Vector
from ...geometry import Structures
from ..algebra import TAIL, edge
from ..base import AbstractField
from .kst24_halo import SUN

_AXIS = 1e-3  # kpc; within, polar coordinates are frozen
_START = 3.0  # kpc; radius of an arm at the azimuth -phase
_CENTRE = 1e-6  # square of a fraction of the cross-section; within, powers of it are frozen

Arms = Float[Array, "5"]


class _Arm(NamedTuple):
    """The numbers of one arm, or of all in arrays."""

    b: Array
    phase: Array
    shift: Array
    half_height: Array
    half_width: Array
    exponent: Array
    flare: Array
    inner_radius: Array
    outer_radius: Array
    max_height: Array


class KST24Arms(AbstractField):
    """Spiral arms of KST24: tubes of field along logarithmic spirals, superelliptical in cross-section.

    The axis of an arm is r_a = 3 kpc exp[(phi + phase) tan p] about the point (-shift, 0, 0). With d the distance to
    the axis, to first order, and the widths a_r, a_z, which are w_r, w_z times 1 + flare (r_a - r_f)/sin p, never
    less than w_r, w_z nor more than `max_width`:
    B = b w_r w_z/(a_r a_z) t^ where (d/a_r)^e + (|z|/a_z)^e < 1, inner_radius < r < outer_radius, |z| < max_height;
    t^ is the tangent of the axis, towards growing phi and r.

    **Arguments**, five values each:

    | | Scutum | Carina-Sagittarius | Local | Perseus, low | Perseus |
    |---|---|---|---|---|---|
    | `b` uG | 4.9 | 1.3 | -3.5 | -2 | -3.5 |
    | `phase` deg | -134 | -80 | -2.2 | 46 | 46 |
    | `shift` kpc | 1 | 1.37 | -0.15 | -1 | -1 |
    | `half_height` w_z kpc | 0.8 | 1 | 0.73 | 0.4 | 1.2 |
    | `half_width` w_r kpc | 1 | 0.79 | 1 | 1.1 | 1.1 |
    | `exponent` e | 2 | 2.3 | 1.45 | 2 | 2 |
    | `flare` deg | 0 | 3 | 0 | 0 | 0 |
    | `inner_radius` kpc | 3 | 3 | 3.3 | 3 | 3 |
    | `outer_radius` kpc | 16 | 15 | 14 | 17 | 17 |
    | `max_height` kpc | 1 | 1.2 | 1 | 1 | 2 |

    and for all arms

    - `pitch` p: 20 deg.
    - `flare_radius` r_f: where the widths begin to grow, 5 kpc; `max_width`: where they stop, 1.2 kpc.
    - `smooth`: width of the edges, kpc; of the curved one about this.

    **Source:** Korochkin, Semikoz & Tinyakov 2025, A&A 693, A284.

    !!! example
        >>> sl.magnetic.KST24Arms()(jnp.array([-8.2, 0.0, 0.0]))
        Array([1.302..., 3.248..., 0.        ], dtype=float64)
    """

    sun: ClassVar[tuple[float, float, float]] = SUN
    b: Arms = param((4.9, 1.3, -3.5, -2.0, -3.5), unit="uG", symbol="b")
    phase: Arms = param((-134.0, -80.0, -2.2, 46.0, 46.0), unit="deg", symbol=r"\varphi_0")
    shift: Arms = param((1.0, 1.37, -0.15, -1.0, -1.0), unit="kpc", symbol=r"\Delta x")
    half_height: Arms = param((0.8, 1.0, 0.73, 0.4, 1.2), unit="kpc", bounds=(0, None), symbol="w_z")
    half_width: Arms = param((1.0, 0.79, 1.0, 1.1, 1.1), unit="kpc", bounds=(0, None), symbol="w_r")
    exponent: Arms = param((2.0, 2.3, 1.45, 2.0, 2.0), bounds=(0, None), symbol="e")
    flare: Arms = param((0.0, 3.0, 0.0, 0.0, 0.0), unit="deg", symbol=r"\theta")
    inner_radius: Arms = param((3.0, 3.0, 3.3, 3.0, 3.0), unit="kpc", bounds=(0, None), symbol=r"r_\mathrm{in}")
    outer_radius: Arms = param((16.0, 15.0, 14.0, 17.0, 17.0), unit="kpc", bounds=(0, None), symbol=r"r_\mathrm{out}")
    max_height: Arms = param((1.0, 1.2, 1.0, 1.0, 2.0), unit="kpc", bounds=(0, None), symbol=r"z_\mathrm{max}")
    pitch: Float[Array, ""] = param(20.0, unit="deg", bounds=(0, 90), symbol="p")
    flare_radius: Float[Array, ""] = param(5.0, unit="kpc", bounds=(0, None), symbol="r_f")
    max_width: Float[Array, ""] = param(1.2, unit="kpc", bounds=(0, None), symbol=r"a_\mathrm{max}")
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        x, y, z = position

        @jax.checkpoint
        def add(total: tuple[Scalar, Scalar], arm: _Arm) -> tuple[tuple[Scalar, Scalar], None]:
            bx, by = self._of_arm(arm, x, y, z)
            return (total[0] + bx, total[1] + by), None

        arms = _Arm(*(getattr(self, name) for name in _Arm._fields))
        (bx, by), _ = jax.lax.scan(add, (jnp.zeros_like(x), jnp.zeros_like(y)), arms)
        return jnp.stack([bx, by, jnp.zeros_like(z)])

    def structures(self) -> Structures:
        """Walls and extent: where arms begin and end, and the plane, in which they are widest."""
        centre = jnp.stack([-self.shift, 0 * self.shift, 0 * self.shift], axis=-1)
        ends = [self._cylinders(centre, radius) for radius in (self.inner_radius, self.outer_radius)]
        soft = TAIL * self.smooth
        height = jnp.max(self.max_height if self.smooth else jnp.minimum(self.max_height, self.max_width)) + soft
        cylinder = Structures.cylinders(jnp.max(self.outer_radius + jnp.abs(self.shift)) + soft)
        return Structures.join(*ends).ending(cylinder, Structures.layer(-height, height))

    def _cylinders(self, centre: Float[Array, "5 3"], radius: Arms) -> Structures:
        return Structures.ellipsoids(centre, jnp.stack([radius, radius, jnp.full_like(radius, jnp.inf)], axis=-1))

    def _of_arm(self, arm: _Arm, x: Scalar, y: Scalar, z: Scalar) -> tuple[Scalar, Scalar]:
        x = x + arm.shift
        square = jnp.maximum(x * x + y * y, _AXIS**2)
        radius = jnp.sqrt(square)
        angle = arctan2(y, x) + jnp.deg2rad(arm.phase)
        near_radius, radial, azimuthal, distance_square = self._nearest(angle, square, radius)
        flare = jnp.deg2rad(arm.flare) / sincos(jnp.deg2rad(self.pitch))[0]
        growth = jnp.maximum(1 + flare * (near_radius - self.flare_radius), 1)
        width, height = (jnp.minimum(w * growth, self.max_width) for w in (arm.half_width, arm.half_height))
        inside = edge(_depth(arm, radius, jnp.abs(z), distance_square, width, height), self.smooth)
        strength = arm.b * arm.half_width * arm.half_height * inside / (width * height * radius)
        return strength * (radial * x - azimuthal * y), strength * (radial * y + azimuthal * x)

    def _nearest(self, angle: Scalar, square: Scalar, radius: Scalar) -> tuple[Scalar, Scalar, Scalar, Scalar]:
        """Near point of the axis: its radius, the tangent there on r^ and phi^, and the square of its distance."""
        sin_pitch, cos_pitch = sincos(jnp.deg2rad(self.pitch))
        slope = sin_pitch / cos_pitch
        ahead = 0.5 * cos_pitch / sin_pitch * log(square * (1 / _START**2)) - angle
        ahead = ahead - 2 * math.pi * jnp.round(ahead * (0.5 / math.pi))
        turn = sin_pitch * cos_pitch * (jnp.exp(slope * ahead) - 1)
        near_radius = radius * jnp.exp(slope * (turn - ahead))
        half_sine, half_cosine = sincos(0.5 * turn)
        sine, versine = 2 * half_sine * half_cosine, 2 * half_sine * half_sine
        cosine, step = 1 - versine, near_radius - radius
        distance_square = step * step + 2 * radius * near_radius * versine
        radial, azimuthal = sin_pitch * cosine - cos_pitch * sine, cos_pitch * cosine + sin_pitch * sine
        return near_radius, radial, azimuthal, distance_square


def _depth(arm: _Arm, radius: Scalar, height: Scalar, distance_square: Scalar, a_r: Scalar, a_z: Scalar) -> Scalar:
    """How deep [kpc] a point is inside an arm; negative outside."""
    across, above = distance_square / (a_r * a_r), height * height / (a_z * a_z)
    exponent = 0.5 * arm.exponent
    level = power(jnp.maximum(across, _CENTRE), exponent) + power(jnp.maximum(above, _CENTRE), exponent)
    ends = jnp.minimum(radius - arm.inner_radius, arm.outer_radius - radius)
    return jnp.minimum(jnp.minimum((1 - level) * a_r, arm.max_height - height), ends)
