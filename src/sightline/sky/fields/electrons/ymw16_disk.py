from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.module import Module, param
from ...._core.safe import safe_hypot
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField
from ..ends import Reach, disk
from .ymw16_profiles import offset, profile

SUN = (-8.3, 0.0, 0.006)
"""The Sun [kpc] of YMW16."""
CUT = 6.0  # every profile of the model ends at so many of its scale lengths


class DiskPlace(NamedTuple):
    """A position as the disks see it: kpc, the height in units of H, and the outer cutoff g_d."""

    x: Scalar
    y: Scalar
    radius: Scalar
    height: Scalar
    relative_height: Scalar
    cutoff: Scalar


class YMW16DiskShape(Module):
    """Warp, flare and outer cutoff, shared by the disks and spiral arms of YMW16.

    The height above the warped plane is z_w = z - g (R - R_w) y/R for R > R_w, else z; the scale height of
    the gas H = h0 + h1 R + h2 R^2; the cutoff g_d = sech^2((R - B_d)/A_d) for R > B_d, else 1. Nothing is
    left beyond R = B_d + 6 A_d.

    **Arguments:**

    | | symbol | value | |
    |---|---|---|---|
    | `warp_slope` | g | 0.14 | |
    | `warp_radius` | R_w | 8.4 | kpc |
    | `flare` | h0, h1, h2 | 0.032, 0.0016, 0.0004 | (3,) kpc, 1, kpc^-1 |
    | `cutoff_radius` | B_d | 15 | kpc |
    | `cutoff_scale` | A_d | 2.5 | kpc |

    **Source:** Yao, Manchester & Wang 2017, ApJ 835, 29.

    !!! example
        >>> shape = sl.electrons.YMW16DiskShape(warp_slope=0.0)
    """

    cites: ClassVar[tuple[str, ...]] = ("Yao2017",)
    warp_slope: Float[Array, ""] = param(0.14, symbol=r"\Gamma_w")
    warp_radius: Float[Array, ""] = param(8.4, unit="kpc", bounds=(0, None), symbol="R_w")
    flare: Float[Array, "3"] = param((0.032, 1.6e-3, 4e-4), symbol="h_k", doc="kpc, 1, kpc-1")
    cutoff_radius: Float[Array, ""] = param(15.0, unit="kpc", bounds=(0, None), symbol="B_d")
    cutoff_scale: Float[Array, ""] = param(2.5, unit="kpc", bounds=(0, None), symbol="A_d")

    def __call__(self, position: Vector) -> DiskPlace:
        """A position, (3,) kpc, as the disks see it."""
        x, y, z = jnp.unstack(position)
        radius = safe_hypot(x, y)
        warp = self.warp_slope * jnp.maximum(radius - self.warp_radius, 0) * y / jnp.where(radius > 0, radius, 1)
        beyond = jnp.maximum(radius - self.cutoff_radius, 0)
        cutoff = profile(beyond <= CUT * self.cutoff_scale, beyond * (1 / self.cutoff_scale))
        h0, h1, h2 = self.flare
        height = z - warp
        return DiskPlace(x, y, radius, height, height / (h0 + radius * (h1 + radius * h2)), cutoff)

    def scale_height(self, radius: Scalar) -> Scalar:
        """The largest H, kpc, within a radius."""
        h0, h1, h2 = self.flare
        return jnp.maximum(h0, h0 + radius * (h1 + radius * h2))

    def reach(self, height: Scalar, radius: Scalar | None = None) -> Reach:
        """How far reaches what is left to a height above the warped plane, and to a radius."""
        edge = self.cutoff_radius + CUT * self.cutoff_scale
        edge = edge if radius is None else jnp.minimum(radius, edge)
        return edge, height + jnp.abs(self.warp_slope) * jnp.maximum(edge - self.warp_radius, 0)

    def walls(self) -> Structures:
        """Where the warp begins, and the height above the plane bends."""
        return Structures.cylinders(self.warp_radius)


def place_of(shape: YMW16DiskShape | None, position: Vector) -> DiskPlace:
    """A position as the disks see it, by default with the published shape."""
    if shape is not None:
        return shape(position)
    return jax.tree.map(lambda leaf: leaf.astype(position.dtype), YMW16DiskShape())(position)


def published(shape: YMW16DiskShape | None) -> YMW16DiskShape:
    """The shape, by default the published one."""
    return YMW16DiskShape() if shape is None else shape


