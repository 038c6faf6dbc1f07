"""Light behind dust by splines of A_V: positive, and dense where little dust makes a difference."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .method import Transmission

_DARK = 6 * np.log(10)
"""Optical depth at which a millionth passes."""


def screened(
    light: Callable[..., Array], visual: Float[Array, "*n"], transmission: Transmission, count: int
) -> Float[Array, "channels spaxels"]:
    """The light behind screens of A_V, a cubic B-spline of u = ln(1 + A_V/a) at a time.

    a is the A_V of optical depth 1 where the law takes most: in u the transmissions of all channels are equally
    smooth. The last node is the largest A_V, or that of which less than a millionth passes in any channel.
    Basis functions and their coefficients are not negative, and so is the light; without dust all of it passes.

    **Arguments:** `light`: by a factor of each emitter, a function of its A_V; `visual`: which A_V there are;
    `count`: nodes.
    """
    unit, last = _range(visual, transmission)
    step = jnp.log1p(last / unit) / (count - 1)
    nodes = unit * jnp.expm1(step * jnp.arange(count).astype(visual.dtype))
    coefficients = jnp.maximum(jnp.asarray(_spline(count), visual.dtype) @ transmission(nodes), 0)

    def add(cube: Array, one: tuple[Array, Array]) -> tuple[Array, None]:
        def amount(value: Array) -> Array:
            return bell(jnp.log1p(jnp.minimum(value, last) / unit) / step - one[0])

        return cube + light(amount) * one[1][:, None], None

    first = jax.eval_shape(light)
    places = jnp.arange(-1, count + 1).astype(visual.dtype)
    return jax.lax.scan(add, jnp.zeros(first.shape, first.dtype), (places, coefficients))[0]


def _range(visual: Array, transmission: Transmission) -> tuple[Array, Array]:
    """The unit of A_V and the last node, mag; no gradient goes through where nodes are."""
    passed = transmission(jnp.ones(1, visual.dtype))[0]
    depth = jax.lax.stop_gradient(jnp.clip(-jnp.log(passed), 1e-4, 1e4))
    most = jax.lax.stop_gradient(1.001 * jnp.max(visual))  # within the nodes, where there is a derivative
    return 1 / jnp.max(depth), jnp.clip(most, 1e-3, _DARK / jnp.min(depth))


def bell(u: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """The cubic B-spline about 0: 2/3 - u^2 + |u|^3/2 up to 1, (2 - |u|)^3/6 up to 2."""
    far = jnp.abs(u)
    inner, outer = 2 / 3 - far * far * (1 - 0.5 * far), jnp.maximum(2 - far, 0) ** 3 / 6
    return jnp.where(far < 1, inner, outer)


def _spline(count: int) -> np.ndarray:
    """From values at regular nodes to coefficients of B-splines, those beyond the ends too, (count + 2, count).

    The third derivative does not jump at the second node and at the last but one.
    """
    rows = np.zeros((count + 2, count + 2))
    for k in range(count):
        rows[k, k : k + 3] = 1 / 6, 4 / 6, 1 / 6
    rows[count, :5] = rows[count + 1, -5:] = 1, -4, 6, -4, 1
    return np.linalg.inv(rows)[:, :count]
