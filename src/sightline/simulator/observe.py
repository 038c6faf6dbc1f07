"""Rays through a simulator: coefficients of their cells, what the solver makes of them, line integrals."""

import warnings
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from .._core.module import is_concrete
from .._core.types import Scalar
from ..emission import StokesVector, TransferCoefficients
from ..emission.base import add_parts
from ..fields.base import AbstractField, children, prepare_children
from ..geometry import Ray, Sightlines, Structures, map_rays
from ..geometry.quadrature import resolve
from ..observables import AbstractObservable
from .held import Components, with_held

if TYPE_CHECKING:
    from .simulator import Simulator


def arrays(lines: Sightlines) -> Sightlines:
    """The lines without their sky, which compiled code does not see."""
    return eqx.tree_at(lambda s: s.sky, lines, None)


@eqx.filter_jit
def observe_rays(simulator: "Simulator", lines: Sightlines, frequency: Array) -> tuple[dict[str, Array], Array]:
    """Stokes parameters, (nfreq, nray) K, IAU, and the largest rotation [rad] within a cell, (nfreq,)."""
    simulator = simulator.prepare()

    def observe(ray: Ray, known: Any) -> tuple[dict[str, Array], Array]:
        coefficients, widths = _coefficients(simulator, lines, ray, known, frequency)
        stokes = jax.vmap(lambda c, nu: _solve(simulator, c, widths, ray, nu))(coefficients, frequency)
        rate = coefficients.rotation.V
        turn = jnp.zeros_like(frequency) if rate is None else jnp.max(jnp.abs(rate) * widths[None], axis=-1)
        return {name: part for name, part in vars(stokes).items() if part is not None}, jax.lax.stop_gradient(turn)

    values, rotation = map_rays(observe, lines.rays, simulator.chunk, lines.known, first=True)
    return values, jnp.max(rotation, axis=-1)


def _coefficients(
    simulator: "Simulator", lines: Sightlines, ray: Ray, known: Any, frequency: Array
) -> tuple[TransferCoefficients, Array]:
    """Coefficients, (nfreq, cells), and widths [kpc], (cells,), of one ray: the fields are evaluated once."""

    def cell(known: Any, x: Scalar, y: Scalar, z: Scalar) -> TransferCoefficients:
        plasma = with_held(simulator, known).plasma(jnp.stack([x, y, z]))
        return jax.vmap(lambda nu: simulator.coefficients(plasma, ray, nu))(frequency)

    distance, widths = division(lines, ray)
    return jax.vmap(cell, out_axes=-1)(known, *coordinates(ray, distance)), widths


def division(lines: Sightlines, ray: Ray) -> tuple[Float[Array, " cells"], Float[Array, " cells"]]:
    """Distances of the middles of the cells of a ray, and their widths, kpc."""
    midpoints, widths = jax.lax.stop_gradient((lines.midpoints, lines.widths))
    return ray.length * midpoints, ray.length * widths


def coordinates(ray: Ray, distance: Float[Array, " cells"]) -> list[Float[Array, " cells"]]:
    """x, y and z [kpc] at distances along a ray, kept apart: XLA then fuses them into the fields."""
    return [ray.origin[axis] + distance * ray.direction[axis] for axis in range(3)]


def _solve(
    simulator: "Simulator", coefficients: TransferCoefficients, widths: Array, ray: Ray, frequency: Scalar
) -> StokesVector:
    behind = StokesVector()
    for background in simulator.background:
        behind = add_parts(behind, background(ray, frequency))
    return simulator.transfer(coefficients, widths, behind)


@eqx.filter_jit
def measure_rays(simulator: "Simulator", observable: AbstractObservable, length: Array | None) -> Inexact[Array, "..."]:
    """An observable of every ray, (..., nray), with rays of `length` [kpc], (nray,), instead of their own."""
    simulator, observable, lines = simulator.prepare(), prepare_children(observable), observable.sightlines
    own = (field.structures() for field in children(observable))
    structures = Structures.join(simulator.structures(observable.needs), *own)

    def measure(ray: Ray, far: Scalar | None) -> Inexact[Array, "..."]:
        ray = ray if far is None else eqx.tree_at(lambda r: r.length, ray, far)
        if lines.edges is None or observable.sequential:
            distance, widths = division(lines, ray)
        else:
            distance, widths = resolve(lines.edges, ray, structures, lines.structures)
        return observable.along(simulator, ray, coordinates(ray, distance), widths)

    return map_rays(measure, lines.rays, simulator.chunk, length)


@eqx.filter_jit
def fields_in_cells(fields: dict[str, AbstractField], lines: Sightlines, chunk: int) -> dict[str, Components]:
    """The components of fields in the cells of all rays, (rays, cells) each, and of copies of the last ray that fill
    the last batch of `chunk`."""
    prepared = {name: field.prepare() for name, field in fields.items()}

    def cell(x: Scalar, y: Scalar, z: Scalar) -> dict[str, Components]:
        values = {name: field(jnp.stack([x, y, z])) for name, field in prepared.items()}
        return {name: list(value) if value.ndim else value for name, value in values.items()}

    def evaluate(ray: Ray) -> dict[str, Components]:
        return jax.vmap(cell)(*coordinates(ray, division(lines, ray)[0]))

    extra = -lines.size % min(chunk, lines.size)
    rays = jax.tree.map(lambda leaf: jnp.moveaxis(leaf, -1, 0), lines.rays)
    rays = jax.tree.map(lambda leaf: jnp.pad(leaf, [(0, extra)] + [(0, 0)] * (leaf.ndim - 1), mode="edge"), rays)
    return jax.lax.map(evaluate, rays, batch_size=chunk)


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
        "above about 1 rad Q and U are bounded but not converged. Use more cells, or finer ones near the observer "
        "(growth)."
    )
    warning.rotation = float(rotation[worst])
    warnings.warn(warning, stacklevel=3)
