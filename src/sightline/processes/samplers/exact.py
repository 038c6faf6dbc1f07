"""The exact inverse of a distribution: Newton's method kept in a bracket, with derivatives of the root."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import setting
from ..newton import Bracket
from .base import AbstractDistribution, AbstractInverse

Scalar = Float[Array, ""]


class Exact(AbstractInverse):
    """The inverse of a distribution by Newton's method, which bisection keeps in a bracket.

    Derivatives are those of the root, dl = (du - dC)/p, 0 where p is 0; jvp, vjp and vmap work.

    **Arguments:** `distribution`; `guess`: an inverse of the same law that says where to start; `steps`: the most
    steps, at least 1, of which those after the root is found are not made.

    **Raises:** `TypeError` for what is no distribution.

    !!! example
        >>> sampler = sl.samplers.Exact(sl.processes.InverseCompton())
        >>> round(float(sampler(0.5, b=1e4)), 3)
        0.979
    """

    distribution: AbstractDistribution
    guess: AbstractInverse | None = None
    steps: int = setting(50, bounds=(1, None), doc="the most steps")

    def __check_init__(self) -> None:
        if not isinstance(self.distribution, AbstractDistribution):
            raise TypeError(
                f"Exact: distribution is a {type(self.distribution).__name__}: give a law, e.g. "
                "sl.processes.InverseCompton(), or sl.samplers.Integrated of a density."
            )

    def invert(self, u: Scalar, **parameters: Scalar) -> Scalar:
        return self.distribution.value(self.unit(u, **parameters), **parameters)

    def unit(self, u: Scalar, **parameters: Scalar) -> Scalar:
        law = self.distribution
        at_end = (u <= 0) | (u >= 1)

        def residual(l: Scalar) -> Scalar:
            slope = jax.lax.stop_gradient(law.unit_density(l, **parameters))
            return jnp.where(at_end, slope * l - u, law.unit_cumulative(l, **parameters) - u)

        def solve(_: Any, start: Scalar) -> Scalar:
            found = _bracketed(law, u, start, self.steps, parameters)
            return jnp.where(at_end, u, found)

        return jax.lax.custom_root(residual, jax.lax.stop_gradient(self._start(u, parameters)), solve, _divide)

    def _start(self, u: Scalar, parameters: dict[str, Scalar]) -> Scalar:
        if self.guess is not None:
            return jnp.clip(self.guess.unit(u, **parameters), 0, 1)
        return 1 - jnp.sqrt(1 - u) if self.distribution.square_root_end else u


def _divide(linear: Any, right: Scalar) -> Scalar:
    slope = linear(jnp.ones_like(right))
    return jnp.where(slope > 0, right / jnp.where(slope > 0, slope, 1), 0)


def _bracketed(
    law: AbstractDistribution, u: Scalar, start: Scalar, steps: int, parameters: dict[str, Scalar]
) -> Scalar:
    """The coordinate at which the distribution is u; tests are inclusive, so that a root stays where it is."""
    tolerance = 2 * jnp.finfo(u.dtype).eps

    def wanted(state: tuple[Array, Bracket, Array]) -> Array:
        step, at, miss = state
        return (step < steps) & (jnp.abs(miss) > tolerance * u) & (at.high - at.low > tolerance * at.high)

    def refine(state: tuple[Array, Bracket, Array]) -> tuple[Array, Bracket, Array]:
        step, at, miss = state
        at = at.step(miss, law.unit_density(at.l, **parameters))
        return step + 1, at, law.unit_cumulative(at.l, **parameters) - u

    first = law.unit_cumulative(start, **parameters) - u
    return jax.lax.while_loop(wanted, refine, (jnp.zeros((), int), Bracket.around(start), first))[1].l
