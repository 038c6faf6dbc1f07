"""Packets through a medium."""

import functools
import warnings
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.fields import check_tree
from .._core.given import check_key
from .._core.module import Module, default_float, is_concrete, setting
from .._core.units import whole
from ..sky.fields import AbstractField
from .flight import Lanes, Medium, fly
from .process import AbstractProcess
from .region import AbstractRegion
from .result import LostWarning, Seen, Tallied
from .source import AbstractSource, check_scalar
from .tally import AbstractTally, Escape

_ABOVE = 1.2  # the majorant over the largest density of a lattice
_ROOM = 1.25  # that flights are drawn for over the majorant: derivatives need collisions that are refused
_LATTICE = 24
_LOST = 1e-4


class Transport(Module):
    """Photon packets sent by a source through a density of electrons until they leave a region.

    Delta tracking: flights are drawn for a density above all others, and a collision is kept with the probability
    n(x) sigma/(n_max sigma_max), so that any field can be flown through without a grid. Every event of a packet is
    drawn with a key of its own number and event: results depend on neither `batch` nor devices, over which packets
    divide, but for the rounding of sums.

    The result has forward derivatives (`jax.jvp`, `jax.jacfwd`) by all parameters of the density: packets carry the
    derivative of the probability of their history. `reverse=True` has reverse ones (`jax.grad`) instead, slower. There
    are none by the source, the region, the process' temperature or edges of bins.

    **Arguments:**

    - `density`: a scalar field, electrons per cm^3; `process`: what they do; `region`: where; `source`: of packets.
    - `majorant`: the largest density of the region or more, cm^-3; `None`: 1.2 times the largest on a lattice. Flights
      are drawn for 1.25 times as much, since derivatives need collisions that are refused.
    - `batch`: packets in flight; memory grows with it. `events`: candidates of a packet after which it is lost.

    **Raises:** `TypeError`, `ValueError` at construction for what is no such thing or does not fit; when called, for a
    density above the majorant or negative, with its value and place.

    **Source:** Woodcock et al. 1965, ANL-7050, 557, for the flights; Lux & Koblinger 1991, Monte Carlo Particle
    Transport Methods, section 6, for derivatives.

    !!! example
        >>> slab, light = sl.scattering.Slab(1.0), sl.scattering.Lambertian()
        >>> cloud = sl.scattering.Transport(sl.electrons.Uniform(487.17), sl.scattering.Isotropic(), slab, light)
        >>> seen = cloud(jax.random.key(0), packets=2000)
        >>> bool(abs(seen["escape"].I[1] - 0.5534) < 4 * seen["escape"].error[1])
        True
    """

    density: AbstractField
    process: AbstractProcess
    region: AbstractRegion
    source: AbstractSource
    majorant: float | None = setting(None, unit="cm-3", positive=True, kw_only=True)
    batch: int = setting(8192, bounds=(1, None), kw_only=True)
    events: int = setting(10_000, bounds=(1, None), kw_only=True)
    reverse: bool = setting(False, kw_only=True)

    def __check_init__(self) -> None:
        kinds = {
            "density": AbstractField,
            "process": AbstractProcess,
            "region": AbstractRegion,
            "source": AbstractSource,
        }
        for name, kind in kinds.items():
            value = getattr(self, name)
            if not isinstance(value, kind):
                found = value.__name__ + ", a class: call it" if isinstance(value, type) else type(value).__name__
                raise TypeError(f"Transport: {name} must be an {kind.__name__}, not {found}.")
        check_scalar(self.density, "Transport: density")
        self.source.check(self.region)

    def __call__(self, key: Array, packets: int = 100_000, tallies: Mapping[str, AbstractTally] | None = None) -> Seen:
        """Sends packets.

        **Arguments:** `key`: of `jax.random`; `packets`: how many; `tallies`: by name; `None`: `Escape()` as "escape".

        **Returns:** `Seen`, the tallies by name.

        **Raises:** `ValueError` for no packets, `TypeError` for what are no tallies or no key.

        **Warns:** `LostWarning` where more than 1e-4 of the packets are lost.
        """
        if whole(packets, "packets") < 1 or packets >= 2**31:
            raise ValueError(f"packets = {packets}: send at least one, and fewer than 2^31.")
        check_key(key)
        named = {"escape": Escape()} if tallies is None else tallies
        if not (isinstance(named, Mapping) and named) or not all(
            isinstance(one, AbstractTally) for one in named.values()
        ):
            raise TypeError("tallies must be a dictionary, name -> sl.scattering.Escape(...) or Peel(...).")
        check_tree(self)
        source, majorant = self.source.prepare(), self._majorant()
        medium = Medium(self.density.prepare(), self.process, self.region, source, majorant)
        lanes = _run(medium, named, key, packets, min(self.batch, packets), self.events, self.reverse)
        _check(lanes, medium, packets)
        sums = jax.tree.map(lambda sums: jnp.where(_is_allowed(lanes), sums, jnp.nan), (lanes.total, lanes.square))
        found = {name: Tallied.of(sums[0][name], sums[1][name], packets) for name in named}
        return Seen(found, lanes.lost, lanes.scatterings, packets)

    def _majorant(self) -> Array:
        if self.majorant is not None:
            return jnp.asarray(_ROOM * self.majorant, default_float())
        low, high = self.region.box()
        places = np.stack(np.meshgrid(*(np.linspace(a, b, _LATTICE) for a, b in zip(low, high, strict=True))), axis=-1)
        values = jax.vmap(self.density.prepare())(jnp.asarray(places.reshape(-1, 3), default_float()))
        largest = jax.lax.stop_gradient(jnp.max(values))
        if is_concrete(largest) and not (np.isfinite(float(largest)) and float(largest) > 0):
            raise ValueError(
                f"Transport: the largest density on a lattice is {float(largest):g} cm^-3: nothing would scatter; "
                "check the density and the region, or give majorant=."
            )
        return _ROOM * _ABOVE * largest


