"""What fields on shells of HEALPix pixels share: their cells, the values in them, and checks."""

import dataclasses
import math
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import Module, setting
from ..._core.safe import safe_norm
from ..._core.types import Vector
from ..geometry import SUN, Structures
from ..geometry.healpix import check_nside
from ..grids import healpix_radial as shells
from .base import children, with_walls

T = TypeVar("T", bound="AbstractHealpixRadialGrid")


class AbstractHealpixRadialGrid(Module):
    """Values in cells of HEALPix pixels and radial bins around an observer: sightlines of one pixel share no value
    with those of another.

    With `nside` that of the map, every sightline has values of its own, so that an unconstrained cell does not smear
    into its neighbours; with a smaller one the field has less angular resolution than the map.

    **Arguments:**

    - `values`: (..., npix, bins), the only learnable leaf; pixels in RING order of Galactic longitude and latitude.
    - `edges`: of the radial bins, (bins + 1,) kpc from the observer, increasing; the field is zero outside.
    - `observer`: (3,) kpc.
    - `interpolation` along the radius: `"constant"` in each bin, or `"linear"` between the middles of the bins.

    **Raises:** `ValueError` for a number of pixels that is no 12 nside^2, edges that do not increase or do not fit.

    !!! example
        >>> issubclass(sl.electrons.HealpixRadialGrid, sl.fields.AbstractHealpixRadialGrid)
        True
    """

    values: eqx.AbstractVar[Float[Array, "*channels npix bins"]]
    edges: tuple[float, ...] = setting(unit="kpc", bounds=(0, None), kw_only=True)
    observer: tuple[float, float, float] = setting(SUN, unit="kpc", kw_only=True)
    interpolation: str = setting("constant", choices=("constant", "linear"), kw_only=True)

    def __check_init__(self) -> None:
        name = type(self).__name__
        if len(self.edges) < 2 or np.any(np.diff(self.edges) <= 0):
            raise ValueError(f"{name}.edges = {self.edges} must be two or more increasing distances [kpc].")
        shape = getattr(self.values, "shape", ())
        if len(shape) < 2:
            return
        nside = math.isqrt(shape[-2] // 12)
        if 12 * nside**2 != shape[-2] or shape[-1] != len(self.edges) - 1:
            raise ValueError(
                f"{name}.values has shape {shape}: its last axes must be 12 nside^2 pixels and the "
                f"{len(self.edges) - 1} bins between the edges."
            )
        check_nside(nside)
        if self.interpolation == "linear" and shape[-1] < 2:
            raise ValueError(f"{name} with linear interpolation needs at least two radial bins.")

    @property
    def sun(self) -> tuple[float, float, float]:
        """Where the shells have their centre, kpc."""
        return self.observer

    def structures(self) -> Structures:
        """The spheres on which values jump, or bend where they are linear, and the outer one, where the field ends."""
        edges = np.asarray(self.edges)
        if self.interpolation == "linear":
            edges = np.concatenate([edges[:1], shells.middles(edges), edges[-1:]])
        centre = np.asarray(self.observer)
        spheres = Structures.balls(centre, edges[edges > 0]).ending(Structures.balls(centre, edges[-1]))
        return with_walls(spheres, *children(self))

    @property
    def nside(self) -> int:
        """Resolution of the pixels."""
        return math.isqrt(self.values.shape[-2] // 12)

    def interpolate(self, position: Vector) -> Float[Array, "*channels"]:
        """The value at a position, (3,) kpc."""
        bins, flat = self.values.shape[-1], self.values.reshape(*self.values.shape[:-2], -1)
        arrow = position - jnp.asarray(self.observer, position.dtype)
        distance, first = safe_norm(arrow), shells.pixel(arrow, self.nside) * bins
        if self.interpolation == "constant":
            value = flat[..., first + shells.radial_bin(distance, self.edges)]
        else:
            lower, fraction = shells.radial_line(distance, self.edges)
            value = (1 - fraction) * flat[..., first + lower] + fraction * flat[..., first + lower + 1]
        return jnp.where((distance >= self.edges[0]) & (distance <= self.edges[-1]), value, 0)

    def refined(self: T, factor: int = 2) -> T:
        """The same field on pixels and bins `factor` times smaller, a power of two.

        Exactly the same where the values are constant in a bin; else the same at the middles of the new bins.
        """
        values, old = shells.refined_pixels(self.values, factor), np.asarray(self.edges)
        edges = np.append(np.linspace(old[:-1], old[1:], factor, endpoint=False).T.ravel(), old[-1])
        if self.interpolation == "constant":
            return dataclasses.replace(self, values=jnp.repeat(values, factor, axis=-1), edges=edges)
        middles = jnp.asarray(shells.middles(edges), values.dtype)
        lower, fraction = jax.vmap(lambda distance: shells.radial_line(distance, self.edges))(middles)
        below, above = values[..., lower], values[..., lower + 1]
        fraction = jnp.broadcast_to(fraction, below.shape)
        values = (1 - fraction) * below + fraction * above
        return dataclasses.replace(self, values=values, edges=edges)
