"""The box of parameters whose priors end."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from .edges import ends
from .priors import held
from .space import ParameterSpace
from .vector import filled, ravel

Vector = Float[Array, " n"]


def box(space: ParameterSpace) -> tuple[Vector, Vector]:
    """The lowest and the highest value of every number, (n,); infinite where there is no end."""
    initial, low, high = space.initial, {}, {}
    for name, prior in zip(space.names, space.priors, strict=True):
        value, (first, last) = initial[name], ends(prior)
        low[name] = jnp.broadcast_to(jnp.asarray(-jnp.inf if first is None else first, value.dtype), value.shape)
        high[name] = jnp.broadcast_to(jnp.asarray(jnp.inf if last is None else last, value.dtype), value.shape)
        low[name], high[name] = (filled(one, held(prior)) for one in (low[name], high[name]))
    return ravel(low, space.names)[0], ravel(high, space.names)[0]


def check_box(space: ParameterSpace) -> None:
    """Refuses priors whose numbers depend on each other, such as those of a simplex.

    **Raises:** `ValueError`, naming the parameter.
    """
    initial, unconstrained = space.initial, space.to_unconstrained(space.initial)
    for name, prior in zip(space.names, space.priors, strict=True):
        if unconstrained[name].size + len(held(prior)) != initial[name].size:
            raise ValueError(f"{name}: the numbers of its prior depend on each other, and have no bounds of their own.")
