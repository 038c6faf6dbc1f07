"""Spectra blurred by a Gaussian whose width may change with energy."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..._core.module import param
from .convolved import AbstractConvolution

_PIVOT = 6.0  # keV, where XSPEC has it
_FAR = 6.0  # widths: what lies beyond is 1e-9
_REACH = 3.0  # widths: from where photons must be known
_LOWEST = 0.01  # keV, below which none are asked for
_BLOCK = 64  # bins that are found at once
_WINDOWS = (128, 256, 512, 1024)  # bins from which a block takes photons; all where these do not suffice
_NODE = 0.5 / np.sqrt(3)  # of a bin: photons at two places have its mean and variance

Nodes = tuple[Float[Array, "2 n"], Float[Array, "2 n"], Float[Array, " n"]]


class GaussianSmoothing(AbstractConvolution):
    """A Gaussian blur whose width is a power of energy: sigma(E) = sigma (E/6 keV)^a; XSPEC's `gsmooth`.

    Photons of energy E are spread by the Gaussian of their own sigma(E), between all bins exactly; those of one bin
    start from two places within it, XSPEC's from one. All photons are kept but those that leave the bins.

    **Arguments:** `sigma`: at 6 keV, keV; 0 moves nothing; `index`: a.

    The bins must reach three widths beyond the energies that are seen: `response.extended(low, high)`.

    !!! example
        >>> blurred = sl.spectra.GaussianSmoothing(sigma=0.1)(sl.spectra.Line(energy=6.4, sigma=0.0, norm=1.0))
        >>> round(float(blurred.photons(6.3, 6.5)), 1)
        0.7
    """

    sigma: Float[Array, ""] = param(unit="keV", bounds=(0, None), symbol=r"\sigma")
    index: Float[Array, ""] = param(0.0, symbol="a")

    def width(self, energy: Float[Array, "*n"]) -> Float[Array, "*n"]:
        """sigma(E), keV."""
        return self.sigma * (energy / _PIVOT) ** self.index

    def reach(self, low: float, high: float) -> tuple[float, float]:
        below, above = (_REACH * float(jnp.max(self.width(jnp.asarray(end)))) for end in (low, high))
        return min(low, max(low - below, _LOWEST)), high + above

    def convolve(self, photons: Float[Array, " n"], edges: Float[Array, " n1"]) -> Float[Array, " n"]:
        half = _NODE * (edges[1:] - edges[:-1])
        middle = 0.5 * (edges[1:] + edges[:-1])
        energy = jnp.stack([middle - half, middle + half])
        return _smoothed((energy, self.width(energy), photons), edges)


@jax.jit
def _smoothed(nodes: Nodes, edges: Float[Array, " n1"]) -> Float[Array, " n"]:
    """Photons in bins, by the smallest window that holds all that come."""
    size = nodes[2].shape[0]
    edges = jnp.pad(edges, (0, -size % _BLOCK), mode="edge")
    first, needed = _windows(nodes, edges)
    sizes = [*(one for one in _WINDOWS if one < size), size]
    choice = jnp.searchsorted(jnp.asarray(sizes, jnp.int32), needed)
    branches = [functools.partial(_blurred, window=one) for one in sizes]
    return jax.lax.switch(choice, branches, edges, nodes, first)[:size]


def _windows(nodes: Nodes, edges: Float[Array, " m1"]) -> tuple[Int[Array, " b"], Int[Array, ""]]:
    """For each block, the first bin whose photons can come into it; and in how many bins from there all such are."""
    energy, width = (jax.lax.stop_gradient(one) for one in nodes[:2])
    above = jax.lax.cummax(energy[1] + _FAR * width[1])
    below = jax.lax.cummin(energy[0] - _FAR * width[0], reverse=True)
    at = jax.lax.stop_gradient(edges[::_BLOCK])
    first = jnp.searchsorted(above, at[:-1]).astype(jnp.int32)
    last = jnp.searchsorted(below, at[1:], side="right").astype(jnp.int32)
    return first, jnp.max(last - first)


def _blurred(edges: Float[Array, " m1"], nodes: Nodes, first: Int[Array, " b"], window: int) -> Float[Array, " m"]:
    """Photons in bins, block by block, each from so many bins about it."""

    @jax.checkpoint
    def block(given: tuple[Int[Array, ""], Int[Array, ""]]) -> Float[Array, " block"]:
        at, start = given
        ends = jax.lax.dynamic_slice(edges, (at,), (_BLOCK + 1,))
        energy, width, photons = (jax.lax.dynamic_slice_in_dim(one, start, window, -1) for one in nodes)
        return 0.5 * (_held(ends, energy[0], width[0]) + _held(ends, energy[1], width[1])) @ photons

    starts = jnp.arange(first.shape[0], dtype=jnp.int32) * _BLOCK
    return jax.lax.map(block, (starts, jnp.minimum(first, nodes[2].shape[0] - window))).reshape(-1)


def _held(edges: Float[Array, " m1"], energy: Float[Array, " k"], width: Float[Array, " k"]) -> Float[Array, "m k"]:
    """The part of Gaussians that lies in bins, without cancellation in the tails; of no width, all in one bin."""
    wide = width > 0
    away, energy, width = edges[:, None] - energy[None], energy[None], width[None]
    z = jnp.where(wide, away / jnp.where(wide, width, 1), jnp.where(away > 0, 9 * _FAR, -9 * _FAR))
    positive = z > 0
    tail = 0.5 * jax.lax.erfc(math.sqrt(0.5) * jnp.abs(z))  # a third of the time that ndtr takes
    low, high = tail[:-1], tail[1:]
    across = jnp.where(positive[1:] & ~positive[:-1], 1 - low - high, high - low)
    return jnp.maximum(jnp.where(positive[:-1], low - high, across), 0)  # tails rise by rounding, in single precision
