"""What a posterior prefers of a model beyond priors of single parameters."""

import abc
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.module import setting
from ..parameters import find_leaves, match


class AbstractRegulariser(eqx.Module):
    """A Gaussian preference: log p = const - r.r/2, with residuals r(model)."""

    @abc.abstractmethod
    def residuals(self, model: Any) -> Float[Array, " n"]:
        """What should be small, in units of its standard deviation."""


class Smoothness(AbstractRegulariser):
    """Neighbours of a grid should not differ: r = sqrt(w) (v_(i+1) - v_i) along every axis of the grid.

    **Arguments:**

    - `pattern`: names of the grids, a name or glob as in `sl.ParameterSpace`.
    - `weight` w: inverse variance of a difference.
    - `axes`: along which, counted from the end; the last three by default.

    **Raises:** `ValueError` for a pattern that matches nothing, a grid without these axes, or a weight that is not
    positive.

    !!! example
        >>> smooth = sl.Smoothness("values", weight=4.0, axes=(-1,))
        >>> smooth.residuals({"values": jnp.array([1.0, 2.0, 4.0])})
        Array([2., 4.], dtype=float64)
    """

    pattern: str = setting()
    weight: float = setting(positive=True)
    axes: tuple[int, ...] = setting((-3, -2, -1))

    def __check_init__(self) -> None:
        if not self.axes or max(self.axes) >= 0:
            raise ValueError(f"Smoothness.axes = {self.axes}: count axes from the end, -1, -2, ...")

    def residuals(self, model: Any) -> Float[Array, " n"]:
        """See `AbstractRegulariser`."""
        leaves, parts = find_leaves(model), []
        for name in match(self.pattern, model, leaves):
            value = leaves[name].value
            if value.ndim < max(-axis for axis in self.axes):
                raise ValueError(f"Smoothness: {name} has shape {value.shape}, which has no axes {self.axes}.")
            parts += [jnp.diff(value, axis=axis).ravel() for axis in self.axes]
        return self.weight**0.5 * jnp.concatenate(parts)
