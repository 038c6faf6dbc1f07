"""Random fields of a power-law spectrum on a periodic grid, synthesised from white noise in Fourier space.

Node i along x lies at -X + 2 X i/n: the node at +X is that at -X again. Wavenumbers are counted in units of that of the
outer scale, q = k/k_0, k_0 = 2 pi/outer_scale. The planes at the Nyquist frequency of an even number of nodes are left
empty: a real grid cannot tell +k from -k there, so that no projection is defined.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ..._core.types import Scalar
from .regular import HalfWidths

Latents = Float[Array, "*channels nx ny nz"]
Wavenumbers = tuple[Array, Array, Array]

CUT = 3.0  # how steeply the spectrum ends at wavenumbers below that of the outer scale


def periodic_nodes(shape: tuple[int, ...], half_widths: HalfWidths) -> np.ndarray:
    """Positions of the nodes of a periodic grid, (nx, ny, nz, 3) kpc, about its centre."""
    axes = (-half + 2 * half / n * np.arange(n) for half, n in zip(half_widths, shape[-3:], strict=True))
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def voxel(shape: tuple[int, ...], half_widths: HalfWidths) -> tuple[float, ...]:
    """Distances of neighbouring nodes along x, y, z [kpc]."""
    return tuple(2 * half / n for half, n in zip(half_widths, shape[-3:], strict=True))


def wavenumbers(shape: tuple[int, ...], half_widths: HalfWidths, outer_scale: Scalar) -> Wavenumbers:
    """q along x, y, z of the modes of a real transform, to be broadcast to (nx, ny, nz//2 + 1)."""
    frequencies = [np.fft.fftfreq(n, h) for n, h in zip(shape[-3:-1], voxel(shape, half_widths)[:2], strict=True)]
    frequencies.append(np.fft.rfftfreq(shape[-1], voxel(shape, half_widths)[2]))
    x, y, z = (jnp.asarray(frequency, outer_scale.dtype) * outer_scale for frequency in frequencies)
    return x[:, None, None], y[None, :, None], z[None, None, :]


def _weights(shape: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """How often each mode of a real transform counts along x, y, z: 0 at the Nyquist frequency, 2 for k_z > 0."""
    nx, ny, nz = shape[-3:]
    x, y = (np.where(2 * np.arange(n) == n, 0, 1) for n in (nx, ny))
    index = np.arange(nz // 2 + 1)
    z = np.where(2 * index == nz, 0, np.where(index == 0, 1, 2))
    return x[:, None, None], y[None, :, None], z[None, None, :]


def mode_power(q: Wavenumbers, slope: Scalar) -> Float[Array, "nx ny kz"]:
    """Power of a mode for E(k) ~ k^-s: q^-(s + 2) for q > 1, times exp(-(3 ln(1/q))^3) for q < 1, 0 at q = 0."""
    square = q[0] * q[0] + q[1] * q[1] + q[2] * q[2]
    positive = square > 0
    logarithm = 0.5 * jnp.log(jnp.where(positive, square, 1))
    below = CUT * jnp.minimum(logarithm, 0)
    return jnp.where(positive, jnp.exp(below * below * below - (slope + 2) * logarithm), 0)


def unit_field(latents: Latents, half_widths: HalfWidths, slope: Scalar, outer_scale: Scalar) -> Latents:
    """A Gaussian random field from standard normal `latents`; the ensemble variance of each channel is 1."""
    shape = latents.shape[-3:]
    power = mode_power(wavenumbers(shape, half_widths, outer_scale), slope)
    x, y, z = (np.asarray(weight, power.dtype) for weight in _weights(shape))
    counted = power * x * y * z
    alive = counted > 0
    amplitude = jnp.where(alive, jnp.sqrt(jnp.where(alive, power, 1) * (math.prod(shape) / jnp.sum(counted))), 0)
    spectrum = jnp.fft.rfftn(latents, axes=(-3, -2, -1))
    return _back(spectrum * jnp.broadcast_to(amplitude.astype(spectrum.dtype), spectrum.shape), shape)


def solenoidal(
    vectors: Float[Array, "3 nx ny nz"], half_widths: HalfWidths, length: Scalar
) -> Float[Array, "3 nx ny nz"]:
    """The part of a vector field without divergence, sum_j (delta_ij - k_i k_j/k^2) b_j, without its Nyquist planes.

    Wavenumbers are counted in units of any `length` [kpc], which does not matter: one that is a leaf keeps the compiler
    from folding arrays of the size of the grid into the program.
    """
    shape = vectors.shape[-3:]
    k = wavenumbers(shape, half_widths, jax.lax.stop_gradient(length))
    square = k[0] * k[0] + k[1] * k[1] + k[2] * k[2]
    inverse = jnp.where(square > 0, 1 / jnp.where(square > 0, square, 1), 0)
    x, y, z = (np.asarray(weight > 0, vectors.dtype) for weight in _weights(shape))
    spectrum = jnp.fft.rfftn(vectors, axes=(-3, -2, -1))
    parts = [part * (x * y * z).astype(spectrum.dtype) for part in spectrum]
    along = sum(_scaled(part, axis) for part, axis in zip(parts, k, strict=True))
    along = _scaled(along, inverse)
    return _back(jnp.stack([part - _scaled(along, axis) for part, axis in zip(parts, k, strict=True)]), shape)


def _scaled(spectrum: Any, factor: Array) -> Any:
    return spectrum * factor.astype(spectrum.dtype)


def _back(spectrum: Complex[Array, "*channels nx ny kz"], shape: tuple[int, ...]) -> Latents:
    return jnp.fft.irfftn(spectrum, s=shape, axes=(-3, -2, -1))


def wrapped(values: Latents) -> Float[Array, "*channels mx my mz"]:
    """The values with the first node of each axis repeated at its end: nodes from wall to wall."""
    return jnp.pad(values, [(0, 0)] * (values.ndim - 3) + [(0, 1)] * 3, mode="wrap")


def interpolated_variance(
    shape: tuple[int, ...], half_widths: HalfWidths, slope: Scalar, outer_scale: Scalar
) -> Scalar:
    """Variance, over space, of `unit_field` interpolated trilinearly: each mode keeps prod_i (2 + cos k_i h_i)/3."""
    q = wavenumbers(shape, half_widths, outer_scale)
    x, y, z = (np.asarray(weight, outer_scale.dtype) for weight in _weights(shape))
    counted = mode_power(q, slope) * x * y * z
    kept = jnp.ones((), outer_scale.dtype)
    for component, h in zip(q, voxel(shape, half_widths), strict=True):
        kept = kept * (2 + jnp.cos(2 * math.pi * h * component / outer_scale)) / 3
    return jnp.sum(counted * kept) / jnp.sum(counted)
