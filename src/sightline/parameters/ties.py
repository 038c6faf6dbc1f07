"""Parameters that follow others."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
from jaxtyping import Array

from .leaves import Leaf, match, nearest

Function = Callable[[Mapping[str, Array]], Any]


class Tie(NamedTuple):
    """A leaf that follows a free parameter, or a function of the dict of all free parameters."""

    name: str
    position: int
    source: str | Function

    def __call__(self, values: Mapping[str, Array]) -> Any:
        """The value of the leaf."""
        return values[self.source] if isinstance(self.source, str) else self.source(values)


def check_ties(
    ties: Mapping[str, str | Function], model: Any, leaves: Mapping[str, Leaf], free: tuple[str, ...]
) -> Any:
    """Ties of existing leaves that are not free, to free parameters, in the shape of the leaf.

    **Raises:** `ValueError` or `TypeError`, naming the leaf.
    """
    found = []
    for pattern, source in ties.items():
        for name in match(pattern, model, leaves):
            if name in free or any(name == tie.name for tie in found):
                raise ValueError(f"{name} is tied and free, or tied twice: keep one.")
            if isinstance(source, str) and source not in free:
                raise ValueError(f"{name} is tied to {source!r}, which is not free. {nearest(source, free)}")
            tie = Tie(name, leaves[name].position, source)
            shape = jax.numpy.shape(eqx.filter_eval_shape(tie, {key: leaves[key].value for key in free}))
            if shape != leaves[name].value.shape:
                raise ValueError(f"{name} has shape {leaves[name].value.shape}, what it is tied to has {shape}.")
            found.append(tie)
    return tuple(found)
