"""Surfaces of second order, where rays meet them, and the bodies that say where a field ends."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ..._core.types import Scalar, Vector

_PARALLEL = 1e-12  # kpc^-2, of the quadratic form along a ray: below, the ray does not meet the surface
_FAR = 1e12  # kpc, farther than any ray: where a body without an end ends


class Quadrics(eqx.Module):
    """Surfaces sum_i s_i (M (x - c))_i^2 = level: ellipsoids, elliptic cylinders, slabs and cones.

    - `centre` c: (n, 3) kpc, Galactocentric; `matrix` M: (n, 3, 3) kpc^-1; `signs` s: (n, 3); `level`: (n,).
    """

    centre: Float[Array, "n 3"]
    matrix: Float[Array, "n 3 3"]
    signs: Float[Array, "n 3"]
    level: Float[Array, " n"]

    def seen_through(self, matrix: Float[Array, "3 3"], offset: Vector) -> "Quadrics":
        """Where they are for a field that is evaluated at A x + d: A, (3, 3), and d, (3,) kpc."""
        centre = jnp.linalg.solve(matrix, (self.centre - offset[None]).T).T
        return Quadrics(centre, jnp.matmul(self.matrix, matrix, precision="highest"), self.signs, self.level)

    def roots(
        self, origin: Vector, direction: Vector
    ) -> tuple[Float[Array, " n"], Float[Array, " n"], Bool[Array, " n"]]:
        """Distances [kpc], first and last, at which the line of a ray meets each surface, and whether it does.

        A body that the line lies within, or a surface it is parallel to, is not met.
        """
        places = (direction[None, None], (origin[None] - self.centre)[:, None])
        along, start = (jnp.sum(self.matrix * place, axis=-1) for place in places)
        square = jnp.sum(self.signs * along * along, axis=-1)
        meets = jnp.isfinite(square) & (jnp.abs(square) > _PARALLEL)
        inverse = 1 / jnp.where(meets, square, 1)
        middle = -inverse * jnp.sum(self.signs * along * start, axis=-1)
        closest = start + middle[:, None] * along  # the value there, as a difference of large squares it is not
        depth = inverse * (self.level - jnp.sum(self.signs * closest * closest, axis=-1))
        meets &= depth > 0
        reach = jnp.sqrt(jnp.where(meets, depth, 0))
        return middle - reach, middle + reach, meets

    def common(self, origin: Vector, direction: Vector) -> tuple[Scalar, Scalar]:
        """Where a ray is inside all of them [kpc], which must be convex: from, to; nowhere if the second is smaller."""
        first, last, meets = self.roots(origin, direction)
        start = jnp.sum(self.matrix * (origin[None] - self.centre)[:, None], axis=-1)
        inside = jnp.sum(self.signs * start * start, axis=-1) < self.level  # parallel, and within
        first = jnp.where(meets, first, jnp.where(inside, -_FAR, _FAR))
        last = jnp.where(meets, last, jnp.where(inside, _FAR, -_FAR))
        return jnp.max(first, initial=-_FAR), jnp.min(last, initial=_FAR)


def concatenate(parts: list[Quadrics]) -> Quadrics:
    """All surfaces of several."""
    return Quadrics(*(jnp.concatenate(leaves) for leaves in zip(*(vars(part).values() for part in parts), strict=True)))


class Extent(eqx.Module):
    """Where a field may differ from zero: the union of `regions`, each what its bodies have in common.

    A region of no bodies is all of space; no region is nowhere. What is left out of the extent of a published
    density holds less than a millionth of any column from the Sun.
    """

    regions: tuple[Quadrics, ...]

    @property
    def bounded(self) -> bool:
        """Whether every region ends somewhere."""
        return all(region.level.size > 0 for region in self.regions)

    def __or__(self, other: "Extent") -> "Extent":
        if not self.bounded or not other.bounded:
            return next(one for one in (self, other) if not one.bounded)
        return Extent(self.regions + other.regions)

    def __and__(self, other: "Extent") -> "Extent":
        return Extent(tuple(concatenate([mine, theirs]) for mine in self.regions for theirs in other.regions))

    def seen_through(self, matrix: Float[Array, "3 3"], offset: Vector) -> "Extent":
        """Where it is for a field that is evaluated at A x + d: A, (3, 3), and d, (3,) kpc."""
        return Extent(tuple(region.seen_through(matrix, offset) for region in self.regions))

    def span(self, origin: Vector, direction: Vector) -> tuple[Scalar, Scalar]:
        """Distances [kpc] at which a ray enters the first region and leaves the last; equal where it meets none."""
        none = jnp.asarray(_FAR, origin.dtype), jnp.asarray(-_FAR, origin.dtype)
        ends = [region.common(origin, direction) for region in self.regions]
        met = [(jnp.maximum(first, 0), last, last > jnp.maximum(first, 0)) for first, last in ends]
        starts, stops = [none[0]], [none[1]]
        starts += [jnp.where(hit, first, none[0]) for first, _, hit in met]
        stops += [jnp.where(hit, last, none[1]) for _, last, hit in met]
        start, stop = jnp.min(jnp.stack(starts)), jnp.max(jnp.stack(stops))
        return jnp.where(stop > start, start, 0), jnp.where(stop > start, stop, 0)
