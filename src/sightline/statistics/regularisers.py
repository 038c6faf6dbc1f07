"""What a posterior prefers of a model beyond priors of single parameters."""

import abc
import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.module import Module, param, setting
from ..parameters import find_leaves, match


class AbstractRegulariser(Module):
    """A preference for some models over others.

    !!! example
        >>> issubclass(sl.Smoothness, sl.statistics.AbstractRegulariser)
        True
    """

    @abc.abstractmethod
    def log_density(self, model: Any) -> Float[Array, ""]:
        """What it adds to the log posterior, ()."""

    @abc.abstractmethod
    def residuals(self, model: Any) -> Float[Array, " n"] | None:
        """r with log p = const - r.r/2; `None` where it is no sum of squares."""


class AbstractGaussianRegulariser(AbstractRegulariser):
    """A sum of squares: log p = -r.r/2, of residuals r(model) in units of their standard deviations.

    !!! example
        >>> issubclass(sl.Smoothness, sl.statistics.AbstractGaussianRegulariser)
        True
    """

    @abc.abstractmethod
    def residuals(self, model: Any) -> Float[Array, " n"]:
        """What should be small, in units of its standard deviation."""

    def log_density(self, model: Any) -> Float[Array, ""]:
        """See `AbstractRegulariser`."""
        return -0.5 * jnp.sum(jnp.square(self.residuals(model)))


def grids_of(owner: str, pattern: str, model: Any, axes: tuple[int, ...]) -> list[Array]:
    """The leaves that a pattern means, which must have these axes.

    **Raises:** `ValueError`.
    """
    leaves, found = find_leaves(model), []
    for name in match(pattern, model, leaves):
        value = leaves[name].value
        if value.ndim < max(-axis for axis in axes):
            raise ValueError(f"{owner}: {name} has shape {value.shape}, which has no axes {axes}.")
        found.append(value)
    return found


class Smoothness(AbstractGaussianRegulariser):
    """Neighbours of a grid should not differ: r = sqrt(w) (v_(i+1) - v_i) along every axis of the grid.

    With `order=2` slopes should not differ: r = sqrt(w) (v_(i+1) - 2 v_i + v_(i-1)), so that a linear field is free.
    A grid of three dimensions whose voxels are f times smaller keeps the strength with w/f, or f w of order 2.

    **Arguments:**

    - `pattern`: names of the grids, a name or glob as in `sl.ParameterSpace`.
    - `weight` w: inverse variance of a difference, one number or one for every axis, whose voxels may differ in size.
    - `axes`: along which, counted from the end; the last three by default.
    - `order`: 1 or 2.

    **Raises:** `ValueError` for a pattern that matches nothing, a grid without these axes, or with fewer than
    order + 1 nodes along one, or a weight that is not positive.

    !!! example
        >>> smooth = sl.Smoothness("values", weight=4.0, axes=(-1,))
        >>> smooth.residuals({"values": jnp.array([1.0, 2.0, 4.0])})
        Array([2., 4.], dtype=float64)
        >>> sl.Smoothness("values", weight=4.0, axes=(-1,), order=2).residuals({"values": jnp.array([1.0, 2.0, 4.0])})
        Array([2.], dtype=float64)
    """

    pattern: str = setting()
    weight: Float[Array, "*axes"] = param(positive=True)
    axes: tuple[int, ...] = setting((-3, -2, -1))
    order: int = setting(1, choices=(1, 2), kw_only=True)

    def __check_init__(self) -> None:
        if not self.axes or max(self.axes) >= 0:
            raise ValueError(f"Smoothness.axes = {self.axes}: count axes from the end, -1, -2, ...")
        if len(set(self.axes)) < len(self.axes):
            raise ValueError(f"Smoothness.axes = {self.axes} names an axis twice: give it a larger weight.")
        if getattr(self.weight, "shape", ()) not in ((), (len(self.axes),)):
            raise ValueError(f"Smoothness.weight has shape {self.weight.shape}: one number, or one for each axis.")

    def residuals(self, model: Any) -> Float[Array, " n"]:
        """See `AbstractGaussianRegulariser`."""
        weights, parts = jnp.broadcast_to(self.weight, (len(self.axes),)), []
        for value in grids_of("Smoothness", self.pattern, model, self.axes):
            self._check_nodes(value.shape)
            roots = jnp.sqrt(weights).astype(value.dtype)
            parts += [roots[i] * jnp.diff(value, self.order, axis).ravel() for i, axis in enumerate(self.axes)]
        return jnp.concatenate(parts)

    def _check_nodes(self, shape: tuple[int, ...]) -> None:
        short = [axis for axis in self.axes if 1 < shape[axis] <= self.order]  # one node is no axis
        if short:
            raise ValueError(
                f"Smoothness: a grid of shape {shape} has {shape[short[0]]} nodes along axis {short[0]}, and order = "
                f"{self.order} needs {self.order + 1}: leave that axis out of axes = {self.axes}, or lower the order."
            )


