"""All rays through a simulator, in batches: what they see, line integrals, fields in their cells."""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from ..._core.memory import foresee
from ..._core.module import is_concrete
from ..._core.types import Scalar
from ..axes import Asked
from ..fields.base import AbstractField, prepare_children
from ..geometry import Ray, Sightlines, Structures, map_rays, vmap_rays
from ..geometry.mapping import batch_of, cells_of
from ..geometry.panels import Panels, gauss
from ..observables import AbstractObservable
from ..stokes import Stokes
from .base import AbstractSimulator
from .division import coordinates, division, division_of, panels_of, panels_of_ray
from .frequencies import lawful, one_by_one, solve_all
from .held import Components, components
from .place import needs_edges, structures_of, structures_seen

_MANY = 8  # frequencies, of which more make batches no smaller: then fields are evaluated for too few rays at a time
_FIELDS, _STOKES = 4, 3  # numbers a cell, and a cell and frequency, that a batch keeps at least
_CURE = "hold fewer fields, or lower nside or the number of cells"


def arrays(lines: Sightlines) -> Sightlines:
    """The lines without what compiled code does not see."""
    return eqx.tree_at(lambda s: (s.sky, s.error), lines, (None, None), is_leaf=lambda x: x is None)


def as_stokes(lines: Sightlines, values: dict[str, Array], given: Asked) -> Stokes:
    """The maps, COSMO, of Stokes parameters of rays, (nfreq, nray) K or photons, IAU, labelled as asked for."""
    parts = {name: lines.sky.reduce(value) for name, value in values.items()}
    at = given.values
    label = {given.axis: np.atleast_1d(np.asarray(at)) if is_concrete(at) else jnp.atleast_1d(at)}
    stokes = Stokes(**parts, **label, convention="IAU", sky=lines.sky).to_convention("COSMO")
    return stokes if at.ndim else stokes[0]


@eqx.filter_jit
def observe_rays(
    simulator: AbstractSimulator, lines: Sightlines, frequency: Array, ready: AbstractSimulator | None = None
) -> tuple[dict[str, Array], Array]:
    """Stokes parameters, (nfreq, nray) K or photons, IAU, and the largest rotation [rad] within a cell, (nfreq,).

    The simulator is prepared, unless it is `ready` already: then rays are few, and go through all at once.
    """
    structures = structures_of(simulator) if needs_edges(lines) else None
    batched, simulator = ready is None, simulator.prepare() if ready is None else ready
    classes = lines.classes or (lines,)
    laws = frequency.size > 1 and lawful(simulator, classes[0].known)
    parts = [_observe_class(simulator, part, structures, frequency, laws, batched) for part in classes]
    values = {name: join_classes(lines, [part[name] for part, _ in parts]) for name in parts[0][0]}
    return values, jnp.max(jnp.concatenate([rotation for _, rotation in parts], axis=-1), axis=-1)


def _run(lines: Sightlines, batch: int | None) -> Callable[..., Any]:
    """What maps a function over rays and values that have them first: in batches, or all at once."""
    if batch is None:
        return functools.partial(vmap_rays, first=True)
    return functools.partial(map_rays, chunk=batch, first=True, mesh=lines.mesh)


