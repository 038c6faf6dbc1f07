"""Methods that whiten the parameters by the Fisher matrix, for up to some hundreds of them."""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array

from .._core.module import setting
from ..parameters import ravel
from ..statistics import Posterior
from .blame import blame, check_gradient
from .journal import State
from .method import CONVERGED, DIVERGED, STEP_LIMIT, AbstractMethod, Context, Outcome
from .solve import solve
from .whitening import Whitening, whiten

LONGEST = 1e3  # size of the trust region: damping of a thousandth, hardly less than a full step
CONFIRMED = 0.5  # standard deviations that a round may move to confirm the last
INSIDE = 2.0  # of the logistic function: at an eighth of the range of a prior


def _values(y: Array, posterior: Posterior, whitening: Whitening) -> Any:
    """Constrained parameters, by name, of whitened ones."""
    space = posterior.space
    _, back = ravel(space.to_unconstrained(space.initial), space.names)
    return space.to_constrained(back(whitening(y)))


def _residuals(y: Array, args: tuple[Posterior, Whitening]) -> tuple[Array, None]:
    posterior, whitening = args
    return posterior.residuals(_values(y, posterior, whitening)), None


def _minus_log_posterior(y: Array, args: tuple[Posterior, Whitening]) -> tuple[Array, None]:
    posterior, whitening = args
    return -posterior.log_posterior(_values(y, posterior, whitening)), None


class _Plan(NamedTuple):
    """A solver, steps in all and in a round, and the largest size of its trust region."""

    solver: Any
    steps: int
    round: int
    longest: float | None


def _run_whitened(plan: _Plan, objective: Any, posterior: Posterior, unconstrained: Any, context: Context) -> Outcome:
    """Rounds in coordinates whitened anew where the last one ended, until one of them hardly moves.

    The logistic function is flat at the edges of a prior: a step too far does not come back. What ends there is moved
    inside, once, and kept if it is the better for it.
    """
    if context.held_out is not None:
        raise ValueError("held_out is for methods that go step by step: sl.Adam(), sl.LBFGS(), sl.inference.Optax().")
    first = {"now": unconstrained, "best": unconstrained, "least": float("inf"), "moved": False}
    state = context.journal.begin(first)
    while not state.status:
        state = context.journal.keep(_round(plan, objective, posterior, state, context))
    return Outcome(state.arrays["best"], *state[1:])


def _round(plan: _Plan, objective: Any, posterior: Posterior, state: State, context: Context) -> State:
    """A function of the state before it alone, so that it may be repeated."""
    arrays, unconstrained = dict(state.arrays), state.arrays["now"]
    whitening = whiten(posterior, unconstrained)
    _, back = ravel(unconstrained, posterior.space.names)
    y, left = jnp.zeros_like(whitening.origin), min(plan.round, plan.steps - len(state.history))
    task = (posterior, whitening)
    y, status, history = solve(plan.solver, objective, y, task, left, plan.longest, context.journal.step)
    total, reached = [*state.history, *history], back(whitening(y))
    better = history[-1] - arrays["least"] <= _precision() * abs(history[-1])  # the same place, in other coordinates
    arrays |= {"now": reached} | ({"best": reached, "least": history[-1]} if better else {})
    if status == DIVERGED or len(total) >= plan.steps:
        reason = blame(posterior, unconstrained) if status == DIVERGED else ""
        return State(arrays, total, [], status if better else STEP_LIMIT, reason)
    edges = posterior.space.at_edge(reached)
    settled = status == CONVERGED and float(jnp.max(jnp.abs(y))) < CONFIRMED
    if not arrays["moved"] and any(bool(jnp.any(edge)) for edge in edges.values()):
        inside = {name: jnp.where(edges[name], jnp.sign(u) * INSIDE, u) for name, u in reached.items()}
        arrays |= {"now": inside, "moved": True}
    elif settled and better:
        return State(arrays, total, [], CONVERGED)
    elif settled:
        arrays |= {"now": arrays["best"]}
    return State(arrays, total, [])


class LevenbergMarquardt(AbstractMethod):
    """Levenberg-Marquardt: least squares with a trust region, in coordinates whitened by the Fisher matrix.

    **Arguments:** `tolerance`: it stops when parameters and residuals move by less, in standard deviations;
    `steps`: at most.

    !!! example
        >>> method = sl.LevenbergMarquardt(steps=50)

    **Source:** Marquardt 1963, J. SIAM 11, 431; by optimistix.
    """

    tolerance: float = setting(1e-3, positive=True)
    steps: int = setting(200, bounds=(1, None))

    def run(self, posterior: Posterior, unconstrained: Any, context: Context) -> Outcome:
        """See `AbstractMethod`."""
        import optimistix as optx

        from .damped import DampedDescent

        solver = optx.LevenbergMarquardt(rtol=_precision(), atol=self.tolerance)
        # damping changes by tens, as Marquardt has it: by optimistix's own rule most steps stay half a Newton step
        region = optx.ClassicalTrustRegion(high_cutoff=0.75, low_cutoff=0.01, high_constant=10.0, low_constant=0.1)
        solver = eqx.tree_at(lambda one: (one.search, one.descent), solver, (region, DampedDescent()))
        return _run_whitened(_Plan(solver, self.steps, 12, LONGEST), _residuals, posterior, unconstrained, context)


class BFGS(AbstractMethod):
    """Broyden, Fletcher, Goldfarb and Shanno's method, in coordinates whitened by the Fisher matrix: for any posterior.

    **Arguments:** `tolerance`: it stops when parameters move by less, in standard deviations, and the log density by
    less; `steps`: at most.

    !!! example
        >>> method = sl.BFGS(steps=50)

    **Source:** Nocedal & Wright 2006, Numerical Optimization, chapter 6; by optimistix.
    """

    tolerance: float = setting(1e-3, positive=True)
    steps: int = setting(500, bounds=(1, None))

    def run(self, posterior: Posterior, unconstrained: Any, context: Context) -> Outcome:
        """See `AbstractMethod`."""
        import optimistix as optx

        check_gradient(posterior, unconstrained)
        solver = optx.BFGS(rtol=_precision(), atol=self.tolerance)
        plan = _Plan(solver, self.steps, 40, None)
        return _run_whitened(plan, _minus_log_posterior, posterior, unconstrained, context)


def _precision() -> float:
    return 4 * float(jnp.finfo(jnp.result_type(float)).eps)
