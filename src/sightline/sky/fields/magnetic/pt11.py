import math
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import exp, log, sincos
from ...._core.module import param, setting
from ...._core.safe import safe_hypot
from ...._core.types import Vector
from ...geometry import Structures
from ..algebra import edge
from ..base import AbstractField, add, children, copies
from .endless import endless
from .sides import sides, windings

_AXIS = 1e-6  # kpc; within, the winding of the spiral, which is without end, is frozen
_REVERSALS = (1.0, 20.0)  # kpc; radii between which the kinks at reversals are told of
_PUBLISHED = {
    "ASS": ({"pitch": -5.0, "bisymmetric": False}, {"b_south": 2.0}),
    "BSS": ({"pitch": -6.0, "bisymmetric": True}, {"b_south": 4.0}),
}


class PT11(AbstractField):
    """Spiral disk and toroidal halo fitted to the rotation measures of extragalactic sources.

    "ASS": axisymmetric spiral, the field vanishes between the arms and keeps its direction; "BSS": bisymmetric, it
    reverses there. The paper finds ASS the better fit. They differ in three numbers:

    | variant | disk.pitch | disk.bisymmetric | halo.b_south |
    |---|---|---|---|
    | ASS | -5 deg | False | 2 uG |
    | BSS | -6 deg | True | 4 uG |

    It is not solenoidal: the divergence reaches 1.4 uG/kpc.

    **Arguments:** `variant`: "ASS" or "BSS"; `disk`, `halo`: replace the components of the variant.

    **Raises:** `ValueError` for another variant.

    **Source:** Pshirkov, Tinyakov, Kronberg & Newton-McGee 2011, ApJ 738, 192.

    !!! example
        >>> sl.magnetic.PT11("ASS")(jnp.array([-8.5, 0.0, 0.0]))
        Array([0.174..., 2.063..., 0.        ], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Pshirkov2011",)
    disk: "PT11Disk"
    halo: "PT11Halo"

    def __init__(self, variant: str = "ASS", *, disk: "PT11Disk | None" = None, halo: "PT11Halo | None" = None):
        if variant not in _PUBLISHED:
            raise ValueError(f"PT11: variant {variant!r}: choose one of {', '.join(map(repr, _PUBLISHED))}.")
        of_disk, of_halo = _PUBLISHED[variant]
        self.disk = PT11Disk(**of_disk) if disk is None else disk
        self.halo = PT11Halo(**of_halo) if halo is None else halo

    @property
    def sun(self) -> tuple[float, float, float]:
        """The model's own Sun, (3,) kpc."""
        return self.disk.sun

    def components(self, position: Vector) -> dict[str, Vector]:
        """Terms of the field by name, (3,) uG each, at a position, (3,) kpc."""
        place = copies(position)
        return {"disk": self.disk(place()), "halo": self.halo(place())}

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        return add(*self.components(position).values())

    def structures(self) -> Structures:
        return Structures.join(*(part.structures() for part in children(self)))


