"""Structures that cells must resolve: where a ray enters and leaves what is small or has an edge."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.module import default_float
from .._core.types import Vector

Numbers = Float[Array, "..."] | np.ndarray | tuple | list | float
_PARALLEL = 1e-12  # kpc^-2, of |M d|^2: below, a ray does not meet the surface
_SMALLEST = 1e-6  # kpc, of what is a point or less


class Structures(eqx.Module):
    """Ellipsoids |M_k (x - c_k)| < 1 on whose surfaces, or across which, a field changes within a short distance.

    A matrix of rank 2 is an elliptic cylinder, one of rank 1 a slab. Cells of `sl.ResolvedCells` end where a ray
    enters and leaves a structure and in the middle between, so that a shell is several structures in one another.
    They are places, not parameters: no gradient goes through them.

    **Arguments:** `centre` c: (n, 3) kpc, Galactocentric; `matrix` M: (n, 3, 3) kpc^-1.

    !!! example
        >>> shell = sl.fields.Structures.balls((0.0, 0.0, 0.0), [0.9, 1.0, 1.1])
        >>> shell.size
        3
    """

    centre: Float[Array, "n 3"]
    matrix: Float[Array, "n 3 3"]

    @classmethod
    def none(cls) -> "Structures":
        """No structures."""
        return cls.balls(np.zeros((0, 3)), np.zeros(0))

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
        centre, semi_axes, axes = (
            jnp.asarray(value, default_float()) for value in (centre, semi_axes, np.eye(3) if axes is None else axes)
        )
        size = jnp.broadcast_shapes(centre.shape[:-1], semi_axes.shape[:-1], axes.shape[:-2], (1,))
        lengths = jnp.broadcast_to(jnp.maximum(semi_axes, _SMALLEST)[..., None], (*size, semi_axes.shape[-1], 1))
        return cls(jnp.broadcast_to(centre, (*size, 3)), jnp.broadcast_to(axes, (*size, 3, 3)) / lengths)

    @classmethod
    def layer(cls, bottom: Numbers, top: Numbers) -> "Structures":
        """The layer between two heights z, () or (n,) kpc."""
        bottom, top = (jnp.asarray(z, default_float())[..., None] for z in (bottom, top))
        up = jnp.broadcast_to(jnp.asarray((0.0, 0.0, 1.0), default_float()), (*bottom.shape[:-1], 3))
        return cls.ellipsoids(0.5 * (bottom + top) * up, 0.5 * (top - bottom) / up)

    @classmethod
    def join(cls, *parts: "Structures") -> "Structures":
        """All of several."""
        parts = (*parts, cls.none())
        return cls(jnp.concatenate([p.centre for p in parts]), jnp.concatenate([p.matrix for p in parts]))

    @property
    def size(self) -> int:
        """Their number n."""
        return self.centre.shape[0]

    def seen_through(self, matrix: Float[Array, "3 3"], offset: Vector) -> "Structures":
        """Where they are for a field that is evaluated at A x + d: A, (3, 3), and d, (3,) kpc."""
        centre = jnp.linalg.solve(matrix, (self.centre - offset[None]).T).T
        return Structures(centre, jnp.matmul(self.matrix, matrix, precision="highest"))

    def crossings(
        self, origin: Vector, direction: Vector, length: Float[Array, ""], most: int
    ) -> tuple[Float[Array, " found"], Float[Array, " found"]]:
        """Distances [kpc] at which a ray enters and leaves structures, within 0 and its length.

        Of more than `most` the thinnest along the ray. Two equal distances stand for a structure not met.
        """
        along, start = (
            jnp.sum(self.matrix * v, axis=-1) for v in (direction[None, None], (origin[None] - self.centre)[:, None])
        )
        square = jnp.sum(along * along, axis=-1)
        meets = jnp.isfinite(square) & (square > _PARALLEL)
        inverse = 1 / jnp.where(meets, square, 1)
        middle = -inverse * jnp.sum(along * start, axis=-1)
        closest = start + middle[:, None] * along
        reach = jnp.sqrt(inverse * jnp.maximum(1 - jnp.sum(closest * closest, axis=-1), 0))
        enter, leave = (jnp.where(meets, jnp.clip(d, 0, length), 0) for d in (middle - reach, middle + reach))
        if self.size <= most:
            return enter, leave
        _, kept = jax.lax.top_k(jnp.where(leave > enter, square, -1), most)
        return enter[kept], leave[kept]
