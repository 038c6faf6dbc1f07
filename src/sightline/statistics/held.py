"""Likelihoods whose sightlines hold the fields that are not fitted."""

from typing import Any, TypeVar

import equinox as eqx
import jax

from ..model import Model
from ..simulator import Simulator
from ..simulator.held import fixed_fields
from .brightness import Brightness

T = TypeVar("T")


def hold_fixed(likelihoods: T, model: Any, free: Any) -> T:
    """Likelihoods with the fixed fields of a model evaluated in the cells of every map.

    **Arguments:** `free`: the model with `True` for the leaves that are free.

    **Raises:** `TypeError` for a model that is no `Simulator` or `Model`.
    """
    if isinstance(model, Model):
        model, free = model.simulator, free.simulator
    if not isinstance(model, Simulator):
        raise TypeError(f"hold needs a sl.Simulator or a sl.Model, not {type(model).__name__}.")
    names = fixed_fields(model, free)

    def held(node: Any) -> Any:
        if not isinstance(node, Brightness):
            return node
        return eqx.tree_at(lambda one: one.sightlines, node, model.hold(node.sightlines, names))

    return jax.tree.map(held, likelihoods, is_leaf=lambda node: isinstance(node, Brightness))
