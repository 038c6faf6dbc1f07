"""Structures: where a field ends, and where it jumps or changes within a short distance."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import default_float, is_concrete
from ..._core.ranks import of_one_rank
from ..._core.types import Scalar, Vector
from .levels import AbstractLevel, Levels
from .quadrics import Extent, Quadrics, concatenate
from .spirals import Spirals, no_spirals, windings_between

Numbers = Float[Array, "..."] | np.ndarray | tuple[Any, ...] | list[Any] | float
_SMALLEST = 1e-6  # kpc, of what is a point or less


class Structures(eqx.Module):
    """What a field tells of itself: the walls at which cells are cut, and the extent beyond which it is zero.

    Walls are the surfaces of ellipsoids, cylinders, slabs, cones and logarithmic spirals, or of any body that says how
    deep a point lies in it, on which the field jumps or bends, or across which it changes within a short distance.
    They are places, not parameters: no gradient goes through them. A field that says nothing of its end may be
    anywhere.

    - `quadrics`: surfaces of second order; `spirals`; `levels`: without a closed form; `extent`.

    !!! example
        >>> shell = sl.fields.Structures.balls((0.0, 0.0, 0.0), [0.9, 1.0, 1.1])
        >>> shell.size, shell.extent.bounded, shell.ending(shell).extent.bounded
        (3, False, True)
    """

    quadrics: Quadrics
    spirals: Spirals
    levels: tuple[Levels, ...]
    extent: Extent

    @classmethod
    def none(cls) -> "Structures":
        """No walls, and no word of an end."""
        return cls.balls(np.zeros((0, 3)), np.zeros(0))

    @classmethod
    def surfaces(cls, centre: Numbers, matrix: Numbers, signs: Numbers = 1.0, level: Numbers = 1.0) -> "Structures":
        """Surfaces sum_i s_i (M (x - c))_i^2 = level.

        **Arguments:** `centre` c: (3,) or (n, 3) kpc; `matrix` M: (3, 3) or (n, 3, 3) kpc^-1, of lower rank for
        cylinders and slabs; `signs` s: (3,) or (n, 3); `level`: () or (n,).
        """
        centre, matrix, signs, level = (jnp.asarray(value, default_float()) for value in (centre, matrix, signs, level))
        size = jnp.broadcast_shapes(centre.shape[:-1], matrix.shape[:-2], signs.shape[:-1], level.shape, (1,))
        parts = [(centre, (3,)), (matrix, (3, 3)), (signs, (3,)), (level, ())]
        everywhere = Extent((_no_quadrics(),))
        found = Quadrics(*(jnp.broadcast_to(value, (*size, *shape)) for value, shape in parts))
        return cls(found, no_spirals(default_float()), (), everywhere)

    @classmethod
    def balls(cls, centre: Numbers, radius: Numbers) -> "Structures":
        """Balls of `radius`, () or (n,) kpc, at `centre`, (3,) or (n, 3) kpc."""
        radius = jnp.asarray(radius, default_float())
        return cls.ellipsoids(centre, radius[..., None])

    @classmethod
    def ellipsoids(cls, centre: Numbers, semi_axes: Numbers, axes: Numbers | None = None) -> "Structures":
        """Ellipsoids of `semi_axes`, (3,) or (n, 3) kpc, along the rows of `axes`, by default x, y and z.

        **Arguments:** `centre`: (3,) or (n, 3) kpc; `semi_axes`: infinite along the axis of a cylinder;
        `axes`: unit vectors, (3, 3) or (n, 3, 3).
        """
        semi_axes, axes = (jnp.asarray(v, default_float()) for v in (semi_axes, np.eye(3) if axes is None else axes))
        axes, lengths = _aligned(axes, jnp.maximum(semi_axes, _SMALLEST)[..., None])
        return cls.surfaces(centre, axes / lengths)

    @classmethod
    def cylinders(cls, radius: Numbers) -> "Structures":
        """Cylinders about the axis of the Galaxy, of `radius`, () or (n,) kpc."""
        radius = jnp.asarray(radius, default_float())
        endless = jnp.full_like(radius, jnp.inf)
        return cls.ellipsoids((0.0, 0.0, 0.0), jnp.stack([radius, radius, endless], axis=-1))

    @classmethod
    def layer(cls, bottom: Numbers, top: Numbers) -> "Structures":
        """The layer between two heights z, () or (n,) kpc; a plane where they are the same."""
        bottom, top = (jnp.asarray(z, default_float())[..., None] for z in (bottom, top))
        middle, half, up = _aligned(0.5 * (bottom + top), 0.5 * (top - bottom), np.asarray((0.0, 0.0, 1.0)))
        return cls.ellipsoids(middle * up, jnp.where(up > 0, half, jnp.inf))

    @classmethod
    def box(cls, half_widths: Numbers, centre: Numbers = (0.0, 0.0, 0.0)) -> "Structures":
        """The walls of a box, `half_widths` and `centre` (3,) kpc."""
        slabs = jnp.where(np.eye(3, dtype=bool), jnp.asarray(half_widths, default_float())[None], jnp.inf)
        return cls.ellipsoids(centre, slabs)

    @classmethod
    def cones(cls, apex: Numbers, slope: Numbers) -> "Structures":
        """Double cones |z - z_apex| = slope R about the axis of the Galaxy, `apex` z: kpc, both () or (n,)."""
        apex, slope = (jnp.asarray(value, default_float()) for value in (apex, slope))
        apex, slope = jnp.broadcast_arrays(apex, slope)
        rows = jnp.stack([slope, slope, jnp.ones_like(slope)], axis=-1)[..., None]
        height, up = _aligned(apex[..., None], np.asarray((0.0, 0.0, 1.0)))
        rows, unit = _aligned(rows, np.eye(3))
        return cls.surfaces(height * up, rows * unit, (1.0, 1.0, -1.0), 0.0)

    @classmethod
    def meridians(cls, first: Numbers, second: Numbers) -> "Structures":
        """Pairs of planes through the axis of the Galaxy at two azimuths each, () or (n,) deg from +x towards +y."""
        first, second = (jnp.deg2rad(jnp.asarray(value, default_float())) for value in (first, second))
        middle, apart = 0.5 * (first + second), 0.5 * (second - first)
        none = jnp.zeros_like(middle)
        along = jnp.stack([jnp.cos(middle), jnp.sin(middle), none], axis=-1)
        aside = jnp.stack([-jnp.sin(middle), jnp.cos(middle), none], axis=-1)
        rows = [along * jnp.sin(apart)[..., None], aside * jnp.cos(apart)[..., None], 0 * along]
        return cls.surfaces((0.0, 0.0, 0.0), jnp.stack(rows, axis=-2), (1.0, -1.0, 0.0), 0.0)

    @classmethod
    def spiral_walls(
        cls,
        radius: Numbers,
        pitch: Numbers,
        inner: Numbers,
        outer: Numbers,
        height: Numbers = np.inf,
        windings: int = 2,
    ) -> "Structures":
        """Walls R = a e^(phi tan p) between two radii and below a height, phi from +x counter-clockwise seen from +z.

        **Arguments:** `radius` a: (n,) kpc, at phi = 0; `pitch` p: (n,) or a number, deg; `inner`, `outer`, `height`:
        kpc; `windings`: of one wall that a ray may meet, where the numbers that say so are traced.
        """
        radius = jnp.asarray(radius, default_float())
        slope = jnp.tan(jnp.deg2rad(jnp.asarray(pitch, default_float())))
        size = radius.shape[0]
        numbers = [jnp.broadcast_to(jnp.asarray(v, radius.dtype), (size,)) for v in (slope, inner, outer, height)]
        if size and all(map(is_concrete, numbers)):
            windings = max(map(windings_between, numbers[1].tolist(), numbers[2].tolist(), numbers[0].tolist()))
        frame = jnp.broadcast_to(jnp.eye(3, dtype=radius.dtype), (size, 3, 3))
        slope, inside, outside, top = numbers
        spirals = Spirals(radius, slope, inside, outside, top, frame, jnp.zeros((size, 3), radius.dtype), windings)
        return dataclasses.replace(cls.none(), spirals=spirals)

    @classmethod
    def bodies(cls, bodies: AbstractLevel, number: int) -> "Structures":
        """The surfaces of bodies of one kind without a closed form, found by their change of sign along a ray.

        **Arguments:** `bodies`: a level whose leaves have `number` values in front.
        """
        unmoved = jnp.eye(3, dtype=default_float()), jnp.zeros(3, default_float())
        return dataclasses.replace(cls.none(), levels=(Levels(bodies, *unmoved, number),))

    @classmethod
    def join(cls, *parts: "Structures") -> "Structures":
        """All walls of several fields that are added: they end where all of them have ended."""
        if not parts:
            return cls.none()
        extent = parts[0].extent
        for part in parts[1:]:
            extent = extent | part.extent
        return _walls_of(parts, extent)

    @classmethod
    def product(cls, *parts: "Structures") -> "Structures":
        """All walls of several fields that are multiplied: they end where one of them ends."""
        if not parts:
            return cls.none()
        extent = parts[0].extent
        for part in parts[1:]:
            extent = extent & part.extent
        return _walls_of(parts, extent)

    def ending(self, *bodies: "Structures") -> "Structures":
        """The same walls of a field that is zero outside any of `bodies`, which must be convex."""
        region = concatenate([_no_quadrics(), *(body.quadrics for body in bodies)])
        return dataclasses.replace(self, extent=Extent((region,)))

    @property
    def size(self) -> int:
        """How many walls, each of two crossings, a ray may meet."""
        return self.quadrics.level.shape[0] + self.open

    @property
    def open(self) -> int:
        """How many of them are walls of something wide, whose two crossings belong to no one body."""
        return self.spirals.size + sum(level.size for level in self.levels)

    def seen_through(self, matrix: Float[Array, "3 3"], offset: Vector) -> "Structures":
        """Where they are for a field that is evaluated at A x + d: A, (3, 3), and d, (3,) kpc."""
        levels = tuple(level.seen_through(matrix, offset) for level in self.levels)
        quadrics, spirals, extent = (
            part.seen_through(matrix, offset) for part in (self.quadrics, self.spirals, self.extent)
        )
        return Structures(quadrics, spirals, levels, extent)

    def crossings(
        self, origin: Vector, direction: Vector, length: Scalar, most: int
    ) -> tuple[Float[Array, " found"], Float[Array, " found"]]:
        """Distances [kpc] at which a ray enters and leaves structures, within 0 and its length.

        Of more than `most` quadrics the thinnest along the ray, and behind them all spirals and levels, which bound
        what is wide. Zeros stand for a structure not met.
        """
        enter, leave, met = self.quadrics.roots(origin, direction)
        before, after, met_before, met_after = self.spirals.roots(origin, direction)
        enter, leave = (jnp.clip(jnp.where(met, place, 0), 0, length) for place in (enter, leave))
        if enter.shape[0] > most:
            met = (enter > 0) & (enter < length) | (leave > 0) & (leave < length)
            _, kept = jax.lax.top_k(jnp.where(met, -jnp.abs(leave - enter), -jnp.inf), most)
            enter, leave = enter[kept], leave[kept]
        before, after = jnp.where(met_before, before, 0), jnp.where(met_after, after, 0)
        first, second = [enter, jnp.clip(before, 0, length)], [leave, jnp.clip(after, 0, length)]
        for level in self.levels:
            place, met = level.roots(origin, direction, length)
            place = jnp.where(met, place, 0)
            first.append(place[:, ::2].reshape(-1))
            second.append(place[:, 1::2].reshape(-1))
        return jnp.concatenate(first), jnp.concatenate(second)


def _aligned(*values: Numbers) -> list[Array]:
    """Arrays of one rank, axes of length 1 in front: whoever has forbidden JAX to do so can have structures too."""
    return of_one_rank(*(jnp.asarray(value, default_float()) for value in values))


def _no_quadrics() -> Quadrics:
    shapes = ((0, 3), (0, 3, 3), (0, 3), (0,))
    return Quadrics(*(jnp.zeros(shape, default_float()) for shape in shapes))


def _walls_of(parts: tuple[Structures, ...], extent: Extent) -> Structures:
    quadrics = concatenate([part.quadrics for part in parts])
    windings = max(part.spirals.windings for part in parts)
    alike = [dataclasses.replace(part.spirals, windings=windings) for part in parts]
    levels = tuple(level for part in parts for level in part.levels)
    return Structures(quadrics, jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *alike), levels, extent)
