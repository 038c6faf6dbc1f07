"""Damped steps of least squares, and when a fit of them has arrived."""

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import optimistix as optx
import pytest

from sightline.inference.damped import DampedDescent
from sightline.inference.method import CONVERGED, DIVERGED
from sightline.inference.solve import _advance, _begin, solve


@pytest.mark.parametrize("data", [3, 40])
def test_a_damped_step_is_that_of_the_normal_equations(data):
    """-(J^T J + 1/s)^-1 J^T r, with more parameters than data as well."""
    rng = np.random.default_rng(2)
    jacobian, residual = rng.normal(size=(data, 5)), rng.normal(size=data)
    info = optx.FunctionInfo.ResidualJac(jnp.asarray(residual), lx.MatrixLinearOperator(jnp.asarray(jacobian)))
    descent, y = DampedDescent(), jnp.zeros(5)
    state = descent.query(y, info, descent.init(y, info))
    for size in (1e-6, 0.3, 1.0, 1e3):
        step, _ = descent.step(jnp.asarray(size), state)
        expected = -np.linalg.solve(jacobian.T @ jacobian + np.eye(5) / size, jacobian.T @ residual)
        np.testing.assert_allclose(step, expected, rtol=1e-8)


def test_a_curved_valley_is_followed_with_a_jacobian_for_each_step_taken():
    def tangents_of(descent):
        made = []

        @jax.custom_jvp
        def seen(x):
            return x

        @seen.defjvp
        def seen_with_tangent(primals, tangents):
            jax.debug.callback(lambda _: made.append(1), tangents[0])
            return primals[0], tangents[0]

        def valley(y, _):
            x = seen(y)
            return jnp.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]]), None

        found, status, history = solve(_solver(descent), valley, jnp.array([-1.2, 1.0]), None, 200, 1e3, lambda _: None)
        jax.effects_barrier()
        np.testing.assert_allclose(found, 1.0, atol=1e-5)
        assert status == CONVERGED
        return len(made), history

    (number, history), (of_each_trial, same) = (
        tangents_of(DampedDescent()),
        tangents_of(optx.LevenbergMarquardt(1, 1).descent),
    )
    np.testing.assert_allclose(history, same, rtol=1e-6, atol=1e-12)
    refused = np.sum(np.diff(history) == 0)
    assert refused >= 3
    assert of_each_trial - number == 2 * refused


def test_a_step_that_damping_makes_short_has_not_arrived():
    """From y = 0 towards 4 in steps of 4/(1 + 1/size)."""

    def line(y, _):
        return y - 4.0, None

    solver, y = _solver(DampedDescent()), jnp.zeros(3)
    state = _begin(solver, line, y, None)
    state = eqx.tree_at(lambda s: s.search_state.step_size, state, jnp.asarray(1e-6))
    for _ in range(3):
        y, state, _, _, done, _ = _advance(solver, line, y, None, state, 1e3)
        assert not done or bool(jnp.all(jnp.abs(y - 4) < 0.1))
    found, status, _ = solve(solver, line, jnp.zeros(3), None, 30, 1e3, lambda _: None)
    assert status == CONVERGED
    np.testing.assert_allclose(found, 4.0, atol=1e-5)


def _solver(descent):
    solver = optx.LevenbergMarquardt(rtol=1e-12, atol=1e-3)
    region = optx.ClassicalTrustRegion(high_cutoff=0.75, low_cutoff=0.01, high_constant=10.0, low_constant=0.1)
    return eqx.tree_at(lambda one: (one.search, one.descent), solver, (region, descent))


def test_a_jacobian_that_is_not_finite_ends_a_fit():
    def broken(y, _):
        return jnp.sqrt(y) - 1.0, None

    _, status, _ = solve(_solver(DampedDescent()), broken, jnp.zeros(2), None, 20, 1e3, lambda _: None)
    assert status == DIVERGED
