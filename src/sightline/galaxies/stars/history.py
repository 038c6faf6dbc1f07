"""When stars of a smooth galaxy formed, and how rich in metals: weights on the nodes of a library, place by place."""

import abc

from jaxtyping import Array, Float

from ..._core.module import Module, param
from ..._core.types import Vector
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

    def local(self, position: Vector, ages: Float[Array, " a"], metallicities: Float[Array, " m"]) -> Local:
        """Shares of the mass formed by metallicity and by history of `common`, (m, b); by default `weights`.

        **Arguments:** as those of `weights`.
        """
        return self.weights(position, ages, metallicities)


class SingleAge(AbstractHistory):
    """All stars of one age and one metallicity, linear in ([M/H], log age) between nodes, and clamped at the ends.

    **Arguments:** `age`: Gyr; `metallicity`: [M/H], dex.

    !!! example
        >>> weights = sl.stars.SingleAge(2.0, -0.5).weights(jnp.zeros(3), jnp.array([1.0, 4.0]), jnp.array([-1.0, 0.0]))
        >>> [[round(float(one), 3) for one in row] for row in weights]
        [[0.25, 0.25], [0.25, 0.25]]
    """

    age: Float[Array, ""] = param(unit="Gyr", bounds=(0, None))
    metallicity: Float[Array, ""] = param(0.0, symbol="[M/H]")

    def weights(self, position: Vector, ages: Float[Array, " a"], metallicities: Float[Array, " m"]) -> Weights:
        by_age = on_nodes(log_age(self.age), log_age(ages))
        return on_nodes(self.metallicity, metallicities)[:, None] * by_age[None]
