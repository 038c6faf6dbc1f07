"""Fields held: evaluated once in the cells of sightlines, for simulations that leave them as they are."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.module import default_float
from .._core.types import Vector
from ..fields.algebra import Sum
from ..fields.base import AbstractField, Population
from .checks import CURES

if TYPE_CHECKING:
    from .simulator import Simulator

Components = list[Float[Array, "*cells"]]


class Held(AbstractField):
    """A field whose value in the cell at hand is known: `components` of a vector, or the one number of a scalar."""

    field: AbstractField
    components: Components

    def __call__(self, position: Vector) -> Float[Array, "..."]:
        del position
        return jnp.stack(self.components) if len(self.components) > 1 else self.components[0]

    def populations(self, position: Vector) -> tuple[Population, ...]:
        populations = self.field.populations(position)
        if len(populations) != 1:
            raise ValueError(
                "Cosmic rays of several populations cannot be held as one field: name the terms of the sum."
            )
        return (Population(self.components[0], populations[0].index, populations[0].spectrum),)


def with_held(simulator: "Simulator", known: Mapping[str, Components]) -> "Simulator":
    """The simulator with fields by dotted name replaced by their values in the cell at hand."""
    for name, components in known.items():
        simulator = eqx.tree_at(
            lambda s, name=name: named(s, name), simulator, replace_fn=lambda f, c=components: Held(f, c)
        )
    return simulator


def named(simulator: "Simulator", name: str) -> Any:
    """The field of a dotted name.

    **Raises:** `ValueError` for a name that is not there.
    """
    node: Any = simulator
    for part in name.split("."):
        node = node.get(part) if isinstance(node, Mapping) else getattr(node, part, None)
    if not isinstance(node, AbstractField):
        raise ValueError(
            f"This Simulator has no field {name!r}. Its fields are named as in `sl.ParameterSpace`, e.g. "
            "'electron_density' or 'magnetic_field.terms.disk'."
        )
    return node


def fixed_fields(simulator: "Simulator", free: Any) -> list[str]:
    """Names of the fields, or of terms of their sums, that have no free parameter and change from place to place.

    **Arguments:** `free`: the simulator with `True` for the leaves that are free.
    """
    names = [*CURES, *(f"fields.{name}" for name in simulator.fields)]
    given = [name for name in names if name not in CURES or getattr(simulator, name) is not None]
    return [name for first in given for name in _fixed(simulator, free, first)]


def _fixed(simulator: "Simulator", free: Any, name: str) -> Iterator[str]:
    field, is_free = named(simulator, name), any(jax.tree.leaves(named(free, name)))
    if isinstance(field, Sum) and (is_free or not _holds(field, name)):
        for term in field.terms:
            yield from _fixed(simulator, free, f"{name}.terms.{term}")
    elif not is_free and _holds(field, name):
        yield name


def _holds(field: AbstractField, name: str) -> bool:
    """Whether the field depends on the position, and is one population if it is of cosmic rays."""

    def shape(function: Any) -> Any:
        return eqx.filter_eval_shape(function, field, jax.ShapeDtypeStruct((2, 3), default_float()))

    if name.startswith("cosmic_rays") and len(shape(lambda f, x: f.prepare().populations(x[0]))) != 1:
        return False
    try:
        shape(lambda f, x: jax.vmap(f.prepare(), out_axes=None)(x))
    except ValueError:  # `vmap` refuses to return one value for many places
        return True
    return False
