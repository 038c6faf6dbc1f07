"""Stationary Gaussian random fields of a Matern covariance on regular nodes, from white noise, by Fourier series."""

import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.types import Scalar


def padded(shape: tuple[int, ...], spacing: tuple[float, ...], lengths: tuple[float, ...]) -> tuple[int, ...]:
    """Nodes of a period: the box and two correlation lengths, so that its ends know little of each other."""
    return tuple(2 * math.ceil((n + 2 * length / h) / 2) for n, h, length in zip(shape, spacing, lengths, strict=True))


def matern_field(
    latents: Float[Array, "*channels mx my mz"],
    spacing: tuple[float, ...],
    lengths: Float[Array, "3"],
    smoothness: Scalar,
) -> Float[Array, "*channels mx my mz"]:
    """A random field of variance 1 from standard normal `latents`, of power (1 + sum_i (k_i l_i)^2/(2 nu))^(-nu - 3/2).

    The power is summed over the modes of the grid, whatever they are: the variance is 1 at every node.
    """
    shape = latents.shape[-3:]
    frequencies = [np.fft.fftfreq(n, h) for n, h in zip(shape[:2], spacing[:2], strict=True)]
    frequencies.append(np.fft.rfftfreq(shape[2], spacing[2]))
    x, y, z = (2 * math.pi * jnp.asarray(f, lengths.dtype) * lengths[i] for i, f in enumerate(frequencies))
    square = (x * x)[:, None, None] + (y * y)[None, :, None] + (z * z)[None, None]
    power = jnp.exp(-(smoothness + 1.5) * jnp.log1p(square / (2 * smoothness)))
    index = np.arange(shape[2] // 2 + 1)
    counts = np.where((index == 0) | (2 * index == shape[2]), 1.0, 2.0)
    norm = math.prod(shape) / jnp.sum(power * jnp.asarray(counts, power.dtype)[None, None])
    spectrum = jnp.fft.rfftn(latents, axes=(-3, -2, -1))
    amplitude = jnp.broadcast_to(jnp.sqrt(power * norm).astype(spectrum.dtype), spectrum.shape)
    return jnp.fft.irfftn(spectrum * amplitude, s=shape, axes=(-3, -2, -1))
