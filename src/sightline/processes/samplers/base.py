"""The contracts of samplers: densities, distributions, and what turns a number u into a variable x."""

import abc
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.given import check_key
from ..._core.module import Module, is_concrete
from ..._core.safe import held
from ..._core.units import numbers
from .domain import Domain, broadcast, check_domain, check_parameters, check_range, draws_of, is_inside, strip

Scalar = Float[Array, ""]
End = float | Scalar
Value = Float[Array, "*shape"]


class AbstractVariable(Module):
    """A variable x between two ends, and the coordinate l in [0, 1] in which its law is smooth.

    `domain` names its shape parameters and the range of each; methods take them by keyword, each a scalar.
    `square_root_end` says whether the density per l vanishes linearly at the upper end, so that x(u) ends like a root.
    """

    domain: eqx.AbstractVar[Domain]
    square_root_end: ClassVar[bool] = False

    @abc.abstractmethod
    def support(self, **parameters: Scalar) -> tuple[End, End]:
        """The lower and the upper end of x, finite."""

    def coordinate(self, x: Scalar, **parameters: Scalar) -> Scalar:
        """l(x), from 0 to 1, the more the larger x; by default linear."""
        low, high = self.support(**parameters)
        return (x - low) / (high - low)

    def value(self, l: Scalar, **parameters: Scalar) -> Scalar:
        """x(l), the inverse of `coordinate`."""
        low, high = self.support(**parameters)
        return low + l * (high - low)

    def check(self, **parameters: Any) -> None:
        """Refuses parameters that are missing, not known or outside the domain; traced ones have no value to check.

        **Raises:** `TypeError` for names; `ValueError` for values.
        """
        check_parameters(self.domain, parameters, type(self).__name__)

    def __check_init__(self) -> None:
        check_domain(self.domain, type(self).__name__)


class AbstractDensity(AbstractVariable):
    """A density of x, not normalised: subclass it, name parameters in `domain`, write `support` and `__call__`.

    !!! example
        >>> class Wedge(sl.samplers.AbstractDensity):
        ...     domain = {"slope": (0.0, 10.0)}
        ...
        ...     def support(self, slope):
        ...         return 0.0, 1.0
        ...
        ...     def __call__(self, x, slope):
        ...         return 1 + slope * x
        >>> Wedge().check(slope=3.0)
    """

    @abc.abstractmethod
    def __call__(self, x: Scalar, **parameters: Scalar) -> Scalar:
        """The density at x, up to a factor that may depend on the parameters: finite, not negative."""


class AbstractDistribution(AbstractVariable):
    """The law of one variable: subclass it and write, per coordinate l, the cumulative distribution and its density.

    C(x) = P(x), p(x) = P'(l) dl/dx with l = l(x).

    !!! example
        >>> issubclass(sl.processes.InverseCompton, sl.samplers.AbstractDistribution)
        True
    """

    @abc.abstractmethod
    def unit_cumulative(self, l: Scalar, **parameters: Scalar) -> Scalar:
        """P(l), the probability below l: 0 at 0, 1 at 1."""

    @abc.abstractmethod
    def unit_density(self, l: Scalar, **parameters: Scalar) -> Scalar:
        """dP/dl, of order one."""

    def cumulative(self, x: Any, **parameters: Any) -> Value:
        """C(x), the probability below x: 0 below the support, 1 above.

        **Arguments:** `x`: (...); the parameters by keyword, (...), all of which broadcast.

        **Raises:** as `check`.
        """
        self.check(**parameters)
        return broadcast(self._cumulative, strip(x, "x"), parameters)

    def density(self, x: Any, **parameters: Any) -> Value:
        """p(x), normalised; 0 outside the support.

        **Arguments, raises:** as `cumulative`.
        """
        self.check(**parameters)
        return broadcast(self._density, strip(x, "x"), parameters)

    def _cumulative(self, x: Scalar, **parameters: Scalar) -> Scalar:
        held, below, above = self._held(x, parameters)
        inside = self.unit_cumulative(self.coordinate(held, **parameters), **parameters)
        return jnp.where(below, 0, jnp.where(above, 1, jnp.where(jnp.isnan(x), x, inside)))

    def _density(self, x: Scalar, **parameters: Scalar) -> Scalar:
        held, below, above = self._held(x, parameters)
        one = jnp.ones_like(held)
        l, slope = jax.jvp(lambda x: self.coordinate(x, **parameters), (held,), (one,))
        unit = self.unit_density(l, **parameters)
        density = jnp.where(unit == 0, 0, unit * slope)  # a law that begins as a root has an infinite slope there
        return jnp.where(below | above, 0, jnp.where(jnp.isnan(x), x, density))

    def _held(self, x: Scalar, parameters: dict[str, Scalar]) -> tuple[Scalar, Array, Array]:
        """x, or the middle of the support where it is outside, and whether it is below or above."""
        low, high = (jnp.asarray(end, x.dtype) for end in self.support(**parameters))
        below, above = x < low, x > high
        return jnp.where(below | above, low + 0.5 * (high - low), x), below, above


