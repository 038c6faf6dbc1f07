"""Curvature that Gauss and Newton leave out, as the last step met it."""

import jax.numpy as jnp

from ..statistics.squares import Normal, Vector

LEAST = 0.02
"""Share of the Gauss-Newton curvature along a step that is left at least: where the density curves upwards, too, steps
are lengthened by a bounded factor."""


def secant(at: Normal, step: Vector, change: Vector) -> Normal:
    """Normal equations whose curvature makes of the last step the change of the gradient along it.

    H + y y^T/(s.y) - H s s^T H/(s.H s),  s the step,  y the change:

    The expected curvature, J^T J of least squares, has not what that of the residuals adds, sum r_i d^2 r_i, which
    counts where residuals stay large along directions that the data hardly tell of: there steps only creep.

    Where y.s is less than a share of s.H s, y is drawn towards H s until it is not.

    **Arguments:** `step`: the last one; where it is 0, nothing is known and nothing changed.

    **Source:** Al-Baali & Fletcher 1985, J. Oper. Res. Soc. 36, 405; Powell 1978, Lect. Notes Math. 630, 144.
    """
    along = at.product(step)
    expected, met = jnp.vdot(step, along), jnp.vdot(step, change)
    known, short = expected > 0, met < LEAST * expected
    part = jnp.where(short, (1 - LEAST) * expected / jnp.where(short & known, expected - met, 1), 1)
    change = along + part * (change - along)
    lost, won = (jnp.where(known, 1 / jnp.where(known, one, 1), 0) for one in (expected, jnp.vdot(step, change)))

    def product(v: Vector) -> Vector:
        return at.product(v) - along * (lost * jnp.vdot(along, v)) + change * (won * jnp.vdot(change, v))

    if at.diagonal is None:
        return Normal(at.value, at.gradient, product, None)
    # of many numbers the diagonal may be known but in part: none becomes one that no datum tells of
    diagonal = jnp.maximum(at.diagonal - lost * along**2 + won * change**2, LEAST * at.diagonal)
    return Normal(at.value, at.gradient, product, diagonal)
