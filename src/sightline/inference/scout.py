"""Where fits begin: at given values, and at draws from the prior, the best of many where one asks for it."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..parameters import ravel
from ..statistics import Posterior
from .coordinates import FEW, Vector

BLOCK = 8  # draws evaluated together, of one compiled program


def drawn(posterior: Posterior, count: int, scout: int | None, key: jax.Array) -> list[Any]:
    """Constrained values of so many further starts from the prior: the first that are drawn, or the best of `scout`.

    **Raises:** `ValueError` for a prior that cannot be drawn from, or where no draw has a finite density.
    """
    numbers = range(1, count + 1) if scout is None else _best(posterior, count, scout, key)
    return [posterior.space.begin(jax.random.fold_in(key, number)) for number in numbers]


def _best(posterior: Posterior, count: int, scout: int, key: jax.Array) -> list[int]:
    """The numbers of the draws to start from, of those from 1 to `scout`."""
    padded = jnp.arange(1, BLOCK * -(-scout // BLOCK) + 1)  # a remainder would be compiled by itself
    places, heights = _survey(posterior, jax.vmap(lambda number: jax.random.fold_in(key, number))(padded))
    heights = np.asarray(heights, np.float64)[:scout]
    order = np.argsort(-heights, kind="stable")
    order = order[np.isfinite(heights[order])]
    if not order.size:
        raise ValueError(f"None of scout = {scout} draws from the prior has a finite log posterior: narrow the priors.")
    rows = range(len(order)) if places is None else _apart(np.asarray(places, np.float64)[order], count)
    return [int(order[row]) + 1 for row in rows[:count]]


@eqx.filter_jit
def _survey(posterior: Posterior, keys: jax.Array) -> tuple[Float[Array, "draws n"] | None, Float[Array, " draws"]]:
    """Where draws lie, unconstrained, and their log posteriors; of many parameters the latter alone."""
    space = posterior.space

    def one(key: jax.Array) -> tuple[Vector | None, Float[Array, ""]]:
        values = space.begin(key)
        place, _ = ravel(space.to_unconstrained(values), space.names)
        return place if space.size <= FEW else None, posterior.log_posterior(values)

    return jax.lax.map(one, keys, batch_size=BLOCK)


def _apart(places: np.ndarray, count: int) -> list[int]:
    """All rows, first up to `count` that are no copies: each is away from those before it.

    Away is further, in standard deviations of all the draws, than if so many filled their volume evenly.
    """
    scale = np.std(places, axis=0)
    places = places / np.where(scale > 0, scale, 1)
    radius, chosen = count ** (-1 / places.shape[1]), [0]
    for row in range(1, len(places)):
        away = np.sqrt(np.mean(np.square(places[chosen] - places[row]), axis=1))
        if len(chosen) < count and np.all(away >= radius):
            chosen.append(row)
    return chosen + [row for row in range(len(places)) if row not in chosen]
