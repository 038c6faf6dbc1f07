"""The axisymmetric components of NE2001 and NE2025: thick disk, thin disk and Galactic centre."""

import math
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import sincos
from ...._core.module import param, setting
from ...._core.safe import safe_hypot, sech2
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..algebra import edge
from ..base import AbstractField
from ..ends import LOGISTIC, SECH2, Reach, disk

SUN = (-8.5, 0.0, 0.0)
"""The Sun [kpc] of NE2001 and NE2025."""
_THIN_EDGE = 10.0  # ((r - A2)/w)^2 beyond which there is no thin disk
_CENTRE = (0.0, -0.010, -0.020)  # kpc, centroid of the Galactic centre component


class NE2001ThickDisk(AbstractField):
    """Thick disk of NE2001: n1 sech^2(z/h1) cos(pi r/2 A1)/cos(pi R_sun/2 A1) for r < A1, zero beyond.

    **Arguments:** `column` n1 h1: kpc cm^-3, from the plane to infinity at the Sun, R_sun = 8.5 kpc;
    `scale_height` h1 and `radius` A1: kpc.

    | | n1 h1 | h1 | A1 |
    |---|---|---|---|
    | NE2001 | 0.033 | 0.97 | 17.5 |
    | NE2025 | 0.0275 | 1.589 | 17.5 |

    **Source:** Cordes & Lazio 2002, arXiv:astro-ph/0207156; Ocker & Cordes 2026, arXiv:2602.11838.

    !!! example
        >>> sl.electrons.NE2001ThickDisk()(jnp.array([-8.5, 0.0, 0.0]))
        Array(0.0340..., dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Cordes2002", "Cordes2003")
    column: Float[Array, ""] = param(0.033, unit="kpc cm-3", bounds=(0, None), symbol="n_1 h_1")
    scale_height: Float[Array, ""] = param(0.97, unit="kpc", bounds=(0, None), symbol="h_1")
    radius: Float[Array, ""] = param(17.5, unit="kpc", bounds=(-SUN[0], None), symbol="A_1")
    sun: ClassVar[tuple[float, float, float]] = SUN

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        quarter = 0.5 * math.pi / self.radius
        phase = jnp.minimum(quarter * safe_hypot(x, y), 0.5 * math.pi)
        radial = jnp.maximum(sincos(phase)[1], 0) / sincos(-SUN[0] * quarter)[1]
        return self.column / self.scale_height * radial * sech2(z / self.scale_height)

    def reach(self) -> Reach:
        """How far it reaches."""
        return self.radius, SECH2 * self.scale_height

    def structures(self) -> Structures:
        return Structures.cylinders(self.radius).ending(*disk(*self.reach()))


class NE2001ThinDisk(AbstractField):
    """Thin disk of NE2001, an annulus: n2 exp(-((r - A2)/w)^2) sech^2(z/h2), zero for ((r - A2)/w)^2 > 10.

    **Arguments:** `n2`: cm^-3; `scale_height` h2, `radius` A2 and `width` w: kpc.

    | | n2 | h2 | A2 | w |
    |---|---|---|---|---|
    | NE2001 | 0.08 | 0.15 | 3.8 | 1.8 |
    | NE2025 | 0.08 | 0.15 | 4.3 | 1.8 |

    **Source:** Cordes & Lazio 2002, arXiv:astro-ph/0207156; Ocker & Cordes 2026, arXiv:2602.11838.

    !!! example
        >>> sl.electrons.NE2001ThinDisk()(jnp.array([-3.8, 0.0, 0.0]))
        Array(0.08, dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Cordes2002", "Cordes2003")
    n2: Float[Array, ""] = param(0.08, unit="cm-3", bounds=(0, None), symbol="n_2")
    scale_height: Float[Array, ""] = param(0.15, unit="kpc", bounds=(0, None), symbol="h_2")
    radius: Float[Array, ""] = param(3.8, unit="kpc", bounds=(0, None), symbol="A_2")
    width: Float[Array, ""] = param(1.8, unit="kpc", bounds=(0, None), symbol="w")
    sun: ClassVar[tuple[float, float, float]] = SUN

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        offset = (safe_hypot(x, y) - self.radius) / self.width
        square = offset * offset
        density = self.n2 * jnp.exp(-square) * sech2(z / self.scale_height)
        return jnp.where(square < _THIN_EDGE, density, 0)

    def reach(self) -> Reach:
        """How far it reaches."""
        # from the Sun, a ray may rise above the plane while exp(-((r - A2)/w)^2) grows by as much as exp(_THIN_EDGE)
        return self.radius + math.sqrt(_THIN_EDGE) * self.width, (SECH2 + 0.5 * _THIN_EDGE) * self.scale_height

    def structures(self) -> Structures:
        """The layer that holds most of it, and where it ends."""
        layer = Structures.layer(-2 * self.scale_height, 2 * self.scale_height)
        inner = jnp.maximum(self.radius - math.sqrt(_THIN_EDGE) * self.width, 0)
        rims = Structures.cylinders(jnp.stack([inner, self.reach()[0]]))
        return Structures.join(layer, rims).ending(*disk(*self.reach()))


class NE2001GalacticCentre(AbstractField):
    """Galactic centre component of NE2001: uniform in (rho/R)^2 + ((z - z_c)/h)^2 < 1, zero outside.

    rho is the distance from the axis through its centroid, which lies 10 pc from the Galactic centre towards
    l = 270 and 20 pc south of it.

    **Arguments:** `density`: cm^-3; `radius` R, `height` h: kpc; `smooth`: width of the edge as a fraction of
    the left-hand side, 0: sharp, as published, with no gradient for `radius` and `height`.

    | | density | R | h |
    |---|---|---|---|
    | NE2001 | 10.0 | 0.145 | 0.026 |
    | NE2025 | 10.0 | 0.145 | 0.050 |

    **Source:** Cordes & Lazio 2002, arXiv:astro-ph/0207156; Ocker & Cordes 2026, arXiv:2602.11838.

    !!! example
        >>> sl.electrons.NE2001GalacticCentre()(jnp.array([0.0, 0.0, -0.02]))
        Array(10., dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Cordes2002", "Cordes2003")
    density: Float[Array, ""] = param(10.0, unit="cm-3", bounds=(0, None), symbol=r"n_\mathrm{GC}")
    radius: Float[Array, ""] = param(0.145, unit="kpc", bounds=(0, None), symbol=r"R_\mathrm{GC}")
    height: Float[Array, ""] = param(0.026, unit="kpc", bounds=(0, None), symbol=r"h_\mathrm{GC}")
    smooth: float = setting(0.0, bounds=(0, None))
    sun: ClassVar[tuple[float, float, float]] = SUN

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        x, y, z = (coordinate - centre for coordinate, centre in zip(jnp.unstack(position), _CENTRE, strict=True))
        planar, vertical = (x * x + y * y) / self.radius**2, (z / self.height) ** 2
        return self.density * edge(1 - planar - vertical, self.smooth)

    def structures(self) -> Structures:
        wall = self._spheroid(1.0)
        return wall.ending(self._spheroid(grown(self.smooth)))

    def _spheroid(self, scale: float) -> Structures:
        return Structures.ellipsoids(_CENTRE, scale * jnp.stack([self.radius, self.radius, self.height]))

    def reach(self) -> Reach:
        """How far it reaches."""
        x, y, z = _CENTRE
        scale = grown(self.smooth)
        return math.hypot(x, y) + scale * self.radius, abs(z) + scale * self.height


def grown(smooth: float) -> float:
    """How much larger a region is to where its edge, a logistic of the squared distance, has faded."""
    return math.sqrt(1 + LOGISTIC * smooth)
