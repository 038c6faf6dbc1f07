"""The spiral arms of NE2001 and NE2025."""

import math
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ...._core.elementary import azimuth, sincos
from ...._core.module import param
from ...._core.safe import safe_hypot, sech2
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField
from ..ends import SECH2, Reach, disk
from .ne2001_arm_shape import REACH, SEGMENTS, arm_table, outermost
from .ne2001_disk import SUN
from .ne2001_lookup import Columns, Index, take

Place = tuple[Scalar, Scalar]
_HEIGHT = 2.3  # kpc, 10 h_a, where arms are cut
_SEAMS = 180.0, 183.0  # deg from +x, at which f_3 jumps


class NE2001SpiralArms(AbstractField):
    """Five spiral arms of NE2001: sum_j n_j exp(-(s_j/w_j)^2) sech^2(z/h_j) f_j(theta) g(r).

    s_j is the distance in the plane from arm j, a logarithmic spiral r_min exp((theta - theta_min)/a)
    deformed here and there, theta counted counter-clockwise from the direction of the Sun;
    g = sech^2((r - A)/W) for r > A, else 1;
    f_2 = [1.1 + 0.9 cos(2 pi (theta - 340)/30)]/2 between 340 and 370 deg, else 1;
    f_3 = [(1 + cos(2 pi (theta - 290)/73))/2]^4 between 290 and 363 deg, else 1;
    zero for s_j > 1.95 kpc = 3 w_a and for |z| > 2.3 kpc = 10 h_a.

    The arms are what the published program makes of them: the natural cubic spline of r(theta) through 20
    nodes, sampled every 5 deg kpc/r_min, and straight lines in between; in f_3 theta jumps to 0 at 360 deg.

    **Arguments:**

    - `density` n_j: (5,) cm^-3; `width` w_j, `scale_height` h_j: (5,) kpc; the published n_a, w_a and h_a
      times the factor of each arm.
    - `outer_radius` A, `outer_width` W: kpc.

    | | n_j/n_a, n_a = 0.028 cm^-3 | w_j/w_a, w_a = 0.65 kpc | h_j/h_a, h_a = 0.23 kpc | A | W |
    |---|---|---|---|---|---|
    | NE2001 | 0.5, 1.2, 1.3, 1.0, 0.25 | 1, 1.5, 1, 0.8, 1 | 1, 0.8, 1.3, 1.5, 1 | 10.5 | 2 |
    | NE2025 | 0.5, 1.5, 2.7, 3.7, 0.25 | 1, 1.5, 1, 0.96, 1 | 1, 0.8, 1.3, 1.5, 1 | 10.5 | 2 |

    **Source:** Cordes & Lazio 2002, arXiv:astro-ph/0207156, and 2003, arXiv:astro-ph/0301598; Ocker & Cordes
    2026, arXiv:2602.11838.

    !!! example
        >>> sl.electrons.NE2001SpiralArms()(jnp.array([-6.5, 0.0, 0.0]))
        Array(0.02505..., dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Cordes2002", "Cordes2003")
    density: Float[Array, "5"] = param(
        (0.014, 0.0336, 0.0364, 0.028, 0.007), unit="cm-3", bounds=(0, None), symbol="n_j"
    )
    width: Float[Array, "5"] = param((0.65, 0.975, 0.65, 0.52, 0.65), unit="kpc", bounds=(0, None), symbol="w_j")
    scale_height: Float[Array, "5"] = param(
        (0.23, 0.184, 0.299, 0.345, 0.23), unit="kpc", bounds=(0, None), symbol="h_j"
    )
    outer_radius: Float[Array, ""] = param(10.5, unit="kpc", bounds=(0, None), symbol="A_a")
    outer_width: Float[Array, ""] = param(2.0, unit="kpc", bounds=(0, None))
    sun: ClassVar[tuple[float, float, float]] = SUN

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        distances, modulations, total = arm_distances(x, y), _modulations(x, y), jnp.zeros_like(x)
        for j, (distance, modulation) in enumerate(zip(distances, modulations, strict=True)):
            across = jnp.exp(-((distance / self.width[j]) ** 2)) * modulation
            value = self.density[j] * across * sech2(z / self.scale_height[j])
            total = total + jnp.where(distance < REACH, value, 0)
        outside = jnp.maximum(safe_hypot(x, y) - self.outer_radius, 0)
        return jnp.where(jnp.abs(z) < _HEIGHT, total * sech2(outside / self.outer_width), 0)

    def reach(self) -> Reach:
        """How far they reach."""
        radius = jnp.minimum(outermost() + REACH, self.outer_radius + SECH2 * self.outer_width)
        return radius, jnp.minimum(_HEIGHT, SECH2 * jnp.max(self.scale_height))

    def structures(self) -> Structures:
        """The meridians at which the modulation of an arm jumps."""
        return Structures.meridians(*_SEAMS).ending(*disk(*self.reach()))


def arm_distances(x: Scalar, y: Scalar) -> list[Scalar]:
    """Distance [kpc] from (x, y) to each arm, or something large where that is out of reach.

    A loop, so that XLA compiles the search once and does not repeat it wherever a distance is used. The search has no
    derivatives: a point keeps its nearest segment, or corner, but on lines of no area.
    """
    table = arm_table()
    columns = jax.tree.map(lambda *values: jnp.asarray(values, x.dtype), *table.columns)
    grids = columns, jnp.asarray(table.offset, jnp.int32)
    _, nearest = jax.lax.scan(_nearest, (lax.stop_gradient(x), lax.stop_gradient(y)), grids)
    return [_distance(x, y, *arm) for arm in zip(*map(jnp.unstack, nearest), strict=True)]


def _nearest(place: Place, grid: tuple[Columns, Index]) -> tuple[Place, tuple[Scalar, ...]]:
    """The nearest point of an arm [kpc], and the unit vector along it there, (0, 0) at a corner."""
    table, (x, y), (columns, offset) = arm_table(), place, grid
    first = take(table.first, columns.locate(x, y) + offset).astype(jnp.int32)
    near = [first + k for k in range(SEGMENTS + 1)]
    corners = [(take(table.x, k, x), take(table.y, k, x)) for k in near]
    least, found = jnp.full_like(x, jnp.inf), 5 * (x,)
    for k, (x1, y1), (x2, y2) in zip(near[:-1], corners[:-1], corners[1:], strict=True):
        along_x, along_y, inverse = x2 - x1, y2 - y1, take(table.inverse, k, x)
        along = ((x - x1) * along_x + (y - y1) * along_y) * inverse
        inverse, along = jnp.where((along > 0) & (along < 1), inverse, 0), jnp.clip(along, 0, 1)
        foot_x, foot_y = x1 + along * along_x, y1 + along * along_y
        square = (x - foot_x) ** 2 + (y - foot_y) ** 2
        closer, segment = square < least, (foot_x, foot_y, along_x, along_y, inverse)
        least = jnp.where(closer, square, least)
        found = tuple(jnp.where(closer, new, old) for new, old in zip(segment, found, strict=True))
    foot_x, foot_y, along_x, along_y, inverse = found
    scale = jnp.sqrt(inverse)
    return place, (foot_x, foot_y, along_x * scale, along_y * scale)


def _distance(x: Scalar, y: Scalar, foot_x: Scalar, foot_y: Scalar, along_x: Scalar, along_y: Scalar) -> Scalar:
    """Distance [kpc] to the line through a point along a unit vector, or to the point where that is 0."""
    x, y = x - foot_x, y - foot_y
    slipped = x * along_x + y * along_y
    return safe_hypot(x - slipped * along_x, y - slipped * along_y)


def _modulations(x: Scalar, y: Scalar) -> tuple[Scalar | float, ...]:
    """f_1 to f_5."""
    theta = azimuth(-y, -x)
    second, third = _wave(theta, 340.0, 30.0), _wave(theta, 290.0, 73.0)
    return 1.0, 0.1 + 0.9 * second, third**4, 1.0, 1.0


def _wave(theta: Scalar, start: float, width: float) -> Scalar:
    """(1 + cos)/2 with one period between `start` and `start` + `width` [deg], 1 elsewhere."""
    inside = (theta >= math.radians(start)) | (theta < math.radians(start + width - 360))
    phase = (theta - math.radians(start)) * (360 / width)
    return jnp.where(inside, 0.5 + 0.5 * sincos(phase)[1], 1)
