"""Shells of HEALPix pixels around an observer: which pixel and which radial bin hold a position.

The sphere is unfolded to a plane in which all pixels are equal squares standing on a corner; there the ring and the
place within it are sums and differences of two rounded coordinates.

**Source:** Gorski et al. 2005, ApJ 622, 759 (pixels and their order); Calabretta & Roukema 2007, MNRAS 381, 865 (the
plane).
"""

import math
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from ..._core.elementary import azimuth
from ..._core.safe import held, safe_hypot, safe_norm
from ..._core.types import Scalar, Vector
from ..._core.units import numbers
from ..geometry import SUN
from ..geometry.frames import direction
from ..geometry.healpix import check_nside, pixel_centres, to_ring

Edges = tuple[float, ...]
Distances = Sequence[float] | np.ndarray
Shells = Float[Array, "*channels npix bins"]


def healpix_nodes(nside: int, edges: Distances, observer: Sequence[float] = SUN) -> np.ndarray:
    """Middles of all cells, (npix, bins, 3) kpc, in RING order: where to evaluate a field to put it on shells.

    **Arguments:** `nside`: of the pixels; `edges`: distances that part the shells, (bins + 1,) kpc; `observer`: (3,)
    kpc.

    **Returns:** positions, (npix, bins, 3) kpc.

    !!! example
        >>> sl.grids.healpix_nodes(2, jnp.asarray([0.0, 1.0, 3.0])).shape
        (48, 2, 3)
    """
    longitude, latitude = pixel_centres(check_nside(nside), np.arange(12 * nside**2), nest=False)
    return numbers(observer, "kpc", "observer") + direction(longitude, latitude).T[:, None, :] * middles(edges)[:, None]


def middles(edges: Distances) -> np.ndarray:
    """Middles of the radial bins [kpc]."""
    edge = numbers(edges, "kpc", "edges")
    return 0.5 * (edge[1:] + edge[:-1])


def pixel(vector: Vector, nside: int) -> Int[Array, ""]:
    """Index, in RING order, of the pixel in the direction of a vector; it has no gradient."""
    across, up, facet = _unfold(lax.stop_gradient(vector), nside)
    rising = jnp.floor(0.5 * nside + across - up).astype(jnp.int32)
    falling = jnp.floor(0.5 * nside + across + up).astype(jnp.int32)
    ring = jnp.clip(2 * nside + rising - falling, 1, 4 * nside - 1)
    place = rising + falling + 1 - nside  # longitude of the middle of the pixel, in half diagonals
    shift = (ring - nside + 1) % 2
    belt = 2 * nside * (nside - 1) + (ring - nside) * 4 * nside + ((place - shift) // 2) % (4 * nside)
    near = jnp.minimum(ring, 4 * nside - ring)
    inner = jnp.clip((place - nside * (2 * facet + 1) + near - 1) // 2, 0, near - 1)
    first = jnp.where(ring < nside, 2 * near * (near - 1), 12 * nside**2 - 2 * near * (near + 1))
    return jnp.where(near < nside, first + facet * near + inner, belt)


def _unfold(vector: Vector, nside: int) -> tuple[Scalar, Scalar, Int[Array, ""]]:
    """Coordinates in the plane, in diagonals of a pixel, and the number of the polar facet."""
    x, y, z = vector
    flat, length = safe_hypot(x, y), safe_norm(vector)
    height = z / jnp.where(length > 0, length, 1)
    quarters = azimuth(y, x) * (2 / math.pi)
    facet = jnp.clip(jnp.floor(quarters), 0, 3)
    width = jnp.where(length > 0, flat / jnp.where(length > 0, length, 1), 0) * jnp.sqrt(3 / (1 + jnp.abs(height)))
    polar = jnp.abs(height) > 2 / 3
    across = jnp.where(polar, facet + 0.5 + (quarters - facet - 0.5) * width, quarters)
    up = jnp.where(polar, jnp.sign(height) * (1 - 0.5 * width), 0.75 * height)
    return nside * across, nside * up, facet.astype(jnp.int32)


def radial_bin(distance: Scalar, edges: Edges) -> Int[Array, ""]:
    """Number of the bin, clipped to the first and last."""
    inner = jnp.asarray(edges[1:-1], distance.dtype)
    return jnp.sum(distance >= inner, dtype=jnp.int32)


def radial_line(distance: Scalar, edges: Edges) -> tuple[Int[Array, ""], Scalar]:
    """Number of the bin whose middle lies below, and the fraction of the way to the next middle, clipped."""
    middle = jnp.asarray(middles(edges), distance.dtype)
    lower = jnp.sum(distance >= middle[1:-1], dtype=jnp.int32)
    return lower, held((distance - middle[lower]) / (middle[lower + 1] - middle[lower]), 0, 1)


def refined_pixels(shells: Shells, factor: int) -> Float[Array, "*channels finer bins"]:
    """The same values on pixels whose sides are `factor` times smaller."""
    nside = math.isqrt(shells.shape[-2] // 12)
    parent = np.empty(12 * (nside * factor) ** 2, np.int64)
    parent[to_ring(check_nside(nside * factor))] = np.repeat(to_ring(nside), factor**2)
    return shells[..., parent, :]
