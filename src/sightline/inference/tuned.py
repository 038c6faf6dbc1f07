"""Chains with a step size and a metric, tuned during the warm-up."""

import abc
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .algorithms import LONG, Statistics, Step
from .coordinates import FEW, Density, Vector
from .drive import AbstractChain


class Tuned(NamedTuple):
    """State of a chain with a step size and a metric, and what they are learnt from."""

    kernel: Any
    step_size: Array
    metric: Float[Array, "n n"] | Float[Array, " n"]
    averaging: Any
    count: Array
    mean: Vector
    second: Float[Array, "n n"] | Float[Array, " n"]


class AbstractTuned(AbstractChain):
    """A kernel with a step size, by dual averaging, and a metric, the covariance seen during the warm-up.

    The metric starts as one, right where the Fisher matrix is; in a warm-up of at least 100 draws those from a fifth to
    three quarters correct it, weighed against it as by Carpenter et al. 2017 (J. Stat. Softw. 76, 1).

    **Source:** Hoffman & Gelman 2014, JMLR 15, 1593, section 3.2; by blackjax.
    """

    @property
    @abc.abstractmethod
    def target(self) -> float:
        """The acceptance rate that steps are tuned to."""

    @abc.abstractmethod
    def start(self, density: Density, y: Vector) -> Any:
        """The state of the kernel at `y`."""

    @abc.abstractmethod
    def first_step(self, size: int) -> float:
        """A step size to begin with, in `size` dimensions."""

    @abc.abstractmethod
    def move(self, density: Density, kernel: Any, key: Array, step_size: Array, metric: Array) -> Step:
        """A draw of the kernel."""

    def begin(self, density: Density, y: Vector, key: Array, warmup: int) -> Tuned:
        """See `AbstractChain`."""
        step = jnp.asarray(self.first_step(y.size), y.dtype)
        metric = jnp.eye(y.size, dtype=y.dtype) if y.size <= FEW else jnp.ones_like(y)
        averaging = _first_average(step, self.target)
        return Tuned(self.start(density, y), step, metric, averaging, jnp.zeros((), y.dtype), 0 * y, 0 * metric)

    def adapt(self, density: Density, state: Tuned, key: Array, number: Array, warmup: int) -> tuple[Tuned, Statistics]:
        """See `AbstractChain`."""
        step = self.move(density, state.kernel, key, state.step_size, state.metric)
        learnt = _learn_step(state._replace(kernel=step.kernel), step.acceptance, self.target)
        seen = _learn_moments(learnt, self.position(learnt))
        first, last = (warmup // 5, 3 * warmup // 4) if warmup >= LONG else (warmup, warmup)
        learnt = _choose((number >= first) & (number < last), seen, learnt)
        learnt = _choose(number == last, _new_metric(learnt, self.target), learnt)
        final = learnt._replace(step_size=jnp.exp(learnt.averaging.log_step_size_avg))
        return _choose(number == warmup - 1, final, learnt), self._statistics(state, step)

    def draw(self, density: Density, state: Tuned, key: Array) -> tuple[Tuned, Statistics]:
        """See `AbstractChain`."""
        step = self.move(density, state.kernel, key, state.step_size, state.metric)
        return state._replace(kernel=step.kernel), self._statistics(state, step)

    def position(self, state: Tuned) -> Vector:
        """See `AbstractChain`."""
        return state.kernel.position

    def _statistics(self, state: Tuned, step: Step) -> Statistics:
        shared = {"lp": step.kernel.logdensity, "acceptance_rate": step.acceptance, "step_size": state.step_size}
        return shared | step.statistics


def _dual_averaging(target: float) -> Any:
    from blackjax.adaptation.step_size import dual_averaging_adaptation

    return dual_averaging_adaptation(target)


def _first_average(step: Array, target: float) -> Any:
    """Dual averaging that is drawn to a step known to be about right, not to ten times it."""
    init, _, _ = _dual_averaging(target)
    start = init(step)._replace(mu=jnp.log(step))
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, None if isinstance(leaf, int) else step.dtype), start)


def _choose(condition: Array, yes: Tuned, no: Tuned) -> Tuned:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)


def _like(new: Any, old: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.asarray(a, b.dtype), new, old)


def _learn_step(state: Tuned, acceptance: Array, target: float) -> Tuned:
    _, update, _ = _dual_averaging(target)
    averaging = _like(update(state.averaging, acceptance), state.averaging)
    return state._replace(averaging=averaging, step_size=jnp.exp(averaging.log_step_size))


def _learn_moments(state: Tuned, y: Vector) -> Tuned:
    """Welford's running mean and second moment."""
    count, before = state.count + 1, y - state.mean
    mean = state.mean + before / count
    after = y - mean
    product = jnp.outer(before, after) if state.metric.ndim == 2 else before * after
    return state._replace(count=count, mean=mean, second=state.second + product)


def _new_metric(state: Tuned, target: float) -> Tuned:
    """The covariance seen, with a prior of five draws and one a dimension that it is one; the step starts anew."""
    weight = 5 + (len(state.metric) if state.metric.ndim == 2 else 0)
    one = jnp.eye(len(state.metric), dtype=state.metric.dtype) if state.metric.ndim == 2 else 1
    metric = (state.second + weight * one) / (jnp.maximum(state.count - 1, 0) + weight)
    step = jnp.exp(state.averaging.log_step_size_avg)
    return state._replace(metric=metric, averaging=_like(_first_average(step, target), state.averaging))
