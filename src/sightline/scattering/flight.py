"""Many packets in flight: each lane is refilled with the next packet when its own is gone."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from .._core.safe import held
from .packet import Packet
from .process import NUMBERS, AbstractProcess
from .region import AbstractRegion
from .source import AbstractSource
from .tally import AbstractTally


class Medium(eqx.Module):
    """What packets fly through.

    - `density`: a prepared field, cm^-3; `majorant`: a density above all of it, cm^-3.
    """

    density: Any
    process: AbstractProcess
    region: AbstractRegion
    source: AbstractSource
    majorant: Float[Array, ""]


class Lanes(eqx.Module):
    """What flies, one packet a lane, and what was counted.

    - `number`: of the packet; `event`: of its life; `own`: its counts so far.
    - `next`: the number of the next packet to be born; `worst`: the largest density over the majorant, and where.
    """

    packet: Packet
    number: Int[Array, " lanes"]
    event: Int[Array, " lanes"]
    own: dict[str, Float[Array, "lanes 3 *bins"]]
    next: Int[Array, ""]
    total: dict[str, Float[Array, "3 *bins"]]
    square: dict[str, Float[Array, "3 *bins"]]
    lost: Int[Array, ""]
    scatterings: Float[Array, ""]
    worst: Float[Array, "4"]
    least: Float[Array, "4"]


def fly(
    medium: Medium,
    tallies: dict[str, AbstractTally],
    key: Array,
    first: Array,
    last: Array,
    *,
    batch: int,
    events: int,
    steps: int | None,
) -> Lanes:
    """The lanes when packets `first` to `last` - 1 are gone.

    **Arguments:** `batch`: lanes; `events`: after which a packet is lost; `steps`: a limit of all steps for which
    derivatives in reverse are kept, `None`: forward derivatives only.
    """
    dtype = medium.majorant.dtype

    def flying(lanes: Lanes) -> Bool[Array, ""]:
        return jnp.any(lanes.number < last)

    def step(lanes: Lanes) -> Lanes:
        return _step(lanes, medium, tallies, key, last, events)

    start = _start(medium, tallies, key, first, batch, dtype)
    if steps is None:
        return jax.lax.while_loop(flying, step, start)
    from equinox.internal import while_loop

    return while_loop(flying, step, start, max_steps=steps, kind="checkpointed")


def _key(key: Array, number: Array, event: Array) -> Array:
    """The key of an event of a packet, whatever flies beside it."""
    return jax.random.fold_in(jax.random.fold_in(key, number), event)


def _start(
    medium: Medium, tallies: dict[str, AbstractTally], key: Array, first: Array, batch: int, dtype: Any
) -> Lanes:
    number = first + jnp.arange(batch)
    packet = jax.vmap(lambda n: _born(medium, key, n, dtype))(number)
    none = {name: tally.empty().astype(dtype) for name, tally in tallies.items()}
    own = {name: jnp.zeros((batch, *empty.shape), dtype) for name, empty in none.items()}
    zero = jnp.zeros((), dtype)
    worst = jnp.zeros(4, dtype)
    return Lanes(
        *(packet, number, jnp.ones_like(number), own, first + batch),
        *(none, none, jnp.zeros((), int), zero, worst, worst),
    )


def _born(medium: Medium, key: Array, number: Array, dtype: Any) -> Packet:
    return medium.source.birth(_key(key, number, jnp.zeros_like(number)), medium.region, dtype)


def _step(
    lanes: Lanes, medium: Medium, tallies: dict[str, AbstractTally], key: Array, last: Array, events: int
) -> Lanes:
    """One flight of every packet to its next candidate of a collision, or out."""
    alive = lanes.number < last
    packet, gone, hit, own, ratio = jax.vmap(lambda p, n, e: _fly_one(p, n, e, medium, tallies, key))(
        lanes.packet, lanes.number, lanes.event
    )
    own = {name: kept + _where(alive, own[name], 0) for name, kept in lanes.own.items()}
    lost = alive & ~gone & (lanes.event >= events)
    ended = alive & (gone | lost)
    total = {name: value + jnp.sum(_where(ended, own[name], 0), axis=0) for name, value in lanes.total.items()}
    square = {name: value + jnp.sum(_where(ended, own[name] ** 2, 0), axis=0) for name, value in lanes.square.items()}
    number = jnp.where(ended, lanes.next + jnp.cumsum(ended) - 1, lanes.number)
    fresh = jax.vmap(lambda n: _born(medium, key, n, medium.majorant.dtype))(number)
    worst, least = _extremes(lanes, packet, jnp.where(alive, ratio, 0))
    return Lanes(
        jax.tree.map(lambda new, old: _where(ended, new, old), fresh, packet),
        number,
        jnp.where(ended, 1, lanes.event + 1),
        {name: _where(ended, 0, value) for name, value in own.items()},
        lanes.next + jnp.sum(ended),
        total,
        square,
        lanes.lost + jnp.sum(lost),
        lanes.scatterings + jnp.sum(jnp.where(alive & hit, 1.0, 0.0).astype(lanes.scatterings.dtype)),
        worst,
        least,
    )


def _fly_one(
    packet: Packet, number: Array, event: Array, medium: Medium, tallies: dict[str, AbstractTally], key: Array
) -> tuple[Packet, Array, Array, dict[str, Array], Array]:
    """The packet after its flight, whether it is out and was scattered, what was counted, n over the majorant."""
    process, region, dtype = medium.process, medium.region, packet.weight.dtype
    numbers = jax.random.uniform(_key(key, number, event), (3 + 3 * NUMBERS,), dtype)
    flight = -jnp.log1p(-numbers[0]) / (process.most * medium.majorant)
    edge = region.exit(packet.position, packet.direction)
    out = flight >= edge
    place = packet.position + jnp.where(out, edge, flight) * packet.direction
    here = eqx.tree_at(lambda p: p.position, packet, place)
    electron = process.electron(here, numbers[2 : 2 + NUMBERS])
    ratio = medium.density(place) / medium.majorant
    share = held(ratio * process.chance(here, electron), 0, 1)
    hit = ~out & (numbers[1] < share)
    here = eqx.tree_at(lambda p: p.weight, here, packet.weight * jnp.where(out, 1, _score(share, hit)))
    after = process.scatter(here, electron, numbers[2 + NUMBERS : 2 + 2 * NUMBERS])
    own = numbers[2 + 2 * NUMBERS :]
    counted = {name: _counted(tally, packet, here, own, medium, out) for name, tally in tallies.items()}
    return (
        jax.tree.map(lambda new, old: jnp.where(hit, new, old), after, here),
        out,
        hit,
        counted,
        jnp.where(out, 0, ratio),
    )


def _score(share: Array, hit: Array) -> Array:
    """1, whose derivative is that of the logarithm of the probability of what happened."""
    kept = jnp.where(hit, share, 1 - share)
    still = jax.lax.stop_gradient(kept)
    return jnp.where(still > 0, kept / jnp.where(still > 0, still, 1), 1)


def _counted(tally: AbstractTally, packet: Packet, here: Packet, numbers: Array, medium: Medium, out: Array) -> Array:
    none = tally.empty().astype(packet.weight.dtype)
    left, sent = tally.escaped(here), tally.flown(packet, numbers, medium)
    return (none if left is None else jnp.where(out, left, none)) + (none if sent is None else sent)


def _extremes(lanes: Lanes, packet: Packet, ratio: Array) -> tuple[Array, Array]:
    """The largest and the smallest n over the majorant so far, and where; what is NaN is the largest."""
    ratio = jnp.where(jnp.isnan(ratio), jnp.inf, ratio)
    found = jax.lax.stop_gradient(jnp.concatenate([ratio[:, None], packet.position], axis=1))
    high, low = found[jnp.argmax(ratio)], found[jnp.argmin(ratio)]
    return jnp.where(high[0] > lanes.worst[0], high, lanes.worst), jnp.where(low[0] < lanes.least[0], low, lanes.least)


def _where(flag: Array, yes: Any, no: Any) -> Array:
    """`jnp.where` along the first axis."""
    shape = jnp.shape(yes) if jnp.ndim(yes) else jnp.shape(no)
    return jnp.where(flag.reshape(flag.shape + (1,) * (len(shape) - 1)), yes, no)
