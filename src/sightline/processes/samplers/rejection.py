"""Rejection under a constant, the baseline of samplers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.given import check_key
from ..._core.module import setting
from .base import AbstractDistribution, AbstractSampler
from .domain import draws_of, strip

Value = Float[Array, "*shape"]


class Rejection(AbstractSampler):
    """Draws l evenly and keeps it with probability P'(l)/bound, until one is kept. Draws have no derivatives.

    **Arguments:** `distribution`; `bound`: not below any density per unit of the coordinate l in the domain.

    !!! example
        >>> sampler = sl.samplers.Rejection(sl.processes.InverseCompton(), bound=3.3)
        >>> sampler.draw(jax.random.key(0), shape=(5,), b=1.0).shape
        (5,)
    """

    distribution: AbstractDistribution
    bound: float = setting(4.0, positive=True, doc="largest density per unit of the coordinate")

    def draw(self, key: Array, shape: tuple[int, ...] | None = None, **parameters: Any) -> Value:
        """Draws at random; arguments as for every sampler."""
        self.distribution.check(**parameters)
        check_key(key)
        found = draws_of(shape, parameters)

        def one(number: Array, *values: Array) -> Array:
            return self._one(jax.random.fold_in(key, number), dict(zip(parameters, values, strict=True)))

        number = jnp.arange(int(np.prod(found, dtype=int)), dtype=jnp.uint32).reshape(found)
        return jnp.vectorize(one)(number, *(strip(value, name) for name, value in parameters.items()))

    def _one(self, key: Array, parameters: dict[str, Array]) -> Array:
        law = self.distribution

        def refused(state: Any) -> Array:
            return ~state[2]

        def again(state: Any) -> Any:
            key, _, _ = state
            key, *two = jax.random.split(key, 3)
            l, level = jax.random.uniform(two[0]), jax.random.uniform(two[1])
            l = l.astype(dtype)
            return key, l, self.bound * level.astype(dtype) <= law.unit_density(l, **parameters)

        dtype = next(iter(parameters.values())).dtype if parameters else jnp.result_type(float)
        state = jax.lax.while_loop(refused, again, (key, jnp.zeros((), dtype), jnp.asarray(False)))
        return law.value(state[1], **parameters)
