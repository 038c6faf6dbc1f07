"""Parameters that follow others."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
from jaxtyping import Array

from .leaves import Leaf, match, nearest

Function = Callable[..., Any]


class Tie(NamedTuple):
    """A leaf that follows a free parameter, or a function of the dict of all free parameters, and of the model."""

    name: str
    position: int
    source: str | Function
    reads_model: bool

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

    **Raises:** `ValueError` or `TypeError`, naming the leaf.
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
            tie = Tie(name, leaves[name].position, source, _takes_two(source))
            values = {key: leaves[key].value for key in free}
            shape = jax.numpy.shape(eqx.filter_eval_shape(tie, values, model))
            if shape != leaves[name].value.shape:
                raise ValueError(f"{name} has shape {leaves[name].value.shape}, what it is tied to has {shape}.")
            found.append(tie)
    return tuple(found)


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
