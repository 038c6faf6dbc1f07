"""Training of neural inverses."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._core.given import check_key, check_kind
from ..._core.module import default_float
from ..._core.units import number, numbers, whole
from .base import AbstractDistribution
from .joint import Joint
from .neural import Neural, is_logarithmic


class TrainingWarning(UserWarning):
    """A network missed the error that it was trained for."""


def train(
    law: AbstractDistribution | Joint,
    key: Array,
    widths: Sequence[int] = (32, 32, 32, 32),
    steps: int = 12_000,
    batch: int | Sequence[int] = 2000,
    target: float = 1e-3,
    rate: float = 5e-3,
) -> Neural | Joint:
    """A network trained to invert a distribution, by Adam with a rate that falls as a cosine.

    The loss is the mean of (C(x) - u)^2 over u and the parameters in their domain, with dC/dx = p.

    **Arguments:**

    - `law`, or a `Joint`, which has a network trained for each variable; `key`: of `jax.random`.
    - `widths`: how many numbers each hidden layer has, (n,); `steps`: how many; `rate`: the first rate of learning, a
      number.
    - `batch`: numbers a step; or several, one for each of as many equal stages, as in `(200, 2000, 20000)`: few while
      the network is far off, many where the noise of the loss is what is left.
    - `target`: rms error of C(x(u)) asked for, a number from 0 to 1.

    **Returns:** the `Neural`, with the loss of each step as `history`. A `TrainingWarning` says by how much the rms
    error, on numbers not trained on, exceeds the target.

    **Raises:** `ValueError` for numbers that are not positive; `TypeError` for what is no law or key.

    !!! example
        >>> law = sl.processes.InverseCompton()
        >>> network = sl.samplers.train(law, jax.random.key(0), widths=(4,), steps=20, batch=(20, 50), target=1.0)
        >>> network.history.shape
        (20,)
    """
    check_kind("law", law, AbstractDistribution | Joint, "e.g. sl.processes.InverseCompton()")
    check_key(key)
    steps = whole(steps, "steps", 1)
    batches = tuple(whole(one, "batch", 1) for one in np.atleast_1d(numbers(batch, "", "batch")))
    if not 1 <= len(batches) <= steps:
        raise ValueError(f"train: batch = {batch} has {len(batches)} stages: give one at least, and at most {steps}.")
    target, rate = number(target, "", "target"), number(rate, "", "rate")
    if not (target > 0 and rate > 0):
        raise ValueError(f"train: target = {target} and rate = {rate} must be positive.")
    widths = tuple(whole(width, "widths", 1) for width in np.atleast_1d(numbers(widths, "", "widths")))
    if isinstance(law, Joint):
        keys, laws = jax.random.split(key, len(law.samplers)), [one.distribution for one in law.samplers]
        return Joint(
            tuple(_trained(one, k, widths, steps, batches, target, rate) for one, k in zip(laws, keys, strict=True))
        )
    return _trained(law, key, widths, steps, batches, target, rate)


def _trained(
    law: AbstractDistribution,
    key: Array,
    widths: tuple[int, ...],
    steps: int,
    batches: tuple[int, ...],
    target: float,
    rate: float,
) -> Neural:
    start, run, test = jax.random.split(key, 3)
    network, history = _descend(_start(law, start, widths), run, steps, batches, rate)
    trained = eqx.tree_at(lambda n: n.history, network, history)
    error = float(jnp.sqrt(jnp.mean(_errors(trained, *_drawn(law, test, 20_000)) ** 2)))
    if not error <= target:
        text = f"train: rms error {error:.2g}, {error / target:.3g} times the target {target:.2g}: give more steps."
        warnings.warn(text, TrainingWarning, stacklevel=3)
    return trained


def _start(law: AbstractDistribution, key: Array, widths: tuple[int, ...]) -> Neural:
    sizes, kind = (len(law.domain) + 1, *widths, 1), default_float()
    keys = jax.random.split(key, len(sizes) - 1)
    pairs = list(zip(keys, sizes[:-1], sizes[1:], strict=True))
    weights = tuple(jax.random.normal(k, (n, m), kind) / math.sqrt(m) for k, m, n in pairs)
    return Neural(law, weights, tuple(jnp.zeros(n, kind) for n in sizes[1:]), jnp.zeros(0, kind))


def _drawn(law: AbstractDistribution, key: Array, count: int) -> tuple[Array, dict[str, Array]]:
    """Even u, and parameters even in their range or its logarithm."""
    rows = jax.random.uniform(key, (len(law.domain) + 1, count), default_float())
    return rows[0], {name: _spread(row, ends) for row, (name, ends) in zip(rows[1:], law.domain.items(), strict=True)}


def _spread(even: Array, ends: tuple[float, float]) -> Array:
    low, high = ends
    return low * (high / low) ** even if is_logarithmic(ends) else low + (high - low) * even


def _errors(network: Neural, u: Array, parameters: dict[str, Array]) -> Array:
    """C(x(u)) - u, whose derivative by the weights is that of x times the density: quadrature is not differentiated."""

    def one(u: Array, z: dict[str, Array]) -> Array:
        l = network.unit(u, **z)
        held, law = jax.lax.stop_gradient(l), network.distribution
        return jax.lax.stop_gradient(law.unit_cumulative(held, **z) - u) + law.unit_density(held, **z) * (l - held)

    return jax.vmap(one)(u, parameters)


def _descend(network: Neural, key: Array, steps: int, batches: tuple[int, ...], rate: float) -> tuple[Neural, Array]:
    import optax

    optimiser = optax.adam(optax.cosine_decay_schedule(rate, steps))
    leaves = (network.weights, network.biases)
    carry, keys, losses = (leaves, optimiser.init(leaves)), jax.random.split(key, steps), []
    ends = np.linspace(0, steps, len(batches) + 1).astype(int)
    with jax.numpy_dtype_promotion("standard"):  # the optimiser raises rates to the power of its count of steps
        for batch, first, last in zip(batches, ends[:-1], ends[1:], strict=True):
            carry, history = _stage(network, optimiser, batch, carry, keys[first:last])
            losses.append(history)
    return eqx.tree_at(lambda n: (n.weights, n.biases), network, carry[0]), jnp.concatenate(losses)


def _stage(network: Neural, optimiser: Any, batch: int, carry: Any, keys: Array) -> tuple[Any, Array]:
    """Steps of one size of the batch."""
    import optax

    def loss(leaves: Any, key: Array) -> Array:
        found = eqx.tree_at(lambda n: (n.weights, n.biases), network, leaves)
        return jnp.mean(_errors(found, *_drawn(network.distribution, key, batch)) ** 2)

    def step(carry: Any, key: Array) -> tuple[Any, Array]:
        leaves, state = carry
        value, slope = jax.value_and_grad(loss)(leaves, key)
        change, state = optimiser.update(slope, state)
        return (optax.apply_updates(leaves, change), state), value

    return jax.jit(lambda carry, keys: jax.lax.scan(step, carry, keys))(carry, keys)
