"""Spectra and factors at the nodes of bins, where they jump, and bins that a band needs."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ..._core.fields import walk
from ..._core.module import Module
from ..._core.types import Scalar
from .bins import AROUND, Bins, around

Jumps = Float[Array | np.ndarray, " k"]
Factor = Float[Array, "2 n"] | None


def times(values: Float[Array, "2 n"], factor: Factor) -> Float[Array, "2 n"]:
    """Values times a factor, where there is one."""
    return values if factor is None else values * factor


def at_nodes(function: Any, bins: Bins) -> Float[Array, "2 n"]:
    """A spectrum or a factor at the nodes of bins."""
    hook = getattr(function, "at", None)
    return jax.vmap(jax.vmap(function))(bins.energy) if hook is None else hook(bins)


def children(module: Module) -> list[Any]:
    """The spectra and factors directly inside a module."""
    found = jax.tree.leaves(module, is_leaf=lambda node: _has_jumps(node) and node is not module)
    return [one for one in found if _has_jumps(one)]


def _has_jumps(node: Any) -> bool:
    return isinstance(node, Module) and hasattr(node, "jumps")


def jumps_of(*parts: Any) -> Jumps:
    """The energies at which spectra and factors jump: constants as long as all are."""
    found = [one.jumps() for one in parts]
    if all(isinstance(one, np.ndarray) for one in found):
        return np.unique(np.concatenate([np.zeros(0), *found]))
    dtype = jnp.result_type(*(one for one in found if not isinstance(one, np.ndarray)))
    return jnp.concatenate([jnp.asarray(one, dtype) for one in found])


def weighted_mean(factor: Float[Array, "2 n"], density: Float[Array, "2 n"]) -> Float[Array, " n"]:
    """The mean of a factor over the nodes of a bin, weighted by what it multiplies; plain where that is nothing.

    By shares of the larger density: derivatives of a quotient have the square of what divides, which is 0 for a
    density of less than 1e-154 (1e-19 in single precision), such as that of a line in a bin far from it.
    """
    limits = jnp.finfo(density.dtype)
    most = jax.lax.stop_gradient(jnp.max(jnp.abs(density), axis=0))
    some = most > limits.tiny / limits.eps
    share = jnp.where(some, density, 1) / jnp.where(some, most, 1)
    total = jnp.sum(share, axis=0)
    cancels = total == 0
    weighted = jnp.sum(factor * share, axis=0) / jnp.where(cancels, 1, total)
    return jnp.where(cancels, jnp.mean(factor, axis=0), weighted)


def band(spectrum: Any, low: Scalar, high: Scalar) -> tuple[Bins, Bool[Array, " n"]]:
    """Narrow bins for what a spectrum holds between two energies, keV, and which of them lie there.

    Others lie around them where a convolution brings photons in from outside.
    """
    bins = Bins.across(low, high, jnp.asarray(spectrum.jumps(), low.dtype), needs_neighbours(spectrum))
    return bins, (bins.low >= low) & (bins.high <= high)


def photons_between(spectrum: Any, edges: Float[Array, " n1"]) -> Float[Array, " n"]:
    """Photons cm-2 s-1 in narrow bins between edges, keV, with those that a convolution brings in from outside."""
    beyond = needs_neighbours(spectrum)
    bins = Bins.contiguous(around(edges) if beyond else edges).cut(jnp.asarray(spectrum.jumps(), edges.dtype))
    photons = bins.gathered(spectrum.binned(bins))
    return photons[AROUND:-AROUND] if beyond else photons


def needs_neighbours(spectrum: Any) -> bool:
    """Whether a convolution within a spectrum moves photons from bin to bin."""
    return any(getattr(one, "needs_neighbours", False) for _, one in walk(spectrum))
