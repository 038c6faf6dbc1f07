"""Laws of several variables: conditional after conditional."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.given import check_key
from ..._core.module import Module, is_concrete
from ..._core.units import numbers
from .base import AbstractDensity, AbstractDistribution, AbstractInverse
from .domain import Domain, check_range, draws_of
from .exact import Exact
from .integrated import Integrated

Value = Float[Array, "... k"]


class Conditional(AbstractDensity):
    """The density of one of several variables given those before it, those after it integrated out.

    **Arguments:** `density`: of all; `box`: their ends; `place`: which, from 0; `nodes`: of the integrals.
    """

    density: Callable[[Array], Array]
    box: tuple[tuple[float, float], ...] = eqx.field(static=True)
    place: int = eqx.field(static=True)
    nodes: int = eqx.field(static=True)

    @property
    def domain(self) -> Domain:
        return {f"x_{k + 1}": self.box[k] for k in range(self.place)}

    def support(self, **parameters: Array) -> tuple[float, float]:
        return self.box[self.place]

    def __call__(self, x: Array, **parameters: Array) -> Array:
        known = [*(parameters[f"x_{k + 1}"] for k in range(self.place)), x]
        return self._marginal(jnp.stack(known))

    def _marginal(self, known: Array) -> Array:
        if known.size == len(self.box):
            return self.density(known)
        low, high = self.box[known.size]
        places, weights = np.polynomial.legendre.leggauss(self.nodes)
        at = jnp.asarray(0.5 * (low + high) + 0.5 * (high - low) * places, known.dtype)
        values = jax.vmap(lambda one: self._marginal(jnp.append(known, one)))(at)
        return values @ jnp.asarray(0.5 * (high - low) * weights, known.dtype)


def _inverses(given: Any) -> Any:
    """Laws as their exact inverses."""
    if not isinstance(given, (tuple, list)):
        raise TypeError(f"samplers must be a tuple of inverses or laws, not a {type(given).__name__}.")
    return tuple(Exact(one) if isinstance(one, AbstractDistribution) else one for one in given)


class Joint(Module):
    """A sampler of several variables, each from its law given those before it.

    The k-th sampler takes `x_1`, ..., `x_(k-1)` as parameters where its domain names them, and the others by keyword.

    **Arguments:** `samplers`: inverses, in order; a law stands for its `Exact` inverse.

    **Raises:** `TypeError` for what are no inverses; `ValueError` for none, or one that asks for a variable to come.

    !!! example
        >>> one = sl.samplers.Exact(sl.processes.InverseCompton())
        >>> joint = sl.samplers.Joint((one, one))
        >>> joint([0.5, 0.5], b=1.0).shape
        (2,)
    """

    samplers: tuple[AbstractInverse, ...] = eqx.field(converter=_inverses)

    @classmethod
    def of(cls, density: Callable[[Array], Array], box: Sequence[tuple[float, float]], nodes: int = 48) -> "Joint":
        """The sampler of a density of several variables in a box, conditional after conditional by quadrature.

        p(x_k | x_1 ... x_(k-1)) ~ int p dx_(k+1) ... dx_n, by Gauss-Legendre rules.

        **Arguments:** `density`: of x, (n,), not normalised; `box`: the two ends of each variable; `nodes`: of each
        integral.

        **Raises:** as `Integrated`; `ValueError` for a box whose ends do not rise.

        !!! example
            >>> joint = sl.samplers.Joint.of(lambda x: x[0] + x[1], ((0.0, 1.0), (0.0, 1.0)))
            >>> joint([0.375, 1.0]).round(6).tolist()
            [0.5, 1.0]
        """
        ends = tuple((float(low), float(high)) for low, high in box)
        if not ends or any(not low < high for low, high in ends):
            raise ValueError(f"box = {box}: give a lower and a higher end for each variable.")
        laws = [Conditional(density, ends, place, nodes) for place in range(len(ends))]  # pyright: ignore
        return cls(tuple(map(Integrated, laws)))

    def __check_init__(self) -> None:
        if not self.samplers:
            raise ValueError("samplers: give at least one.")
        for place, sampler in enumerate(self.samplers):
            if not isinstance(sampler, AbstractInverse):
                raise TypeError(f"samplers[{place}] is a {type(sampler).__name__}: give sl.samplers.Exact, Table, ...")
            later = [f"x_{k + 1}" for k in range(place, len(self.samplers))]
            found = [name for name in sampler.distribution.domain if name in later]
            if found:
                raise ValueError(f"samplers[{place}] asks for {found[0]}, which is not drawn before it.")

    def __call__(self, u: Any, **parameters: Any) -> Value:
        """The variables of numbers u.

        **Arguments:** `u`: (..., k) in [0, 1]; the parameters by keyword, (...).

        **Returns:** (..., k).

        **Raises:** `ValueError` for u of another length, or outside [0, 1]; `TypeError` for parameters that none of the
        samplers has; as each of the samplers.
        """
        u = u if isinstance(u, jax.Array) else numbers(u, "", "u")
        if not np.ndim(u) or np.shape(u)[-1] != len(self.samplers):
            raise ValueError(f"u has shape {np.shape(u)}: its last axis must be {len(self.samplers)} long.")
        if is_concrete(u):
            check_range(np.asarray(u), (0.0, 1.0), "u", "Joint")
        names = {name: None for sampler in self.samplers for name in sampler.distribution.domain}
        taken = [f"x_{place + 1}" for place in range(len(self.samplers))]
        unknown = [name for name in parameters if name not in names or name in taken]
        if unknown:
            wanted = ", ".join(name for name in names if name not in taken) or "none"
            raise TypeError(f"Joint was called with {', '.join(unknown)}: its parameters are {wanted}, by keyword.")
        known = dict(parameters)
        drawn: list[Array] = []
        for place, sampler in enumerate(self.samplers):
            own = {name: known[name] for name in sampler.distribution.domain if name in known}
            drawn.append(sampler(u[..., place], **own))
            known[f"x_{place + 1}"] = drawn[-1]
        return jnp.stack(drawn, axis=-1)

    def draw(self, key: Array, shape: tuple[int, ...] | None = None, **parameters: Any) -> Value:
        """Draws at random, (*shape, k).

        **Arguments:** `key`: of `jax.random`; `shape`: of the draws, by default that of the parameters together; the
        parameters by keyword, which broadcast with it.
        """
        check_key(key)
        return self(jax.random.uniform(key, (*draws_of(shape, parameters), len(self.samplers))), **parameters)
