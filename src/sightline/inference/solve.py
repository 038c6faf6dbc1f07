"""Steps of an iterative solver, one compiled program for all steps, starts and posteriors of one shape."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array

CONVERGED, FINISHED, STEP_LIMIT, DIVERGED = "converged", "finished", "step limit", "diverged"

Objective = Callable[[Array, Any], tuple[Array, None]]


class Outcome(NamedTuple):
    """Where a method ended.

    - `unconstrained`: by name; `status`: how it ended; `history`: -log posterior, or half the sum of squares, of every
      step.
    """

    unconstrained: Any
    status: str
    history: list[float]


@eqx.filter_jit
def _begin(solver: Any, objective: Objective, y: Array, args: Any) -> Any:
    out, aux = eqx.filter_eval_shape(objective, y, args)
    return solver.init(objective, y, args, {}, out, aux, frozenset())


@eqx.filter_jit
def _advance(solver: Any, objective: Objective, y: Array, args: Any, state: Any) -> tuple[Any, ...]:
    y, state, _ = solver.step(objective, y, args, {}, state, frozenset())
    done, result = solver.terminate(objective, y, args, {}, state, frozenset())
    known = state.f_info
    loss = known.f if hasattr(known, "f") else 0.5 * jnp.sum(jnp.square(known.residual))
    return y, state, loss, done, result


def solve(solver: Any, objective: Objective, y: Array, args: Any, steps: int) -> tuple[Array, str, list[float]]:
    """Runs an optimistix solver: where it ended, how, and the loss after every step."""
    import optimistix as optx

    state, history = _begin(solver, objective, y, args), []
    for _ in range(steps):
        y, state, loss, done, result = _advance(solver, objective, y, args, state)
        history.append(float(loss))
        if not jnp.all(jnp.isfinite(y)) or not jnp.isfinite(loss) or result != optx.RESULTS.successful:
            return y, DIVERGED, history
        if done:
            return y, CONVERGED, history
    return y, STEP_LIMIT, history
