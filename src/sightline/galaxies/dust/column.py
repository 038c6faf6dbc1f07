"""What lies in front: columns of gas between the observer and each star, particle by particle."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..._core.module import default_float, is_concrete
from ..._core.units import number, numbers

Places = Int[Array, " n"]
Depths = Float[Array, " n"]

_CHUNK = 256


def column(spaxel: Any, away: Any, gas_spaxel: Any, gas_away: Any, amount: Any, width: Any = None) -> Depths:
    """The sum over the gas in front of each star, on its spaxel: sum_j a_j [d_j < d_i].

    Exact and independent of the order of the particles; gas at the depth of a star is not in front of it. The sum has
    derivatives by the amounts, none by depths. With a width w each [d_j < d_i] is 1/(1 + e^((d_j - d_i)/w)), which has
    them, at a cost that grows as the product of both numbers.

    **Arguments:**

    - `spaxel`, `gas_spaxel`: on which spaxel each star, each gas particle lies, (n,) and (m,); below 0: on none.
    - `away`: distance d of each star away from the observer, (n,) kpc, larger is farther; `gas_away`: of the gas, (m,).
    - `amount`: what each gas particle adds, as A_V, (m,).
    - `width`: kpc; None: exact.

    **Returns:** (n,), as `amount`, 0 where nothing is in front.

    **Raises:** `ValueError` for shapes that do not go together, numbers that are not finite, or a width <= 0.

    !!! example
        >>> sl.dust.column([0, 0, 1], [1.0, 3.0, 3.0], gas_spaxel=[0, 0], gas_away=[2.0, 0.5], amount=[0.3, 0.1])
        Array([0.1, 0.4, 0. ], dtype=float64)
    """
    stars = _particles(spaxel, away, "spaxel", "away")
    gas = _particles(gas_spaxel, gas_away, "gas_spaxel", "gas_away")
    amounts = _values(amount, "", "amount")
    if amounts.shape != gas[0].shape:
        raise ValueError(f"amount has shape {amounts.shape}, gas_spaxel {gas[0].shape}: give one a gas particle.")
    if width is None:
        return _exact(*stars, *gas, amounts)
    if is_concrete(width) and not number(width, "kpc", "width") > 0:
        raise ValueError(f"width = {width} kpc must be positive; None is exact.")
    return _logistic(*stars, *gas, amounts, _values(width, "kpc", "width"))


def _values(value: Any, unit: str, name: str) -> Array:
    if not is_concrete(value):
        return value
    known = numbers(value, unit, name)
    if not np.all(np.isfinite(known)):
        raise ValueError(f"{name} is not finite for {int(np.sum(~np.isfinite(known)))} of {known.size} particles.")
    return value if isinstance(value, jax.Array) else jnp.asarray(known, default_float())


def _particles(spaxel: Any, away: Any, place: str, depth: str) -> tuple[Places, Depths]:
    depths = _values(away, "kpc", depth)
    places = spaxel if not is_concrete(spaxel) else jnp.asarray(numbers(spaxel, None, place), jnp.int32)
    if places.shape != depths.shape or places.ndim != 1:
        raise ValueError(f"{place} has shape {places.shape}, {depth} {depths.shape}: both must be (n,).")
    return places, depths


@jax.jit
def _exact(place: Places, away: Depths, gas_place: Places, gas_away: Depths, amount: Depths) -> Depths:
    """Sorted by spaxel and depth: the running sum of each spaxel; of equal depths the stars come first."""
    n = place.shape[0]
    places = jnp.concatenate([place, gas_place])
    depths = jax.lax.stop_gradient(jnp.concatenate([away, gas_away.astype(away.dtype)]))
    order = jnp.lexsort((jnp.arange(places.size) >= n, depths, places))
    begins = jnp.concatenate([jnp.ones(1, bool), jnp.diff(places[order]) != 0])
    sums = _running(begins, jnp.concatenate([jnp.zeros(n, amount.dtype), amount])[order])
    found = jnp.zeros_like(sums).at[order].set(sums, unique_indices=True)[:n]
    return jnp.where(place >= 0, found, 0)


def _running(begins: Array, values: Depths) -> Depths:
    """Sums that start anew where a spaxel begins, without the differences of large sums that cost digits.

    First within rows of equal length, all at once, then over the rows.
    """
    rows = max(1, round(values.size**0.5))
    values_of = jnp.pad(values, (0, -values.size % rows)).reshape(rows, -1)
    begins_of = jnp.pad(begins, (0, -begins.size % rows), constant_values=True).reshape(rows, -1)
    within = _scan(begins_of.T, values_of.T).T
    begun = jax.lax.cummax(begins_of.astype(jnp.int32), axis=1) > 0
    ends = _scan(begun[:, -1], within[:, -1])
    before = jnp.concatenate([jnp.zeros(1, values.dtype), ends[:-1]])
    return (within + jnp.where(begun, 0, before[:, None])).reshape(-1)[: values.size]


def _scan(begins: Array, values: Array) -> Array:
    def step(total: Array, one: tuple[Array, Array]) -> tuple[Array, Array]:
        total = one[1] + jnp.where(one[0], 0, total)
        return total, total

    return jax.lax.scan(step, jnp.zeros_like(values[0]), (begins, values))[1]


@jax.jit
def _logistic(
    place: Places, away: Depths, gas_place: Places, gas_away: Depths, amount: Depths, width: Float[Array, ""]
) -> Depths:
    @jax.checkpoint
    def of(star: tuple[Array, Array]) -> Array:
        share = jax.nn.sigmoid((star[1] - gas_away) / width)
        return jnp.sum(jnp.where((gas_place == star[0]) & (star[0] >= 0), amount * share, 0))

    return jax.lax.map(of, (place, away), batch_size=_CHUNK)
