"""The covariance of an ensemble of simulations, localised; simulations it was not made of calibrate its scale."""

import math
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_solve, solve_triangular
from jaxtyping import Array, Float

FOLDS = 4  # each part of the simulations judges the covariance of the others
PASSES = 4  # of the search for the scale
NODES = np.linspace(-4.0, 4.0, 17)  # of the integral over the scale, in standard deviations
WIDEST = 1.0  # standard deviation of the logarithm of the scale, at most
FAR = 5.0  # logarithm of the scale, at most

Matrix = Float[Array, "n n"]
Scalar = Float[Array, ""]


class LocalisedEnsemble(eqx.Module):
    """log p(d) of a simulation d, given N others, with noise of unit variance: the mean over four parts of

    log of the integral of N(d; m, 1 + c K) N(ln c; ln c_0, tau^2) d ln c,

    K being made of the simulations out of the part. It is `localised_covariance`; ln c_0 and tau are calibrated by the
    simulations in the part.

    - `mean`: m, (n,); `covariances`: K of each part, (4, n, n); `log_scale`: ln c_0; `uncertainty`: tau^2.
    """

    mean: Float[Array, " n"]
    covariances: Float[Array, "parts n n"]
    log_scale: Scalar
    uncertainty: Scalar

    def __init__(self, simulations: Float[Array, "realisations n"]):
        number, size = simulations.shape
        part = np.arange(number) % FOLDS
        self.mean = jnp.mean(simulations, axis=0)
        away = simulations - self.mean[None]
        self.covariances = jnp.stack([localised_covariance(away[part != fold]) for fold in range(FOLDS)])
        seen = jnp.mean(jnp.square(away)) > jnp.sqrt(jnp.finfo(away.dtype).eps)
        # without turbulence there is nothing to calibrate: the derivatives of both branches must be finite
        safe = jnp.where(seen, self.covariances, jnp.eye(size, dtype=away.dtype))
        held = jnp.where(seen, away * math.sqrt(number / (number - 1)), 1)
        log_scale, uncertainty = _calibrate(safe, held, part)
        self.log_scale = jnp.where(seen, log_scale, 0)
        self.uncertainty = jnp.where(seen, uncertainty, 0)

    @property
    def turbulence(self) -> Matrix:
        """The mean of c_0 K over the parts."""
        return jnp.exp(self.log_scale) * jnp.mean(self.covariances, axis=0)

    @property
    def covariance(self) -> Matrix:
        """1 + c_0 K."""
        return self.turbulence + jnp.eye(len(self.mean), dtype=self.mean.dtype)

    def log_density(self, values: Float[Array, " n"]) -> Scalar:
        """log p, without (2 pi)^(-n/2)."""
        nodes = jnp.asarray(NODES, self.mean.dtype)
        weights = jax.nn.log_softmax(-0.5 * jnp.square(nodes))
        # sqrt has no slope at 0, where the uncertainty has none either
        width = jnp.sqrt(jnp.maximum(self.uncertainty, jnp.finfo(nodes.dtype).tiny))
        scales, away = jnp.exp(self.log_scale + width * nodes), values - self.mean

        def at(scale: Scalar, covariance: Matrix) -> Scalar:
            root = _root(scale * covariance)
            inner = solve_triangular(root, away, lower=True)
            return -0.5 * jnp.sum(jnp.square(inner)) - jnp.sum(jnp.log(jnp.diagonal(root)))

        def part(covariance: Matrix) -> Scalar:
            heights = jax.lax.map(jax.checkpoint(lambda scale: at(scale, covariance)), scales)
            return jax.nn.logsumexp(heights + weights)

        return jnp.mean(jax.lax.map(part, self.covariances))

    def whiten(self, values: Float[Array, "n *more"]) -> Float[Array, "n *more"]:
        """P v with P^T P = (1 + c_0 K)^-1, constants for derivatives."""
        return solve_triangular(_root(jax.lax.stop_gradient(self.turbulence)), values, lower=True)

    def information(self) -> Array:
        """Numbers whose Jacobian gives the Fisher information of a covariance, tr(C^-1 dC C^-1 dC)/2: F = J^T J.

        Of the direction in which only the scale changes 1/(1 + tau^2 H) is left, H being the information on ln c.
        """
        change = math.sqrt(0.5) * self.whiten(self.whiten(self.covariance).T)
        scale = jax.lax.stop_gradient(math.sqrt(0.5) * self.whiten(self.whiten(self.turbulence).T))
        total = jnp.sum(jnp.square(scale))
        lost = 1 - jax.lax.rsqrt(1 + jax.lax.stop_gradient(self.uncertainty) * total)
        share = jnp.where(total > 0, lost / jnp.where(total > 0, total, 1), 0)
        return (change - share * scale * jnp.sum(scale * change)).ravel()


