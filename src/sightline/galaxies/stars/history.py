"""When stars of a smooth galaxy formed, and how rich in metals: weights on the nodes of a library, place by place."""

import abc

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import Module, param
from ..._core.types import Vector
from ..populations.library import check_ages
from .spread import log_age, on_nodes

Weights = Float[Array, "m a"]
Local = Float[Array, "m b"]


class AbstractHistory(Module):
    """The mass formed at each age and metallicity, at one place: subclass it and write `weights`.

    !!! example
        >>> class Old(sl.stars.AbstractHistory):
        ...     def weights(self, position, ages, metallicities):
        ...         return jnp.zeros((metallicities.size, ages.size)).at[0, -1].set(1.0)
    """

    @abc.abstractmethod
    def weights(self, position: Vector, ages: Float[Array, " a"], metallicities: Float[Array, " m"]) -> Weights:
        """Shares of the mass formed on the nodes of a library, (m, a), that sum to 1.

        **Arguments:** `position`: (3,) kpc, in the galaxy's own frame; `ages`: of the library, (a,) Gyr, rising;
        `metallicities`: of the library, (m,) [M/H], rising.
        """

    def common(self, ages: Float[Array, " a"]) -> Float[Array, "b a"] | None:
        """Shares of ages, (b, a), of a few histories that all places mix: weights = local @ common.

        Rays then add up what is `local`, and the mixtures are made once: that takes less time where b is less than a,
        above all in Jacobians. By default `None`: each age is a history of its own.

        **Arguments:** `ages`: of the library, (a,) Gyr, rising.
        """
        del ages
        return None

    def young(self, ages: Float[Array, " a"], latest: float) -> Float[Array, "b a"] | None:
        """Shares of ages, (b, a), of the stars of each history of `common` that are younger than `latest`, Gyr.

        They are behind the clouds that stars are born in. By default those on ages of the library below `latest`, of
        `common` or, where that is `None`, `None`. At most one node of the library above `latest` counts.

        **Arguments:** `ages`: of the library, (a,) Gyr, rising; `latest`: Gyr.
        """
        common = self.common(ages)
        return None if common is None else jnp.where(ages[None] < latest, common, 0)

    def local(self, position: Vector, ages: Float[Array, " a"], metallicities: Float[Array, " m"]) -> Local:
        """Shares of the mass formed by metallicity and by history of `common`, (m, b); by default `weights`.

        **Arguments:** as those of `weights`.
        """
        return self.weights(position, ages, metallicities)


class SingleAge(AbstractHistory):
    """All stars of one age and one metallicity, linear in ([M/H], log age) between nodes, and clamped at the ends.

    **Arguments:** `age`: Gyr; `metallicity`: [M/H], dex.

    **Raises:** `ValueError` for an age that is negative or above 100 Gyr.

    !!! example
        >>> weights = sl.stars.SingleAge(2.0, -0.5).weights(jnp.zeros(3), jnp.array([1.0, 4.0]), jnp.array([-1.0, 0.0]))
        >>> [[round(float(one), 3) for one in row] for row in weights]
        [[0.25, 0.25], [0.25, 0.25]]
    """

    age: Float[Array, ""] = param(unit="Gyr", bounds=(0, None))
    metallicity: Float[Array, ""] = param(0.0, symbol="[M/H]")

    def __check_init__(self) -> None:
        check_ages(self.age, "SingleAge.age")

    def weights(self, position: Vector, ages: Float[Array, " a"], metallicities: Float[Array, " m"]) -> Weights:
        return self.local(position, ages, metallicities) * self.common(ages)

    def common(self, ages: Float[Array, " a"]) -> Float[Array, "1 a"]:
        return on_nodes(log_age(self.age), log_age(ages))[None]

    def young(self, ages: Float[Array, " a"], latest: float) -> Float[Array, "1 a"]:
        return jnp.where(self.age < latest, self.common(ages), 0)

    def local(self, position: Vector, ages: Float[Array, " a"], metallicities: Float[Array, " m"]) -> Local:
        del position, ages
        return on_nodes(self.metallicity, metallicities)[:, None]
