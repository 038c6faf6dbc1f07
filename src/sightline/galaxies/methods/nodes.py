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


class VelocityWarning(UserWarning):
    """Emitters move faster than the nodes of a `VelocityNodes`."""


class VelocityNodes(AbstractMethod):
    """Light on nodes of velocity: F_s = sum_v H_vs R_v, whose spectra are made once for all emitters.

    H is the mass on each node of velocity, spaxel and node of the library, R_v the library as the spectrograph sees it
    at a velocity. The mass of an emitter goes to four nodes of velocity, with weights that keep its moments 0 to 3, and
    to the library's nodes without error. How near that is to `Exact` is in benchmarks/results/velocity_nodes.md.

    Dust is followed on nodes of A_V, cubic between them.

    **Arguments:** `step`: between nodes, km/s; `limits`: the first and the last, km/s, of the rest frame: emitters
    beyond are put at them, with a warning; `screens`: nodes of A_V, where there is dust; `supersample`: rays of a
    smooth galaxy across a spaxel, each way; `points`: places on each of them before, about and behind the middle.

    **Raises:** `ValueError` for limits that do not hold four nodes.

    !!! example
        >>> sl.cubes.VelocityNodes(step=50.0, limits=(-500.0, 500.0)).velocities.size
        21
    """

    step: float = setting(25.0, unit="km s-1", positive=True)
    limits: tuple[float, float] = setting((-1000.0, 1000.0), unit="km s-1")
    screens: int = setting(8, bounds=(4, None))
    supersample: int = setting(4, bounds=(1, None))
    points: int = setting(16, bounds=(2, None))

    def __check_init__(self) -> None:
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

    def spectra(self, masses: Float[Array, "v s k"], templates: Templates) -> Float[Array, "channels spaxels"]:
        """The light of masses on nodes: each node's spectra are made anew in reverse mode, and not kept."""

        @jax.checkpoint
        def light(mass: Array, velocity: Array) -> Array:
            shift, factor = shifts(velocity)
            return mass @ (templates.means(shift) * factor)

        def add(cube: Array, one: tuple[Array, Array]) -> tuple[Array, None]:
            return cube + light(*one), None

        empty = jnp.zeros((masses.shape[1], len(templates.points) - 1), masses.dtype)
        return jax.lax.scan(add, empty, (masses, jnp.asarray(self.velocities, masses.dtype)))[0].T

    def screened(self, light: Any, visual: Array, transmission: Transmission) -> Array:
        """The light behind screens of A_V, a node at a time, cubic between the nodes."""
        most = jax.lax.stop_gradient(jnp.maximum(jnp.max(visual), 1e-3))
        nodes = most * np.linspace(0, 1, self.screens).astype(visual.dtype)

        def add(cube: Array, index: Array) -> tuple[Array, None]:
            def amount(value: Array) -> Array:
                return _cardinal(value / most * (self.screens - 1), index, self.screens)

            return cube + light(amount) * transmission(nodes[index][None])[0][:, None], None

        first = jax.eval_shape(light)
        return jax.lax.scan(add, jnp.zeros(first.shape, first.dtype), jnp.arange(self.screens))[0]

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


def _cardinal(place: Array, node: Array, count: int) -> Array:
    """The weight of one node of a cubic between four neighbours, at places in units of the nodes."""
    lower = jnp.clip(jnp.floor(place), 1, count - 3)
    t, offset = place - lower, node.astype(place.dtype) - lower
    before, after, beyond = t + 1, t - 1, t - 2
    parts = -t * after * beyond / 6, before * after * beyond / 2, -before * t * beyond / 2, before * t * after / 6
    return sum((jnp.where(offset == k - 1, part, 0) for k, part in enumerate(parts)), start=jnp.zeros_like(t))
