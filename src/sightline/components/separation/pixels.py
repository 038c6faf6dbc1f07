"""All pixels of maps at once: the elimination of one pixel, mapped."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ...sky.instruments.bands import Nodes
from ..mixing import MixingMatrix
from .elimination import Priors, Slopes, Solved, Systems, eliminate, misfit, slopes


class Pixels(NamedTuple):
    """What all pixels show, and with what: leaves of `systems` and `priors` have pixels on their last axis, or none."""

    bands: Nodes
    systems: Systems
    priors: Priors


class Spread(eqx.Module):
    """A mixing matrix with the values of every pixel, and which of its leaves are maps."""

    mixing: MixingMatrix
    mapped: tuple[bool, ...] = eqx.field(static=True)

    @property
    def axes(self) -> MixingMatrix:
        """What `jax.vmap` maps: the first axis of maps."""
        structure = jax.tree.structure(self.mixing)
        return jax.tree.unflatten(structure, [0 if one else None for one in self.mapped])


def spread(mixing: MixingMatrix, npix: int, kept: Int[Array, " n"] | None) -> Spread:
    """A mixing matrix in the pixels that are kept."""
    values, axes = mixing.spread(npix)
    mapped = jax.tree.map(lambda axis, _: axis is not None, axes, values, is_leaf=lambda node: node is None)
    if kept is not None:
        values = jax.tree.map(lambda node, is_map: node[kept] if is_map else node, values, mapped)
    return Spread(values, tuple(jax.tree.leaves(mapped)))


def amplitudes(of: Spread, pixels: Pixels) -> tuple[Solved, ...]:
    """The systems of all pixels, solved."""
    return _mapped(eliminate, of, pixels)


def columns(of: Spread, bands: Nodes, size: int) -> Float[Array, "bands components n"]:
    """The mixing matrix in the pixels that are kept."""
    over = jax.vmap(lambda one, band: one.column(band), in_axes=(of.axes, None), out_axes=-1, axis_size=size)
    return jax.vmap(lambda band: over(of.mixing, band))(bands)


def misfits(of: Spread, pixels: Pixels) -> Float[Array, " n"]:
    """f of all pixels, whose derivatives take no more memory than the sums of a pixel."""
    return _misfits(of, pixels)


@eqx.filter_custom_jvp
def _misfits(of: Spread, pixels: Pixels) -> Float[Array, " n"]:
    def both(one: MixingMatrix, bands: Nodes, systems: Systems, priors: Priors) -> Array:
        return misfit(one, bands, systems, eliminate(one, bands, systems, priors), priors)

    return _mapped(both, of, pixels)


@_misfits.def_jvp
def _misfits_jvp(primals: Any, tangents: Any) -> tuple[Array, Array]:
    (of, pixels), (change, others) = primals, tangents
    if jax.tree.leaves(others):
        raise ValueError("SpectralLikelihood has no derivatives by data, noise or bandpasses, only by its model.")
    leaves = jax.tree.leaves(change.mixing, is_leaf=lambda node: node is None)
    moves = [leaf is not None for leaf in leaves]
    found = derivatives(of, pixels, moves)
    along = numbers([leaf for leaf in leaves if leaf is not None], of, moves, found.value.shape[0])
    zero = jnp.zeros_like(found.value)
    return found.value, sum((g * d for g, d in zip(found.gradient, along, strict=True)), zero)


def derivatives(of: Spread, pixels: Pixels, moving: list[bool]) -> Slopes:
    """f, gradient and curvature of all pixels."""

    def both(one: MixingMatrix, bands: Nodes, systems: Systems, priors: Priors) -> Slopes:
        return slopes(one, bands, systems, eliminate(one, bands, systems, priors), priors, moving)

    return _mapped(both, of, pixels)


def numbers(leaves: list[Array], of: Spread, moving: list[bool], size: int) -> tuple[Float[Array, " n"], ...]:
    """The numbers of the leaves that move, in the order of `layout`, each as a map of all pixels."""
    found: list[Array] = []
    mapped = [one for one, moves in zip(of.mapped, moving, strict=True) if moves]
    for leaf, is_map in zip(leaves, mapped, strict=True):
        found += list(leaf.reshape(size, -1).T) if is_map else [jnp.broadcast_to(one, size) for one in leaf.ravel()]
    return tuple(found)


def _mapped(function: Any, of: Spread, pixels: Pixels) -> Any:
    axes = jax.tree.map(lambda leaf: leaf.ndim - 1 if leaf.ndim > 1 else None, pixels.systems)
    priors = jax.tree.map(lambda leaf: 0 if leaf.ndim else None, pixels.priors)
    return jax.vmap(function, in_axes=(of.axes, None, axes, priors))(of.mixing, *pixels)


@eqx.filter_jit
def solved(of: Spread, seen: Pixels) -> Any:
    """The amplitudes of all pixels, and what they were solved with, as one program."""
    return amplitudes(of, seen)


def mixed(matrix: Float[Array, "bands components n"], amplitudes: Float[Array, "components k n"]) -> Array:
    """The maps in the bands that amplitudes make, (k, bands, n) K_CMB."""
    return jnp.einsum("bcn,ckn->kbn", matrix, amplitudes)