class AbstractSampler(Module):
    """What draws a variable of a law, its `distribution`.

    !!! example
        >>> issubclass(sl.samplers.Rejection, sl.samplers.AbstractSampler)
        True
    """

    distribution: eqx.AbstractVar[AbstractDistribution]

    @abc.abstractmethod
    def draw(self, key: Array, shape: tuple[int, ...] | None = None, **parameters: Any) -> Value:
        """Draws at random.

        **Arguments:** `key`: of `jax.random`; `shape`: of the draws, by default that of the parameters together; the
        parameters by keyword, which broadcast with it.

        **Raises:** as `AbstractDistribution.check`.
        """


class AbstractInverse(AbstractSampler):
    """A sampler that inverts the distribution: x(u) with C(x) = u, so that draws have derivatives.

    A subclass writes `invert`, of one number; arrays, names and ranges are seen to here.

    !!! example
        >>> issubclass(sl.samplers.Exact, sl.samplers.AbstractInverse)
        True
    """

    @abc.abstractmethod
    def invert(self, u: Scalar, **parameters: Scalar) -> Scalar:
        """x(u) of one u in [0, 1] and scalar parameters in the domain: what a subclass writes."""

    def unit(self, u: Scalar, **parameters: Scalar) -> Scalar:
        """The coordinate l of x(u), for laws that others start from."""
        return self.distribution.coordinate(self.invert(u, **parameters), **parameters)

    def __call__(self, u: Any, **parameters: Any) -> Value:
        """x with C(x) = u.

        **Arguments:** `u`: (...), in [0, 1]; the parameters by keyword, (...), all of which broadcast.

        **Raises:** as `AbstractDistribution.check`; `ValueError` for u outside [0, 1]. Traced values outside give NaN.
        """
        self.distribution.check(**parameters)
        if is_concrete(u):
            check_range(numbers(u, "", "u"), (0.0, 1.0), "u", type(self).__name__)
        held = {name: strip(value, name) for name, value in parameters.items()}
        return _evaluate(self, strip(u, "u"), held)

    def draw(self, key: Array, shape: tuple[int, ...] | None = None, **parameters: Any) -> Value:
        """x of u drawn evenly; arguments as for every sampler."""
        return self(even(key, shape, parameters), **parameters)

    def _guarded(self, u: Scalar, **parameters: Scalar) -> Scalar:
        """`invert`, with NaN for what is out of range and held inside for the sake of derivatives."""
        ranges = {"u": (0.0, 1.0), **self.distribution.domain}
        values = {"u": u, **parameters}
        known = {name: is_inside(values[name], ends) for name, ends in ranges.items()}
        inside = {name: jnp.where(known[name], values[name], sum(ends) / 2) for name, ends in ranges.items()}
        u = held(inside.pop("u"), 0, 1)
        return jnp.where(jnp.all(jnp.stack(list(known.values()))), self.invert(u, **inside), jnp.nan)


@eqx.filter_jit
def _evaluate(sampler: AbstractInverse, u: Value, parameters: dict[str, Any]) -> Value:
    return broadcast(sampler._guarded, u, parameters)


def even(key: Array, shape: tuple[int, ...] | None, parameters: dict[str, Any]) -> Value:
    """Numbers even in [0, 1), in the shape asked for or that of the parameters."""
    check_key(key)
    return jax.random.uniform(key, draws_of(shape, parameters))
