from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from .._core.module import setting
from .algorithms import Step
from .coordinates import Density, Vector
from .options import check_fraction
from .tuned import AbstractTuned


class RandomWalk(AbstractTuned):
    """Random-walk Metropolis with Gaussian steps, in coordinates whitened by the Fisher matrix: no gradients.

    **Arguments:** `target_acceptance`: 0.234 is best in many dimensions.

    !!! example
        >>> algorithm = sl.RandomWalk()

    **Source:** Metropolis et al. 1953, J. Chem. Phys. 21, 1087; Roberts, Gelman & Gilks 1997, Ann. Appl. Probab. 7,
    110; by blackjax.
    """

    target_acceptance: float = setting(0.234, bounds=(0.0, 1.0))

    def __check_init__(self) -> None:
        check_fraction("RandomWalk.target_acceptance", self.target_acceptance)

    @property
    def target(self) -> float:
        """See `AbstractTuned`."""
        return self.target_acceptance

    def start(self, density: Density, y: Vector) -> Any:
        """See `AbstractTuned`."""
        import blackjax

        return blackjax.additive_step_random_walk.init(y, density)

    def first_step(self, size: int) -> float:
        """See `AbstractTuned`."""
        return 2.38 / size**0.5

    def move(self, density: Density, kernel: Any, key: Array, step_size: Array, metric: Array) -> Step:
        """See `AbstractTuned`."""
        import blackjax

        def step(key: Array, y: Vector) -> Vector:
            direction = jax.random.normal(key, y.shape, y.dtype)
            root = jnp.linalg.cholesky(metric) if metric.ndim == 2 else jnp.sqrt(metric)
            return step_size * (root @ direction if metric.ndim == 2 else root * direction)

        new, info = blackjax.additive_step_random_walk.build_kernel()(key, kernel, density, step)
        return Step(new, info.acceptance_rate, {"accepted": info.is_accepted, "n_steps": jnp.asarray(1)})
