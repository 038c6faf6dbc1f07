"""How far maps are from converged: each cell against its two halves."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._core.given import check_kind
from ..._core.module import is_concrete
from ..axes import asked
from ..geometry import Sightlines
from ..observables import AbstractObservable
from .base import AbstractSimulator
from .checks import of_axis
from .observe import arrays, measure_rays, observe_rays
from .place import complete, seen, structures_of, structures_seen

Maps = dict[str, np.ndarray]
"""Values of every ray by the name of the map, (..., nray)."""

_REMAINING = 4 / 3
"""Error of a second-order rule in terms of the change when cells are halved; of first order it would be 2."""


class ErrorEstimate(eqx.Module):
    """The error that cells make, estimated for every map by halving each of them.

    - `absolute`: rms over the rays, in the unit of the map; `relative`: the same over the rms of the map; by the name
      of the map, (nfreq,) or () each.
    - `mean_cells`: cells, or points, that are evaluated for a ray on average.

    !!! example
        >>> lines = simulator.sightlines(sl.HealpixSky(1), frequency=23.0, tolerance=0.1)
        >>> sorted(lines.error.relative)
        ['I', 'Q', 'U']
    """

    absolute: dict[str, np.ndarray]
    relative: dict[str, np.ndarray]
    mean_cells: np.ndarray

    def __repr__(self) -> str:
        parts = [f"{name}: {_two_digits(value)}" for name, value in self.relative.items()]
        return f"ErrorEstimate(relative rms {', '.join(parts)}; {self.mean_cells:.1f} cells a ray)"


def _two_digits(values: np.ndarray) -> str:
    """Numbers to two digits each: to two decimals an error of 1e-3 would be none."""
    return np.array2string(values, formatter={"float_kind": lambda x: f"{x:.2g}"})


def estimate_error(
    simulator: AbstractSimulator, sky: Any, frequency: Any = None, *, energy: Any = None
) -> ErrorEstimate:
    """The error that the cells of sightlines make in the maps of a simulator.

    The change when every cell is halved, times 4/3: what remains of it for a rule of second order. It costs three
    simulations.

    **Arguments:**

    - `sky`: a sky, `Sightlines`, or an observable, of which no `frequency` is asked.
    - `frequency`: GHz, or `energy`: GeV; a number or a sequence.
    - `simulator`: an `sl.Simulator`.

    **Returns:** `ErrorEstimate` of I, Q, U (V), or of the observable under the name of its class.

    **Raises:** `ValueError` as a simulation; `TypeError` inside jit, where nothing can be chosen.

    !!! example
        >>> lines = sl.Sightlines(sl.HealpixSky(nside=4), sl.BoxCells(cells=32))
        >>> error = sl.estimate_error(simulator, lines, frequency=2.3)
        >>> sorted(error.relative), float(error.mean_cells)
        (['I', 'Q', 'U'], 32.0)
    """
    target, lines = target_of(simulator, sky, frequency, energy)
    return summarise(target(lines), target(halved(lines)), mean_cells(lines))


class Target(eqx.Module):
    """What is to be converged: maps of Stokes parameters at frequencies, or an observable."""

    simulator: AbstractSimulator
    observable: AbstractObservable | None
    frequency: Array | None

    def __call__(self, lines: Sightlines) -> Maps:
        """Values of every ray by the name of the map, (..., nray)."""
        if self.observable is not None:
            bare = eqx.tree_at(lambda o: o.sightlines, self.observable, arrays(lines))
            return {type(self.observable).__name__: np.asarray(measure_rays(self.simulator, bare, None))}
        assert self.frequency is not None
        values, _ = observe_rays(self.simulator, arrays(lines), jnp.atleast_1d(self.frequency))
        shape = self.frequency.shape
        return {name: np.asarray(value).reshape(*shape, -1) for name, value in values.items()}

    @property
    def points(self) -> bool:
        """Whether panels have points of Gauss and Legendre instead of equal cells."""
        return self.observable is not None and not self.observable.sequential

    def structures(self) -> Any:
        """Walls and extent of what is measured."""
        if self.observable is None:
            return structures_of(self.simulator)
        return structures_seen(self.simulator, self.observable)


def target_of(simulator: AbstractSimulator, sky: Any, frequency: Any, energy: Any = None) -> tuple[Target, Sightlines]:
    """What is asked for, and its sightlines, complete."""
    check_kind("simulator", simulator, AbstractSimulator, "a sl.Simulator")
    simulator.check()
    if not all(map(is_concrete, jax.tree.leaves(simulator))):
        raise TypeError("Cells are chosen and judged outside jit: make the sightlines first and pass them as argument.")
    observable = sky if isinstance(sky, AbstractObservable) else None
    if observable is None and frequency is None and energy is None:
        raise ValueError(
            "Name the frequency [GHz] or energy [GeV] of maps, or pass an observable, e.g. RotationMeasure(sky)."
        )
    if observable is not None:
        if frequency is not None or energy is not None:
            raise ValueError(
                f"{type(observable).__name__} is measured at no other frequency than its own, if any: leave frequency "
                "and energy out."
            )
        simulator.require(observable.needs, type(observable).__name__)
        sky = observable.sightlines
    given = None if observable is not None else asked(frequency, energy)
    part = simulator if given is None else of_axis(simulator, given.axis)
    target = Target(part, observable, None if given is None else given.values)
    lines = complete(seen(simulator, sky), target.structures(), simulator.chunk)
    return target, lines


def summarise(coarse: Maps, fine: Maps, cells: float) -> ErrorEstimate:
    """The estimate from maps and maps with halved cells."""

    def rms(values: np.ndarray) -> np.ndarray:
        return np.asarray(np.sqrt(np.mean(np.square(np.abs(values), dtype=float), axis=-1)))

    absolute = {name: np.asarray(_REMAINING * rms(coarse[name] - fine[name])) for name in coarse}
    sizes = {name: rms(fine[name]) for name in coarse}
    relative = {name: np.asarray(v / np.where(sizes[name] > 0, sizes[name], 1)) for name, v in absolute.items()}
    return ErrorEstimate(absolute, relative, np.asarray(cells))


def halved(lines: Sightlines) -> Sightlines:
    """The same sightlines with every cell in two."""
    if lines.classes:
        return eqx.tree_at(lambda s: s.classes, lines, tuple(map(halved, lines.classes)))
    if lines.edges is not None:
        return eqx.tree_at(lambda s: s.edges, lines, between(lines.edges))
    assert lines.widths is not None
    edges = np.append(0, np.cumsum(np.asarray(lines.widths, np.float64)))
    edges = between(jnp.asarray(edges / edges[-1], lines.widths.dtype)[:, None])[:, 0]
    parts = 0.5 * (edges[1:] + edges[:-1]), jnp.diff(edges)
    return eqx.tree_at(lambda s: (s.midpoints, s.widths), lines, parts)


def between(edges: Array) -> Array:
    """Edges, (n, rays), with the middles between them, (2 n - 1, rays)."""
    middles = 0.5 * (edges[1:] + edges[:-1])
    mixed = jnp.stack([edges[:-1], middles], axis=1).reshape(-1, edges.shape[1])
    return jnp.concatenate([mixed, edges[-1:]])


def mean_cells(lines: Sightlines) -> float:
    """Cells, or points, that are evaluated for a ray on average, those without width among them."""
    if lines.classes:
        return float(np.average([mean_cells(part) for part in lines.classes], weights=[p.size for p in lines.classes]))
    if lines.edges is None:
        return float(jnp.size(jnp.asarray(lines.widths)))
    return float(lines.parts * (lines.edges.shape[0] - 1))
