"""A line in channels: the part of a Gaussian that is in each."""

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr
from jaxtyping import Array, Float

Values = Float[Array, " n"]


def line_means(edges: np.ndarray, place: float, beta: Values, sigma: Values) -> Float[Array, "n channels"]:
    """Mean densities per A, in channels, of lines of luminosity 1: [Phi(u_k+1) - Phi(u_k)]/(e_k+1 - e_k).

    u_k = (e_k - w (1 + b))/s. Distances e_k - w are taken on the host, so that velocities are right to a part in 1e7
    of themselves in single precision; far from the line no digits are lost.

    **Arguments:** `edges` e: of the channels, moved to rest, (channels + 1,) A; `place` w: of the line, A; `beta` b:
    velocities away over that of light, (n,); `sigma` s: standard deviations, (n,) A at rest, positive.
    """
    away = jnp.asarray(edges - place, beta.dtype)
    u = (away - place * beta[:, None]) / sigma[:, None]
    right = u[:, :-1] > 0
    lower, upper = jnp.where(right, -u[:, 1:], u[:, :-1]), jnp.where(right, -u[:, :-1], u[:, 1:])
    return (ndtr(upper) - ndtr(lower)) / jnp.asarray(np.diff(edges), beta.dtype)
