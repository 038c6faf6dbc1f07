"""Stars of a smooth galaxy along the rays of spaxels: mass on nodes of velocity and of a library."""

import itertools
import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import default_float, is_concrete
from ..._core.safe import accumulate
from ...sky.fields import AbstractField
from ..cubes import Spaxels
from ..methods.deposit import spread
from ..methods.nodes import VelocityNodes
from ..populations import Library
from ..stars import Component
from .orientation import Orientation

Amount = Callable[[Array], Array]
"""A factor of what is seen behind an A_V."""

_MOST = 8
"""Structures of dust that are counted along one ray, the thinnest."""
_WINGS = 3
"""Dispersions about the velocity of stars that nodes should hold."""
_WITHIN = 4
"""At how many A_V within that of a place its dust is followed."""


class Scene(eqx.Module):
    """What rays pass: stars of a smooth galaxy, how they are turned, what sees them, and A_V per kpc of its dust."""

    stars: Component
    orientation: Orientation
    library: Library
    method: VelocityNodes = eqx.field(static=True)
    opacity: AbstractField | None = None

    def masses(self, field: Spaxels, scale: float, amount: Amount | None = None) -> Float[Array, "v s m b"]:
        """Mass formed on each node of velocity, spaxel, metallicity and history of `common`, Msun.

        Rays pass the middles of `supersample`^2 equal parts of each spaxel.

        **Arguments:** `scale`: kpc of an arcsec; `amount`: a factor of each place by the A_V in front of it.
        """
        middles, rays, axes, area = self._raster(field, scale)
        self._check_speeds(middles, axes)
        self._check_rays(middles, rays, axes, math.sqrt(area))

        ages, metals = (jnp.asarray(part, middles.dtype) for part in (self.library.age, self.library.metallicity))

        @jax.checkpoint
        def spaxel(middle: Float[Array, "2"]) -> Float[Array, "v m b"]:
            nodes, local = jax.vmap(lambda ray: self._ray(ray, axes, ages, metals, amount))(middle[None] + rays)
            # all rays in one product of matrices: one a ray would take most of the time of a Jacobian
            found = area * nodes.reshape(-1, nodes.shape[-1]).T @ local.reshape(-1, math.prod(local.shape[-2:]))
            return found.reshape(-1, *local.shape[-2:])

        return jnp.moveaxis(jax.lax.map(spaxel, middles), 0, 1)

    def common(self) -> Float[Array, "b a"] | None:
        """The histories that all places mix, by the ages of the library."""
        return self.stars.history.common(jnp.asarray(self.library.age, default_float()))

    def young(self, latest: float) -> Float[Array, "b a"] | None:
        """What of `common` is younger than `latest`, Gyr."""
        return self.stars.history.young(jnp.asarray(self.library.age, default_float()), latest)

    def deepest(self, field: Spaxels, scale: float) -> Float[Array, " s"]:
        """The largest A_V along the rays of each spaxel, mag."""
        middles, rays, axes, _ = self._raster(field, scale)

        def along(place: Float[Array, "2"]) -> Float[Array, ""]:
            _, positions, widths = self._places(place, axes)
            return jnp.dot(self._opacities(positions), widths)

        return jax.lax.map(lambda middle: jnp.max(jax.vmap(along)(middle[None] + rays)), middles)

    def _check_rays(self, middles: Float[Array, "s 2"], rays: Float[Array, "r 2"], axes: Array, apart: float) -> None:
        """Warns of stars between the rays, where they are known."""
        if all(map(is_concrete, jax.tree.leaves((middles, axes, self.orientation, self.stars.density)))):
            shifts = jnp.asarray([(0.0, 0.0), (apart / 2, 0.0), (0.0, apart / 2)], rays.dtype)
            self.method.check_rays([apart**2 * float(_mass(self, middles, rays + one, axes)) for one in shifts], apart)

    def _check_speeds(self, middles: Float[Array, "s 2"], axes: Float[Array, "3 3"]) -> None:
        """Warns of stars that move faster than the nodes, three dispersions included, where they are known."""
        known = (middles, axes, self.orientation, self.stars.velocity, self.stars.dispersion)
        if not all(map(is_concrete, jax.tree.leaves(known))):
            return

        def ends(middle: Float[Array, "2"]) -> tuple[Array, Array, Array]:
            places = self._places(middle, axes)[1]
            found = jax.vmap(lambda place: self._velocity(place, axes))(places)
            wide = jax.vmap(self.stars.dispersion_at)(places).astype(found.dtype)
            return jnp.min(found - _WINGS * wide), jnp.max(found + _WINGS * wide), jnp.min(wide)

        slowest, fastest, least = jax.lax.map(ends, middles)
        if float(jnp.min(least)) < 0:
            raise ValueError(f"dispersion is negative, down to {float(jnp.min(least)):g} km/s: give a field above 0.")
        self.method.check_range(float(jnp.min(slowest)), float(jnp.max(fastest)))

    def _velocity(self, position: Float[Array, "3"], axes: Float[Array, "3 3"]) -> Float[Array, ""]:
        """Away from the observer, km/s."""
        velocity = self.orientation.velocity.astype(position.dtype)
        if self.stars.velocity is None:
            return velocity
        return velocity + jnp.dot(self.stars.velocity(position), axes[2])

    def _raster(self, field: Spaxels, scale: float) -> tuple[Array, Array, Array, float]:
        """Middles of spaxels and rays about them, (., 2) kpc, the axes, and the area of a ray, kpc2."""
        side, parts = field.spaxel * scale, self.method.supersample
        offsets = side * ((np.arange(parts) + 0.5) / parts - 0.5)
        right, up = (part.ravel() for part in np.meshgrid(offsets, offsets))
        middles = scale * np.stack(field.offsets(), axis=1)
        dtype = default_float()
        axes, rays = self.orientation.axes().astype(dtype), np.stack([right, up], axis=1)
        return jnp.asarray(middles, dtype), jnp.asarray(rays, dtype), axes, (side / parts) ** 2

    def _places(self, place: Float[Array, "2"], axes: Float[Array, "3 3"]) -> tuple[Array, Array, Array]:
        """Depths along a ray, behind the middle of the galaxy, positions there, and their weights, kpc."""
        origin = place[0] * axes[0] + place[1] * axes[1]
        depths, widths = self._depths(origin, axes[2])
        return depths, origin[None] + depths[:, None] * axes[2][None], widths

    def _opacities(self, positions: Float[Array, "n 3"]) -> Float[Array, " n"]:
        assert self.opacity is not None
        return jax.vmap(self.opacity)(positions)

    def _passed(self, depths: Array, positions: Array, widths: Array, amount: Amount) -> Float[Array, " n"]:
        """The factor of each place: the mean over its own A_V, which may be deep, behind that of all nearer ones."""
        order = jnp.argsort(jax.lax.stop_gradient(depths))
        parts = (self._opacities(positions) * widths)[order]
        nodes, weights = (jnp.asarray(v, parts.dtype) for v in _unit_rule(_WITHIN))
        means = weights @ amount(accumulate(parts)[None] + nodes[:, None] * parts[None])
        return jnp.zeros_like(parts).at[order].set(means, unique_indices=True)

    def _ray(
        self, place: Float[Array, "2"], axes: Float[Array, "3 3"], ages: Array, metals: Array, amount: Amount | None
    ) -> tuple[Array, Array]:
        """Mass per area on nodes of velocity along a ray, (n, v) Msun kpc^-2, and local histories, (n, m, b)."""
        depths, positions, widths = self._places(place, axes)
        if amount is not None:
            widths = widths * self._passed(depths, positions, widths, amount)

        def at(position: Float[Array, "3"]) -> tuple[Array, Array]:
            local = self.stars.history.local(position, ages, metals)
            velocity = self._velocity(position, axes)
            nodes = spread(velocity, self.stars.dispersion_at(position), self.method.velocities)
            return self.stars.density(position) * nodes, local

        nodes, local = jax.vmap(at)(positions)
        return nodes * widths[:, None], local

    def _depths(self, origin: Float[Array, "3"], away: Float[Array, "3"]) -> tuple[Array, Array]:
        """Places along a ray and their weights, kpc: no gradient goes through where a galaxy is cut off.

        They are dense about the plane and about the place next to the centre, and Gauss's between the two. Rays are cut
        at the structures of the dust, such as its ends, through which no gradient goes either.
        """
        first, last = jax.lax.stop_gradient(self._ends(origin, away))
        nearest = jnp.clip(-jnp.dot(origin, away), first, last)
        steep = jnp.abs(away[2]) > 1e-6
        crossing = jnp.clip(jnp.where(steep, -origin[2] / jnp.where(steep, away[2], 1), nearest), first, last)
        low, high = jnp.minimum(nearest, crossing), jnp.maximum(nearest, crossing)
        walls = jnp.sort(jnp.stack([first, low, high, last, *self._walls(origin, away, first, last)]))
        nodes, weights = (jnp.asarray(v, origin.dtype) for v in _unit_rule(self.method.points))
        places, parts = [], []
        for start, end in itertools.pairwise(walls):
            width, below, above = end - start, end <= low, start >= high
            squares = jnp.where(above, start + width * nodes**2, end - width * nodes**2)
            places.append(jnp.where(below | above, squares, start + width * nodes))
            parts.append(width * weights * jnp.where(below | above, 2 * nodes, 1))
        return jnp.concatenate(places), jnp.concatenate(parts)

    def _ends(self, origin: Array, away: Array) -> tuple[Array, Array]:
        """Depths at which a line enters and leaves the stars, before and behind its place next to the centre."""
        extent = self.stars.structures().extent
        (near, far), (after, before) = extent.span(origin, away), extent.span(origin, -away)
        return jnp.where(before > after, -before, near), jnp.where(far > near, far, -after)

    def _walls(self, origin: Array, away: Array, first: Array, last: Array) -> list[Array]:
        """Where a ray enters and leaves structures of the dust, between the ends of the stars."""
        if self.opacity is None:
            return []
        structures = jax.tree.map(lambda leaf: leaf.astype(origin.dtype), self.opacity.structures())
        found = structures.crossings(origin + first * away, away, last - first, _MOST)
        crossings = jax.lax.stop_gradient(found)
        return [jnp.clip(first + place, first, last) for part in crossings for place in jnp.unstack(part)]


@eqx.filter_jit
def _mass(
    scene: Scene, middles: Float[Array, "s 2"], rays: Float[Array, "r 2"], axes: Float[Array, "3 3"]
) -> Float[Array, ""]:
    """The mass along all rays, Msun kpc^-2."""

    def along(place: Float[Array, "2"]) -> Float[Array, ""]:
        _, positions, widths = scene._places(place, axes)
        return jnp.dot(jax.vmap(scene.stars.density)(positions), widths)

    return jnp.sum(jax.lax.map(lambda middle: jnp.sum(jax.vmap(along)(middle[None] + rays)), middles))


def _unit_rule(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss's rule from 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return 0.5 * (nodes + 1), 0.5 * weights


def check_bounded(stars: Component) -> None:
    """Refuses a density that does not say where it ends.

    **Raises:** `ValueError`.
    """
    if not stars.structures().extent.bounded:
        raise ValueError(
            f"The density {type(stars.density).__name__} does not say where it ends: confine it, "
            "sl.fields.Confined(density, radius=30.0, centre=(0.0, 0.0, 0.0))."
        )
