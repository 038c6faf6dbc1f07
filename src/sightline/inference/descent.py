"""Methods that go step by step with a gradient, from any optimiser of optax: for grids and many parameters."""

import functools
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .._core.module import setting
from .._core.relaxed import relaxed
from ..statistics import Posterior
from .blame import blame, check_gradient
from .gain import leads_inside, starts_at_maximum
from .journal import State
from .method import CONVERGED, DIVERGED, FINISHED, STEP_LIMIT, STOPPED, AbstractMethod, Context, Outcome
from .options import check_rate

LOOK_BACK = 10  # steps over which a method with a tolerance must improve
FEW = 3  # steps after which one looks whether the start was a maximum
GAIN = 1e-2  # in the log density, that is none: the tolerance of methods that have none of their own


class _Plan(NamedTuple):
    """An optimiser, its steps, pixels in a batch, evaluations of held-out data, and the least improvement."""

    optimiser: Any
    steps: int
    batch: int | None = None
    patience: int | None = None
    every: int = 10
    tolerance: float | None = None


class Optax(AbstractMethod):
    """Any optimiser of optax, in unconstrained parameters, for as many steps as asked for: for grids.

    **Arguments:**

    - `optimiser`: e.g. `optax.adamw(optax.cosine_decay_schedule(0.1, 1000))`.
    - `steps`: all are made, unless held-out data end them, or all data say after three that the start was a maximum.
    - `batch`: pixels or sources of each likelihood in a step, chosen at random; `None`: all.
    - `patience`: it stops when so many evaluations of the held-out data of `sl.fit` brought nothing better; `every`: so
      many steps.

    **Raises:** `ValueError` for what is no optimiser of optax.

    !!! example
        >>> import optax
        >>> method = sl.inference.Optax(optax.sgd(1e-2))
    """

    optimiser: Any = eqx.field(static=True)
    steps: int = setting(1000, bounds=(1, None))
    batch: int | None = setting(None, bounds=(1, None))
    patience: int | None = setting(None, bounds=(1, None))
    every: int = setting(10, bounds=(1, None))

    def __check_init__(self) -> None:
        if not callable(getattr(self.optimiser, "update", None)):
            raise ValueError(f"Optax.optimiser = {self.optimiser!r} must be an optimiser of optax: optax.adam(0.01).")

    def run(self, posterior: Posterior, unconstrained: Any, context: Context) -> Outcome:
        """See `AbstractMethod`."""
        plan = _Plan(self.optimiser, self.steps, self.batch, self.patience, self.every)
        return _descend(plan, posterior, unconstrained, context)


class Adam(AbstractMethod):
    """Adam, in unconstrained parameters, for as many steps as asked for: for grids.

    **Arguments:** `learning_rate`: a number, or a schedule of optax; `steps`, `batch`, `patience`, `every`: as
    `sl.inference.Optax`.

    !!! example
        >>> method = sl.Adam(steps=200, learning_rate=0.05)

    **Source:** Kingma & Ba 2015, arXiv:1412.6980; by optax.
    """

    learning_rate: Any = setting(0.01)
    steps: int = setting(1000, bounds=(1, None))
    batch: int | None = setting(None, bounds=(1, None))
    patience: int | None = setting(None, bounds=(1, None))
    every: int = setting(10, bounds=(1, None))

    def __check_init__(self) -> None:
        check_rate("Adam.learning_rate", self.learning_rate)

    def run(self, posterior: Posterior, unconstrained: Any, context: Context) -> Outcome:
        """See `AbstractMethod`."""
        plan = _Plan(_adam(self.learning_rate), self.steps, self.batch, self.patience, self.every)
        return _descend(plan, posterior, unconstrained, context)


class LBFGS(AbstractMethod):
    """L-BFGS in unconstrained parameters: for many, up to the 10^7 of a grid; it keeps `memory` pairs of vectors.

    **Arguments:**

    - `tolerance`: it stops when ten steps have raised the log density by less.
    - `steps`: at most; `memory`: pairs of vectors that stand for the Hessian.
    - `patience`, `every`: as `sl.inference.Optax`.

    !!! example
        >>> method = sl.LBFGS(steps=50)

    **Source:** Liu & Nocedal 1989, Math. Programming 45, 503, with the line search of Nocedal & Wright 2006, Numerical
    Optimization, algorithm 3.5; by optax.
    """

    tolerance: float = setting(1e-2, positive=True)
    steps: int = setting(1000, bounds=(1, None))
    memory: int = setting(10, bounds=(1, None))
    patience: int | None = setting(None, bounds=(1, None))
    every: int = setting(10, bounds=(1, None))

    def run(self, posterior: Posterior, unconstrained: Any, context: Context) -> Outcome:
        """See `AbstractMethod`."""
        plan = _Plan(_lbfgs(self.memory), self.steps, None, self.patience, self.every, self.tolerance)
        return _descend(plan, posterior, unconstrained, context)


@functools.cache
def _adam(learning_rate: Any) -> Any:
    """One optimiser for each rate: compiled programs know it by identity."""
    import optax

    return optax.adam(learning_rate)