def localised_covariance(deviations: Float[Array, "realisations n"]) -> Matrix:
    """S o (1 - a + a R o R): a sample covariance S, of correlations R, multiplied element by element.

    Products of positive matrices, element by element, are positive (Schur): it has full rank however few simulations
    there are. Correlations that are small are taken for noise, large ones for true. a^2 is the share of noise in the
    squares of the correlations of N simulations, sum (1 + R^2)/[(N - 1) sum R^2], at most 1.

    **Source:** Bishop & Hodyss 2007, Q. J. R. Meteorol. Soc. 133, 2029 (powers of the correlations of an ensemble).
    """
    freedom = deviations.shape[0] - 1
    sample = _matmul(deviations.T, deviations) / freedom
    variance = jnp.diagonal(sample)
    varies = variance > 0
    inverse = jnp.where(varies, jax.lax.rsqrt(jnp.where(varies, variance, 1)), 0)
    squares = jnp.square(inverse[:, None] * sample * inverse[None])
    total = jnp.maximum(jnp.sum(squares), 1)
    noise = jnp.sqrt(jnp.minimum((squares.size + total) / (freedom * total), 1))
    return sample * (1 - noise + noise * squares)


class _Judgement(NamedTuple):
    """Logarithms of the scales that held-out simulations ask for, their variances by noise, and the information."""

    found: Float[Array, " realisations"]
    noise: Float[Array, " realisations"]
    information: Scalar


def _calibrate(covariances: Array, held: Array, part: np.ndarray) -> tuple[Scalar, Scalar]:
    """ln c_0, where simulations that K was not made of ask for no change on average, and tau^2, their scatter.

    The scatter is beyond what the Gaussian expects, and that of the prediction of one more simulation.
    """
    number = len(held)
    chosen = jnp.asarray(np.stack([part == fold for fold in range(FOLDS)]))

    def step(log_scale: Scalar, _: None) -> tuple[Scalar, _Judgement]:
        one = jax.checkpoint(lambda covariance: _judge(jnp.exp(log_scale) * covariance, held))
        each = jax.lax.map(one, covariances)
        judged = _Judgement(
            jnp.sum(jnp.where(chosen, each.found, 0), axis=0),
            jnp.sum(jnp.where(chosen, each.noise, 0), axis=0),
            jnp.mean(each.information),
        )
        moved = log_scale + jnp.clip(jnp.mean(judged.found), -2, 2)
        return jnp.clip(moved, -FAR, FAR), judged

    log_scale, passes = jax.lax.scan(step, jnp.zeros((), held.dtype), None, length=PASSES)
    last = jax.tree.map(lambda leaf: leaf[-1], passes)
    predicted = (1 + 1 / number) * (number - 1) / (number - 3)  # variance of Student's t of one more
    scatter = predicted * jnp.var(last.found, ddof=1) + jnp.mean(last.noise) - 1 / last.information
    return log_scale, jnp.clip(scatter, 0, WIDEST**2)


def _judge(turbulence: Matrix, held: Float[Array, "realisations n"]) -> _Judgement:
    """By how much each simulation, with noise, would change the scale of K: from y G y, G = C^-1 K C^-1, C = 1 + K."""
    root = _root(turbulence)
    inverse = cho_solve((root, True), jnp.eye(len(turbulence), dtype=turbulence.dtype))
    share = _matmul(inverse, turbulence)
    weighed = _matmul(share, inverse)
    trace, information = jnp.trace(share), 0.5 * jnp.sum(share * share.T)
    image = _matmul(held, weighed)
    square = jnp.sum(image * held, axis=1) + jnp.trace(weighed)
    noise = (2 * jnp.sum(weighed * weighed.T) + 4 * jnp.sum(jnp.square(image), axis=1)) / jnp.square(square)
    slope = trace / (2 * information)  # of ln c with respect to the logarithm of y G y
    found = slope * (jnp.log(square / trace) - noise / 2 + 2 * information / trace**2)
    return _Judgement(found, slope**2 * noise, information)


def _root(turbulence: Matrix) -> Matrix:
    """The Cholesky factor of 1 + K, on whose diagonal lies what rounding may have made negative elsewhere."""
    size = len(turbulence)
    rounding = 1 + size * jnp.finfo(turbulence.dtype).eps * jnp.diagonal(turbulence)
    return jnp.linalg.cholesky(turbulence + jnp.diag(rounding))


def _matmul(left: Array, right: Array) -> Array:
    return jnp.matmul(left, right, precision="highest")
