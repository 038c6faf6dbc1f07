"""What every differentiable piece is held to: finite values, and derivatives that agree with central differences."""

import io
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

STEP = 1e-5
TOLERANCE = 1e-6
JUMPS = 0.03  # share of points that may straddle a hard cut within one step


def directions_like(tree: Any, seed: int) -> Any:
    """A random direction in the space of the inexact leaves of `tree`, each in proportion to its leaf."""
    generator = np.random.default_rng(seed)

    def direction(leaf: Any) -> Any:
        if not eqx.is_inexact_array(leaf):
            return None
        size = jnp.where(leaf == 0, 1, jnp.abs(leaf))
        return jnp.asarray(generator.normal(size=leaf.shape), leaf.dtype) * size

    return jax.tree.map(direction, tree)


def finite_problems(values: Any, what: str) -> list[str]:
    """One line if any array of `values` holds NaN or infinity, with the index of the first."""
    for leaf in jax.tree.leaves(values):
        bad = np.argwhere(~np.isfinite(np.asarray(leaf)))
        if len(bad):
            return [f"{what} is not finite ({np.asarray(leaf)[tuple(bad[0])]} at index {tuple(bad[0].tolist())})"]
    return []


def derivative_problems(function: Callable[[Any], Array], tree: Any, what: str) -> list[str]:
    """Compares jvp, vjp and central differences of `function`, (points, ...), with respect to the leaves of `tree`.

    In single precision only finiteness and the agreement of jvp and vjp are checked: differences would be noise.
    """
    moving, rest = eqx.partition(tree, eqx.is_inexact_array)
    if not jax.tree.leaves(moving):
        return []
    direction = directions_like(moving, seed=1)

    @eqx.filter_jit
    def evaluate(moving: Any, rest: Any, direction: Any) -> Any:
        def of(leaves: Any) -> Array:
            return function(eqx.combine(leaves, rest))

        def shifted(sign: float) -> Array:
            return of(jax.tree.map(lambda leaf, d: leaf + sign * STEP * d, moving, direction))

        value, slope = jax.jvp(of, (moving,), (direction,))
        _, pull = jax.vjp(of, moving)
        (gradient,) = pull(jnp.ones_like(value))
        along = sum(jnp.vdot(g, d) for g, d in zip(*map(jax.tree.leaves, (gradient, direction)), strict=True))
        return value, slope, gradient, along, (shifted(1.0) - shifted(-1.0)) / (2 * STEP)

    value, slope, gradient, along, difference = evaluate(moving, rest, direction)
    problems = finite_problems(value, "the value") + finite_problems(slope, f"the jvp with respect to {what}")
    problems += finite_problems(gradient, f"the gradient with respect to {what}")
    value, slope, along, difference = (np.asarray(item) for item in (value, slope, along, difference))
    return problems or _disagreements(value, slope, along, difference, what)


def _disagreements(value: Any, slope: Any, along: Any, difference: Any, what: str) -> list[str]:
    problems = []
    double = value.dtype == np.float64
    limits = np.finfo(value.dtype)
    rounding = 10 * float(limits.eps) * np.sum(np.abs(value))  # slopes that cancel leave that much
    if abs(slope.sum() - along) > max((1e-9 if double else 1e-3) * np.sum(np.abs(slope)), rounding, limits.tiny):
        problems.append(f"jvp and vjp with respect to {what} disagree: {slope.sum():.12g} and {along:.12g}")
    if double:
        scale = np.maximum(np.abs(slope), 1e-3 * np.max(np.abs(slope), initial=0)) + np.max(np.abs(value), initial=0)
        wrong = np.abs(slope - difference) > TOLERANCE * scale
        if np.mean(wrong) > JUMPS:
            worst = tuple(np.argwhere(wrong)[0].tolist())
            problems.append(
                f"the derivative with respect to {what} differs from central differences at {np.sum(wrong)} of "
                f"{wrong.size} points, first {worst}: {slope[worst]:.9g} and {difference[worst]:.9g}"
            )
    return problems


def round_trip_problems(module: eqx.Module) -> list[str]:
    """Whether equinox serialises the module and reads back the same leaves."""
    buffer = io.BytesIO()
    eqx.tree_serialise_leaves(buffer, module)
    buffer.seek(0)
    same = eqx.tree_equal(module, eqx.tree_deserialise_leaves(buffer, module))
    return [] if bool(same) else ["serialising and reading back changes the module"]


def report(name: str, problems: list[str]) -> None:
    """Raises `AssertionError` with all problems, if there are any."""
    if problems:
        lines = "".join(f"\n  - {problem}" for problem in problems)
        raise AssertionError(f"{name} breaks its contract:{lines}")
