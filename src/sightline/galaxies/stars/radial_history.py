from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import param, setting
from ..._core.safe import safe_hypot
from ..._core.types import Scalar, Vector
from ..populations.library import check_ages
from .history import AbstractHistory, Local, Weights
from .spread import log_age, on_nodes
from .tables import check_nodes, interpolate


class RadialHistory(AbstractHistory):
    """A history that changes with the distance R from the axis, and a gradient of metallicity.

    At radius r_k the shares of the mass formed at ages t_j are e^l_kj/sum_j e^l_kj, linear in R between, those of the
    first and the last radius beyond. [M/H] is a normal distribution of mean z_0 + g R.

    **Arguments:**

    - `radii` r: rising, (n,) kpc; `ages` t: rising, (a,) Gyr; need not be those of the library.
    - `logits` l: (n, a); `None`: the same mass at each age.
    - `metallicity` z_0: [M/H] on the axis, dex; `gradient` g: dex/kpc; `spread`: standard deviation, dex.

    **Raises:** `ValueError` for radii or ages that do not rise, ages above 100 Gyr, and logits of another shape.

    !!! example
        >>> history = sl.stars.RadialHistory([0.0, 5.0], [1.0, 10.0], metallicity=0.2, gradient=-0.05)
        >>> weights = history.weights(jnp.zeros(3), jnp.array([1.0, 10.0]), jnp.array([-0.3, 0.2]))
        >>> [round(float(one), 6) for one in weights[1]]
        [0.5, 0.5]
    """

    radii: tuple[float, ...] = setting(unit="kpc", bounds=(0, None))
    ages: tuple[float, ...] = setting(unit="Gyr", bounds=(0, None))
    logits: Float[Array, "n a"] = param(None)
    metallicity: Float[Array, ""] = param(0.0, symbol="[M/H]_0")
    gradient: Float[Array, ""] = param(0.0, unit="kpc-1")
    spread: Float[Array, ""] = param(0.0, bounds=(0, None))

    def __init__(
        self,
        radii: Any,
        ages: Any,
        logits: Any = None,
        metallicity: Any = 0.0,
        gradient: Any = 0.0,
        spread: Any = 0.0,
    ):
        self.radii, self.ages = radii, ages
        self.logits = jnp.zeros((np.size(radii), np.size(ages))) if logits is None else logits
        self.metallicity, self.gradient, self.spread = metallicity, gradient, spread

    def __check_init__(self) -> None:
        check_nodes("RadialHistory.radii", self.radii)
        check_nodes("RadialHistory.ages", self.ages)
        check_ages(self.ages, "RadialHistory.ages")
        if self.logits.shape != (len(self.radii), len(self.ages)):
            wanted = f"({len(self.radii)} radii, {len(self.ages)} ages)"
            raise ValueError(f"RadialHistory.logits has shape {self.logits.shape}, not {wanted}.")

    def shares(self, radius: Scalar) -> Float[Array, " a"]:
        """Shares of the mass formed at the ages of the history, at a distance from the axis, () kpc."""
        return interpolate(radius, self.radii, jax.nn.softmax(self.logits, axis=1))

    def weights(self, position: Vector, ages: Float[Array, " a"], metallicities: Float[Array, " m"]) -> Weights:
        return jnp.dot(self.local(position, ages, metallicities), self.common(ages), precision="highest")

    def common(self, ages: Float[Array, " a"]) -> Float[Array, "n a"]:
        return self.young(ages, np.inf)

    def young(self, ages: Float[Array, " a"], latest: float) -> Float[Array, "n a"]:
        nodes = log_age(ages)
        placed = jax.vmap(lambda age: on_nodes(age, nodes))(log_age(jnp.asarray(self.ages, nodes.dtype)))
        shares = jnp.where(np.asarray(self.ages) < latest, jax.nn.softmax(self.logits, axis=1), 0)
        return jnp.dot(shares, placed, precision="highest")

    def local(self, position: Vector, ages: Float[Array, " a"], metallicities: Float[Array, " m"]) -> Local:
        del ages
        radius = safe_hypot(position[0], position[1])
        near = interpolate(radius, self.radii, jnp.eye(len(self.radii), dtype=radius.dtype))
        mean = self.metallicity + self.gradient * radius
        return on_nodes(mean, metallicities, self.spread)[:, None] * near[None]
