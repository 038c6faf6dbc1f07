"""Sightlines of likelihoods that hold the fields that are not fitted."""

from typing import Any

import jax

from ...model import Model
from ..geometry import Sightlines
from ..simulator import Simulator
from ..simulator.held import fields_of, fixed_fields


def hold_lines(lines: Sightlines, model: Any, free: Any, shared: dict[Any, Any]) -> Sightlines:
    """Sightlines with the fixed fields of a model evaluated in their cells.

    **Arguments:** `free`: the model with `True` for the leaves that are free; `shared`: what the same sightlines hold.

    **Raises:** `TypeError` for a model that is no `Simulator` or `Model` of one.
    """
    model, free = _simulator(model), _simulator(free)
    names = tuple(fixed_fields(model, free))
    key = (id(lines), names)
    if key not in shared:
        shared[key] = model.hold(lines.released(), names)
    return shared[key]


def check_lines(lines: Sightlines, free: Any, name: str) -> None:
    """Refuses sightlines that hold a field with a free parameter.

    **Raises:** `ValueError`; `TypeError` for a model that is no `Simulator` or `Model` of one.
    """
    if not lines.held:
        return
    flags = fields_of(_simulator(free))
    for field in sorted(lines.held):
        if any(jax.tree.leaves(flags.get(field, True))):
            raise ValueError(
                f"{name!r} holds {field!r}, which is free here or not in the model: build it on sightlines of its own, "
                "and call hold() on the posterior."
            )


def _simulator(model: Any) -> Simulator:
    model = model.simulator if isinstance(model, Model) else model
    if not isinstance(model, Simulator):
        raise TypeError(f"hold needs a sl.Simulator or a sl.Model of one, not {type(model).__name__}.")
    return model
