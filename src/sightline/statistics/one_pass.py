"""Log-likelihoods whose value and gradient take one pass: each batch of pixels goes forward and backward at once."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Bool, Float, Int

Batch = tuple[Int[Array | np.ndarray, "*batches m"], Bool[Array | np.ndarray, "*batches m"]]
"""Places of pixels, and whether they count: copies fill the last batch up."""

Run = Callable[[Any, Batch], tuple[Any, Float[Array, ""]]]
"""From a slope, and batches of pixels that add to it, to the slope with them and their value."""


class Piece(NamedTuple):
    """The likelihood of some pixels: how many are predicted at a time, and on which devices, if on several."""

    likelihood: Any
    size: int
    mesh: Mesh | None = None


@eqx.filter_custom_jvp
def total(model: Any, parts: Sequence[Piece]) -> Float[Array, ""]:
    """The log-likelihood of a model, summed over parts.

    **Arguments:** `parts`: likelihoods of different pixels, each with how many of them are predicted at a time.
    """

    def run(one: Any, slope: None, batches: Batch) -> tuple[None, Float[Array, ""]]:
        return slope, jnp.sum(jax.lax.map(lambda batch: _log_likelihood(model, one, batch), batches))

    return jnp.sum(jnp.stack([_shared(one, functools.partial(run, one.likelihood), None)[1] for one in parts]))


@total.def_jvp
def _total_jvp(primals: Any, tangents: Any) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """The rule: the gradient with respect to what moves, and its product with the tangent."""
    moving = _where(tangents, primals, True)
    value, slope = _value_and_slope(moving, _where(tangents, primals, False))
    pairs = zip(jax.tree.leaves(slope), jax.tree.leaves(tangents), strict=True)
    return value, sum((jnp.sum(one * other) for one, other in pairs), start=jnp.zeros_like(value))


def _where(tangents: Any, primals: Any, moving: bool) -> Any:
    """What has a tangent, or what has none, `None` for the rest."""
    return jax.tree.map(
        lambda tangent, leaf: leaf if (tangent is not None) == moving else None,
        tangents,
        primals,
        is_leaf=lambda leaf: leaf is None,
    )


def _value_and_slope(moving: Any, still: Any) -> tuple[Float[Array, ""], Any]:
    """The sum over parts and its gradient with respect to what moves, in one pass over the pixels."""
    slope, values = jax.tree.map(_nothing, moving), []
    for place, piece in enumerate(eqx.combine(moving, still)[1]):

        def log_likelihood(moving: Any, batch: Batch, place: int = place) -> Float[Array, ""]:
            model, parts = eqx.combine(moving, still)
            return _log_likelihood(model, parts[place].likelihood, batch)

        def step(slope: Any, batch: Batch, function: Any = log_likelihood) -> tuple[Any, Float[Array, ""]]:
            value, more = jax.value_and_grad(function)(moving, batch)
            return jax.tree.map(jnp.add, slope, more), value

        def run(slope: Any, batches: Batch, step: Any = step) -> tuple[Any, Float[Array, ""]]:
            # checkpointed for second derivatives backwards; the first ones know nothing of it
            slope, found = jax.lax.scan(jax.checkpoint(step, prevent_cse=False), slope, batches)
            return slope, jnp.sum(found)

        slope, value = _shared(piece, run, slope)
        values.append(value)
    return jnp.sum(jnp.stack(values)), slope


def _shared(piece: Piece, run: Run, slope: Any) -> tuple[Any, Float[Array, ""]]:
    """The slope with what batches of pixels add to it, and their value, summed over the devices that share them.

    On one device it is carried on, so that there is one of it, however large.
    """
    if piece.mesh is None:
        return run(slope, _batches(piece.likelihood, piece.size))
    names, batches = piece.mesh.axis_names, _batches(piece.likelihood, piece.size, piece.mesh.size)

    def part(batches: Batch) -> Any:
        return jax.tree.map(lambda found: jax.lax.psum(found, names), run(jax.tree.map(_nothing, slope), batches))

    spread, whole = PartitionSpec(names), PartitionSpec()
    more, value = jax.shard_map(part, mesh=piece.mesh, in_specs=spread, out_specs=whole, check_vma=False)(batches)
    return jax.tree.map(jnp.add, slope, more), value


def _nothing(leaf: Any) -> Array:
    """Zeros of a shape and a type, on no devices in particular."""
    return jnp.zeros(jnp.shape(leaf), jnp.result_type(leaf))


def _log_likelihood(model: Any, one: Any, batch: Batch) -> Float[Array, ""]:
    """That of some pixels of a likelihood."""
    index, counts = batch
    return jnp.sum(jnp.where(counts, one.batch(index).pointwise(model), 0))


def _batches(one: Any, size: int, devices: int = 1) -> Batch:
    """The pixels of a likelihood in batches of equal size, as many for each device."""
    count = one.data.shape[-1]
    number = -(-count // (size * devices)) * devices
    places = np.arange(number * -(-count // number)).reshape(number, -1)
    return jnp.minimum(places, count - 1), jnp.asarray(places < count)
