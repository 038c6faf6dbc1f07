from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.module import setting
from .approximations import AbstractApproximation, MeanField
from .coordinates import Density, Vector
from .options import check_rate

MORE = 8  # directions tried beyond those that are kept
MUCH = 1.0  # of the curvature that data add to the prior's along a direction
LEAST = 1e-3  # of the curvature along a direction: where the density is not concave it is as good as flat


class InformedCoordinates(eqx.Module):
    """y = origin + z + V (t - 1) V^T z: z counts standard deviations, which are t along the columns of V, else 1.

    `neglected`: |curvature - 1| along the next direction, which is not among them.
    """

    origin: Vector
    log_t: Float[Array, " rank"]
    directions: Float[Array, "n rank"]
    neglected: Float[Array, ""]

    def __call__(self, z: Vector) -> Vector:
        """y, (n,), at z, (n,)."""
        along = jnp.matmul(self.directions.T, z, precision="highest")
        return self.origin + z + jnp.matmul(self.directions, jnp.expm1(self.log_t) * along, precision="highest")

    @property
    def log_volume(self) -> Float[Array, ""]:
        """log |det dy/dz|."""
        return jnp.sum(self.log_t)


class LowRank(AbstractApproximation):
    """A Gaussian that differs from the prior along the directions that the data determine: for latents of any number.

    Of whitened latents, whose prior is a standard normal, data determine few combinations: the posterior has the unit
    matrix less one of low rank for its covariance. The directions V are the leading eigenvectors of the Hessian at the
    start, which should be a fit; with the standard deviations t along them they make coordinates in which the posterior
    is about a unit Gaussian, whose mean and widths `MeanField` finds. Combinations beyond the rank keep about the width
    of the prior: with a rank too low draws are too wide, and the evidence is too low; `approximate` warns of it.

    **Arguments:** `rank`: number of directions; products with the Hessian that find them: 3 rank + 24, each the
    derivative of a gradient; `steps`, `samples`, `learning_rate`: as of `MeanField`.

    **Raises:** `ValueError`, when it begins, for a rank that is not below the number of parameters.

    !!! example
        >>> method = sl.inference.LowRank(rank=50)

    **Source:** Bui-Thanh et al. 2013, SIAM J. Sci. Comput. 35, A2494 (the covariance); Halko, Martinsson & Tropp 2011,
    SIAM Rev. 53, 217, section 5 (the eigenvectors).
    """

    rank: int = setting(50, bounds=(1, None))
    steps: int = setting(100, bounds=(1, None))
    samples: int = setting(4, bounds=(1, None))
    learning_rate: Any = setting(0.01)

    def __check_init__(self) -> None:
        check_rate("LowRank.learning_rate", self.learning_rate)

    def begin(self, density: Density, y: Vector, key: Array) -> Any:
        """See `AbstractApproximation`."""
        if self.rank >= y.size:
            raise ValueError(
                f"LowRank.rank = {self.rank} is not below the number of parameters, {y.size}: use FullRank() or a "
                "smaller rank."
            )
        curvature, directions, neglected = _eigenvectors(density, y, key, self.rank)
        log_t = -0.5 * jnp.log(jnp.maximum(curvature, LEAST))
        place = InformedCoordinates(y, log_t, directions, neglected)
        state = self._mean_field.begin(density, jnp.zeros_like(y), key)
        return place, state._replace(rho=jnp.zeros_like(y))

    def advance(self, density: Density, state: Any, key: Array) -> tuple[Any, Array]:
        """See `AbstractApproximation`."""
        place, inner = state
        inner, bound = self._mean_field.advance(lambda z: density(place(z)), inner, key)
        return (place, inner), bound + place.log_volume

    def draw(self, state: Any, key: Array, draws: int) -> tuple[Array, Array]:
        """See `AbstractApproximation`."""
        place, inner = state
        z, height = self._mean_field.draw(inner, key, draws)
        return jax.lax.map(place, z), height - place.log_volume

    def doubt(self, state: Any) -> str:
        """What is wrong with the Gaussian, as far as the curvature tells; else empty."""
        if float(state[0].neglected) < MUCH:
            return ""
        return f"the data determine more directions than rank = {self.rank}: the evidence is too low, draws too wide"

    @property
    def _mean_field(self) -> MeanField:
        return MeanField(self.steps, self.samples, self.learning_rate)


def _eigenvectors(density: Density, y: Vector, key: Array, rank: int) -> tuple[Array, Array, Array]:
    """Eigenvalues of minus the Hessian that differ most from 1, (rank,), their vectors, (n, rank), and by how much the
    next one differs."""
    slope, tried = jax.grad(density), min(rank + MORE, y.size)

    def excess(columns: Array) -> Array:
        """(H - 1) times columns."""
        return -jax.lax.map(lambda v: jax.jvp(slope, (y,), (v,))[1] + v, columns.T).T

    found = jax.random.normal(key, (y.size, tried), y.dtype)
    for _ in range(2):
        found, _ = jnp.linalg.qr(excess(found))
    small = jnp.matmul(found.T, excess(found), precision="highest")
    values, vectors = jnp.linalg.eigh(0.5 * (small + small.T))
    order = jnp.argsort(-jnp.abs(values))
    best = order[:rank]
    return 1 + values[best], jnp.matmul(found, vectors[:, best], precision="highest"), jnp.abs(values[order[rank]])
