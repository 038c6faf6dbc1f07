"""The method of velocity nodes: masses on nodes, then one product of matrices for each node."""

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import is_concrete, setting
from ..cubes.templates import Templates
from .deposit import deposit
from .emitters import Emitters
from .method import AbstractMethod, Transmission, shifts
from .screens import screened

_TOGETHER = 2**19
"""Numbers in the spectra of as many nodes of velocity as are multiplied with masses at a time."""
_ROUGH = 0.1
"""By how much of the mass two sets of rays may differ: the error of each is about half of it."""


class VelocityWarning(UserWarning):
    """Emitters move faster than the nodes of a `VelocityNodes`."""


class RayWarning(UserWarning):
    """Stars of a smooth galaxy lie between the rays of a `VelocityNodes`."""


class VelocityNodes(AbstractMethod):
    """Light on nodes of velocity: F_s = sum_v H_vs R_v, whose spectra are made once for all emitters.

    H is the mass on each node of velocity, spaxel and node of the library, R_v the library as the spectrograph sees it
    at a velocity. The mass of an emitter goes to four nodes of velocity, with weights that keep its moments 0 to 3, and
    to the library's nodes without error. How near that is to `Exact` is in benchmarks/results/velocity_nodes.md.

    Dust is followed by cubic splines of ln(1 + A_V/a), a the A_V of optical depth 1: the light is never negative, and
    its error is below a thousandth of that without dust.

    **Arguments:** `step`: between nodes, km/s; `limits`: the first and the last, km/s, of the rest frame: emitters
    beyond are put at them, with a warning, and of smooth galaxies what a dispersion carries there, with one where three
    of it do; `screens`: nodes of A_V, where there is dust; `supersample`: rays of a smooth galaxy across a spaxel, each
    way, with a warning where stars lie between them, as those of a thin disk on edge do; `points`: places on each of
    them before, about and behind the middle.

    **Raises:** `ValueError` for limits that do not hold four nodes.

    !!! example
        >>> sl.cubes.VelocityNodes(step=50.0, limits=(-500.0, 500.0)).velocities.size
        21
    """

    step: float = setting(25.0, unit="km s-1", positive=True)
    limits: tuple[float, float] = setting((-1000.0, 1000.0), unit="km s-1")
    screens: int = setting(16, bounds=(4, None))
    supersample: int = setting(4, bounds=(1, None))
    points: int = setting(16, bounds=(2, None))

    def __check_init__(self) -> None:
        if np.shape(self.limits) != (2,):
            raise ValueError(f"VelocityNodes.limits = {self.limits} must be two speeds [km/s], e.g. (-500.0, 500.0).")
        if not self.limits[1] - self.limits[0] >= 3 * self.step:
            raise ValueError(f"limits = {self.limits} km/s hold fewer than four nodes, {self.step:g} km/s apart.")

    @property
    def velocities(self) -> np.ndarray:
        """The nodes, km/s."""
        count = int(np.ceil((self.limits[1] - self.limits[0]) / self.step - 1e-9)) + 1
        return self.limits[0] + self.step * np.arange(count)

    def __call__(
        self, emitters: Emitters, templates: Templates, spaxels: int, transmission: Transmission | None
    ) -> Float[Array, "channels spaxels"]:
        self._check(emitters.velocity)
        velocities = self.velocities
        shape = len(velocities), spaxels, templates.mean.shape[0]

        def light(amount: Any = None) -> Array:
            return self.spectra(deposit(emitters, velocities[0], self.step, shape, amount), templates)

        if transmission is None or emitters.visual is None:
            return light()
        return self.screened(light, emitters.visual, transmission)

    def spectra(
        self, masses: Float[Array, "v s *k"], templates: Templates, common: Float[Array, "b a"] | None = None
    ) -> Float[Array, "channels spaxels"]:
        """The light of masses on nodes: each node's spectra are made anew in reverse mode, and not kept.

        With `common`, shares of the ages of the library, masses are (v, s, metallicities, b): the spectra are mixed,
        and not the masses, of which there are more.
        """
        count, spaxels = masses.shape[:2]
        channels = len(templates.points) - 1
        size = min(count, max(1, _TOGETHER // (templates.mean.shape[0] * channels)))
        rows, velocities = self._in_groups(masses.reshape(count, spaxels, -1), size)

        @jax.checkpoint
        def light(mass: Array, velocity: Array) -> Array:
            shift, factor = shifts(velocity)
            seen = jax.vmap(templates.means)(shift) * factor[:, None, None]
            return mass @ _mixed(seen, common).reshape(mass.shape[1], channels)

        def add(cube: Array, one: tuple[Array, Array]) -> tuple[Array, None]:
            return cube + light(*one), None

        empty = jnp.zeros((spaxels, channels), rows.dtype)
        return jax.lax.scan(add, empty, (rows, velocities))[0].T

    def _in_groups(self, masses: Float[Array, "v s k"], size: int) -> tuple[Array, Array]:
        """Masses of groups of nodes, (groups, s, size k), the last filled up, and velocities, (groups, size)."""
        count, spaxels, histories = masses.shape
        more = -count % size
        velocities = np.pad(self.velocities, (0, more), mode="edge").reshape(-1, size)
        rows = jnp.pad(masses, ((0, more), (0, 0), (0, 0))).reshape(-1, size, spaxels, histories)
        rows = jnp.swapaxes(rows, 1, 2).reshape(-1, spaxels, size * histories)
        return rows, jnp.asarray(velocities, masses.dtype)

    def screened(self, light: Any, visual: Array, transmission: Transmission) -> Array:
        """The light behind dust, by splines of A_V."""
        return screened(light, visual, transmission, self.screens)

    def check_range(self, slowest: float, fastest: float) -> None:
        """Warns of stars of a smooth galaxy, from `slowest` to `fastest` km/s with three dispersions, beyond."""
        low, high = self.velocities[[0, -1]]
        if slowest < low or fastest > high:
            warnings.warn(
                f"Stars of a smooth galaxy move by {slowest:g} ... {fastest:g} km/s, three dispersions included; those "
                f"beyond the nodes, {low:g} ... {high:g} km/s, are put at the ends: give VelocityNodes wider limits.",
                VelocityWarning,
                stacklevel=2,
            )

    def check_rays(self, masses: list[float], apart: float) -> None:
        """Warns of stars of a smooth galaxy that its rays, `apart` kpc, fall beside.

        **Arguments:** `masses`: along its rays, and along those half-way to the next on either side, Msun.
        """
        low, high = min(masses), max(masses)
        if not high - low <= _ROUGH * high or high == 0:
            warnings.warn(
                f"Stars of a smooth galaxy lie between its rays, {apart:.3g} kpc apart: these and others half-way to "
                f"the next see masses from {low:.3g} to {high:.3g} Msun. Give VelocityNodes a larger supersample than "
                f"{self.supersample}, smaller spaxels, a thicker disk, or particles in its place.",
                RayWarning,
                stacklevel=2,
            )

    def _check(self, velocity: Any) -> None:
        if not is_concrete(velocity):
            return
        low, high = self.velocities[[0, -1]]
        beyond = int(np.sum((np.asarray(velocity) < low) | (np.asarray(velocity) > high)))
        if beyond:
            warnings.warn(
                f"{beyond} of {velocity.size} emitters move faster than the nodes, {low:g} ... {high:g} km/s, and are "
                "put at the ends: give VelocityNodes wider limits.",
                VelocityWarning,
                stacklevel=4,
            )


def _mixed(spectra: Float[Array, "v k n"], common: Float[Array, "b a"] | None) -> Float[Array, "v *j n"]:
    """Spectra of histories, those of the first metallicity first, from those of ages."""
    if common is None:
        return spectra
    count, _, channels = spectra.shape
    by_age = spectra.reshape(count, -1, common.shape[1], channels)
    return jnp.einsum("ba,vman->vmbn", common, by_age, precision="highest")
