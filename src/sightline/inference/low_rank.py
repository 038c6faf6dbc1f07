from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from .._core.module import setting
from .approximations import AbstractApproximation
from .coordinates import Density, Vector

START = -2.0  # logarithm of the standard deviations at the start


class LowRankGaussian(eqx.Module):
    """A Gaussian of covariance diag(s^2) + U U^T: mean, log s, and U, (n, rank)."""

    mean: Vector
    log_sd: Vector
    factor: Float[Array, "n rank"]

    def draw(self, key: Array) -> Vector:
        """y = mean + s e + U h, with e and h standard normal."""
        first, second = jax.random.split(key)
        each = jax.random.normal(first, self.mean.shape, self.mean.dtype)
        shared = jax.random.normal(second, self.factor.shape[1:], self.mean.dtype)
        return self.mean + jnp.exp(self.log_sd) * each + jnp.matmul(self.factor, shared, precision="highest")

    def log_density(self, y: Vector) -> Float[Array, ""]:
        """By Woodbury's identity: no matrix larger than n x rank."""
        z, scaled = (y - self.mean) * jnp.exp(-self.log_sd), self.factor * jnp.exp(-self.log_sd)[:, None]
        unit = jnp.eye(self.factor.shape[1], dtype=z.dtype)
        root = jnp.linalg.cholesky(unit + jnp.matmul(scaled.T, scaled, precision="highest"))
        along = solve_triangular(root, jnp.matmul(scaled.T, z, precision="highest"), lower=True)
        volume = jnp.sum(self.log_sd) + jnp.sum(jnp.log(jnp.diagonal(root)))
        square = jnp.sum(jnp.square(z)) - jnp.sum(jnp.square(along))
        return -0.5 * (square + z.size * jnp.log(2 * jnp.pi)) - volume


class LowRank(AbstractApproximation):
    """A Gaussian with correlations along a few directions, covariance diag(s^2) + U U^T: for any size, e.g. grids.

    Gradients of the evidence lower bound go through the draws alone, so that their noise vanishes where the Gaussian is
    the posterior (Roeder et al. 2017). Draws of a step are made one after another: memory is that of the density and of
    some copies of U, n x rank numbers.

    **Arguments:** `rank`: columns of U, fewer than there are parameters; `steps`, `samples`, `learning_rate`: as of
    `MeanField`.

    **Raises:** `ValueError`, when it begins, for a rank that is not below the number of parameters.

    **Source:** Ong, Nott & Smith 2018, J. Comput. Graph. Stat. 27, 465 (arXiv:1701.03208); Roeder, Wu & Duvenaud 2017,
    arXiv:1703.09194.
    """

    rank: int = setting(10, bounds=(1, None))
    steps: int = setting(1000, bounds=(1, None))
    samples: int = setting(4, bounds=(1, None))
    learning_rate: Any = setting(0.02)

    def begin(self, density: Density, y: Vector, key: Array) -> Any:
        """See `AbstractApproximation`."""
        if self.rank >= y.size:
            raise ValueError(
                f"LowRank.rank = {self.rank} is not below the number of parameters, {y.size}: use FullRank() or a "
                "smaller rank."
            )
        small = 0.1 * jnp.exp(START)  # not 0, from where no gradient leads
        factor = (small * jax.random.normal(key, (y.size, self.rank))).astype(y.dtype)
        gaussian = LowRankGaussian(y, jnp.full_like(y, START), factor)
        return gaussian, self._optimiser().init(gaussian)

    def advance(self, density: Density, state: Any, key: Array) -> tuple[Any, Array]:
        """See `AbstractApproximation`."""
        import optax

        gaussian, progress = state
        loss, slope = jax.value_and_grad(_loss)(gaussian, density, jax.random.split(key, self.samples))
        step, progress = self._optimiser().update(slope, progress, gaussian)
        return (optax.apply_updates(gaussian, step), progress), -loss

    def draw(self, state: Any, key: Array, draws: int) -> tuple[Array, Array]:
        """See `AbstractApproximation`."""
        y = jax.lax.map(state[0].draw, jax.random.split(key, draws))
        return y, jax.lax.map(state[0].log_density, y)

    def _optimiser(self) -> Any:
        import optax

        return optax.adam(self.learning_rate)


def _loss(gaussian: LowRankGaussian, density: Density, keys: Array) -> Float[Array, ""]:
    """Minus the evidence lower bound; its gradient is that through the draws."""
    fixed = jax.lax.stop_gradient(gaussian)

    def one(key: Array) -> Float[Array, ""]:
        y = gaussian.draw(key)
        return fixed.log_density(y) - density(y)

    return jnp.mean(jax.lax.map(jax.checkpoint(one), keys))