@functools.partial(eqx.filter_jit)
def _run(
    medium: Medium,
    tallies: dict[str, AbstractTally],
    key: Array,
    packets: int,
    batch: int,
    events: int,
    reverse: bool,
) -> Lanes:
    """Packets divided over the devices there are."""
    count = jax.device_count()
    steps = events * -(-packets // batch) if reverse else None
    run = functools.partial(fly, medium, tallies, key, batch=batch, events=events, steps=steps)
    if count == 1:
        return run(jnp.zeros((), int), jnp.full((), packets))
    ends = [packets * part // count for part in range(count + 1)]
    mesh = jax.sharding.Mesh(np.asarray(jax.devices()), ("packets",))
    spec = jax.sharding.PartitionSpec("packets")

    def part(first: Array, last: Array) -> Any:
        lanes = run(first[0], last[0])
        kept = (lanes.total, lanes.square, lanes.lost, lanes.scatterings, lanes.worst, lanes.least)
        return jax.tree.map(lambda leaf: leaf[None], (lanes, kept))[1]

    starts, stops = jnp.asarray(ends[:-1]), jnp.asarray(ends[1:])
    total, square, lost, scatterings, worst, least = jax.shard_map(
        part, mesh=mesh, in_specs=(spec, spec), out_specs=spec, check_vma=False
    )(starts, stops)
    summed = jax.tree.map(lambda leaf: jnp.sum(leaf, axis=0), (total, square, lost, scatterings))
    template = eqx.filter_eval_shape(lambda: run(starts[0], stops[0]))
    empty = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), template)
    extremes = worst[jnp.argmax(worst[:, 0])], least[jnp.argmin(least[:, 0])]
    return eqx.tree_at(
        lambda s: (s.total, s.square, s.lost, s.scatterings, s.worst, s.least), empty, (*summed, *extremes)
    )


def _is_allowed(lanes: Lanes) -> Array:
    """Whether all densities were within those that the flights allowed for: traced ones cannot be refused."""
    return ~((lanes.worst[0] > 1 + 1e-5) | (lanes.least[0] < 0))


def _check(lanes: Lanes, medium: Medium, packets: int) -> None:
    """Refuses densities that the flights did not allow for, and warns of lost packets, where they are known."""
    if not all(map(is_concrete, (lanes.worst, lanes.least, lanes.lost, medium.majorant))):
        return
    for what, found in (("above the majorant", lanes.worst), ("negative", lanes.least)):
        ratio, place = float(found[0]), np.asarray(found[1:]).round(4).tolist()
        if ratio > 1 + 1e-5 or ratio < 0:
            density, most = ratio * float(medium.majorant), float(medium.majorant)
            if not np.isfinite(density):
                raise ValueError(f"Transport: the density is not finite at {place} kpc: mend the field there.")
            raise ValueError(
                f"Transport: the density is {density:.6g} cm^-3 at {place} kpc, {what}; flights were drawn for "
                f"{most:.6g} cm^-3: give a larger majorant=, or a density that is not negative."
            )
    if float(lanes.lost) > _LOST * packets:
        warnings.warn(
            f"{int(lanes.lost)} of {packets} packets had not escaped after the limit of events: raise `events`.",
            LostWarning,
            stacklevel=3,
        )
