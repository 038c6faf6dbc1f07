import dataclasses
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import sincos
from ...._core.module import param, setting
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..algebra import edge
from ..base import AbstractField, by_component, children, copies
from ..ends import LOGISTIC
from .kst24_arms import KST24Arms
from .kst24_halo import SUN, KST24Toroid, KST24XField

_CENTRE = 1e-3  # kpc; within, the direction from the centre of the bubble is frozen


class KST24LocalBubble(AbstractField):
    """Local Bubble of KST24: a uniform field swept from a sphere into its shell, tangential to it.

    B = b R_2^2/(R_2^2 - R_1^2) [b^ - n (n . b^)], R_2 = R_1 + w, for R_1 < q < R_2, zero inside;
    q is the distance from the centre, n the direction from it. The factor keeps the flux.

    **Arguments:**

    | name | symbol | value |
    |---|---|---|
    | `b` | b | -3.5 uG, the field before |
    | `longitude`, `latitude` | of b^ | 50, 2 deg |
    | `centre` | | (-8.2, 0.095, -0.05) kpc |
    | `inner_radius` | R_1 | 0.2 kpc |
    | `thickness` | w | 0.03 kpc |
    | `smooth` | width of the edges | 0 kpc |

    **Source:** Korochkin, Semikoz & Tinyakov 2025, A&A 693, A284.

    !!! example
        >>> sl.magnetic.KST24LocalBubble()(jnp.array([-8.2, 0.095, 0.165]))
        Array([ -9.22..., -10.98...,  -0.        ], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Korochkin2025",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b: Float[Array, ""] = param(-3.5, unit="uG", symbol="b")
    longitude: Float[Array, ""] = param(50.0, unit="deg", symbol="l")
    latitude: Float[Array, ""] = param(2.0, unit="deg", bounds=(-90, 90), symbol="b")
    centre: Float[Array, "3"] = param((-8.2, 0.095, -0.05), unit="kpc", symbol="c")
    inner_radius: Float[Array, ""] = param(0.2, unit="kpc", bounds=(0, None), symbol="R_1")
    thickness: Float[Array, ""] = param(0.03, unit="kpc", bounds=(0, None), symbol="w")
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        inner, outer = self.inner_radius, self.inner_radius + self.thickness
        swept = self.b * outer * outer / (self.thickness * (inner + outer))
        sin_l, cos_l = sincos(jnp.deg2rad(self.longitude))
        sin_b, cos_b = sincos(jnp.deg2rad(self.latitude))
        offset, distance = self._from_centre(position)
        along = [cos_b * cos_l, cos_b * sin_l, sin_b]
        radial = sum(a * o for a, o in zip(along, offset, strict=True)) / (distance * distance)
        shell = swept * edge(jnp.minimum(distance - inner, outer - distance), self.smooth)
        return jnp.stack([shell * (a - o * radial) for a, o in zip(along, offset, strict=True)])

    def structures(self) -> Structures:
        surfaces = Structures.balls(self.centre, self.inner_radius + jnp.stack([0 * self.thickness, self.thickness]))
        outer = self.inner_radius + self.thickness
        return surfaces.ending(Structures.balls(self.centre, outer + LOGISTIC * self.smooth))

    def interior(self, position: Vector) -> Scalar:
        """1 inside the outer surface, 0 outside."""
        return edge(self.inner_radius + self.thickness - self._from_centre(position)[1], self.smooth)

    def _from_centre(self, position: Vector) -> tuple[list[Scalar], Scalar]:
        offset = [p - c for p, c in zip(jnp.unstack(position), self.centre, strict=True)]
        square = sum(o * o for o in offset)
        return offset, jnp.sqrt(jnp.maximum(square, _CENTRE**2))


class KST24(AbstractField):
    """Field of the Milky Way outside its thin disk: spiral arms, toroidal halo, X field and the Local Bubble.

    The Local Bubble displaces all else in its sphere. The arms end where the toroidal halo begins: they lie between
    `south.top` and `north.bottom`. All edges are sharp as published; give the components `smooth` widths for a fit.

    **Arguments:** the components, and `sun`: the model's own, (3,) kpc; `arms`, `x_field`, `bubble`: the parts, fields.

    **Source:** Korochkin, Semikoz & Tinyakov 2025, A&A 693, A284.

    !!! example
        >>> sl.magnetic.KST24()(jnp.array([-8.2, 0.0, 1.5]))
        Array([ 0. , -3.2,  0. ], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Korochkin2025",)
    north: KST24Toroid = eqx.field(default_factory=KST24Toroid)
    south: KST24Toroid = eqx.field(default_factory=lambda: KST24Toroid(-3.2, 1.0, 14.0, -2.5, -1.22))
    x_field: KST24XField = eqx.field(default_factory=KST24XField)
    arms: KST24Arms = eqx.field(default_factory=KST24Arms)
    bubble: KST24LocalBubble = eqx.field(default_factory=KST24LocalBubble)
    sun: tuple[float, float, float] = setting(SUN, unit="kpc")

    def components(self, position: Vector) -> dict[str, Vector]:
        """Terms of the field by name, as they enter the sum, (3,) uG each, at a position, (3,) kpc."""
        place = copies(position)
        outside, between = self._regions(place())
        return {
            "north": self.north(place()),
            "south": self.south(place()),
            "x_field": outside * self.x_field(place()),
            "arms": outside * between * self.arms(place()),
            "bubble": self.bubble(place()),
        }

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        place = copies(position)
        outside, between = self._regions(place())
        terms = (self.north, self.south, self.x_field, self.arms, self.bubble)

        def total(north: Scalar, south: Scalar, x_field: Scalar, arms: Scalar, bubble: Scalar) -> Scalar:
            return north + south + outside * (x_field + between * arms) + bubble

        return by_component(total, *(term(place()) for term in terms))

    def structures(self) -> Structures:
        """Those of the components, and where the arms end at the toroidal halo."""
        cut = Structures.layer(self.south.top, self.north.bottom)
        parts = [part.structures() for part in children(self)]
        ends = Structures.join(self.x_field.structures(), self.bubble.structures(), self._thick_disk())
        return dataclasses.replace(Structures.join(*parts, cut), extent=ends.extent)

    def _thick_disk(self) -> Structures:
        """What holds the arms and both halves of the toroidal halo."""
        radius, height = self.arms.reach()
        soft = LOGISTIC * max(self.north.smooth, self.south.smooth)
        for half in (self.north, self.south):
            radius = jnp.maximum(radius, half.outer_radius + soft)
        bottom = jnp.minimum(self.south.bottom - soft, -height)
        layer = Structures.layer(bottom, jnp.maximum(self.north.top + soft, height))
        return layer.ending(layer, Structures.cylinders(radius))

    def _regions(self, position: Vector) -> tuple[Scalar, Scalar]:
        """Weights: outside the Local Bubble; between the halves of the toroidal halo."""
        place = copies(position)
        _, _, z = jnp.unstack(place())
        between = edge(jnp.minimum(self.north.bottom - z, z - self.south.top), self.arms.smooth)
        return 1 - self.bubble.interior(place()), between
