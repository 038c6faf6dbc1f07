"""Newton's rule for the coordinate of a distribution, kept in a bracket and made to converge."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Scalar = Float[Array, ""]


class Bracket(eqx.Module):
    """Where the root of P(l) = u is sought: at `l`, between `low` and `high`; `last`, `before`: the last two steps."""

    l: Scalar
    low: Scalar
    high: Scalar
    last: Scalar
    before: Scalar

    @classmethod
    def around(cls, start: Scalar) -> "Bracket":
        """That of [0, 1]."""
        one = jnp.ones_like(start)
        return cls(start, 0 * one, one, one, one)

    def step(self, miss: Scalar, slope: Scalar) -> "Bracket":
        """The next place: Newton's, or the middle where that leaves the bracket or does not halve the step before last.

        Tests are inclusive, so that a root stays where it is. Without the second, Newton's rule may go to and fro
        between two places for ever.

        **Arguments:** `miss`: P(l) - u; `slope`: dP/dl.

        **Source:** Press et al. 2007, Numerical Recipes, section 9.4.
        """
        low, high = jnp.where(miss <= 0, self.l, self.low), jnp.where(miss >= 0, self.l, self.high)
        move = -miss / jnp.where(slope > 0, slope, 1)
        moved = self.l + move
        held = (slope > 0) & (moved >= low) & (moved <= high) & (2 * jnp.abs(move) <= self.before)
        l = jnp.where(held, moved, low + 0.5 * (high - low))
        return Bracket(l, low, high, jnp.abs(l - self.l), self.last)


def inverse(
    cumulative: Callable[[Scalar], Scalar],
    density: Callable[[Scalar], Scalar],
    number: Scalar,
    start: Scalar,
    steps: int,
) -> Scalar:
    """The coordinate at which a distribution is nearest to a number in so many steps, without derivatives.

    The nearest, not the last: at the root what rounding leaves of the misfit is no step that halves the one before.

    **Arguments:** `cumulative`, `density`: P(l) and dP/dl; `number`: (), in [0, 1]; `start`: ().
    """

    def refine(_: int, state: tuple[Bracket, Scalar, Scalar]) -> tuple[Bracket, Scalar, Scalar]:
        bracket, nearest, least = state
        miss = cumulative(bracket.l) - number
        nearer = jnp.abs(miss) < least
        kept = jnp.where(nearer, bracket.l, nearest), jnp.where(nearer, jnp.abs(miss), least)
        return bracket.step(miss, density(bracket.l)), *kept

    begin = Bracket.around(start), start, jnp.full_like(start, jnp.inf)
    return jax.lax.stop_gradient(jax.lax.fori_loop(0, steps, refine, begin)[1])
