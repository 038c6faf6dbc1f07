"""What an inverse sampler is held to: `check_sampler`."""

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.fields import check_tree
from .._core.given import check_kind
from .._core.module import default_float
from .._core.units import number, whole
from ..processes.samplers import AbstractInverse
from ..processes.samplers.domain import Domain, lattice
from .derivatives import JUMPS, STEP, TOLERANCE, report, round_trip_problems

_U = np.linspace(0, 1, 33)
_INNER = 0.0317 + 0.9371 * _U  # off the nodes of tables, where derivatives jump


@dataclass(frozen=True)
class SamplerReport:
    """What `check_sampler` measured over the domain.

    - `rms`, `largest`: error of the distribution, C(x(u)) - u.
    - `kolmogorov`: the largest distance between the distribution of draws and the law, at the middle of the domain.

    !!! example
        >>> report = sl.testing.check_sampler(sl.samplers.Exact(sl.processes.KleinNishina()))
        >>> type(report).__name__
        'SamplerReport'
    """

    rms: float
    largest: float
    kolmogorov: float


def check_sampler(sampler: AbstractInverse, tolerance: float = 1e-2, draws: int = 10_000) -> SamplerReport:
    """Holds an inverse sampler to its contract, in the current precision, over a lattice of its domain.

    Ends at those of the support; monotone; C(x(u)) = u; draws that follow the law; jvp and vjp finite and
    equal, and, in double precision, equal to central differences; serialising loses nothing.

    **Arguments:** `tolerance`: largest error of the distribution, a number; `draws`: how many for the test of
    Kolmogorov and Smirnov; `sampler`: an `sl.samplers.AbstractInverse`.

    **Returns:** what was measured.

    **Raises:** `AssertionError` listing the problems, each with its place; `TypeError` for what is no inverse.

    !!! example
        >>> sl.testing.check_sampler(sl.samplers.Exact(sl.processes.InverseCompton())).largest < 1e-4
        True
    """
    check_kind("sampler", sampler, AbstractInverse, "e.g. sl.samplers.Exact(sl.processes.InverseCompton())")
    check_tree(sampler)
    tolerance, draws = number(tolerance, "", "tolerance"), whole(draws, "draws", 1)
    places = lattice(sampler.distribution.domain)
    parameters = {name: jnp.asarray(values, default_float()) for name, values in places.items()}
    u = jnp.asarray(_U, default_float())
    coordinate, cumulative, _, slopes = map(np.asarray, _measure(sampler, u, parameters))
    errors = cumulative - np.asarray(u)
    distance = _kolmogorov(sampler, draws)
    problems = _shape_problems(coordinate, parameters)
    problems += _at(np.abs(errors).max(axis=1) > tolerance, f"C(x(u)) is not u to {tolerance:g}", parameters)
    problems += _slope_problems(slopes, parameters) + _difference_problems(sampler)
    if distance > tolerance + 2.0 / draws**0.5:
        problems.append(f"draws are {distance:.3g} from the law")
    report(type(sampler).__name__, problems + round_trip_problems(sampler))
    return SamplerReport(float(np.sqrt(np.mean(errors**2))), float(np.abs(errors).max()), distance)


@eqx.filter_jit
def _measure(sampler: AbstractInverse, u: Array, parameters: dict[str, Array]) -> Any:
    law = sampler.distribution

    def one(u: Array, parameters: dict[str, Array]) -> Any:
        l = sampler.unit(u, **parameters)

        def both(u: Array, parameters: dict[str, Array]) -> Array:
            return sampler.invert(u, **parameters)

        x, along = jax.jvp(both, (u, parameters), (jnp.ones_like(u), parameters))
        by_u, by = jax.grad(both, (0, 1))(u, parameters)
        back = by_u + sum((by[name] * parameters[name] for name in parameters), jnp.zeros_like(u))
        return l, law.unit_cumulative(jnp.clip(l, 0, 1), **parameters), x, jnp.stack([along, back])

    each = jax.vmap(one, (0, None))
    if not parameters:
        return jax.tree.map(lambda x: x[None], each(u, parameters))
    return jax.vmap(each, (None, 0))(u, parameters)


def _shape_problems(coordinate: np.ndarray, parameters: Any) -> list[str]:
    slack = 1e3 * float(np.finfo(coordinate.dtype).eps)
    ends = np.maximum(np.abs(coordinate[:, 0]), np.abs(coordinate[:, -1] - 1))
    problems = _at(~(ends <= slack), "x(0) and x(1) are not the ends of the support", parameters)
    return problems + _at(~np.all(np.diff(coordinate, axis=1) >= -slack, axis=1), "x(u) falls somewhere", parameters)


def _slope_problems(slopes: np.ndarray, parameters: Any) -> list[str]:
    finite = np.all(np.isfinite(slopes), axis=(1, 2))
    problems = _at(~finite, "a derivative is not finite", parameters)
    along, back = slopes[..., 0], slopes[..., 1]
    scale = np.max(np.abs(along), axis=1) + np.finfo(along.dtype).tiny
    apart = np.max(np.abs(along - back), axis=1) / scale
    limit = 1e-9 if along.dtype == np.float64 else 1e-3
    return problems + _at(finite & ~(apart <= limit), "jvp and vjp disagree", parameters)


def _difference_problems(sampler: AbstractInverse) -> list[str]:
    """Derivatives along u and the logarithms of the parameters beside central differences, inside the domain."""
    if default_float() != jnp.float64:  # differences would be noise
        return []
    inner = {name: jnp.asarray(v) for name, v in lattice(_shrunk(sampler.distribution.domain)).items()}

    def at(step: float) -> Any:
        moved = {name: values * (1 + step) for name, values in inner.items()}
        return map(np.asarray, _measure(sampler, jnp.asarray(_INNER + step), moved)[2:])

    (x, slopes), (above, _), (below, _) = at(0.0), at(STEP), at(-STEP)
    along = slopes[..., 0]
    wrong = ~(np.abs(along - (above - below) / (2 * STEP)) <= TOLERANCE * (np.abs(along) + np.abs(x)))
    if np.mean(wrong) <= JUMPS:
        return []
    return _at(np.mean(wrong, axis=1) > JUMPS, "derivatives are not those of central differences", inner)


def _shrunk(domain: Domain) -> Domain:
    """Ranges a little smaller, not evenly, so that no node of a lattice is one of a table."""

    def ends(low: float, high: float) -> tuple[float, float]:
        if low > 0:
            return low * (high / low) ** 0.0137, high * (low / high) ** 0.0291
        return low + 0.0137 * (high - low), high - 0.0291 * (high - low)

    return {name: ends(*each) for name, each in domain.items()}


def _at(bad: np.ndarray, what: str, parameters: Any) -> list[str]:
    if not np.any(bad):
        return []
    place = ", ".join(f"{name} = {float(values[int(np.argmax(bad))]):g}" for name, values in parameters.items())
    return [f"{what}{' at ' if place else ''}{place}"]


def _kolmogorov(sampler: AbstractInverse, draws: int) -> float:
    domain = sampler.distribution.domain
    middle = {name: float(values[values.size // 2]) for name, values in lattice(domain).items()}
    x = sampler.draw(jax.random.key(0), shape=(draws,), **middle)
    found = np.sort(np.asarray(sampler.distribution.cumulative(x, **middle)))
    return float(np.max(np.abs(found - (np.arange(draws) + 0.5) / draws)))
