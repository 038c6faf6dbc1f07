"""Chains in segments: draws depend on their number alone, so that a run continues where it was killed."""

import abc
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.devices import everywhere, shared_out
from ..statistics import Posterior
from .algorithms import AbstractAlgorithm, Statistics
from .checkpoint import ELSEWHERE, Checkpoint, pack, unpack
from .coordinates import Density, Vector, density, relaxed
from .starts import scatter
from .whitening import Whitening


class Task(NamedTuple):
    """What is to be drawn, and how."""

    posterior: Posterior
    place: Whitening | None
    key: Array
    chains: int
    draws: int
    warmup: int
    thin: int
    segment: int
    vectorised: bool
    checkpoint: Checkpoint | None
    advance: Callable[..., None]


class AbstractChain(AbstractAlgorithm):
    """A Markov chain: `begin`, then draws that `adapt`, then draws that do not.

    !!! example
        >>> issubclass(sl.NUTS, sl.inference.AbstractChain)
        True
    """

    def collect(self, task: Any) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, Any]]:
        """See `AbstractAlgorithm`."""
        return (*drive(self, task), {})

    @abc.abstractmethod
    def begin(self, density: Density, y: Vector, key: Array, warmup: int) -> Any:
        """The state of a chain that starts at `y`."""

    @abc.abstractmethod
    def adapt(self, density: Density, state: Any, key: Array, number: Array, warmup: int) -> tuple[Any, Statistics]:
        """A draw of the warm-up, number `number` of `warmup`."""

    @abc.abstractmethod
    def draw(self, density: Density, state: Any, key: Array) -> tuple[Any, Statistics]:
        """A draw."""

    @abc.abstractmethod
    def position(self, state: Any) -> Vector:
        """Where a chain is, y."""


class _Target(eqx.Module):
    """What compiled functions take, so that other data of the same shape compile nothing anew."""

    algorithm: AbstractChain
    posterior: Posterior
    place: Whitening
    warmup: int = eqx.field(static=True)
    thin: int = eqx.field(static=True)


