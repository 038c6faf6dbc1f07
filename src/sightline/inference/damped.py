"""Damped steps of least squares from one Jacobian, however many dampings are tried."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import optimistix as optx
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float


class _Factors(NamedTuple):
    """Of J = Q R at a place: R, (k, n), and Q^T r, (k,), of the residuals r; k is the smaller number of both."""

    upper: Float[Array, "k n"]
    projected: Float[Array, " k"]


class DampedDescent(optx.AbstractDescent[Array, Any, _Factors]):
    """Steps -(J^T J + 1/s)^-1 J^T r of the size s of a trust region, as optimistix's own.

    That makes J anew for every s that is tried, which of a model of many data is most of a step: here only its factors
    at the last place that was better are kept.

    **Source:** Golub & Van Loan 2013, Matrix Computations, section 6.1.
    """

    def init(self, y: Array, f_info_struct: Any) -> _Factors:
        """Room for the factors."""
        rows = min(y.size, f_info_struct.residual.size)
        return _Factors(jnp.zeros((rows, y.size), y.dtype), jnp.zeros(rows, y.dtype))

    def query(self, y: Array, f_info: Any, state: _Factors) -> _Factors:
        """The factors at a place that was taken."""
        orthogonal, upper = jnp.linalg.qr(f_info.jac.as_matrix())
        return _Factors(upper, orthogonal.T @ f_info.residual)

    def step(self, step_size: Float[Array, ""], state: _Factors) -> tuple[Array, Any]:
        """The step of a size."""
        rows, number = state.upper.shape
        size = jnp.maximum(step_size, jnp.finfo(step_size.dtype).tiny)
        damped = jnp.concatenate([state.upper, jnp.eye(number, dtype=size.dtype) / jnp.sqrt(size)])
        orthogonal, upper = jnp.linalg.qr(damped)
        step, results = -solve_triangular(upper, orthogonal[:rows].T @ state.projected), optx.RESULTS
        return step, results.where(jnp.all(jnp.isfinite(step)), results.successful, results.nonlinear_divergence)
