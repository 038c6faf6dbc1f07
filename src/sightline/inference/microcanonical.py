from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from .._core.module import setting
from .algorithms import LONG, Statistics
from .coordinates import Density, Vector
from .drive import AbstractChain


class _State(NamedTuple):
    kernel: Any
    length: Array
    step_size: Array
    metric: Array


class MCLMC(AbstractChain):
    """Microcanonical Langevin Monte Carlo: a gradient a draw and no rejections, for many parameters.

    Draws are correlated over a length and biased by the step size: the variance of the energy error per dimension
    bounds the bias. The warm-up, of 50 draws at least, tunes step size and length, and from 100 draws on a diagonal
    metric. It is one piece: a run killed within it starts the warm-up again.

    **Arguments:** `energy_variance`: of the error of a step, per dimension.

    !!! example
        >>> algorithm = sl.MCLMC()

    **Source:** Robnik et al. 2023, JMLR 24, 311; by blackjax.
    """

    least_warmup: ClassVar[int] = 50

    energy_variance: float = setting(5e-4, positive=True)

    def begin(self, density: Density, y: Vector, key: Array, warmup: int) -> _State:
        """See `AbstractChain`."""
        import blackjax

        state, kernel = blackjax.mclmc.init(y, density, key), blackjax.mclmc.build_kernel()
        state, tuned, _ = blackjax.mclmc_find_L_and_step_size(
            kernel,
            3 * warmup,
            state,
            key,
            density,
            desired_energy_var=self.energy_variance,
            diagonal_preconditioning=warmup >= LONG,  # of 50 draws its variances are wrong by half
        )
        parts = (tuned.L, tuned.step_size, tuned.inverse_mass_matrix)
        return _State(state, *(jnp.asarray(part, y.dtype) for part in parts))

    def adapt(
        self, density: Density, state: _State, key: Array, number: Array, warmup: int
    ) -> tuple[_State, Statistics]:
        """See `AbstractChain`."""
        return self.draw(density, state, key)

    def draw(self, density: Density, state: _State, key: Array) -> tuple[_State, Statistics]:
        """See `AbstractChain`."""
        import blackjax

        kernel, info = blackjax.mclmc.build_kernel()(
            key, state.kernel, density, state.metric, state.length, state.step_size
        )
        statistics = {
            "lp": info.logdensity,
            "energy_error": info.energy_change,
            "diverging": ~info.nonans,
            "n_steps": jnp.asarray(1),
            "step_size": state.step_size,
        }
        return state._replace(kernel=kernel), statistics

    def position(self, state: _State) -> Vector:
        """See `AbstractChain`."""
        return state.kernel.position
