"""Rejection under a constant, the baseline of samplers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.given import check_key
from ..._core.module import is_concrete, setting
from ..._core.units import number
from .base import AbstractDistribution, AbstractSampler
from .domain import draws_of, lattice, strip

Value = Float[Array, "*shape"]


_ABOVE = 1.1
_NODES = 1025


class Rejection(AbstractSampler):
    """Draws l evenly and keeps it with probability P'(l)/bound, until one is kept. Draws have no derivatives.

    **Arguments:** `distribution`; `bound`: not below any density per unit of the coordinate l in the domain; `None`: a
    tenth above the largest that is met on a lattice. A draw that meets a higher one is NaN.

    **Raises:** `ValueError` for a bound below a density on that lattice, a density that is not finite there, and no
    bound where the law is traced.

    !!! example
        >>> sampler = sl.samplers.Rejection(sl.processes.InverseCompton(), bound=3.3)
        >>> sampler.draw(jax.random.key(0), shape=(5,), b=1.0).shape
        (5,)
    """

    distribution: AbstractDistribution
    bound: float = setting(positive=True, doc="largest density per unit of the coordinate")

    def __init__(self, distribution: AbstractDistribution, bound: Any = None):
        self.distribution = distribution
        found = _largest(distribution)
        if bound is not None:
            self.bound = number(bound, "", "bound")
        elif found is not None:
            self.bound = _ABOVE * found
        else:
            raise ValueError("Rejection: the distribution is traced, and no largest density is known: give bound=.")
        if found is not None and not found <= self.bound * (1 + 1e-6):
            raise ValueError(
                f"Rejection.bound = {self.bound:g}: the density of {type(distribution).__name__} per unit of its "
                f"coordinate is {found:.4g} somewhere in its domain: give a larger bound, or leave it out."
            )

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
            key = state[0]
            key, *two = jax.random.split(key, 3)
            l, level = jax.random.uniform(two[0]), jax.random.uniform(two[1])
            l = l.astype(dtype)
            density = law.unit_density(l, **parameters)
            kept = self.bound * level.astype(dtype) <= density
            above = density > self.bound * (1 + 1e-5)
            return key, jnp.where(above, jnp.nan, l), kept | above

        dtype = next(iter(parameters.values())).dtype if parameters else jnp.result_type(float)
        state = jax.lax.while_loop(refused, again, (key, jnp.zeros((), dtype), jnp.asarray(False)))
        return law.value(state[1], **parameters)


def _largest(law: Any) -> float | None:
    """The largest density per unit of the coordinate on a lattice of parameters and coordinate; None where traced."""
    if not isinstance(law, AbstractDistribution):
        raise TypeError(f"Rejection: distribution is a {type(law).__name__}: give an sl.samplers.AbstractDistribution.")
    if not all(map(is_concrete, jax.tree.leaves(law))):
        return None
    with jax.ensure_compile_time_eval():  # samplers are made within compiled functions, too
        l = jnp.linspace(0.0, 1.0, _NODES)
        parameters = {name: jnp.asarray(values, l.dtype) for name, values in lattice(law.domain).items()}

        def one(values: dict[str, Array]) -> Array:
            return jnp.max(jax.vmap(lambda at: law.unit_density(at, **values))(l))

        return float(jnp.max(jax.lax.map(one, parameters))) if parameters else float(one({}))
