"""Parameters by name in a run file: values to start from, and priors of those that are free."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import sightline as sl

from ..parameters import find_leaves, match
from . import priors
from .keys import Keys, blame
from .refusal import Refusal

_BESIDE = ("nuisance", "instruments", "spectra")
"""What a `Model` has beside the simulator, whose name is left out."""


def _full(name: str, model: Any) -> str:
    """The name of a parameter in the model."""
    whole = not isinstance(model, sl.Model) or name.partition(".")[0] in _BESIDE
    return name if whole else f"simulator.{name}"


def _leaves(model: Any, name: str, place: str) -> list[str]:
    """Names of the leaves that a name or glob means."""
    leaves = find_leaves(model)
    try:
        return match(_full(name, model), model, leaves)
    except ValueError:
        known = [one.removeprefix("simulator.") for one, leaf in leaves.items() if leaf.learnable]
        raise priors.nearest(name, known, place) from None
    except TypeError as error:
        raise Refusal(f"{place} {name}: {error}") from None


def changed(model: Any, changes: Mapping[str, Any], place: str) -> Any:
    """The model with other values; a number serves every element of an array.

    **Raises:** `Refusal` for names that are not there, with the nearest, and values that do not fit.
    """
    values, structure = jax.tree.flatten(model)
    for name, value in changes.items():
        for one in _leaves(model, name, place):
            leaf = find_leaves(model)[one]
            values[leaf.position] = _value(f"{place} {name}", value, leaf)
    return jax.tree.unflatten(structure, values)


def _value(place: str, value: Any, leaf: Any) -> jax.Array:
    with blame(f"{place} = {value!r}"):
        array = np.broadcast_to(np.asarray(value, np.float64), leaf.value.shape)
        low, high = leaf.metadata.get("bounds", (None, None))
        outside = (low is not None and np.any(array < low)) or (high is not None and np.any(array > high))
        if not np.all(np.isfinite(array)) or outside or (leaf.metadata.get("positive") and np.any(array <= 0)):
            raise ValueError(f"it must be finite and within its bounds, {low} to {high}.")
        return jnp.asarray(array, leaf.value.dtype)


def read_space(model: Any, keys: Keys) -> sl.ParameterSpace:
    """The free parameters of `[parameters]`.

    **Raises:** as `changed`, and `Refusal` for priors that do not fit.
    """
    found: dict[str, Any] = {}
    for name, given in keys.rest().items():
        if not isinstance(given, dict):
            raise Refusal(
                f'[parameters] "{name}" = {given!r} must be a table, {{ prior = "uniform", low = 0, high = 1 }}.'
            )
        inner = Keys(given, f'[parameters] "{name}":')
        start = inner.take("start", ("number", "list"), None)
        chosen = priors.prior(inner)
        inner.finish()
        if start is not None:
            model = changed(model, {name: start}, "[parameters]")
        _leaves(model, name, "[parameters]")
        found[_full(name, model)] = chosen
    with blame("[parameters]"):
        return sl.ParameterSpace(model, found)