class PT11Disk(AbstractField):
    """Disk of PT11: a logarithmic spiral of constant pitch p with reversals.

    B = b0 R_sun / (max(r, R_c) cos P) C exp(-|z|/h) [sin p r^ + cos p theta^],
    c = cos(theta - ln(r/R_sun)/tan p + P), C = c (BSS) or |c| (ASS), P = ln(1 + d/R_sun)/tan p - pi/2;
    theta is the azimuth counted clockwise seen from north, 0 at the Sun.

    **Arguments:**

    | name | symbol | value | |
    |---|---|---|---|
    | `b0` | B_0 | 2 uG | scale of the field at the Sun |
    | `pitch` | p | -5 (ASS), -6 (BSS) deg | pitch angle |
    | `reversal` | d | -0.6 kpc | where c first vanishes, from the Sun; negative: towards the centre |
    | `core_radius` | R_c | 5 kpc | within, the amplitude is constant |
    | `scale_height` | h | 1 kpc | |
    | `bisymmetric` | | False | whether the field changes direction at a reversal |
    | `sun` | | (-8.5, 0, 0) kpc | the model's own Sun |

    **Source:** Pshirkov et al. 2011, ApJ 738, 192; with the direction of the azimuth that the authors confirmed
    in 2018: older codes may have it the wrong way round.

    !!! example
        >>> sl.magnetic.PT11Disk(bisymmetric=True)(jnp.array([-8.5, 0.0, 0.0]))
        Array([0.174..., 1.992... , 0.        ], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Pshirkov2011",)
    b0: Float[Array, ""] = param(2.0, unit="uG", symbol="B_0")
    pitch: Float[Array, ""] = param(-5.0, unit="deg", bounds=(-90, 90), symbol="p")
    reversal: Float[Array, ""] = param(-0.6, unit="kpc", symbol="d")
    core_radius: Float[Array, ""] = param(5.0, unit="kpc", bounds=(0, None), symbol="R_c")
    scale_height: Float[Array, ""] = param(1.0, unit="kpc", bounds=(0, None), symbol="h")
    bisymmetric: bool = setting(False)
    sun: tuple[float, float, float] = setting((-8.5, 0.0, 0.0), unit="kpc")

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        sun = (self.sun[0] ** 2 + self.sun[1] ** 2) ** 0.5
        square = jnp.maximum(x * x + y * y, _AXIS**2)
        sin_pitch, cos_pitch = sincos(jnp.deg2rad(self.pitch))
        cotangent = cos_pitch / sin_pitch
        at_sun = log(1 + self.reversal / sun) * cotangent
        # c = sin(theta - winding), with cos(theta) = -x/r and sin(theta) = y/r; cos P = sin(at_sun)
        sine, cosine = sincos(0.5 * cotangent * log(square / sun**2) - at_sun)
        wave = y * cosine + x * sine
        wave = wave if self.bisymmetric else jnp.abs(wave)
        scale = self.b0 * sun / sincos(at_sun)[0] * exp(-jnp.abs(z) * (1 / self.scale_height))
        planar = scale * wave / (square * jnp.maximum(jnp.sqrt(square), self.core_radius))
        radial, clockwise = planar * sin_pitch, planar * cos_pitch
        return jnp.stack([radial * x + clockwise * y, radial * y - clockwise * x, jnp.zeros_like(z)])

    def structures(self) -> Structures:
        height = 14 * self.scale_height
        walls = [Structures.layer(0.0, 0.0), Structures.cylinders(self.core_radius), windings()]
        if not self.bisymmetric:
            tangent = jnp.tan(jnp.deg2rad(self.pitch))
            sun = (self.sun[0] ** 2 + self.sun[1] ** 2) ** 0.5
            radii = (sun + self.reversal) * jnp.stack([jnp.ones_like(tangent), exp(math.pi * tangent)])
            walls.append(Structures.spiral_walls(radii, -self.pitch, *_REVERSALS, height, windings=6))
        return Structures.join(*walls).ending(endless(), Structures.layer(-height, height))


class PT11Halo(AbstractField):
    """Halo of PT11: a torus above the disk and one of opposite direction below.

    B = s (r/R_H) exp(1 - r/R_H) / [1 + ((|z| - z_H)/w)^2] phi^,
    s = b_north for z > 0, -b_south for z <= 0, w = w_inner for |z| < z_H, w_outer beyond.

    **Arguments:**

    | name | symbol | value | |
    |---|---|---|---|
    | `b_north` | | 4 uG | field at the ring's centre above the disk |
    | `b_south` | | 2 (ASS), 4 (BSS) uG | the same below, where it points the other way |
    | `ring_height` | z_H | 1.3 kpc | |
    | `ring_radius` | R_H | 8 kpc | |
    | `inner_width` | w_inner | 0.25 kpc | towards the disk |
    | `outer_width` | w_outer | 0.4 kpc | away from it |
    | `smooth` | | 0 kpc | width of the change of direction at z = 0 |

    **Source:** Pshirkov et al. 2011, ApJ 738, 192.

    !!! example
        >>> sl.magnetic.PT11Halo()(jnp.array([-8.0, 0.0, 1.3]))
        Array([-0., -4.,  0.], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Pshirkov2011",)
    sun: ClassVar[tuple[float, float, float]] = (-8.5, 0.0, 0.0)
    b_north: Float[Array, ""] = param(4.0, unit="uG", symbol=r"B_\mathrm{N}")
    b_south: Float[Array, ""] = param(2.0, unit="uG", symbol=r"B_\mathrm{S}")
    ring_height: Float[Array, ""] = param(1.3, unit="kpc", bounds=(0, None), symbol="z_H")
    ring_radius: Float[Array, ""] = param(8.0, unit="kpc", bounds=(0, None), symbol="R_H")
    inner_width: Float[Array, ""] = param(0.25, unit="kpc", bounds=(0, None), symbol=r"w_\mathrm{inner}")
    outer_width: Float[Array, ""] = param(0.4, unit="kpc", bounds=(0, None), symbol=r"w_\mathrm{outer}")
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        north = edge(z, self.smooth)
        height = jnp.abs(z) - self.ring_height
        offset = height * jnp.where(height < 0, 1 / self.inner_width, 1 / self.outer_width)
        per_radius = 1 / self.ring_radius
        profile = per_radius * exp(1 - safe_hypot(x, y) * per_radius) / (1 + offset * offset)
        planar = profile * (north * self.b_north - (1 - north) * self.b_south)
        return jnp.stack([-planar * y, planar * x, jnp.zeros_like(z)])

    def structures(self) -> Structures:
        return sides(self.ring_height).ending(endless(), Structures.cylinders(18 * self.ring_radius))
