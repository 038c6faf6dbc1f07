"""Gaussian approximations of a posterior, each wrapped once."""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.module import Module, setting
from .coordinates import FEW, Density, Vector
from .options import check_rate, check_types


class AbstractApproximation(Module):
    """Fits a Gaussian in whitened coordinates to a density.

    !!! example
        >>> issubclass(sl.inference.FullRank, sl.inference.AbstractApproximation)
        True
    """

    steps: eqx.AbstractVar[int]

    def __check_init__(self) -> None:
        check_types(self)

    @abc.abstractmethod
    def begin(self, density: Density, y: Vector, key: Array) -> Any:
        """The state of the fit at `y`."""

    @abc.abstractmethod
    def advance(self, density: Density, state: Any, key: Array) -> tuple[Any, Array]:
        """A step, and the evidence lower bound there."""

    @abc.abstractmethod
    def draw(self, state: Any, key: Array, draws: int) -> tuple[Float[Array, "draws n"], Float[Array, " draws"]]:
        """Draws, and the log density of the Gaussian at them."""


class MeanField(AbstractApproximation):
    """A Gaussian without correlations between whitened coordinates, by stochastic variational inference: for any size.

    **Arguments:** `steps`; `samples`: gradients a step; `learning_rate`: of Adam, in whitened coordinates; a number,
    that of the first step, from which it falls to 0, or a schedule of optax.

    !!! example
        >>> method = sl.inference.MeanField(steps=500)

    **Source:** Kucukelbir et al. 2017, JMLR 18, 14; by blackjax.
    """

    steps: int = setting(1000, bounds=(1, None))
    samples: int = setting(4, bounds=(1, None))
    learning_rate: Any = setting(0.02)

    def __check_init__(self) -> None:
        check_rate(f"{type(self).__name__}.learning_rate", self.learning_rate)

    def begin(self, density: Density, y: Vector, key: Array) -> Any:
        """See `AbstractApproximation`."""
        import blackjax

        return blackjax.meanfield_vi.init(y, _adam(self.learning_rate, self.steps))._replace(mu=y)

    def advance(self, density: Density, state: Any, key: Array) -> tuple[Any, Array]:
        """See `AbstractApproximation`."""
        import blackjax

        state, info = blackjax.meanfield_vi.step(
            key, state, density, _adam(self.learning_rate, self.steps), self.samples
        )
        return state, -info.elbo

    def draw(self, state: Any, key: Array, draws: int) -> tuple[Array, Array]:
        """See `AbstractApproximation`."""
        sd = jnp.exp(state.rho)
        z = jax.random.normal(key, (draws, state.mu.size), state.mu.dtype)
        return state.mu + sd * z, _log_gaussian(z) - jnp.sum(state.rho)


class FullRank(AbstractApproximation):
    """A Gaussian with all correlations, by stochastic variational inference: for up to 300 parameters.

    **Arguments:** as of `MeanField`; `learning_rate`: of Adam; `samples`: draws a step; `steps`: how many.

    !!! example
        >>> method = sl.inference.FullRank(steps=500)

    **Source:** Kucukelbir et al. 2017, JMLR 18, 14; by blackjax.
    """

    steps: int = setting(1000, bounds=(1, None))
    samples: int = setting(4, bounds=(1, None))
    learning_rate: Any = setting(0.02)

    def __check_init__(self) -> None:
        check_rate(f"{type(self).__name__}.learning_rate", self.learning_rate)

    def begin(self, density: Density, y: Vector, key: Array) -> Any:
        """See `AbstractApproximation`."""
        import blackjax

        if y.size > FEW:
            raise ValueError(f"FullRank takes up to {FEW} parameters, not {y.size}: use MeanField().")
        state = blackjax.fullrank_vi.init(y, _adam(self.learning_rate, self.steps))
        return state._replace(mu=y, chol_params=state.chol_params.astype(y.dtype))

    def advance(self, density: Density, state: Any, key: Array) -> tuple[Any, Array]:
        """See `AbstractApproximation`."""
        import blackjax

        state, info = blackjax.fullrank_vi.step(
            key, state, density, _adam(self.learning_rate, self.steps), self.samples
        )
        return state, -info.elbo

    def draw(self, state: Any, key: Array, draws: int) -> tuple[Array, Array]:
        """See `AbstractApproximation`."""
        import blackjax
        from blackjax.vi.fullrank_vi import generate_fullrank_logdensity

        y = blackjax.fullrank_vi.sample(key, state, draws)
        return y, jax.vmap(generate_fullrank_logdensity(state.mu, state.chol_params))(y)


class Pathfinder(AbstractApproximation):
    """The best of the Gaussians along a path of L-BFGS to the maximum: a few tens of gradients.

    **Arguments:** `iterations`: at most; `samples`: to judge each Gaussian.

    !!! example
        >>> method = sl.inference.Pathfinder()

    **Source:** Zhang et al. 2022, JMLR 23, 306; by blackjax.
    """

    iterations: int = setting(50, bounds=(1, None))
    samples: int = setting(50, bounds=(1, None))
    steps: int = eqx.field(default=1, init=False, static=True)

    def begin(self, density: Density, y: Vector, key: Array) -> Any:
        """See `AbstractApproximation`."""
        import blackjax

        scatter, run = jax.random.split(key)
        y = y + jax.random.normal(scatter, y.shape, y.dtype)  # a path from the maximum would have no length
        state, _ = blackjax.vi.pathfinder.approximate(run, density, y, self.samples, maxiter=self.iterations)
        return state

    def advance(self, density: Density, state: Any, key: Array) -> tuple[Any, Array]:
        """See `AbstractApproximation`."""
        return state, state.elbo

    def draw(self, state: Any, key: Array, draws: int) -> tuple[Array, Array]:
        """See `AbstractApproximation`."""
        import blackjax

        y, height = blackjax.vi.pathfinder.sample(key, state, draws)
        return jnp.asarray(y), jnp.asarray(height)


def _adam(learning_rate: Any, steps: int) -> Any:
    import optax

    return optax.adam(learning_rate if callable(learning_rate) else optax.cosine_decay_schedule(learning_rate, steps))


def _log_gaussian(z: Float[Array, "draws n"]) -> Float[Array, " draws"]:
    return -0.5 * (jnp.sum(jnp.square(z), axis=-1) + z.shape[-1] * jnp.log(2 * jnp.pi))
