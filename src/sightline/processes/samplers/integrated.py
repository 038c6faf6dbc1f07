"""The law of a density, by Gauss-Legendre quadrature on panels."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import is_concrete, setting
from .base import AbstractDensity, AbstractDistribution
from .domain import Domain, lattice

Scalar = Float[Array, ""]

_POINTS, _WEIGHTS = (0.5 * (part + one) for part, one in zip(np.polynomial.legendre.leggauss(8), (1, 0), strict=True))


class Integrated(AbstractDistribution):
    """The distribution of a density, integrated on `panels` of the coordinate by Gauss-Legendre rules of 8 points.

    $$P(l) = \\frac{\\int_0^l p(x(l'))\\,x'(l')\\,dl'}{\\int_0^1 p(x(l'))\\,x'(l')\\,dl'}$$

    **Arguments:** `density_of`: the density; `panels`: how many, at least 1; features narrower than one are missed.

    **Raises:** `ValueError` at construction, where on a lattice of the domain the density is negative, not finite or
    zero everywhere, or the support is upside down or infinite: with the parameters.

    !!! example
        >>> class Wedge(sl.samplers.AbstractDensity):
        ...     domain = {"slope": (0.0, 10.0)}
        ...
        ...     def support(self, slope):
        ...         return 0.0, 1.0
        ...
        ...     def __call__(self, x, slope):
        ...         return 1 + slope * x
        >>> law = sl.samplers.Integrated(Wedge())
        >>> round(float(law.cumulative(0.5, slope=2.0)), 6)
        0.375
    """

    density_of: AbstractDensity
    panels: int = setting(32, bounds=(1, None), doc="panels of the quadrature")

    @property
    def domain(self) -> Domain:
        return self.density_of.domain

    def support(self, **parameters: Array) -> Any:
        return self.density_of.support(**parameters)

    def coordinate(self, x: Array, **parameters: Array) -> Array:
        return self.density_of.coordinate(x, **parameters)

    def value(self, l: Array, **parameters: Array) -> Array:
        return self.density_of.value(l, **parameters)

    def unit_density(self, l: Array, **parameters: Array) -> Array:
        return self._weight(l, parameters) / jnp.sum(self._masses(l, parameters))

    def unit_cumulative(self, l: Array, **parameters: Array) -> Array:
        masses = self._masses(l, parameters)
        start = jnp.clip(jnp.floor(jax.lax.stop_gradient(l) * self.panels), 0, self.panels - 1)
        before = jnp.sum(jnp.where(jnp.arange(self.panels).astype(start.dtype) < start, masses, 0))
        return (before + self._mass(start / self.panels, l, parameters)) / jnp.sum(masses)

    def _masses(self, like: Array, parameters: dict[str, Array]) -> Array:
        edges = jnp.arange(self.panels + 1).astype(like.dtype) / self.panels
        return jax.vmap(lambda low, high: self._mass(low, high, parameters))(edges[:-1], edges[1:])

    def _mass(self, low: Array, high: Array, parameters: dict[str, Array]) -> Array:
        nodes = low + (high - low) * jnp.asarray(_POINTS, low.dtype)
        values = jax.vmap(lambda l: self._weight(l, parameters))(nodes)
        return (high - low) * jnp.sum(values * jnp.asarray(_WEIGHTS, low.dtype))

    def _weight(self, l: Array, parameters: dict[str, Array]) -> Array:
        x, slope = jax.jvp(lambda l: self.value(l, **parameters), (l,), (jnp.ones_like(l),))
        return self.density_of(x, **parameters) * slope

    def __check_init__(self) -> None:
        if all(map(_known, jax.tree.leaves(self.density_of))):
            _check(self)


def _known(leaf: Any) -> bool:
    return is_concrete(leaf) and not isinstance(leaf, jax.ShapeDtypeStruct)


@eqx.filter_jit
def _examine(law: Integrated, parameters: dict[str, Array]) -> tuple[Array, Array, Array]:
    def one(**parameters: Array) -> tuple[Array, Array, Array]:
        low, high = (jnp.asarray(end, float) for end in law.support(**parameters))
        edges = (jnp.arange(8 * law.panels).astype(low.dtype) + 0.5) / (8 * law.panels)
        return low, high, jax.vmap(lambda l: law._weight(l, parameters))(edges)

    return jax.vmap(lambda values: one(**values))(parameters) if parameters else jax.tree.map(lambda x: x[None], one())


def _check(law: Integrated) -> None:
    parameters = lattice(law.domain)
    low, high, values = map(np.asarray, _examine(law, {n: jnp.asarray(v, float) for n, v in parameters.items()}))
    who = type(law.density_of).__name__
    support = np.isfinite(low) & np.isfinite(high) & (low < high)
    _refuse(~support, "has a support that is upside down, empty or infinite: give finite low < high", who, parameters)
    _refuse(~np.all(np.isfinite(values), axis=1), "is not finite: cut its support, or mend it", who, parameters)
    _refuse(np.any(values < 0, axis=1), "is negative: densities are not", who, parameters)
    _refuse(~np.any(values > 0, axis=1), "is zero everywhere: nothing can be drawn", who, parameters)


def _refuse(bad: np.ndarray, what: str, who: str, parameters: dict[str, np.ndarray]) -> None:
    if np.any(bad):
        place = ", ".join(f"{name} = {values[np.argmax(bad)]:g}" for name, values in parameters.items())
        raise ValueError(f"{who}{' at ' if place else ''}{place} {what}.")
