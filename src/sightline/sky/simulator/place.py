"""Sightlines of a simulator: from its own Sun, to where its fields end, cut where they jump."""

import warnings
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array

from ..._core.module import is_concrete
from ..fields.base import children
from ..fields.shifted import Place, suns
from ..geometry import SUN, ImagePlane, Ray, ResolvedCells, Sightlines, Structures, as_sightlines, map_rays
from ..geometry.panels import panel_edges
from ..observables import AbstractObservable
from .base import CURES, AbstractSimulator
from .checks import SunWarning

SAME = 0.02
"""Suns that differ by less, kpc, are the same: what is local moves by less than the smallest local structures."""

_NEAR = 2.0  # kpc: published models differ by less


def fields_by_name(simulator: AbstractSimulator) -> dict[str, Any]:
    """The fields of a simulator, those it does not have left out."""
    found = {name: getattr(simulator, name) for name in CURES} | simulator.fields
    return {name: field for name, field in found.items() if field is not None}


def suns_by_name(simulator: AbstractSimulator) -> dict[str, Place]:
    """Where each field of a simulator, or a field of an operator, has its Sun, kpc; by name, as far as they say."""
    modules = fields_by_name(simulator)
    for number, operator in enumerate(simulator.emission):
        modules |= {f"emission.{number}": field for field in children(operator)}
    found = {name: sorted(suns(module)) for name, module in modules.items()}
    return {name: places[0] for name, places in found.items() if places}


def sun_of(simulator: AbstractSimulator) -> Place:
    """The Sun of a simulator [kpc]: that of its first field that has one, the magnetic field before the others."""
    return next(iter(suns_by_name(simulator).values()), SUN)


def apart(one: Any, other: Any) -> bool:
    """Whether two places are too far apart to be the same Sun."""
    return bool(np.linalg.norm(np.subtract(one, other)) > SAME)


def warn_suns(simulator: AbstractSimulator) -> None:
    """Warns where models place the Sun more than 20 pc apart: their local structures do not fit together."""
    places = suns_by_name(simulator)
    used = next(iter(places.values()), SUN)
    others = {name: place for name, place in places.items() if apart(place, used)}
    if others:
        said = ", ".join(f"{name} at {place}" for name, place in others.items())
        warnings.warn(
            f"The models of this Simulator have their Sun at different places [kpc]: the sky is seen from that of "
            f"{next(iter(places))}, {used}, but {said}. Set `sun` where a model has it, or move a model: "
            "sl.fields.Shifted(model, offset=...).",
            SunWarning,
            stacklevel=4,
        )


def structures_of(simulator: AbstractSimulator) -> Structures:
    """Walls and extent of what emits, absorbs and turns."""
    fields = fields_by_name(simulator)
    told = {name: field.structures() for name, field in fields.items()}
    parts = [operator.structures({name: told[name] for name in operator.needs}) for operator in simulator.emission]
    return Structures.join(*parts)


def structures_seen(simulator: AbstractSimulator, observable: AbstractObservable) -> Structures:
    """Walls and extent of what an observable measures."""
    fields = fields_by_name(simulator)
    return observable.structures({name: fields[name].structures() for name in observable.needs})


def seen(simulator: AbstractSimulator, sky: Any) -> Sightlines:
    """The sightlines of a sky, from where the simulator sees it.

    Warns where an observer that was given is near the Sun of the model, but not at it; one far away is elsewhere on
    purpose.
    """
    lines = as_sightlines(sky)
    place = sun_of(simulator)
    if lines.observer is None:
        return lines.seen_from(place)
    known = suns_by_name(simulator) and is_concrete(lines.observer) and not isinstance(lines.sky, ImagePlane)
    if known and apart(lines.observer, place) and np.linalg.norm(np.subtract(lines.observer, place)) < _NEAR:
        observer = tuple(np.asarray(lines.observer, np.float64).round(4).tolist())
        warnings.warn(
            f"The observer at {observer} kpc is not at the Sun of the model, {place} kpc: its local structures are "
            "elsewhere. Leave the observer out, or move the model: sl.fields.Shifted(model, offset=...).",
            SunWarning,
            stacklevel=4,
        )
    return lines


def edges_of_ray(lines: Sightlines, structures: Structures, ray: Ray) -> Array:
    """Edges [kpc] of the panels of one ray that has none yet."""
    assert isinstance(lines.cells, ResolvedCells)
    place, course, length = jax.lax.stop_gradient((ray.origin, ray.direction, ray.length))
    return panel_edges(lines.cells, structures, place, course, length)


def needs_edges(lines: Sightlines) -> bool:
    """Whether panels of the rays are yet to be made."""
    return lines.midpoints is None and lines.edges is None and not lines.classes


@eqx.filter_jit
def all_edges(lines: Sightlines, structures: Structures, chunk: int) -> Array:
    """Edges [kpc] of the panels of all rays, (edges, rays)."""
    bare = eqx.tree_at(lambda s: s.rays, lines, None)
    return map_rays(eqx.Partial(_edges, bare, structures), lines.rays, chunk, mesh=lines.mesh)


def _edges(lines: Sightlines, structures: Structures, ray: Ray, _: None) -> Array:
    return edges_of_ray(lines, structures, ray)


def _trimmed(edges: Array) -> Array:
    """Edges, (edges, rays), without the panels at the end that have width on no ray; in eights, as shapes compile."""
    if not is_concrete(edges):
        return edges
    wide = np.flatnonzero(np.any(np.diff(np.asarray(edges), axis=0) > 0, axis=1))
    used = 0 if not wide.size else int(wide[-1]) + 1
    return edges[: min(-(-max(used, 1) // 8) * 8, edges.shape[0] - 1) + 1]


def complete(lines: Sightlines, structures: Structures, chunk: int) -> Sightlines:
    """The sightlines with their panels made, once for all simulations on them."""
    if not needs_edges(lines):
        return lines
    bare = eqx.tree_at(lambda s: s.sky, lines, None)
    edges = _trimmed(all_edges(bare, structures, chunk))
    return eqx.tree_at(lambda s: s.edges, lines, edges, is_leaf=lambda x: x is None)