class TotalVariation(AbstractGaussianRegulariser):
    """Few and sharp edges: -log p = w sum_i (sqrt(|d_i|^2 + e^2) - e), d_i the differences to the next nodes.

    All channels and axes of a node count together, so that edges cost the same in every direction and of every
    component. Where |d| is well below e it is quadratic, as `Smoothness` of weight w/e; well above it grows as |d|.
    With voxels f times smaller w/f^2 and e/f keep the strength.

    Of voxels with sides h_x, h_y, h_z the difference along x counts h/h_x, h = (h_x h_y h_z)^(1/3), and so on, so that
    the sum is w/h^2 int |grad v| dV: an edge costs its height times its area in units of h^2, in every direction.

    **Arguments:**

    - `pattern`: names of the grids, (..., nx, ny, nz), a name or glob as in `sl.ParameterSpace`.
    - `weight` w: per unit of the grid.
    - `softening` e: in the unit of the grid.
    - `sides`: of a voxel along the three axes, (3,) kpc, whose ratios matter: of nodes 2 half_width/(n - 1); `None`:
      voxels are cubes.

    **Raises:** `ValueError` for a pattern that matches nothing, a grid of fewer than three axes, numbers that are not
    positive, or other than three sides.

    **Source:** Rudin, Osher & Fatemi 1992, Physica D 60, 259; in vectors Blomgren & Chan 1998, IEEE TIP 7, 304.

    !!! example
        >>> step = jnp.zeros((1, 1, 4)).at[..., 2:].set(3.0)
        >>> round(float(sl.TotalVariation("values", weight=2.0, softening=1e-9).log_density({"values": step})), 6)
        -6.0
    """

    pattern: str = setting()
    weight: Float[Array, ""] = param(positive=True)
    softening: Float[Array, ""] = param(positive=True)
    sides: tuple[float, float, float] | None = setting(None, unit="kpc", positive=True, kw_only=True)

    def __check_init__(self) -> None:
        if self.sides is not None and len(self.sides) != 3:
            raise ValueError(f"TotalVariation.sides = {self.sides}: give those of a voxel along x, y and z, (3,) kpc.")

    def residuals(self, model: Any) -> Float[Array, " n"]:
        """See `AbstractGaussianRegulariser`."""
        grids = grids_of("TotalVariation", self.pattern, model, (-3, -2, -1))
        return jnp.concatenate([self._residuals(value.reshape(-1, *value.shape[-3:])) for value in grids])

    def _residuals(self, value: Float[Array, "c nx ny nz"]) -> Float[Array, " n"]:
        weight, soft = self.weight.astype(value.dtype), self.softening.astype(value.dtype)
        steps = jnp.stack([jnp.diff(value, axis=a, append=jnp.take(value, jnp.array([-1]), a)) for a in (1, 2, 3)])
        if self.sides is not None:
            ratio = math.prod(self.sides) ** (1 / 3) / np.array(self.sides)
            steps = steps * jnp.asarray(ratio.reshape(3, 1, 1, 1, 1), value.dtype)
        length = jnp.sqrt(jnp.sum(steps * steps, axis=(0, 1)) + soft * soft)
        return (jnp.sqrt(2 * weight / (length + soft)) * steps).ravel()
