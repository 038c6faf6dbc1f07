"""Steps of an iterative solver, one compiled program for all steps, starts and posteriors of one shape."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array

from .method import CONVERGED, DIVERGED, STEP_LIMIT

Objective = Callable[[Array, Any], tuple[Array, None]]

PATIENCE = 5  # steps that are not better than rounding, after which a solver has done what it can
NEAR = 0.1  # standard deviations: a solver that rounding stops nearer than that to the maximum has found it
EXACT = 0.1  # of the tolerance: a distance below which another step is not worth its evaluation


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
    if hasattr(known, "f"):
        return y, state, known.f, jnp.max(jnp.abs(known.grad)), done, result
    # least squares know the next step, damped by 1/size: a slope would need a reverse mode, which not all models have
    size = state.search_state.step_size
    distance = jnp.max(jnp.abs(state.y_eval - y)) * (1 + 1 / size)
    done &= (size >= 1) | (distance < NEAR)  # a step that damping has made short has not arrived
    return y, state, 0.5 * jnp.sum(jnp.square(known.residual)), distance, done, result


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

    In whitened coordinates the slope, as an undamped step, counts the standard deviations to the maximum: where they
    are below the tolerance the maximum is reached, whatever a search makes of differences that rounding hides.
    `longest` bounds the size of a trust region: one that has grown without bound takes as many failures to shrink.
    """
    import optimistix as optx

    state, history = _begin(solver, objective, y, args), []
    for _ in range(steps):
        y, state, loss, distance, done, result = _advance(solver, objective, y, args, state, longest)
        history.append(float(loss))
        report(history[-1])
        if not jnp.all(jnp.isfinite(y)) or not jnp.isfinite(loss) or result != optx.RESULTS.successful:
            return y, DIVERGED, history
        if done or _is_reached(float(distance), history, solver.atol, solver.rtol):
            return y, CONVERGED, history
    return y, STEP_LIMIT, history


def _is_reached(distance: float, history: list[float], tolerance: float, precision: float) -> bool:
    """Whether the maximum is near enough for what rounding lets the last steps show."""

    def stalls(steps: int) -> bool:
        return len(history) > steps and history[-1 - steps] - history[-1] <= precision * abs(history[-1])

    near = (distance < tolerance and stalls(1)) or (distance < NEAR and stalls(PATIENCE))
    return distance < EXACT * tolerance or near
