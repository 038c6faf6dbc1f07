"""What a method of optimisation is given and returns."""

import abc
from collections.abc import Sequence
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
    """What a method runs with.

    A random `key`, the `journal` of its steps, `held_out` data or `None`, and `start`: constrained values by name.
    """

    key: jax.Array
    journal: Journal
    held_out: Posterior | None
    start: Any


class Outcome(NamedTuple):
    """Where a method ended.

    - `unconstrained`: by name; `history`: -log posterior, or half the sum of squares, of every step.
    - `held_out`: log likelihoods of held-out data; `status`: how it ended; `reason`: in words, where it failed.
    - `constrained`: by name, of methods that may end on a bound, where unconstrained numbers are infinite.
    - `blind`: labels of numbers that no datum tells of.
    """

    unconstrained: Any
    history: list[float]
    held_out: list[float]
    status: str
    reason: str = ""
    constrained: Any = None
    blind: Sequence[str] = ()

    def values(self, posterior: Posterior) -> Any:
        """Constrained values, by name."""
        return posterior.space.to_constrained(self.unconstrained) if self.constrained is None else self.constrained


class AbstractMethod(Module):
    """Finds the largest posterior density of the parameters from one start, in so many `steps` at most.

    !!! example
        >>> issubclass(sl.Adam, sl.inference.AbstractMethod)
        True
    """

    steps: eqx.AbstractVar[int]

    def __check_init__(self) -> None:
        check_types(self)

    def start(self, posterior: Posterior, values: Any) -> Any:
        """Constrained values to start from: those on a bound are moved inside."""
        return posterior.space.inwards(values)

    @abc.abstractmethod
    def run(self, posterior: Posterior, unconstrained: Any, context: Context) -> Outcome:
        """Starts at unconstrained parameters, by name."""
