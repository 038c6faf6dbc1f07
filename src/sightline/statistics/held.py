"""Likelihoods whose sightlines hold the fields that are not fitted."""

from typing import Any

import equinox as eqx
import jax

from ..geometry import Sightlines
from ..model import Model
from ..parameters import ParameterSpace
from ..simulator import Simulator
from ..simulator.held import fields_of, fixed_fields
from .brightness import Brightness
from .ensemble import EnsembleLikelihood, turbulent_latents
from .likelihood import AbstractLikelihood


def hold_fixed(likelihoods: tuple[AbstractLikelihood, ...], model: Any, free: Any) -> tuple[AbstractLikelihood, ...]:
    """Likelihoods with the fixed fields of a model evaluated in the cells of every map.

    **Arguments:** `free`: the model with `True` for the leaves that are free.

    **Raises:** `TypeError` for a model that is no `Simulator` or `Model`.
    """
    done: dict[Any, Sightlines] = {}
    return tuple(_hold(one, model, _with_redrawn(one, free), done) for one in likelihoods)


def _with_redrawn(likelihood: AbstractLikelihood, free: Any) -> Any:
    """`free` with `True` for the white noise that an ensemble draws anew."""
    if not isinstance(likelihood, EnsembleLikelihood):
        return free
    return eqx.tree_at(turbulent_latents, free, [True] * len(turbulent_latents(free)))


def _hold(likelihood: AbstractLikelihood, model: Any, free: Any, done: dict[Any, Sightlines]) -> AbstractLikelihood:
    """One likelihood; maps of the same sightlines, in `done`, share what these hold."""
    model, free = _simulator(model), _simulator(free)
    names = tuple(fixed_fields(model, free))

    def held(node: Any) -> Any:
        if not isinstance(node, Brightness):
            return node
        lines, key = node.sightlines, (id(node.sightlines), names)
        if key not in done:
            done[key] = model.hold(lines.released(), names)
        return eqx.tree_at(lambda one: one.sightlines, node, done[key])

    return jax.tree.map(held, likelihood, is_leaf=_is_map)


def check_held(likelihood: AbstractLikelihood, space: ParameterSpace) -> None:
    """Refuses sightlines that hold a field with a free parameter, or with turbulence that an ensemble draws anew.

    **Raises:** `ValueError`; `TypeError` for a model that is no `Simulator` or `Model`.
    """
    held = sorted({name for node in _maps(likelihood) for name in node.sightlines.held})
    if not held:
        return
    flags = fields_of(_simulator(_with_redrawn(likelihood, space.free())))
    for name in held:
        if any(jax.tree.leaves(flags.get(name, True))):
            raise ValueError(
                f"{likelihood.name!r} holds {name!r}, which is free here or not in the model: build it on sightlines "
                "of its own, and call hold() on the posterior."
            )


def _simulator(model: Any) -> Simulator:
    model = model.simulator if isinstance(model, Model) else model
    if not isinstance(model, Simulator):
        raise TypeError(f"hold needs a sl.Simulator or a sl.Model, not {type(model).__name__}.")
    return model


def _is_map(node: Any) -> bool:
    return isinstance(node, Brightness)


def _maps(likelihood: AbstractLikelihood) -> list[Brightness]:
    return [node for node in jax.tree.leaves(likelihood, is_leaf=_is_map) if _is_map(node)]
