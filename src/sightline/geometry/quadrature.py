"""Points along a ray and their weights for line integrals through structures."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .cells import POINTS
from .sightlines import Ray
from .structures import Structures


def resolve(
    edges: Float[Array, " edges"], ray: Ray, structures: Structures, most: int
) -> tuple[Float[Array, " points"], Float[Array, " points"]]:
    """Distances and weights, kpc, of the points of a ray divided at its own cells and at structures.

    **Arguments:** `edges`: of the cells without structures, on the unit interval; `ray`: one; `most`: structures
    that count, of more the thinnest along the ray.
    """
    edges, structures = jax.lax.stop_gradient((edges, structures))
    structures = jax.tree.map(lambda leaf: leaf.astype(edges.dtype), structures)
    enter, leave = structures.crossings(ray.origin, ray.direction, ray.length, most)
    walls = jnp.sort(jnp.concatenate([ray.length * edges, enter, 0.5 * (enter + leave), leave]))
    middle, half = 0.5 * (walls[1:] + walls[:-1]), 0.5 * jnp.diff(walls)
    places, weights = (np.asarray(v, walls.dtype) for v in np.polynomial.legendre.leggauss(POINTS))
    return (middle[:, None] + half[:, None] * places[None]).reshape(-1), (half[:, None] * weights[None]).reshape(-1)
