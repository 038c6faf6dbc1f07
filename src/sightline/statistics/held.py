"""Likelihoods whose sightlines hold the fields that are not fitted."""

from typing import Any

import equinox as eqx
import jax

from ..model import Model
from ..simulator import Simulator
from ..simulator.held import fixed_fields
from .brightness import Brightness
from .ensemble import EnsembleLikelihood, turbulent_latents
from .likelihood import AbstractLikelihood


def hold_fixed(likelihoods: tuple[AbstractLikelihood, ...], model: Any, free: Any) -> tuple[AbstractLikelihood, ...]:
    """Likelihoods with the fixed fields of a model evaluated in the cells of every map.

    **Arguments:** `free`: the model with `True` for the leaves that are free.

    **Raises:** `TypeError` for a model that is no `Simulator` or `Model`.
    """
    return tuple(_hold(one, model, _with_redrawn(one, free)) for one in likelihoods)


def _with_redrawn(likelihood: AbstractLikelihood, free: Any) -> Any:
    """`free` with `True` for the white noise that an ensemble draws anew."""
    if not isinstance(likelihood, EnsembleLikelihood):
        return free
    return eqx.tree_at(turbulent_latents, free, [True] * len(turbulent_latents(free)))


def _hold(likelihood: AbstractLikelihood, model: Any, free: Any) -> AbstractLikelihood:
    if isinstance(model, Model):
        model, free = model.simulator, free.simulator
    if not isinstance(model, Simulator):
        raise TypeError(f"hold needs a sl.Simulator or a sl.Model, not {type(model).__name__}.")
    names = fixed_fields(model, free)

    def held(node: Any) -> Any:
        if not isinstance(node, Brightness):
            return node
        return eqx.tree_at(lambda one: one.sightlines, node, model.hold(node.sightlines, names))

    return jax.tree.map(held, likelihood, is_leaf=lambda node: isinstance(node, Brightness))
