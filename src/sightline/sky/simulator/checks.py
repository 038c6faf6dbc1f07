"""What a simulator refuses and warns of, at construction and when called."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._core.module import default_float, is_concrete
from ..._core.units import numbers, strip_unit
from ..emission import AbstractBackground, AbstractEmissionOperator
from ..fields import AbstractField, AbstractGrid
from ..fields.magnetic import VectorPotentialGrid
from ..geometry import Sightlines
from ..transfer import AbstractTransfer
from .base import AbstractSimulator

CURES = {
    "magnetic_field": "magnetic_field=sl.magnetic.LSA()",
    "electron_density": "electron_density=sl.electrons.ExponentialDisk()",
    "cosmic_rays": "cosmic_rays=sl.cosmic_rays.ExponentialDisk()",
    "temperature": "temperature=sl.temperature.Uniform(7000.0)",
}


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
    """Refuses fields whose value at one position has another shape than their place demands."""
    point = jax.ShapeDtypeStruct((3,), default_float())
    for name, shape in {
        "magnetic_field": (3,),
        "electron_density": (),
        "temperature": (),
        "cosmic_rays": (),
    }.items():
        field = getattr(simulator, name)
        if isinstance(field, AbstractField):
            found = eqx.filter_eval_shape(lambda f, x: f.prepare()(x), field, point)
            if getattr(found, "shape", None) != shape:
                raise TypeError(
                    f"Simulator: {name} must return shape {shape} at one position, "
                    f"{type(field).__name__} returns {found}."
                )
    if isinstance(simulator.cosmic_rays, AbstractField):
        found = eqx.filter_eval_shape(lambda f, x: f.prepare().populations(x), simulator.cosmic_rays, point)
        if any(population.index.shape != () for population in found):
            raise TypeError("Simulator: the index of the cosmic rays must be a number or a scalar field.")


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


def check_frequency(frequency: Any) -> Array:
    """`frequency` as an array of GHz, refused unless finite and positive."""
    value = strip_unit(frequency, "GHz", "frequency")
    value = numbers(value, "GHz", "frequency") if is_concrete(value) else value
    if value.ndim > 1 or not value.size:
        raise ValueError(f"frequency must be a number or a non-empty sequence, not of shape {value.shape}.")
    if is_concrete(value) and not np.all(np.isfinite(value) & (value > 0)):
        raise ValueError(f"frequency = {frequency} must be finite and positive, in GHz.")
    if not is_concrete(value):
        return jnp.asarray(value, default_float())
    with jax.ensure_compile_time_eval():  # for who compares it with that of data, also where a simulation is traced
        return jnp.asarray(value, default_float())


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
