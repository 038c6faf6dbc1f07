"""Lines in channels: where those of gas are, and the part of a Gaussian that is in each channel."""

import math

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr
from jaxtyping import Array, Float

Values = Float[Array, " n"]

FWHM = 2 * math.sqrt(2 * math.log(2))
"""Full width at half maximum of a Gaussian of standard deviation 1."""
PLACES = {
    "[O II] 3726": 3727.092,
    "[O II] 3729": 3729.875,
    "H delta": 4102.892,
    "H gamma": 4341.684,
    "H beta": 4862.683,
    "[O III] 4959": 4960.295,
    "[O III] 5007": 5008.240,
    "[O I] 6300": 6302.046,
    "[N II] 6548": 6549.86,
    "H alpha": 6564.614,
    "[N II] 6584": 6585.27,
    "[S II] 6716": 6718.295,
    "[S II] 6731": 6732.674,
}
"""Wavelengths of emission lines of gas, A, at rest, in vacuum: of hydrogen as SDSS lists them, the others as NIST."""


def line_means(edges: np.ndarray, place: float, beta: Values, sigma: Values) -> Float[Array, "n channels"]:
    """Mean densities per A, in channels, of lines of luminosity 1: [Phi(u_k+1) - Phi(u_k)]/(e_k+1 - e_k).

    u_k = (e_k - w (1 + b))/s. Distances e_k - w are taken on the host, so that velocities are right to a part in 1e7
    of themselves in single precision; far from the line no digits are lost.

    **Arguments:** `edges` e: of the channels, moved to rest, (channels + 1,) A; `place` w: of the line, A; `beta` b:
    velocities away over that of light, (n,); `sigma` s: standard deviations, (n,) A at rest, positive.
    """
    away = jnp.asarray(edges - place, beta.dtype)
    u = (away[None] - place * beta[:, None]) / sigma[:, None]
    right = u[:, :-1] > 0
    lower, upper = jnp.where(right, -u[:, 1:], u[:, :-1]), jnp.where(right, -u[:, :-1], u[:, 1:])
    return (ndtr(upper) - ndtr(lower)) / jnp.asarray(np.diff(edges), beta.dtype)[None]
