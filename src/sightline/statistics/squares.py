"""Half sums of squares with gradient and Gauss-Newton curvature: what methods that know bounds step by."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Vector = Float[Array, " n"]


class Normal(NamedTuple):
    """A half sum of squares near one point: what the normal equations of least squares are made of.

    - `value`: f = r.r/2, which is -log p but for a constant; `gradient`: J^T r, (n,).
    - `product`: v -> J^T J v, the Gauss-Newton curvature; `diagonal`: what is known of its diagonal, (n,), exact where
      every residual depends on one number of a kind.
    """

    value: Float[Array, ""]
    gradient: Vector
    product: Callable[[Vector], Vector]
    diagonal: Vector | None = None

    def __add__(self, other: "Normal") -> "Normal":  # pyright: ignore[reportIncompatibleMethodOverride]
        return Normal(
            self.value + other.value,
            self.gradient + other.gradient,
            lambda v: self.product(v) + other.product(v),
            None if self.diagonal is None or other.diagonal is None else self.diagonal + other.diagonal,
        )


def least_squares(residuals: Callable[[Vector], Array], vector: Vector) -> Normal:
    """The half sum of squares of a function of the free numbers."""
    found, push = jax.linearize(residuals, vector)
    pull = jax.linear_transpose(push, vector)
    diagonal = None if found.size else jnp.zeros_like(vector)
    return Normal(0.5 * jnp.vdot(found, found), pull(found)[0], lambda v: pull(push(v))[0], diagonal)
