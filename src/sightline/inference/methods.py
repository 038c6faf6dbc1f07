"""Methods of optimisation, each wrapped once."""

import abc
import functools
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.module import setting
from ..parameters import ravel
from ..statistics import Posterior
from .solve import CONVERGED, DIVERGED, FINISHED, STEP_LIMIT, Outcome, solve
from .whitening import Whitening, whiten

LONGEST = 1e3  # size of the trust region: damping of a thousandth, hardly less than a full step
CONFIRMED = 0.5  # standard deviations that a round may move to confirm the last
INSIDE = 2.0  # of the logistic function: at an eighth of the range of a prior


class AbstractMethod(eqx.Module):
    """Finds the largest posterior density of the parameters from one start."""

    @abc.abstractmethod
    def run(self, posterior: Posterior, unconstrained: Any, key: jax.Array) -> Outcome:
        """Starts at unconstrained parameters, by name."""


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


def _run_whitened(plan: _Plan, objective: Any, posterior: Posterior, unconstrained: Any) -> Outcome:
    """Rounds in coordinates whitened anew where the last one ended, until one of them hardly moves.

    The logistic function is flat at the edges of a prior: a step too far does not come back. What ends there is moved
    inside, once, and kept if it is the better for it.
    """
    total, moved, best, least = [], False, unconstrained, float("inf")
    while True:
        whitening = whiten(posterior, unconstrained)
        _, back = ravel(unconstrained, posterior.space.names)
        y, left = jnp.zeros_like(whitening.origin), min(plan.round, plan.steps - len(total))
        y, status, history = solve(plan.solver, objective, y, (posterior, whitening), left, plan.longest)
        unconstrained, total = back(whitening(y)), total + history
        better = history[-1] <= least
        best, least = (unconstrained, history[-1]) if better else (best, least)
        if status == DIVERGED or len(total) >= plan.steps:
            return Outcome(best, status if better else STEP_LIMIT, total)
        edges = posterior.space.at_edge(unconstrained)
        settled = status == CONVERGED and float(jnp.max(jnp.abs(y))) < CONFIRMED
        if not moved and any(bool(jnp.any(edge)) for edge in edges.values()):
            unconstrained = {name: jnp.where(edges[name], jnp.sign(u) * INSIDE, u) for name, u in unconstrained.items()}
            moved = True
        elif settled and better:
            return Outcome(best, CONVERGED, total)
        elif settled:
            unconstrained = best


class LevenbergMarquardt(AbstractMethod):
    """Levenberg-Marquardt: least squares with a trust region, in coordinates whitened by the Fisher matrix.

    **Arguments:** `tolerance`: it stops when parameters and residuals move by less, in standard deviations;
    `steps`: at most.

    **Source:** Marquardt 1963, J. SIAM 11, 431; by optimistix.
    """

    tolerance: float = setting(1e-3, positive=True)
    steps: int = setting(200, bounds=(1, None))

    def run(self, posterior: Posterior, unconstrained: Any, key: jax.Array) -> Outcome:
        """See `AbstractMethod`."""
        import optimistix as optx

        solver = optx.LevenbergMarquardt(rtol=_precision(), atol=self.tolerance)
        # damping changes by tens, as Marquardt has it: by optimistix's own rule most steps stay half a Newton step
        region = optx.ClassicalTrustRegion(high_cutoff=0.75, low_cutoff=0.01, high_constant=10.0, low_constant=0.1)
        solver = eqx.tree_at(lambda one: one.search, solver, region)
        return _run_whitened(_Plan(solver, self.steps, 12, LONGEST), _residuals, posterior, unconstrained)


