"""What a simulator refuses and warns of, at construction and when called."""

from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._core.module import default_float, is_concrete
from ..._core.units import numbers
from ..emission import AbstractBackground, AbstractEmissionOperator
from ..fields import AbstractField, AbstractGrid, Scaled
from ..fields.base import value_at_a_place
from ..fields.magnetic import VectorPotentialGrid
from ..geometry import Sightlines
from ..transfer import AbstractTransfer
from .base import CURES, AbstractSimulator

S = TypeVar("S", bound=AbstractSimulator)


def check_types(simulator: AbstractSimulator) -> None:
    """Refuses what is no field, operator, background or solver, naming its place."""
    if not isinstance(simulator.chunk, (int, np.integer)):
        raise TypeError(f"Simulator.chunk = {simulator.chunk!r} must be a whole number of rays.")
    taken = [name for name in simulator.fields if name in CURES]
    if taken:
        raise ValueError(f"Simulator: fields[{taken[0]!r}] has a place of its own: pass {taken[0]}=... instead.")
    places = {name: getattr(simulator, name) for name in CURES} | {
        f"fields[{k!r}]": v for k, v in simulator.fields.items()
    }
    kinds = [(name, field, AbstractField) for name, field in places.items() if field is not None]
    kinds += [(f"emission[{i}]", item, AbstractEmissionOperator) for i, item in enumerate(simulator.emission)]
    kinds += [(f"background[{i}]", item, AbstractBackground) for i, item in enumerate(simulator.background)]
    kinds += [("transfer", simulator.transfer, AbstractTransfer)]
    for name, value, kind in kinds:
        if not isinstance(value, kind):
            found = value.__name__ + ", a class: call it" if isinstance(value, type) else type(value).__name__
            raise TypeError(f"Simulator: {name} must be an {kind.__name__}, not {found}.")


def check_shapes(simulator: AbstractSimulator) -> None:
    """Refuses fields whose value at one position has another shape than their place demands, or is complex."""
    point = jax.ShapeDtypeStruct((3,), default_float())
    for name, shape in {
        "magnetic_field": (3,),
        "electron_density": (),
        "temperature": (),
        "cosmic_rays": (),
        "radiation": (),
    }.items():
        field = getattr(simulator, name)
        if isinstance(field, AbstractField):
            found = value_at_a_place(field)
            if getattr(found, "shape", None) != shape:
                raise TypeError(
                    f"Simulator: {name} must return shape {shape} at one position, "
                    f"{type(field).__name__} returns {found}."
                )
            if jnp.issubdtype(found.dtype, jnp.complexfloating):
                raise TypeError(f"Simulator: {name} must be real, {type(field).__name__} returns complex numbers.")
    if isinstance(simulator.cosmic_rays, AbstractField):
        found = eqx.filter_eval_shape(lambda f, x: f.prepare().populations(x), simulator.cosmic_rays, point)
        if any(population.index.shape != () for population in found):
            raise TypeError("Simulator: the index of the cosmic rays must be a number or a scalar field.")
    if isinstance(simulator.radiation, AbstractField):
        eqx.filter_eval_shape(lambda f, x: f.prepare().photons(x), simulator.radiation, point)


def check_signs(simulator: AbstractSimulator) -> None:
    """Refuses densities that a negative number multiplies as a whole, where it is known.

    **Raises:** `ValueError`.
    """
    for name in ("electron_density", "temperature", "cosmic_rays", "radiation"):
        field, factor = getattr(simulator, name), 1.0
        while isinstance(field, Scaled) and isinstance(field.factor, jax.Array) and is_concrete(field.factor):
            field, factor = field.field, factor * float(field.factor)
        if factor < 0:
            raise ValueError(f"Simulator: {name} is multiplied by {factor:g}: it must not be negative.")


def check_boxes(simulator: AbstractSimulator, lines: Sightlines) -> None:
    """Refuses a grid whose box does not contain the observer, though the rays begin there: it is zero around them.

    A grid inside another field (a sum, a shifted field) may be smaller, and so may one seen from far away.
    """
    if not is_concrete(lines.rays.origin):
        return
    origins = np.asarray(lines.rays.origin, np.float64)
    if np.any(origins != origins[:, :1]):  # rays that begin where they enter a box
        return
    place = origins[:, 0]
    for name in CURES:
        field = getattr(simulator, name)
        bounded = isinstance(field, VectorPotentialGrid) or (
            isinstance(field, AbstractGrid) and field.outside == "zero"
        )
        if bounded and np.any(np.abs(place - field.centre) > np.multiply(field.half_widths, 1 + 1e-6)):
            raise ValueError(
                f"Simulator: {name} is zero outside the box |x|, |y|, |z| <= {field.half_widths} kpc about "
                f"{field.centre} of its {type(field).__name__}, which does not contain the observer at "
                f"{tuple(place.round(4).tolist())} kpc: enlarge half_widths, move centre= or the observer, or add the "
                "grid to a field that fills the space around it."
            )


OPERATORS = {"frequency": "sl.emission.Synchrotron()", "energy": "sl.emission.InverseCompton()"}
"""An operator of each axis, for who has none."""


def of_axis(simulator: S, axis: str) -> S:
    """The simulator with its operators and backgrounds of one axis.

    **Raises:** `ValueError` where there is none.
    """
    parts = (simulator.emission, simulator.background)
    emission, background = (tuple(item for item in part if item.axis == axis) for part in parts)
    if not emission and not background:
        others = ", ".join(sorted({f"{item.axis} (such as {type(item).__name__})" for part in parts for item in part}))
        raise ValueError(
            f"This Simulator has no emission operators of {axis}: give it e.g. emission=({OPERATORS[axis]},)."
            + (f" It has those for {others}." if others else "")
        )
    if (len(emission), len(background)) == tuple(map(len, parts)):
        return simulator
    return eqx.tree_at(lambda s: (s.emission, s.background), simulator, (emission, background))


def check_length(length: Any, size: int) -> Array:
    """Lengths of rays as an array of kpc, refused unless there is one a ray, finite and positive."""
    value = numbers(length, "kpc", "length") if is_concrete(length) else length
    value = jnp.asarray(value, default_float())
    if value.shape != (size,):
        raise ValueError(f"length has shape {value.shape}, there are {size} rays.")
    given = np.asarray(value) if is_concrete(value) else np.ones(1)
    bad = np.flatnonzero(~(np.isfinite(given) & (given > 0)))
    if bad.size:
        raise ValueError(
            f"Distances of rays must be finite and positive [kpc]; {bad.size} are not, the first is ray {bad[0]}: "
            f"{given[bad[0]]}."
        )
    return value


class SunWarning(UserWarning):
    """Models of one simulator, or an observer and the model, place the Sun at different distances from the centre."""
