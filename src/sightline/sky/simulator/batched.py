"""A simulator whose global work is done, for predictions of few rays at a time."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Inexact

from ..._core.contracts import AbstractPredictor
from ...statistics.hooks import Part, Split
from ..axes import asked
from ..fields.base import prepare_children
from ..geometry import Sightlines
from ..geometry.mapping import batch_of
from ..geometry.subset import parts_of
from ..observables import AbstractObservable
from ..observables.reaching import Reaching
from ..stokes import Stokes
from .base import AbstractSimulator
from .observe import arrays, as_stokes, measure_rays, observe_rays


class Batched(AbstractPredictor):
    """A simulator that sees few rays at a time, all at once, no batch worked out again, and is not prepared each time.

    **Arguments:** `simulator`: as it was, which tells of walls; `ready`: prepared.
    """

    simulator: AbstractSimulator
    ready: AbstractSimulator

    def __call__(self, lines: Sightlines, frequency: Array | None = None, *, energy: Array | None = None) -> Stokes:
        """As that of a `Simulator`, of sightlines that it has seen and values that it has checked, of one axis."""
        given = asked(frequency, energy)
        values, _ = observe_rays(self.simulator, arrays(lines), jnp.atleast_1d(given.values), self.ready)
        return as_stokes(lines, values, given)

    def measure(self, observable: AbstractObservable, length: Any = None) -> Inexact[Array, "*values pixels"]:
        """As that of a `Simulator`, of an observable that is prepared, on sightlines that it has seen."""
        lines = observable.sightlines
        bare = eqx.tree_at(lambda o: o.sightlines, observable, arrays(lines))
        return lines.sky.reduce(measure_rays(self.simulator, bare, length, self.ready))


def split(simulator: AbstractSimulator, observable: Any, lines: Sightlines) -> Split | None:
    """How the simulator predicts an observable a few pixels of `lines` at a time; `None` where it cannot."""
    parts = parts_of(lines)
    if parts is None:
        return None
    fixed = jax.tree.map(lambda leaf: jax.lax.stop_gradient(leaf) if eqx.is_inexact_array(leaf) else leaf, simulator)
    # half the rays of a pass that goes forward only: more is kept of each
    found = [
        Part(_of(prepare_children(observable), part, places), places, _pixels(simulator, part, places), lines.mesh)
        for part, places in parts
    ]
    return Split(Batched(fixed, simulator.prepare()), tuple(found))


def _pixels(simulator: AbstractSimulator, lines: Sightlines, places: Array) -> int:
    """How many pixels at a time: half the rays of a pass that goes forward only, since more is kept of each."""
    return max(1, batch_of(lines, max(simulator.chunk // 2, 1)) * places.shape[0] // lines.size)


def _of(observable: Any, lines: Sightlines, places: Array) -> Any:
    """The observable of a part of its pixels."""
    part = eqx.tree_at(lambda o: o.sightlines, observable, lines)
    return part if getattr(observable, "distance", None) is None else Reaching(part, places)
