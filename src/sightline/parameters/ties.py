"""Parameters that follow others."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool

from .._core.module import is_concrete
from .._core.types import Bounds
from .._core.units import same_unit
from .bounds import is_within, limits, spell
from .leaves import Leaf, match, nearest

Function = Callable[..., Any]

_TRIES = 100_000


class Tie(NamedTuple):
    """A leaf that follows a free parameter, or a function of the dict of all free parameters, and of the model."""

    name: str
    position: int
    source: str | Function
    reads_model: bool
    ends: Bounds

    def __call__(self, values: Mapping[str, Array], model: Any) -> Any:
        """The value of the leaf; the model has the free values, what is tied its old ones."""
        if isinstance(self.source, str):
            return values[self.source]
        return self.source(values, model) if self.reads_model else self.source(values)


def check_ties(
    ties: Mapping[str, str | Function], model: Any, leaves: Mapping[str, Leaf], free: tuple[str, ...]
) -> Any:
    """Ties of existing leaves that are not free, to free parameters, in the shape of the leaf.

    A glob passes over the parameter that it is tied to.

    **Raises:** `ValueError` or `TypeError`, naming the leaf; also for values beyond its physical bounds at the start.
    """
    found = []
    for pattern, source in ties.items():
        names = [name for name in match(pattern, model, leaves) if name != source or name == pattern]
        if not names:
            raise ValueError(f"The pattern {pattern!r} matches only {source!r}, to which it is tied.")
        for name in names:
            if name in free or any(name == tie.name for tie in found):
                raise ValueError(f"{name} is tied and free, or tied twice: keep one.")
            if isinstance(source, str) and source not in free:
                raise ValueError(f"{name} is tied to {source!r}, which is not free. {nearest(source, free)}")
            tie = Tie(name, leaves[name].position, source, _takes_two(source), limits(leaves[name].metadata))
            values = {key: leaves[key].value for key in free}
            if isinstance(source, str):
                _check_units(name, source, leaves)
            shape = jax.numpy.shape(eqx.filter_eval_shape(tie, values, model))
            if shape != leaves[name].value.shape:
                raise ValueError(f"{name} has shape {leaves[name].value.shape}, what it is tied to has {shape}.")
            _check_value(name, tie(values, model), leaves[name].metadata)
            found.append(tie)
    return tuple(found)


def _check_units(name: str, source: str, leaves: Mapping[str, Leaf]) -> None:
    """Refuses to copy a number into a leaf of another unit."""
    own, given = (leaves[one].metadata.get("unit", "") for one in (name, source))
    if own and given and own != given and not same_unit(own, given):
        raise ValueError(
            f"{name} is in {own}, {source}, to which it is tied, in {given}: a name copies the number; convert it by a "
            f"function, {{{name!r}: lambda values: ... * values[{source!r}]}}."
        )


def within(ties: tuple[Tie, ...], leaves: list[Any]) -> Bool[Array, ""]:
    """Whether what is tied, among the leaves of a model, keeps its physical bounds."""
    return jnp.all(jnp.stack([jnp.all(is_within(leaves[tie.position], tie.ends)) for tie in ties]))


def redrawn(draw: Callable[[Any], Any], allows: Callable[[Any], Any], key: Any) -> Any:
    """What is drawn of a key, or of further ones while it is not allowed, 100 000 at most; NaN if none is, and traced.

    **Raises:** `ValueError` if none is.
    """

    def again(state: tuple[Any, Any]) -> tuple[Any, Any]:
        return draw(jax.random.fold_in(key, state[1])), state[1] + 1

    def beyond(state: tuple[Any, Any]) -> Any:
        return ~allows(state[0]) & (state[1] < _TRIES)

    values, _ = jax.lax.while_loop(beyond, again, (draw(key), jnp.asarray(1)))
    known = allows(values)
    if is_concrete(known) and not bool(known):
        raise ValueError(f"What is tied lies beyond its bounds in {_TRIES} draws from the priors: narrow them.")
    return jax.tree.map(lambda value: jnp.where(known, value, jnp.nan), values)


def _check_value(name: str, value: Any, metadata: Mapping[str, Any]) -> None:
    """Refuses a leaf that its tie would begin outside of its physical bounds, which no prior keeps it within."""
    if not is_concrete(value):
        return
    low, high = limits(metadata)
    below = -np.inf if low is None else low
    inside = (np.asarray(value) >= below) & (np.asarray(value) <= (np.inf if high is None else high))
    if metadata.get("positive"):
        inside &= np.asarray(value) > 0
    if not np.all(inside & np.isfinite(value)):
        raise ValueError(
            f"{name} would be {np.asarray(value)} by its tie, outside of {spell(metadata) or 'finite numbers'}: choose "
            "another function, or other values to start from."
        )


def _takes_two(source: str | Function) -> bool:
    """Whether a function needs two arguments: the values and the model."""
    if isinstance(source, str):
        return False
    try:
        known = inspect.signature(source).parameters.values()
    except (ValueError, TypeError):  # of compiled code, which does not tell
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in positional and one.default is one.empty for one in known) == 2