def drive(algorithm: AbstractChain, task: Task) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Unconstrained draws, (chains, draws, n), and their statistics, (chains, draws)."""
    if task.place is None:
        raise ValueError("A Markov chain needs coordinates.")
    target = _Target(algorithm, task.posterior, task.place, task.warmup, task.thin)
    keys = jax.random.split(task.key, task.chains)
    warm, kept = -(-task.warmup // task.segment), -(-task.draws // task.segment)
    states, done = _resume(target, task, keys)
    parts = [_read(task.checkpoint, number, task.chains) for number in range(max(done - warm, 0))]
    task.advance(done * task.segment)
    for number in range(done, warm + kept):
        states, drawn = _segments(target, task, states, keys, number, warm)
        if number >= warm:
            parts.append(drawn)
        if task.checkpoint is not None:
            if number >= warm:
                task.checkpoint.write(f"draws_{number - warm:06d}", drawn)
            task.checkpoint.write("state", pack((states, jnp.asarray(number + 1))))
        task.advance(task.segment, **_progress(parts))
    names = parts[0]
    joined = {name: np.concatenate([part[name] for part in parts], axis=1)[:, : task.draws] for name in names}
    return joined.pop("position"), joined


def _progress(parts: list[dict[str, np.ndarray]]) -> dict[str, Any]:
    bad = [np.sum(part["diverging"]) for part in parts if "diverging" in part]
    return {"divergences": int(sum(bad))} if bad else {}


def _read(checkpoint: Checkpoint | None, number: int, chains: int) -> dict[str, np.ndarray]:
    name = f"draws_{number:06d}"
    found = None if checkpoint is None else checkpoint.read(name, ELSEWHERE)
    if checkpoint is None or found is None:
        raise ValueError(f"The checkpoint has lost its file of draws {number}: {ELSEWHERE}.")
    with checkpoint.damaged(name, ELSEWHERE):
        if "position" not in found or {array.shape[0] for array in found.values()} != {chains}:
            raise ValueError(f"it does not hold the draws of {chains} chains")
    return found


def _resume(target: _Target, task: Task, keys: Array) -> tuple[Any, int]:
    """States of the chains, and the number of segments that are done."""
    found = None if task.checkpoint is None else task.checkpoint.read("state")
    if task.checkpoint is not None and found is not None:
        one = eqx.filter_eval_shape(_begin, target, target.place.origin, keys[0])
        like = jax.tree.map(lambda leaf: jnp.zeros((task.chains, *leaf.shape), leaf.dtype), one)
        with task.checkpoint.damaged("state"):
            states, done = unpack(found, (like, jnp.asarray(0)))
            return states, int(done)
    return _stack([_begin(target, scatter(target.posterior, target.place, key), key) for key in keys]), 0


def _segments(
    target: _Target, task: Task, states: Any, keys: Array, number: int, warm: int
) -> tuple[Any, dict[str, np.ndarray]]:
    """One segment of every chain."""
    adapting = number < warm
    first = jnp.asarray((number if adapting else number - warm) * task.segment)
    length = min(task.segment, task.warmup - int(first)) if adapting else task.segment
    if task.vectorised:
        states, drawn = _together(target, states, keys, first, adapting, length)
    else:
        each = [
            _alone(target, jax.tree.map(lambda leaf, i=i: leaf[i], states), key, first, adapting, length)
            for i, key in enumerate(keys)
        ]
        states, drawn = _stack(each)
    return states, {name: np.asarray(value) for name, value in drawn.items()}


def _stack(trees: list[Any]) -> Any:
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


@eqx.filter_jit
def _begin(target: _Target, y: Vector, key: Array) -> Any:
    with relaxed():
        log_density, key = density(target.posterior, target.place), jax.random.fold_in(key, 0)
        return target.algorithm.begin(log_density, y, key, target.warmup)


@eqx.filter_jit
def _alone(target: _Target, state: Any, key: Array, first: Array, adapting: bool, length: int) -> tuple[Any, Any]:
    return _segment(target, state, key, first, adapting, length)


@eqx.filter_jit
def _together(target: _Target, states: Any, keys: Array, first: Array, adapting: bool, length: int) -> tuple[Any, Any]:
    states, keys = shared_out((states, keys), keys.shape[0])
    together = jax.vmap(lambda state, key: _segment(target, state, key, first, adapting, length))
    return everywhere(together(states, keys))


def _segment(target: _Target, state: Any, key: Array, first: Array, adapting: bool, length: int) -> tuple[Any, Any]:
    """`length` draws of one chain from number `first`: keys are folded from the number of the draw."""
    log_density, key = density(target.posterior, target.place), jax.random.fold_in(key, 1 if adapting else 2)

    def adapt(state: Any, number: Array) -> tuple[Any, Any]:
        new, statistics = target.algorithm.adapt(
            log_density, state, jax.random.fold_in(key, number), number, target.warmup
        )
        return new, statistics

    def draw(state: Any, number: Array) -> tuple[Any, Any]:
        keys = jax.random.split(jax.random.fold_in(key, number), target.thin)
        state, statistics = jax.lax.scan(lambda s, k: target.algorithm.draw(log_density, s, k), state, keys)
        return state, _combine(statistics) | {"position": target.place(target.algorithm.position(state))}

    with relaxed():
        return jax.lax.scan(adapt if adapting else draw, state, first + jnp.arange(length))


def _combine(statistics: Statistics) -> Statistics:
    """Of the draws between two that are kept: steps in all, any divergence, the mean acceptance, else the last."""
    rules = {"n_steps": jnp.sum, "diverging": jnp.any, "acceptance_rate": jnp.mean}
    return {name: rules.get(name, lambda values: values[-1])(values) for name, values in statistics.items()}
