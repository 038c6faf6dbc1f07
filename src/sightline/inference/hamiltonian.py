"""Hamiltonian Monte Carlo."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.lax import stop_gradient
from jaxtyping import Array

from .._core.module import setting
from .algorithms import Step
from .coordinates import FEW, Density, Vector
from .options import check_fraction
from .tuned import AbstractTuned

EXACT = 0.8  # acceptance rate, of Hoffman & Gelman 2014
# NUTS on unit Gaussians of 4 and 16 numbers: a warm-up of 90 draws to 0.5 ends at rates of 0.62 and 0.54, which bring
# 0.70 and 0.68 effective draws an evaluation; to 0.8, 0.25 and 0.45; to 0.65, 0.71 and 0.12, for there seven steps lead
# back to where they began.
GAUSSIAN = 0.5
# Steps of which seven are nearly a period: trajectories double once more. In 16 dimensions 0.9 brings 0.12 effective
# draws an evaluation, 1.0 to 1.2 bring 0.55 to 0.63.
PERIOD = (0.75, 1.05)


class NUTS(AbstractTuned):
    """The no-U-turn sampler, in coordinates whitened by the Fisher matrix: the default.

    **Arguments:**

    - `target_acceptance`: that steps are tuned to; `None`: 0.8, or 0.5 for Gaussian gradients, where it
      brings most effective draws an evaluation.
    - `max_doublings`: of a trajectory.
    - `gradient`: `"exact"`, or `"gaussian"`: trajectories follow the Gaussian of the Fisher matrix, and their points
      are weighed by the exact density. The draws are as exact, and each step costs a value instead of a gradient; it
      pays where the posterior is nearly Gaussian and the start is its maximum.

    !!! example
        >>> algorithm = sl.NUTS(gradient="gaussian")

    **Source:** Hoffman & Gelman 2014, JMLR 15, 1593; Betancourt 2017, arXiv:1701.02434; approximate gradients:
    Neal 2011, arXiv:1206.1901, section 5.5; by blackjax.
    """

    target_acceptance: float | None = setting(None, bounds=(0.0, 1.0))
    max_doublings: int = setting(10, bounds=(1, None))
    gradient: str = setting("exact", choices=("exact", "gaussian"))

    def __check_init__(self) -> None:
        if self.target_acceptance is not None:
            check_fraction("NUTS.target_acceptance", self.target_acceptance)

    @property
    def target(self) -> float:
        """See `AbstractTuned`."""
        if self.target_acceptance is not None:
            return self.target_acceptance
        return GAUSSIAN if self.gradient == "gaussian" else EXACT

    def start(self, density: Density, y: Vector) -> Any:
        """See `AbstractTuned`."""
        import blackjax

        return blackjax.nuts.init(y, _followed(density, self.gradient, y.size))

    def first_step(self, size: int) -> float:
        """See `AbstractTuned`."""
        step = 1.8 * size**-0.25
        return 1.05 if PERIOD[0] < step < PERIOD[1] else step

    def move(self, density: Density, kernel: Any, key: Array, step_size: Array, metric: Array) -> Step:
        """See `AbstractTuned`."""
        import blackjax

        transition, density = blackjax.nuts.build_kernel(), _followed(density, self.gradient, kernel.position.size)
        new, info = transition(key, kernel, density, step_size, metric, self.max_doublings)
        statistics = {
            "diverging": info.is_divergent,
            "n_steps": info.num_integration_steps,
            "tree_depth": info.num_trajectory_expansions,
            "energy": info.energy,
        }
        return Step(new, info.acceptance_rate, statistics)


class HMC(AbstractTuned):
    """Hamiltonian Monte Carlo with trajectories of a fixed number of steps, of lengths that vary by half.

    **Arguments:** `leapfrogs`: steps of a trajectory; `target_acceptance`: smaller steps accept more; `gradient`: as
    of `sl.NUTS`.

    !!! example
        >>> algorithm = sl.HMC(leapfrogs=4)

    **Source:** Duane et al. 1987, Phys. Lett. B 195, 216; Neal 2011, arXiv:1206.1901; by blackjax.
    """

    leapfrogs: int = setting(4, bounds=(1, None))
    target_acceptance: float = setting(EXACT, bounds=(0.0, 1.0))
    gradient: str = setting("exact", choices=("exact", "gaussian"))

    def __check_init__(self) -> None:
        check_fraction("HMC.target_acceptance", self.target_acceptance)

    @property
    def target(self) -> float:
        """See `AbstractTuned`."""
        return self.target_acceptance

    def start(self, density: Density, y: Vector) -> Any:
        """See `AbstractTuned`."""
        import blackjax

        return blackjax.hmc.init(y, _followed(density, self.gradient, y.size))

    def first_step(self, size: int) -> float:
        """See `AbstractTuned`."""
        return 1.8 * size**-0.25

    def move(self, density: Density, kernel: Any, key: Array, step_size: Array, metric: Array) -> Step:
        """See `AbstractTuned`."""
        import blackjax

        key, jitter = jax.random.split(key)
        step = step_size * jax.random.uniform(jitter, (), step_size.dtype, 0.5, 1.5)
        transition, density = blackjax.hmc.build_kernel(), _followed(density, self.gradient, kernel.position.size)
        new, info = transition(key, kernel, density, step, metric, self.leapfrogs)
        statistics = {
            "diverging": info.is_divergent,
            "n_steps": jnp.asarray(self.leapfrogs),
            "energy": info.energy,
        }
        return Step(new, info.acceptance_rate, statistics)


def _followed(density: Density, gradient: str, size: int) -> Density:
    """The density, with the gradient that trajectories follow."""
    if gradient == "exact":
        return density
    if size > FEW:
        raise ValueError(f'gradient="gaussian" needs a Fisher matrix, of up to {FEW} parameters, not {size}.')

    def surrogate(y: Vector) -> Array:
        gaussian = -0.5 * jnp.sum(jnp.square(y))
        return gaussian + stop_gradient(density(stop_gradient(y)) - gaussian)

    return surrogate
