"""Fields held: evaluated once in the cells of sightlines, for simulations that leave them as they are."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import default_float
from ..._core.types import Vector
from ..fields.base import AbstractField, Sum
from ..fields.population import Population
from .base import CURES, AbstractSimulator

Components = Float[Array, "*cells"] | list[Float[Array, "*cells"]]
"""The values of a scalar field, or each component of a vector."""


class Held(AbstractField):
    """A field whose value in the cell at hand is known."""

    value: Components

    def __call__(self, position: Vector) -> Float[Array, "..."]:
        del position
        return jnp.stack(self.value) if isinstance(self.value, list) else self.value


class HeldCosmicRays(AbstractField):
    """Cosmic rays of one population whose density, at its pivot, in the cell at hand is known."""

    field: AbstractField
    density: Float[Array, "*cells"]

    def __call__(self, position: Vector) -> Float[Array, "..."]:
        return self.populations(position)[0].normalisation

    def populations(self, position: Vector) -> tuple[Population, ...]:
        return (dataclasses.replace(_only(self.field.populations(position)), density=self.density),)


def _only(populations: tuple[Population, ...]) -> Population:
    if len(populations) != 1:
        raise ValueError("Cosmic rays of several populations are not one field to hold: name the terms of the sum.")
    return populations[0]


def components(name: str, field: AbstractField, position: Vector) -> Components:
    """What is held of a field at a position: its value, each component of a vector; of cosmic rays their density."""
    if name.startswith("cosmic_rays"):
        return _only(field.populations(position)).density
    value = field(position)
    return list(value) if value.ndim else value


def with_held(simulator: AbstractSimulator, known: Mapping[str, Components]) -> AbstractSimulator:
    """The simulator with fields by name replaced by their values in the cell at hand."""
    check_names(simulator, known)
    for name, value in known.items():
        rays = name.startswith("cosmic_rays")
        simulator = eqx.tree_at(
            lambda s, n=name: fields_of(s)[n],
            simulator,
            replace_fn=lambda f, v=value, r=rays: HeldCosmicRays(f, v) if r else Held(v),
        )
    return simulator


def fields_of(simulator: AbstractSimulator) -> dict[str, Any]:
    """The fields that are evaluated at the points of rays, by dotted name: those of a simulator, and terms of sums."""
    found = {name: getattr(simulator, name) for name in CURES if name != "radiation"}  # which is no number a cell
    found |= {f"fields.{name}": field for name, field in simulator.fields.items()}
    return {name: field for first in found.items() for name, field in _terms(*first)}


def _terms(name: str, field: Any) -> Iterator[tuple[str, Any]]:
    if field is not None:
        yield name, field
    if isinstance(field, Sum):
        for term, part in field.terms.items():
            yield from _terms(f"{name}.terms.{term}", part)


def check_names(simulator: AbstractSimulator, names: Iterable[str]) -> None:
    """Refuses names of what is no field of the simulator, or part of another that is named.

    **Raises:** `ValueError`.
    """
    known = fields_of(simulator)
    for name in names:
        if name not in known:
            raise ValueError(f"This Simulator has no field {name!r} to hold. It has {', '.join(known)}.")
        whole = [other for other in names if name.startswith(f"{other}.terms.")]
        if whole:
            raise ValueError(f"Both {whole[0]!r} and its term {name!r} are to be held: name one of them.")


def check_populations(simulator: AbstractSimulator, names: Iterable[str]) -> None:
    """Refuses cosmic rays of several populations, whose densities are not one number a cell.

    **Raises:** `ValueError`.
    """
    fields = fields_of(simulator)
    for name in names:
        if name.startswith("cosmic_rays") and _populations(fields[name]) != 1:
            terms = [f"{term!r}" for term in fields if term.startswith(f"{name}.terms.")]
            cure = f"name the terms, {', '.join(terms)}" if terms else "leave it out"
            raise ValueError(f"{name!r} has several populations of cosmic rays, no one field to hold: {cure}.")


def _populations(field: AbstractField) -> int:
    position = jax.ShapeDtypeStruct((3,), default_float())
    return len(eqx.filter_eval_shape(lambda f, x: f.prepare().populations(x), field, position))


def fixed_fields(simulator: AbstractSimulator, free: Any) -> list[str]:
    """Names of the fields, or of terms of their sums, that have no free parameter and change from place to place.

    **Arguments:** `free`: the simulator with `True` for the leaves that are free.
    """
    fields, flags = fields_of(simulator), fields_of(free)
    kept: list[str] = []
    for name, field in fields.items():  # a sum comes before its terms
        inside = any(name.startswith(f"{other}.terms.") for other in kept)
        if not inside and not any(jax.tree.leaves(flags[name])) and _holds(field, name):
            kept.append(name)
    return kept


def _holds(field: AbstractField, name: str) -> bool:
    """Whether the field depends on the position, and is one population if it is of cosmic rays."""

    def shape(function: Any) -> Any:
        return eqx.filter_eval_shape(function, field, jax.ShapeDtypeStruct((2, 3), default_float()))

    if name.startswith("cosmic_rays") and _populations(field) != 1:
        return False
    try:
        shape(lambda f, x: jax.vmap(f.prepare(), out_axes=None)(x))
    except ValueError as error:
        if "out_axes" in str(error):  # `vmap` refuses to return one value for many places
            return True
        raise
    return False
