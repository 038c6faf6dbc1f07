"""Steps of an iterative solver, one compiled program for all steps, starts and posteriors of one shape."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array

from .method import CONVERGED, DIVERGED, STEP_LIMIT

Objective = Callable[[Array, Any], tuple[Array, None]]


@eqx.filter_jit
def _begin(solver: Any, objective: Objective, y: Array, args: Any) -> Any:
    out, aux = eqx.filter_eval_shape(objective, y, args)
    return solver.init(objective, y, args, {}, out, aux, frozenset())


@eqx.filter_jit
def _advance(
    solver: Any, objective: Objective, y: Array, args: Any, state: Any, longest: float | None
) -> tuple[Any, ...]:
    y, state, _ = solver.step(objective, y, args, {}, state, frozenset())
    if longest is not None:
        state = eqx.tree_at(
            lambda s: s.search_state.step_size, state, replace_fn=lambda size: jnp.minimum(size, longest)
        )
    done, result = solver.terminate(objective, y, args, {}, state, frozenset())
    known = state.f_info
    loss = known.f if hasattr(known, "f") else 0.5 * jnp.sum(jnp.square(known.residual))
    return y, state, loss, done, result


def solve(
    solver: Any,
    objective: Objective,
    y: Array,
    args: Any,
    steps: int,
    longest: float | None,
    report: Callable[[float], None],
) -> tuple[Array, str, list[float]]:
    """Runs an optimistix solver: where it ended, how, and the loss after every step, which is reported, too.

    `longest` bounds the size of a trust region: one that has grown without bound takes as many failures to shrink.
    """
    import optimistix as optx

    state, history = _begin(solver, objective, y, args), []
    for _ in range(steps):
        y, state, loss, done, result = _advance(solver, objective, y, args, state, longest)
        history.append(float(loss))
        report(history[-1])
        if not jnp.all(jnp.isfinite(y)) or not jnp.isfinite(loss) or result != optx.RESULTS.successful:
            return y, DIVERGED, history
        if done:
            return y, CONVERGED, history
    return y, STEP_LIMIT, history
