"""Images convolved with what is symmetric: by matrices where it is separable, by fast Fourier transforms elsewhere."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr
from jaxtyping import Array, Float

from ..._core.ranks import of_one_rank

Images = Float[Array, "channels rows columns"]

_CHANNELS = 32  # at a time: Fourier transforms take four times the memory of an image


def profile(sigma: Float[Array, "*k"], count: int) -> Float[Array, "*k n"]:
    """The share of light that moves 0, 1, ... count - 1 spaxels to one side, by a Gaussian of `sigma` spaxels.

    Second differences of T(u), taken of T(-|u|) = T(u) - u, which falls to 0: no digits are lost far from the centre.
    """
    away, width = of_one_rank(jnp.arange(-1.0, count + 1.0, dtype=sigma.dtype), sigma[..., None])
    z = away / width
    below = width * jnp.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) - away * ndtr(-z)
    return below[..., 2:] - 2 * below[..., 1:-1] + below[..., :-2]


def separable(images: Images, sigma: Float[Array, " k"]) -> Images:
    """Convolved with a Gaussian, one width for all channels, (1,), or one each; in spaxels."""
    down, across = (_matrix(profile(sigma, n)) for n in images.shape[1:])
    half = jnp.matmul(down, images, precision="highest")
    return jnp.matmul(half, across, precision="highest")


def _matrix(shares: Float[Array, "k n"]) -> Float[Array, "k n n"]:
    n = np.arange(shares.shape[-1])
    return shares[:, np.abs(n[:, None] - n)]


def convolve(images: Images, kernel: Callable[[Any], Array], width: Float[Array, " k"]) -> Images:
    """Convolved with a kernel of a width, the quadrant of moves (0, 0) ... (rows - 1, columns - 1); as `separable`."""
    size = tuple(2 * n for n in images.shape[1:])

    def turned(one: Array) -> Array:
        quadrant = kernel(one)
        for axis in (0, 1):
            back = jnp.flip(jax.lax.slice_in_dim(quadrant, 1, None, axis=axis), axis)
            empty = jnp.zeros_like(jax.lax.slice_in_dim(quadrant, 0, 1, axis=axis))
            quadrant = jnp.concatenate([quadrant, empty, back], axis)
        return jnp.fft.rfft2(quadrant)

    def smeared(image: Array, transform: Array) -> Array:
        whole = jnp.fft.irfft2(jnp.fft.rfft2(image, size) * transform, size)
        return whole[: image.shape[0], : image.shape[1]]

    if width.shape == (1,):
        transform = turned(width[0])
        return jax.lax.map(lambda image: smeared(image, transform), images, batch_size=_CHANNELS)
    of_each = jax.checkpoint(lambda both: smeared(both[0], turned(both[1])))
    return jax.lax.map(of_each, (images, width), batch_size=_CHANNELS)