class BFGS(AbstractMethod):
    """Broyden, Fletcher, Goldfarb and Shanno's method, in coordinates whitened by the Fisher matrix: for any posterior.

    **Arguments:** `tolerance`: it stops when parameters move by less, in standard deviations, and the log density by
    less; `steps`: at most.

    **Source:** Nocedal & Wright 2006, Numerical Optimization, chapter 6; by optimistix.
    """

    tolerance: float = setting(1e-3, positive=True)
    steps: int = setting(500, bounds=(1, None))

    def run(self, posterior: Posterior, unconstrained: Any, key: jax.Array) -> Outcome:
        """See `AbstractMethod`."""
        import optimistix as optx

        solver = optx.BFGS(rtol=_precision(), atol=self.tolerance)
        return _run_whitened(_Plan(solver, self.steps, 40, None), _minus_log_posterior, posterior, unconstrained)


def _precision() -> float:
    return 4 * float(jnp.finfo(jnp.result_type(float)).eps)


class Optax(AbstractMethod):
    """Any optimiser of optax, in unconstrained parameters, for as many steps as asked for: for grids.

    **Arguments:**

    - `optimiser`: e.g. `optax.adamw(optax.cosine_decay_schedule(0.1, 1000))`.
    - `steps`: all are made.
    - `batch`: pixels or sources of each likelihood in a step, chosen at random; `None`: all.
    """

    optimiser: Any = eqx.field(static=True)
    steps: int = setting(1000, bounds=(1, None))
    batch: int | None = setting(None, bounds=(1, None))

    def run(self, posterior: Posterior, unconstrained: Any, key: jax.Array) -> Outcome:
        """See `AbstractMethod`."""
        return descend(self.optimiser, posterior, unconstrained, key, self.steps, self.batch)


class Adam(AbstractMethod):
    """Adam, in unconstrained parameters, for as many steps as asked for: for grids.

    **Arguments:** `learning_rate`: a number, or a schedule of optax; `steps`: all are made; `batch`: pixels or sources
    of each likelihood in a step, chosen at random; `None`: all.

    **Source:** Kingma & Ba 2015, arXiv:1412.6980; by optax.
    """

    learning_rate: Any = setting(0.01)
    steps: int = setting(1000, bounds=(1, None))
    batch: int | None = setting(None, bounds=(1, None))

    def run(self, posterior: Posterior, unconstrained: Any, key: jax.Array) -> Outcome:
        """See `AbstractMethod`."""
        return descend(_adam(self.learning_rate), posterior, unconstrained, key, self.steps, self.batch)


@functools.cache
def _adam(learning_rate: Any) -> Any:
    """One optimiser for each rate: compiled programs know it by identity."""
    import optax

    return optax.adam(learning_rate)


def descend(
    optimiser: Any, posterior: Posterior, unconstrained: Any, key: jax.Array, steps: int, batch: int | None
) -> Outcome:
    """`steps` steps of an optax optimiser."""
    state, history = optimiser.init(unconstrained), []
    for one in jax.random.split(key, steps):
        unconstrained, state, loss = _update(optimiser, posterior, unconstrained, state, one, batch)
        history.append(float(loss))
        if not jnp.isfinite(loss):
            return Outcome(unconstrained, DIVERGED, history)
    return Outcome(unconstrained, FINISHED, history)


@eqx.filter_jit
def _update(
    optimiser: Any, posterior: Posterior, unconstrained: Any, state: Any, key: jax.Array, batch: int | None
) -> tuple[Any, Any, Float[Array, ""]]:
    import optax

    loss, slope = jax.value_and_grad(_loss)(unconstrained, posterior, key, batch)
    with jax.numpy_dtype_promotion("standard"):  # optax mixes types, which a user may forbid
        updates, state = optimiser.update(slope, state, unconstrained)
        return optax.apply_updates(unconstrained, updates), state, loss


def _loss(unconstrained: Any, posterior: Posterior, key: jax.Array, batch: int | None) -> Float[Array, ""]:
    """-log posterior, or its estimate from a batch."""
    values = posterior.space.to_constrained(unconstrained)
    return -(posterior.log_posterior(values) if batch is None else posterior.log_batch(values, key, batch))
