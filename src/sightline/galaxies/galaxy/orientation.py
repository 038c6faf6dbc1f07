"""How a galaxy is turned towards the observer."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import Module, param
from ..._core.ranks import of_one_rank


class Orientation(Module):
    """Inclination, position angle and velocity of a galaxy, learnable; its angles are those of `sl.ImagePlane`.

    The disk, z = 0, is tilted about its x axis, the major axis of its image: at inclination i the line of sight runs
    along (0, sin i, -cos i).

    **Arguments:**

    - `inclination`: deg; 0: face-on, from above (z > 0); 90: edge-on.
    - `position_angle`: of the major axis, from north towards east, deg.
    - `velocity`: of the whole galaxy away from the observer, beside its redshift, km/s.

    !!! example
        >>> face_on = sl.Orientation()
        >>> [round(float(one)) for one in face_on.project(jnp.array([1.0, 2.0, 3.0]))]
        [2, 1, -3]
    """

    inclination: Float[Array, ""] = param(0.0, unit="deg", symbol="i")
    position_angle: Float[Array, ""] = param(0.0, unit="deg", symbol=r"\theta")
    velocity: Float[Array, ""] = param(0.0, unit="km s-1", symbol="v_0")

    def axes(self) -> Float[Array, "3 3"]:
        """Unit vectors towards east and north on the image, and away from the observer, as rows."""
        i, angle = jnp.deg2rad(self.inclination), jnp.deg2rad(self.position_angle)
        zero, one = jnp.zeros_like(i), jnp.ones_like(i)
        major = jnp.stack([one, zero, zero])
        minor = jnp.stack([zero, jnp.cos(i), jnp.sin(i)])
        away = jnp.stack([zero, jnp.sin(i), -jnp.cos(i)])
        east = jnp.sin(angle) * major + jnp.cos(angle) * minor
        return jnp.stack([east, jnp.cos(angle) * major - jnp.sin(angle) * minor, away])

    @eqx.filter_jit
    def project(self, vector: Float[Array, "*n 3"]) -> tuple[Array, Array, Array]:
        """Components of vectors, (..., 3), towards east, towards north and away from the observer, (...) each."""
        axes = self.axes().astype(vector.dtype)
        east, north, away = (jnp.sum(jnp.multiply(*of_one_rank(vector, axis)), axis=-1) for axis in axes)
        return east, north, away
