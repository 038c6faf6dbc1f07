"""Likelihoods that differ in arrays alone: one compiled body serves all of them, however many there are."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from .likelihood import AbstractLikelihood

LARGE = 2**20  # numbers of a likelihood beyond which it is by itself: stacked arrays are copies
LABELS = ("name", "notes")  # fields that say what a likelihood is called, and change no number


class Group(NamedTuple):
    """Likelihoods of one structure: their places among all, their arrays, and what else they are made of."""

    places: list[int]
    arrays: list[Any]
    rest: Any


class Results(NamedTuple):
    """What a function gave of some likelihoods, by the first axis, and their places among all."""

    places: list[int]
    found: Array


def over(likelihoods: Sequence[AbstractLikelihood], function: Callable[..., Array], *each: Array) -> list[Results]:
    """The results of a function of one likelihood for all of them; data and geometry have no gradient.

    Those alike are evaluated one after another by one body, over their arrays, stacked; large ones by themselves.

    **Arguments:** `each`: arrays of which every likelihood takes one, by the first axis, e.g. random keys.
    """

    def one(group: Group, arrays: Any, extra: Any) -> Array:
        return function(eqx.combine(jax.tree.map(_constant, arrays), group.rest), *extra)

    results = []
    for group in _groups(likelihoods):
        given = tuple(array[jnp.asarray(group.places)] for array in each)
        if len(group.places) == 1:
            found = one(group, group.arrays[0], tuple(array[0] for array in given))[None]
        else:
            stacked = jax.tree.map(_stack, *group.arrays)
            found = jax.lax.map(lambda parts, group=group: one(group, *parts), (stacked, given))
        results.append(Results(group.places, found))
    return results


def kinds(likelihoods: Sequence[AbstractLikelihood]) -> list[AbstractLikelihood]:
    """The first of those that are alike, of every kind."""
    return [likelihoods[group.places[0]] for group in _groups(likelihoods)]


def listed(results: list[Results]) -> list[Array]:
    """Results in the order of the likelihoods."""
    rows = {place: found[row] for places, found in results for row, place in enumerate(places)}
    return [rows[place] for place in sorted(rows)]


def joined(results: list[Results]) -> list[Array]:
    """Vectors that hold, one after another, all numbers of the results in the order of the likelihoods.

    Where that is how they come no result is taken apart, of which there may be many.
    """
    places = [place for one in results for place in one.places]
    if places == sorted(places):
        return [jnp.ravel(one.found) for one in results]
    return [jnp.ravel(row) for row in listed(results)]


def _constant(leaf: Array) -> Array:
    return jax.lax.stop_gradient(leaf) if eqx.is_inexact_array(leaf) else leaf


def _stack(*leaves: Any) -> Array:
    """One operation on all leaves: `jnp.stack` makes one of each, too."""
    if not leaves[0].ndim:
        return jnp.stack(leaves)
    return jax.lax.concatenate(leaves, 0).reshape(len(leaves), *leaves[0].shape)


def _groups(likelihoods: Sequence[AbstractLikelihood]) -> list[Group]:
    groups: list[tuple[Any, Group]] = []
    for place, likelihood in enumerate(likelihoods):
        arrays, rest = _parts(likelihood, likelihoods[0])
        known = _structure(arrays, rest)
        group = next((group for other, group in groups if other == known), None)
        if group is None or sum(leaf.size for leaf in jax.tree.leaves(arrays)) > LARGE:
            group = Group([], [], _parts(likelihood, likelihood)[1])
            groups.append((known, group))
        group.places.append(place)
        group.arrays.append(_parts(likelihood, likelihoods[group.places[0]])[0])
    return [group for _, group in groups]


def _structure(arrays: Any, rest: Any) -> Any:
    """What likelihoods that are alike share: classes, settings, functions, and shapes and types of arrays."""
    shapes = [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(arrays)]
    return jax.tree.structure(arrays), shapes, jax.tree.structure(rest), jax.tree.leaves(rest)


def _parts(likelihood: AbstractLikelihood, first: AbstractLikelihood) -> tuple[Any, Any]:
    """The arrays of a likelihood, and the rest of it, under the labels of another, which errors name."""
    return eqx.partition(_labelled(likelihood, first), eqx.is_array)


def _labelled(likelihood: AbstractLikelihood, first: AbstractLikelihood) -> AbstractLikelihood:
    """The likelihood under the labels of another."""
    plain = object.__new__(type(likelihood))
    for field in dataclasses.fields(likelihood):
        owner = first if field.name in LABELS else likelihood
        object.__setattr__(plain, field.name, getattr(owner, field.name))
    return plain