@functools.cache
def _lbfgs(memory: int) -> Any:
    import optax

    return optax.lbfgs(memory_size=memory)


def _descend(plan: _Plan, posterior: Posterior, unconstrained: Any, context: Context) -> Outcome:
    """Steps of an optimiser, each a function of the state before it and of its number alone."""
    if plan.patience is not None and context.held_out is None:
        raise ValueError("patience needs held-out data: sl.fit(..., held_out=posterior of these).")
    best = {} if context.held_out is None else {"best": unconstrained}
    first = {"now": unconstrained, "optimiser": plan.optimiser.init(unconstrained)} | best
    state = context.journal.begin(first)
    while not state.status:
        state = _step(plan, posterior, state, context)
        looks = len(state.history) == FEW and not state.status and plan.batch is None and not best
        if looks and starts_at_maximum(posterior, unconstrained, state.history, plan.tolerance or GAIN):
            state = state._replace(arrays={**state.arrays, "now": unconstrained}, status=CONVERGED)
        context.journal.keep(state)
        context.journal.step(state.history[-1])
    return Outcome(state.arrays["best" if best else "now"], *state[1:])


def _step(plan: _Plan, posterior: Posterior, state: State, context: Context) -> State:
    arrays, history, number = dict(state.arrays), state.history, len(state.history)
    before, key = (arrays["now"], arrays["optimiser"]), jax.random.fold_in(context.key, number)
    now, optimiser, loss, finite = _update(plan.optimiser, posterior, *before, key, plan.batch)
    history.append(float(loss))
    if not finite:
        if number == 0:
            check_gradient(posterior, arrays["now"])
        return state._replace(status=DIVERGED, reason=blame(posterior, arrays["now"]))
    arrays |= {"now": now, "optimiser": optimiser}
    due = (number + 1) % plan.every == 0 or number + 1 == plan.steps
    if context.held_out is not None and due:
        _judge(arrays, state.held_out, context.held_out)
    status = _status(plan, history, state.held_out)
    if status == CONVERGED and leads_inside(posterior, now):
        status = "" if len(history) < plan.steps else STEP_LIMIT
    return state._replace(arrays=arrays, status=status)


def _judge(arrays: dict[str, Any], values: list[float], held_out: Posterior) -> None:
    """Adds the log likelihood of held-out data, and keeps the parameters that are best for them."""
    value = float(held_out.log_likelihood(held_out.space.to_constrained(arrays["now"])))
    if not values or value > max(values):
        arrays["best"] = arrays["now"]
    values.append(value)


def _status(plan: _Plan, history: list[float], held_out: list[float]) -> str:
    """How it ended, empty if it has not."""
    if plan.patience is not None and held_out and len(held_out) - 1 - int(np.argmax(held_out)) >= plan.patience:
        return STOPPED
    if plan.tolerance is not None and len(history) > LOOK_BACK:
        noise = float(jnp.finfo(jnp.result_type(float)).eps) * abs(history[-1])
        if history[-1 - LOOK_BACK] - history[-1] < max(plan.tolerance, noise):
            return CONVERGED
    if len(history) < plan.steps:
        return ""
    return FINISHED if plan.tolerance is None else STEP_LIMIT


@eqx.filter_jit
def _update(
    optimiser: Any, posterior: Posterior, unconstrained: Any, state: Any, key: jax.Array, batch: int | None
) -> tuple[Any, Any, Float[Array, ""], Bool[Array, ""]]:
    """One step: parameters, state, the loss, and whether it and its gradient are finite."""
    import optax

    def loss(u: Any) -> Float[Array, ""]:
        return _loss(u, posterior, key, batch)

    known = optax.tree_utils.tree_get
    searches = batch is None and known(state, "grad") is not None  # a line search has value and gradient
    with relaxed():
        if searches:
            value, slope = optax.value_and_grad_from_state(loss)(unconstrained, state=state)
        else:
            value, slope = jax.value_and_grad(loss)(unconstrained)
        update = optax.with_extra_args_support(optimiser).update
        moves, state = update(slope, state, unconstrained, value=value, grad=slope, value_fn=loss)
        now = optax.apply_updates(unconstrained, moves)
    reached = jnp.asarray(known(state, "value") if searches else value, jax.tree.leaves(slope)[0].dtype)
    finite = jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves((value, slope))]))
    now, state = jax.tree.map(_strong, (now, state))
    return now, state, reached, finite


def _strong(leaf: Array) -> Array:
    """A number with a type of its own, as one that was read from a file has."""
    return jax.lax.convert_element_type(leaf, leaf.dtype) if jnp.issubdtype(leaf.dtype, jnp.number) else leaf


def _loss(unconstrained: Any, posterior: Posterior, key: jax.Array, batch: int | None) -> Float[Array, ""]:
    """-log posterior, or its estimate from a batch."""
    values = posterior.space.to_constrained(unconstrained)
    return -(posterior.log_posterior(values) if batch is None else posterior.log_batch(values, key, batch))
