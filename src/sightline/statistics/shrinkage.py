"""The covariance of an ensemble of simulations, shrunk to a diagonal one and added to the noise, never as a matrix."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

NEGLIGIBLE = 1e-12  # variance of an ensemble, in that of the noise, which counts as none

Rows = Float[Array, "rows n"]


class ShrunkCovariance(eqx.Module):
    """C = V + rho F + (1 - rho) S of data in rows: noise, target, and sample covariance of N simulations.

    S = sum (x - mean x)(x - mean x)^T/(N - 1), of rank N - 1 at most; V is diagonal, and F too: in each row the mean of
    the variances of S there. Everything is done with matrices of N x N by Woodbury's identity.

    - `noise`: V; `level`: of F, (rows,); `deviations`: x - mean x, (N, rows, n); `shrinkage`: rho.
    """

    noise: Rows
    level: Float[Array, " rows"]
    deviations: Float[Array, "realisations rows n"]
    shrinkage: Float[Array, ""]

    def __init__(self, noise: Rows, deviations: Float[Array, "realisations rows n"]):
        self.noise, self.deviations = noise, deviations
        freedom = deviations.shape[0] - 1
        self.level = jnp.sum(jnp.mean(jnp.square(deviations), axis=-1), axis=0) / freedom
        self.shrinkage = oracle_shrinkage(deviations, self.level)

    @property
    def diagonal(self) -> Rows:
        """V + rho F."""
        return self.noise + self.shrinkage * self.level[:, None]

    @property
    def weight(self) -> Float[Array, ""]:
        """Of the products of deviations: (1 - rho)/(N - 1)."""
        return (1 - self.shrinkage) / (self.deviations.shape[0] - 1)

    def square_and_log_determinant(self, values: Rows) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """v.C^-1 v and log |C|."""
        diagonal, weight = self.diagonal, self.weight
        scaled = self.deviations / diagonal
        inner = jnp.eye(len(scaled), dtype=values.dtype) + weight * _products(scaled, self.deviations)
        root = jnp.linalg.cholesky(inner)
        along = solve_triangular(root, jnp.einsum("arn,rn->a", scaled, values, precision="highest"), lower=True)
        square = jnp.sum(jnp.square(values) / diagonal) - weight * jnp.sum(jnp.square(along))
        return square, jnp.sum(jnp.log(diagonal)) + 2 * jnp.sum(jnp.log(jnp.diagonal(root)))

    def draw(self, key: Array) -> Rows:
        """Gaussian numbers of this covariance."""
        first, second = jax.random.split(key)
        each = jax.random.normal(first, self.noise.shape, self.noise.dtype)
        common = jax.random.normal(second, self.deviations.shape[:1], self.noise.dtype)
        shared = jnp.einsum("a,arn->rn", common, self.deviations, precision="highest")
        return jnp.sqrt(self.diagonal) * each + jnp.sqrt(self.weight) * shared

    def whitening(self) -> "Whitening":
        """P with P^T P = C^-1 and what goes with it, constants for derivatives."""
        return Whitening(jax.lax.stop_gradient(self))

    def information(self) -> tuple[Array, ...]:
        """Numbers whose Jacobian gives tr(C^-1 dC C^-1 dC)/2, the Fisher information of a covariance: F = J^T J.

        P dC P^T is cut into the span Q of the deviations, what is across, and what lies outside, where only the level
        of F varies: k^2 + k n + rows numbers for k = min(N, n).
        """
        place = self.whitening()
        scaled = (self.deviations / place.scale).reshape(len(self.deviations), -1)
        ratio = (self.diagonal / place.scale**2).ravel()
        columns = ratio[:, None] * place.span + self.weight * _matmul(scaled.T, _matmul(scaled, place.span))
        inside = _matmul(place.span.T, columns)
        across = place.solve((columns - _matmul(place.span, inside)).T)
        outside = _matmul(place.outside(), self.shrinkage * self.level)
        return across, math.sqrt(0.5) * place.solve(place.solve(inside).T), math.sqrt(0.5) * outside


class Whitening(eqx.Module):
    """P = (1 - Q Q^T + Q L^-1 Q^T)/s of a covariance C, with P C P^T = 1 and s^2 its diagonal part.

    - `scale`: s; `span`: Q, an orthonormal basis of the deviations over s, (rows n, k); `root`: L of Q^T (C/s s) Q.
    """

    scale: Rows
    span: Float[Array, "all k"]
    root: Float[Array, "k k"]

    def __init__(self, covariance: ShrunkCovariance):
        self.scale = jnp.sqrt(covariance.diagonal)
        scaled = (covariance.deviations / self.scale).reshape(len(covariance.deviations), -1)
        self.span = jnp.linalg.qr(scaled.T)[0]
        within = _matmul(scaled, self.span)
        unit = jnp.eye(self.span.shape[1], dtype=self.span.dtype)
        self.root = jnp.linalg.cholesky(unit + covariance.weight * _matmul(within.T, within))

    def __call__(self, values: Rows) -> Rows:
        """P v."""
        scaled = (values / self.scale).ravel()
        within = _matmul(self.span.T, scaled)
        return (scaled + _matmul(self.span, self.solve(within) - within)).reshape(values.shape)

    def solve(self, values: Array) -> Array:
        """L^-1 v."""
        return solve_triangular(self.root, values, lower=True)

    def outside(self) -> Float[Array, "rows rows"]:
        """R with |R f|^2 = |(1 - Q Q^T) diag(f_row/s^2) (1 - Q Q^T)|^2 for one number f a row."""
        basis = self.span.reshape(*self.scale.shape, -1)
        inverse = 1 / jnp.square(self.scale)
        parts = jnp.einsum("rni,rn,rnj->rij", basis, inverse, basis, precision="highest")
        own = jnp.sum(jnp.square(inverse) * (1 - 2 * jnp.sum(jnp.square(basis), axis=-1)), axis=-1)
        gram = jnp.diag(own) + jnp.einsum("rij,sij->rs", parts, parts, precision="highest")
        values, vectors = jnp.linalg.eigh(gram)
        return jnp.sqrt(jnp.maximum(values, 0))[:, None] * vectors.T


def oracle_shrinkage(deviations: Float[Array, "realisations rows n"], level: Float[Array, " rows"]) -> Float[Array, ""]:
    """The oracle-approximating shrinkage of a sample covariance S with f = N - 1 degrees of freedom.

    rho = min{[(1 - 2/p) tr S^2 + tr^2 S]/[(f + 1 - 2/p) (tr S^2 - tr^2 S/p)], 1},

    of p data, each in units of the root of the mean variance of its row; 1 where nothing varies.

    **Source:** Chen, Wiesel, Eldar & Hero 2010, IEEE TSP 58, 5016 (arXiv:0907.4698), equation 23.
    """
    number, freedom = deviations[0].size, deviations.shape[0] - 1
    varies = level > NEGLIGIBLE
    inverse = jnp.where(varies, 1 / jnp.where(varies, level, 1), 0)
    gram = _products(deviations * inverse[:, None], deviations) / freedom
    trace, square = jnp.trace(gram), jnp.sum(jnp.square(gram))
    top = (1 - 2 / number) * square + trace * trace
    bottom = (freedom + 1 - 2 / number) * (square - trace * trace / number)
    partial = bottom > top
    return jnp.where(partial, top / jnp.where(partial, bottom, 1), 1)


def _products(left: Array, right: Array) -> Array:
    return jnp.einsum("arn,brn->ab", left, right, precision="highest")


def _matmul(left: Array, right: Array) -> Array:
    return jnp.matmul(left, right, precision="highest")
