"""Log-likelihoods whose value and gradient take one pass: each batch of pixels goes forward and backward at once."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

Batch = tuple[Int[Array | np.ndarray, "*batches m"], Bool[Array | np.ndarray, "*batches m"]]
"""Places of pixels, and whether they count: copies fill the last batch up."""


@eqx.filter_custom_jvp
def total(model: Any, parts: Sequence[tuple[Any, int]]) -> Float[Array, ""]:
    """The log-likelihood of a model, summed over parts.

    **Arguments:** `parts`: likelihoods of different pixels, each with how many of them are predicted at a time.
    """
    sums = [
        jax.lax.map(lambda batch, one=one: _log_likelihood(model, one, batch), _batches(one, size))
        for one, size in parts
    ]
    return jnp.sum(jnp.concatenate(sums))


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
    slope, values = jax.tree.map(jnp.zeros_like, moving), []
    for place, (one, size) in enumerate(eqx.combine(moving, still)[1]):

        def log_likelihood(moving: Any, batch: Batch, place: int = place) -> Float[Array, ""]:
            model, parts = eqx.combine(moving, still)
            return _log_likelihood(model, parts[place][0], batch)

        def step(slope: Any, batch: Batch, function: Any = log_likelihood) -> tuple[Any, Float[Array, ""]]:
            value, more = jax.value_and_grad(function)(moving, batch)
            return jax.tree.map(jnp.add, slope, more), value

        # checkpointed for second derivatives backwards; the first ones know nothing of it
        slope, found = jax.lax.scan(jax.checkpoint(step, prevent_cse=False), slope, _batches(one, size))
        values.append(found)
    return jnp.sum(jnp.concatenate(values)), slope


def _log_likelihood(model: Any, one: Any, batch: Batch) -> Float[Array, ""]:
    """That of some pixels of a likelihood."""
    index, counts = batch
    return jnp.sum(jnp.where(counts, one.batch(index).pointwise(model), 0))


def _batches(one: Any, size: int) -> Batch:
    """The pixels of a likelihood in batches of equal size."""
    count = one.data.shape[-1]
    number = -(-count // size)
    places = np.arange(number * -(-count // number)).reshape(number, -1)
    return jnp.minimum(places, count - 1), jnp.asarray(places < count)
