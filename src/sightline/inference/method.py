"""What a method of optimisation is given and returns."""

import abc
from typing import Any, NamedTuple

import equinox as eqx
import jax

from .._core.module import Module
from ..statistics import Posterior
from .journal import Journal
from .options import check_types

CONVERGED, FINISHED, STOPPED = "converged", "finished", "stopped early"
STEP_LIMIT, DIVERGED = "step limit", "diverged"


class Context(NamedTuple):
    """What a method runs with: a random `key`, the `journal` of its steps, `held_out` data or `None`."""

    key: jax.Array
    journal: Journal
    held_out: Posterior | None


class Outcome(NamedTuple):
    """Where a method ended.

    - `unconstrained`: by name; `history`: -log posterior, or half the sum of squares, of every step.
    - `held_out`: log likelihoods of held-out data; `status`: how it ended; `reason`: in words, where it failed.
    """

    unconstrained: Any
    history: list[float]
    held_out: list[float]
    status: str
    reason: str = ""


class AbstractMethod(Module):
    """Finds the largest posterior density of the parameters from one start, in so many `steps` at most."""

    steps: eqx.AbstractVar[int]

    def __check_init__(self) -> None:
        check_types(self)

    @abc.abstractmethod
    def run(self, posterior: Posterior, unconstrained: Any, context: Context) -> Outcome:
        """Starts at unconstrained parameters, by name."""
