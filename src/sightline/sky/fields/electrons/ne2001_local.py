"""The local interstellar medium of NE2001 and NE2025."""

import abc
import math
from dataclasses import replace
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import sincos
from ...._core.module import param, setting
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..algebra import edge
from ..base import AbstractField, copies
from ..ends import Reach, widest
from .ne2001_disk import SUN, grown

_PINCHED = 0.001  # kpc, half width of the Local Hot Bubble at its lower end

Layer = tuple[Scalar, Scalar]


class AbstractRegion(AbstractField):
    """A region that displaces what lies below it."""

    sun: ClassVar[tuple[float, float, float]] = SUN

    @abc.abstractmethod
    def layer(self, position: Vector) -> Layer:
        """Density [cm^-3] times weight, and weight, 1 inside and 0 outside, at a position, (3,) kpc."""

    @abc.abstractmethod
    def reach(self) -> Reach:
        """How far it reaches from the Galactic centre."""

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, zero outside, at a position, (3,) kpc."""
        return self.layer(position)[0]


def stack(*layers: Layer) -> Layer:
    """One layer of several, each on top of those before it."""
    density, weight = layers[0]
    for value, cover in layers[1:]:
        density, weight = density * (1 - cover) + value, weight * (1 - cover) + cover
    return density, weight


class NE2001Ellipsoid(AbstractRegion):
    """A uniform ellipsoid of NE2001: the region called LDR by default, LSB with the other numbers.

    (u/a)^2 + (v/b)^2 + (w/c)^2 < 1 from the centre, w north, u and v in the plane; u points towards l = 90
    for Theta = 0 and turns towards l = 180.

    **Arguments:**

    - `density`: cm^-3; `semi_axes` a, b, c: (3,) kpc; `angle` Theta: deg.
    - `centre`: Galactocentric, (3,) kpc.
    - `smooth`: width of the edge as a fraction of the left-hand side; 0: sharp, as published, with no
      gradient for the shape.

    | | density | a, b, c | Theta | centre |
    |---|---|---|---|---|
    | LDR, quadrant 1 | 0.012 | 1.5, 0.75, 0.5 | -24.2 | -8.06, 1.36, 0 |
    | LSB, Local Superbubble | 0.016 | 1.05, 0.425, 0.325 | 139 | -9.0, -0.75, -0.05 |

    **Source:** Cordes & Lazio 2002, arXiv:astro-ph/0207156.

    !!! example
        >>> sl.electrons.NE2001Ellipsoid()(jnp.array([-8.06, 1.36, 0.0]))
        Array(0.012, dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Cordes2002", "Cordes2003")
    density: Float[Array, ""] = param(0.012, unit="cm-3", bounds=(0, None), symbol="n")
    semi_axes: Float[Array, "3"] = param((1.5, 0.75, 0.5), unit="kpc", bounds=(0, None), symbol="a, b, c")
    angle: Float[Array, ""] = param(-24.2, unit="deg", symbol=r"\Theta")
    centre: tuple[float, float, float] = setting((-8.06, 1.36, 0.0), unit="kpc")
    smooth: float = setting(0.0, bounds=(0, None))

    def layer(self, position: Vector) -> Layer:
        x, y, z = (coordinate - centre for coordinate, centre in zip(jnp.unstack(position), self.centre, strict=True))
        a, b, c = self.semi_axes
        sine, cosine = sincos(jnp.deg2rad(self.angle))
        u, v = y * cosine - x * sine, -y * sine - x * cosine
        weight = edge(1 - (u / a) ** 2 - (v / b) ** 2 - (z / c) ** 2, self.smooth)
        return self.density * weight, weight

    def structures(self) -> Structures:
        sine, cosine = sincos(jnp.deg2rad(self.angle))
        axes = jnp.zeros((3, 3)).at[:2, :2].set(jnp.stack([-sine, cosine, -cosine, -sine]).reshape(2, 2))
        scales = jnp.asarray((1.0, grown(self.smooth)))[:, None]
        wall, end = (
            Structures.ellipsoids(self.centre, scale * self.semi_axes, axes.at[2, 2].set(1)) for scale in scales
        )
        return wall.ending(end)

    def reach(self) -> Reach:
        (a, b, c), scale = self.semi_axes, grown(self.smooth)
        x, y, z = self.centre
        return math.hypot(x, y) + scale * jnp.maximum(a, b), abs(z) + scale * c


class NE2001LocalHotBubble(AbstractRegion):
    """The Local Hot Bubble of NE2001: a slanted elliptic cylinder, pinched below the plane.

    (u/a)^2 + (v/b)^2 < 1 and |z - z_c| < c, u towards l = 90 and v towards l = 0 from an axis that leans by
    `tilt` away from the Galactic centre; below the plane a falls linearly to 1 pc at the lower end.

    **Arguments:**

    - `density`: cm^-3; `semi_axes` a, b, c: (3,) kpc; `tilt`: deg.
    - `centre`: Galactocentric, (3,) kpc.
    - `smooth`: width of the edge as a fraction of the left-hand side; 0: sharp, as published, with no
      gradient for the shape.

    **Source:** Cordes & Lazio 2002, arXiv:astro-ph/0207156: density 0.005; 0.085, 0.100, 0.330; 15 deg.

    !!! example
        >>> sl.electrons.NE2001LocalHotBubble()(jnp.array([-8.5, 0.0, 0.1]))
        Array(0.005, dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Cordes2002", "Cordes2003")
    density: Float[Array, ""] = param(0.005, unit="cm-3", bounds=(0, None), symbol=r"n_\mathrm{LHB}")
    semi_axes: Float[Array, "3"] = param((0.085, 0.100, 0.330), unit="kpc", bounds=(0, None), symbol="a, b, c")
    tilt: Float[Array, ""] = param(15.0, unit="deg", bounds=(-80, 80), symbol=r"\theta")
    centre: tuple[float, float, float] = setting((-8.45, 0.01, 0.17), unit="kpc")
    smooth: float = setting(0.0, bounds=(0, None))

    def layer(self, position: Vector) -> Layer:
        x, y, z = jnp.unstack(position)
        x_centre, y_centre, z_centre = self.centre
        a, b, c = self.semi_axes
        sine, cosine = sincos(jnp.deg2rad(self.tilt))
        pinch = jnp.clip(z / (z_centre - c), 0, 1)
        a = _PINCHED + (a - _PINCHED) * (1 - pinch)
        u, v = (y - y_centre) / a, (x - x_centre + z * (sine / cosine)) / b
        weight = edge(1 - u * u - v * v, self.smooth) * edge(1 - ((z - z_centre) / c) ** 2, self.smooth)
        return self.density * weight, weight

    def structures(self) -> Structures:
        """Its wall above the plane, and where it begins, narrows and ends."""
        x_centre, y_centre, z_centre = self.centre
        a, b, c = self.semi_axes
        sine, cosine = sincos(jnp.deg2rad(self.tilt))
        none = jnp.zeros_like(a)
        rows = [none, 1 / a, none, 1 / b, none, sine / cosine / b, none, none, none]
        rows, scale = jnp.stack(rows).reshape(3, 3), grown(self.smooth)
        wall, end = (Structures.surfaces((x_centre, y_centre, 0.0), rows / size) for size in (1.0, scale))
        bottom, top = (jnp.stack([z_centre - size * c, z_centre + size * c]) for size in (1.0, scale))
        layers = Structures.layer(jnp.stack([bottom[0], none]), jnp.stack([bottom[1], bottom[1]]))
        return Structures.join(wall, layers).ending(end, Structures.layer(top[0], top[1]))

    def reach(self) -> Reach:
        x, y, z = self.centre
        (a, b, c), scale = self.semi_axes, grown(self.smooth)
        height = abs(z) + scale * c
        return math.hypot(x, y) + scale * jnp.maximum(a, b) + height * jnp.abs(jnp.tan(jnp.deg2rad(self.tilt))), height


class NE2001LoopI(AbstractRegion):
    """Loop I of NE2001: the northern half of a ball in a shell of another density.

    **Arguments:**

    - `density`, `shell_density`: cm^-3; `radius`, `shell_thickness`: kpc.
    - `centre`: Galactocentric, (3,) kpc.
    - `smooth`: width of the two spheres as a fraction of (distance/radius)^2; 0: sharp, as published.

    **Source:** Cordes & Lazio 2002, arXiv:astro-ph/0207156: 0.0125 in both; 0.12 and 0.06 kpc.

    !!! example
        >>> sl.electrons.NE2001LoopI()(jnp.array([-8.4, 0.0, 0.07]))
        Array(0.0125, dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Cordes2002", "Cordes2003")
    density: Float[Array, ""] = param(0.0125, unit="cm-3", bounds=(0, None), symbol=r"n_\mathrm{LI}")
    shell_density: Float[Array, ""] = param(0.0125, unit="cm-3", bounds=(0, None), symbol=r"\Delta n_\mathrm{LI}")
    radius: Float[Array, ""] = param(0.12, unit="kpc", bounds=(0, None), symbol=r"r_\mathrm{LI}")
    shell_thickness: Float[Array, ""] = param(0.06, unit="kpc", bounds=(0, None), symbol=r"\Delta r_\mathrm{LI}")
    centre: tuple[float, float, float] = setting((-8.40, -0.045, 0.07), unit="kpc")
    smooth: float = setting(0.0, bounds=(0, None))

    def layer(self, position: Vector) -> Layer:
        x, y, z = (coordinate - centre for coordinate, centre in zip(jnp.unstack(position), self.centre, strict=True))
        square = x * x + y * y + z * z
        core = edge(1 - square / self.radius**2, self.smooth)
        ball = edge(1 - square / (self.radius + self.shell_thickness) ** 2, self.smooth)
        weight = jnp.where(position[2] >= 0, ball, 0)
        return (self.density * core + self.shell_density * (1 - core)) * weight, weight

    def structures(self) -> Structures:
        """Its spheres, and the layer above the plane that they reach into."""
        outer = self.radius + self.shell_thickness
        spheres = Structures.balls(self.centre, jnp.stack([self.radius, outer]))
        above = Structures.layer(0.0, self.centre[2] + outer)
        return Structures.join(spheres, above).ending(Structures.balls(self.centre, grown(self.smooth) * outer))

    def reach(self) -> Reach:
        x, y, z = self.centre
        radius = grown(self.smooth) * (self.radius + self.shell_thickness)
        return math.hypot(x, y) + radius, abs(z) + radius


class NE2001LocalISM(AbstractRegion):
    """The local interstellar medium of NE2001: four regions, each on top of those before it.

    **Arguments:** `low_density_region`, `local_superbubble`, `loop_i`, `local_hot_bubble`, lowest first.

    **Source:** Cordes & Lazio 2002, arXiv:astro-ph/0207156.

    !!! example
        >>> sl.electrons.NE2001LocalISM()(jnp.array([-8.5, 0.0, 0.0]))
        Array(0.005, dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Cordes2002", "Cordes2003")
    low_density_region: NE2001Ellipsoid = eqx.field(default_factory=NE2001Ellipsoid)
    local_superbubble: NE2001Ellipsoid = eqx.field(
        default_factory=lambda: replace(
            NE2001Ellipsoid(),
            density=0.016,
            semi_axes=(1.05, 0.425, 0.325),
            angle=139.0,
            centre=(-9.0, -0.75, -0.05),
        )
    )
    loop_i: NE2001LoopI = eqx.field(default_factory=NE2001LoopI)
    local_hot_bubble: NE2001LocalHotBubble = eqx.field(default_factory=NE2001LocalHotBubble)

    @property
    def _regions(self) -> tuple[AbstractRegion, ...]:
        return self.low_density_region, self.local_superbubble, self.loop_i, self.local_hot_bubble

    def layer(self, position: Vector) -> Layer:
        place = copies(position)
        return stack(*(region.layer(place()) for region in self._regions))

    def structures(self) -> Structures:
        return Structures.join(*(region.structures() for region in self._regions))

    def reach(self) -> Reach:
        return widest(*(region.reach() for region in self._regions))
