from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.module import param, setting
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField, copies
from ..ends import LOGISTIC
from .kst24_halo import SUN
from .kst24_tube import TUBE, Tube

Arms = Float[Array, "5"]


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

    cites: ClassVar[tuple[str, ...]] = ("Korochkin2025",)
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
        place = copies(position)
        x, y, z = jnp.unstack(place())

        @jax.checkpoint
        def add(total: tuple[Scalar, Scalar], tube: Tube) -> tuple[tuple[Scalar, Scalar], None]:
            bx, by = tube.field(place(), self.smooth)
            return (total[0] + bx, total[1] + by), None

        (bx, by), _ = jax.lax.scan(add, (jnp.zeros_like(x), jnp.zeros_like(y)), self._tubes())
        return jnp.stack([bx, by, jnp.zeros_like(z)])

    def structures(self) -> Structures:
        """Walls and extent: the surfaces of the arms."""
        radius, height = self.reach()
        walls = Structures.bodies(self._tubes(), self.b.size)
        return walls.ending(Structures.cylinders(radius), Structures.layer(-height, height))

    def reach(self) -> tuple[Scalar, Scalar]:
        """Radius and height [kpc] of what holds all arms."""
        soft = LOGISTIC * self.smooth
        height = jnp.max(self.max_height if self.smooth else jnp.minimum(self.max_height, self.max_width))
        return jnp.max(self.outer_radius + jnp.abs(self.shift)) + soft, height + soft

    def _tubes(self) -> Tube:
        """All arms as one tube, whose leaves have five values."""
        return Tube(*(jnp.broadcast_to(getattr(self, name), self.b.shape) for name in TUBE))