def _batch_at(lines: Sightlines, chunk: int, frequencies: int) -> int:
    """How many rays to evaluate at a time at so many frequencies at once: on a CPU fewer for several, whose values then
    keep its cache.

    What lines hold is laid out in whole batches already.
    """
    whole = bool(lines.known) or jax.default_backend() != "cpu"
    return batch_of(lines, chunk if whole else max(chunk // min(frequencies, _MANY), 1))


def _observe_class(
    simulator: AbstractSimulator,
    lines: Sightlines,
    structures: Structures | None,
    frequency: Array,
    laws: bool,
    batched: bool,
) -> tuple[dict[str, Array], Array]:
    """The same of rays that have the same number of cells, the rotation of each ray."""
    at_once = 1 if one_by_one(laws) else frequency.size
    rays = _batch_at(lines, simulator.chunk, at_once) if batched else lines.size
    cells = cells_of(lines)
    numbers = rays * cells * (_FIELDS + _STOKES * (at_once + laws))
    foresee(numbers, f"A batch of {rays} rays of {cells} cells", "lower chunk, or the number of cells")
    given = (lines.known, panels_of(lines))
    observe = eqx.Partial(_observe, simulator, division_of(lines), structures, frequency, laws)
    return _run(lines, rays if batched else None)(observe, lines.rays, values=given)


def _observe(
    simulator: AbstractSimulator,
    lines: Sightlines,
    structures: Structures | None,
    frequency: Array,
    laws: bool,
    ray: Ray,
    given: Any,
) -> tuple[dict[str, Array], Array]:
    """The same of one ray, of which is given what it holds and its panels."""
    known, panels = given
    cells = division(lines, ray, panels, structures)
    stokes, turn = solve_all(simulator, cells, ray, known, frequency, laws)
    return {name: part for name, part in vars(stokes).items() if part is not None}, turn


def join_classes(lines: Sightlines, parts: list[Array]) -> Array:
    """Values of the rays of all classes, ray last, in the order of the sky."""
    whole = jnp.concatenate(parts, axis=-1)
    return whole if lines.order is None else whole[..., jnp.asarray(lines.order)]


@eqx.filter_jit
def measure_rays(
    simulator: AbstractSimulator,
    observable: AbstractObservable,
    length: Array | None,
    ready: AbstractSimulator | None = None,
) -> Inexact[Array, "..."]:
    """An observable of every ray, (..., nray), with rays of `length` [kpc], (nray,), instead of their own.

    Both are prepared, unless the simulator is `ready` already, and the observable with it: as in `observe_rays`.
    """
    lines = observable.sightlines
    structures = structures_seen(simulator, observable) if needs_edges(lines) else None
    batched, simulator = ready is None, simulator.prepare() if ready is None else ready
    if batched:
        observable = prepare_children(observable)

    observable = eqx.tree_at(lambda o: o.sightlines, observable, division_of(lines))
    results, classes = [], lines.classes or (lines,)
    for part, far in zip(classes, split_classes(lines, length), strict=True):
        given = (panels_of(part), far)
        measure = eqx.Partial(_measure, simulator, observable, division_of(part), structures)
        batch = batch_of(part, simulator.chunk) if batched else None
        results.append(_run(part, batch)(measure, part.rays, values=given))
    return join_classes(lines, results)


def split_classes(lines: Sightlines, values: Array | None) -> list[Array | None]:
    """Values of rays, (nray,), in the order of the sky, for those of each class: the inverse of `join_classes`."""
    if values is None or lines.order is None:
        return [values] * max(len(lines.classes), 1)
    ends = np.cumsum([part.size for part in lines.classes])[:-1]
    return [values[places] for places in jnp.split(jnp.argsort(jnp.asarray(lines.order)), ends)]


def _measure(
    simulator: AbstractSimulator,
    observable: AbstractObservable,
    lines: Sightlines,
    structures: Structures | None,
    ray: Ray,
    given: tuple[Panels | None, Scalar | None],
) -> Inexact[Array, "..."]:
    """An observable of one ray, of which are given its panels, and where it ends if elsewhere."""
    panels, far = given
    if far is not None:
        ray = eqx.tree_at(lambda r: r.length, ray, jax.lax.stop_gradient(far))
    if lines.midpoints is not None or observable.sequential:
        distance, widths = division(lines, ray, panels, structures)
    else:
        distance, widths = gauss(panels_of_ray(lines, ray, panels, structures), lines.parts)
    if far is not None:
        distance, widths = _with_end(distance, widths, jnp.where(far > 0, far, jnp.nan))
    return observable.along(simulator, ray, coordinates(ray, distance), widths)


def _with_end(distance: Array, widths: Array, far: Scalar) -> tuple[Array, Array]:
    """A cell more, of no width, at the end of a ray: the derivative of its width is Leibniz' rule."""
    near = jax.lax.stop_gradient(far)
    middle, width = near + 0.5 * (far - near), far - near
    return jnp.append(distance, middle), jnp.append(widths, width)


@eqx.filter_jit
def fields_in_cells(fields: dict[str, AbstractField], lines: Sightlines, chunk: int) -> dict[str, Components]:
    """The components of fields in the cells of all rays, (rays, cells) each, and of copies of the last ray that fill
    the last batch."""
    prepared = {name: field.prepare() for name, field in fields.items()}

    def cell(x: Scalar, y: Scalar, z: Scalar) -> dict[str, Components]:
        return {name: components(name, field, jnp.stack([x, y, z])) for name, field in prepared.items()}

    def evaluate(given: tuple[Ray, Panels | None]) -> dict[str, Components]:
        ray, panels = given
        found = jax.vmap(cell)(*coordinates(ray, division(lines, ray, panels, None)[0]))
        devices = 1 if lines.mesh is None else lines.mesh.size
        numbers = lines.size * sum(leaf.size for leaf in jax.tree.leaves(found)) / devices
        foresee(numbers, f"Values of {', '.join(fields)} in the cells of {lines.size} rays", _CURE)
        return found

    batch = batch_of(lines, chunk)
    extra = -lines.size % batch
    rays = jax.tree.map(lambda leaf: jnp.moveaxis(leaf, -1, 0), lines.rays), panels_of(lines)
    rays = jax.tree.map(lambda leaf: jnp.pad(leaf, [(0, extra)] + [(0, 0)] * (leaf.ndim - 1), mode="edge"), rays)
    return jax.lax.map(evaluate, rays, batch_size=batch)


class RotationWarning(UserWarning):
    """Q and U are not converged: `rotation` is the largest Faraday rotation [rad] of P within one cell."""

    rotation: float = 0.0


def warn_rotation(rotation: Array, frequency: Array) -> None:
    """Warns where a cell turns P by more than 1 rad."""
    if not is_concrete(rotation) or not is_concrete(frequency) or not np.any(np.asarray(rotation) > 1):
        return
    worst = int(np.argmax(rotation))
    warning = RotationWarning(
        f"Faraday rotation turns P by up to {rotation[worst]:.3g} rad within one cell at {frequency[worst]:g} GHz: "
        "above about 1 rad Q and U are bounded but not converged. Say how accurate they must be, "
        "simulator.sightlines(sky, frequency, tolerance=1e-3), or use more cells."
    )
    warning.rotation = float(rotation[worst])
    warnings.warn(warning, stacklevel=3)