class YMW16ThickDisk(AbstractField):
    """Thick disk of YMW16, the warm ionised medium: n_1 = n g_d sech^2(z_w/h), zero beyond |z_w| = 6 h.

    **Arguments:**

    - `n0` n: cm^-3, 0.01132; `scale_height` h: kpc, 1.673.
    - `shape`: warp and cutoff, see `YMW16DiskShape`; None: as published and not learnable.

    **Source:** Yao, Manchester & Wang 2017, ApJ 835, 29.

    !!! example
        >>> sl.electrons.YMW16ThickDisk()(jnp.array([-8.3, 0.0, 0.0]))
        Array(0.01132, dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Yao2017",)
    n0: Float[Array, ""] = param(0.01132, unit="cm-3", bounds=(0, None), symbol="n_1")
    scale_height: Float[Array, ""] = param(1.673, unit="kpc", bounds=(0, None), symbol="H_1")
    shape: YMW16DiskShape | None = None
    sun: ClassVar[tuple[float, float, float]] = SUN

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        return self.density(place_of(self.shape, position))

    def density(self, place: DiskPlace) -> Scalar:
        """Density, () cm^-3, at a place in the disk."""
        upwards = place.height * (1 / self.scale_height)
        return self.n0 * place.cutoff * profile(jnp.abs(upwards) <= CUT, upwards)

    def reach(self, shape: YMW16DiskShape) -> Reach:
        """How far it reaches in a shape."""
        return shape.reach(CUT * self.scale_height)

    def walls(self) -> Structures:
        """Where it ends above and below the plane, as far as that is not warped."""
        return Structures.layer(-CUT * self.scale_height, CUT * self.scale_height)

    def structures(self) -> Structures:
        shape = published(self.shape)
        return Structures.join(shape.walls(), self.walls()).ending(*disk(*self.reach(shape)))


class YMW16ThinDisk(AbstractField):
    """Thin disk of YMW16, the molecular ring: n_2 = n g_d sech^2((R - B)/A) sech^2(z_w/(k H)).

    Zero beyond R = B + 6 A and |z_w| = 6 k H.

    **Arguments:**

    - `n0` n: cm^-3, 0.404; `ring_radius` B, `ring_width` A: kpc, 4.0 and 1.2.
    - `thickness` k: scale height in units of the H of the shape, 1.54.
    - `shape`: warp, flare and cutoff, see `YMW16DiskShape`; None: as published and not learnable.

    **Source:** Yao, Manchester & Wang 2017, ApJ 835, 29.

    !!! example
        >>> sl.electrons.YMW16ThinDisk()(jnp.array([-4.0, 0.0, 0.0]))
        Array(0.404, dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Yao2017",)
    n0: Float[Array, ""] = param(0.404, unit="cm-3", bounds=(0, None), symbol="n_2")
    ring_radius: Float[Array, ""] = param(4.0, unit="kpc", bounds=(0, None), symbol="B_2")
    ring_width: Float[Array, ""] = param(1.2, unit="kpc", bounds=(0, None), symbol="A_2")
    thickness: Float[Array, ""] = param(1.54, bounds=(0, None), symbol="K_2")
    shape: YMW16DiskShape | None = None
    sun: ClassVar[tuple[float, float, float]] = SUN

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        return self.density(place_of(self.shape, position))

    def density(self, place: DiskPlace) -> Scalar:
        """Density, () cm^-3, at a place in the disk."""
        outwards = offset(place.radius, self.ring_radius, self.ring_width)
        upwards = place.relative_height * (1 / self.thickness)
        inside = (outwards <= CUT) & (jnp.abs(upwards) <= CUT)
        return self.n0 * place.cutoff * profile(inside, outwards, upwards)

    def reach(self, shape: YMW16DiskShape) -> Reach:
        """How far it reaches in a shape."""
        radius = self.ring_radius + CUT * self.ring_width
        return shape.reach(CUT * self.thickness * shape.scale_height(radius), radius)

    def walls(self, shape: YMW16DiskShape) -> Structures:
        """The layer that holds most of it, and where it ends."""
        height = 2 * self.thickness * shape.scale_height(self.ring_radius)
        end = Structures.cylinders(self.ring_radius + CUT * self.ring_width)
        return Structures.join(Structures.layer(-height, height), end)

    def structures(self) -> Structures:
        shape = published(self.shape)
        return Structures.join(shape.walls(), self.walls(shape)).ending(*disk(*self.reach(shape)))


class YMW16GalacticCentre(AbstractField):
    """Disk of YMW16 in the Galactic centre: n_4 = n exp(-(R_c/A)^2) sech^2((z - z_c)/h).

    R_c is the distance from its axis. Zero beyond R_c = 6 A and |z| = 6 h.

    **Arguments:**

    - `n0` n: cm^-3, 6.2; `scale_radius` A, `scale_height` h: kpc, 0.160 and 0.035.
    - `centre`: (3,) kpc, (0, 0.050, -0.007).

    **Source:** Yao, Manchester & Wang 2017, ApJ 835, 29.

    !!! example
        >>> sl.electrons.YMW16GalacticCentre()(jnp.array([0.0, 0.05, -0.007]))
        Array(6.2, dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Yao2017",)
    n0: Float[Array, ""] = param(6.2, unit="cm-3", bounds=(0, None), symbol=r"n_\mathrm{GC}")
    scale_radius: Float[Array, ""] = param(0.160, unit="kpc", bounds=(0, None), symbol=r"A_\mathrm{GC}")
    scale_height: Float[Array, ""] = param(0.035, unit="kpc", bounds=(0, None), symbol=r"H_\mathrm{GC}")
    centre: Float[Array, "3"] = param((0.0, 0.050, -0.007), unit="kpc", symbol="c")
    sun: ClassVar[tuple[float, float, float]] = SUN

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        x_centre, y_centre, z_centre = self.centre
        square = ((x - x_centre) ** 2 + (y - y_centre) ** 2) * (1 / self.scale_radius**2)
        inside = (square <= CUT**2) & (jnp.abs(z) <= CUT * self.scale_height)
        return self.n0 * profile(inside, offset(z, z_centre, self.scale_height), exponent=-square)

    def structures(self) -> Structures:
        scale = jnp.stack([self.scale_radius, self.scale_radius, self.scale_height])
        axis = Structures.ellipsoids(self.centre, (CUT * self.scale_radius)[None] / jnp.asarray((1.0, 1.0, 0.0)))
        height = CUT * self.scale_height
        return Structures.ellipsoids(self.centre, jnp.stack([scale, 3 * scale])).ending(
            axis, Structures.layer(-height, height)
        )

    def reach(self) -> Reach:
        """How far it reaches."""
        x, y, _ = self.centre
        return safe_hypot(x, y) + CUT * self.scale_radius, CUT * self.scale_height
