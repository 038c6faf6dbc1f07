"""Tabulated inverses of distributions, linear between nodes."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.given import check_kind
from ..._core.module import default_float, param
from ..._core.safe import safe_sqrt
from ..._core.units import number, numbers
from .base import AbstractDistribution, AbstractInverse
from .domain import spread
from .exact import Exact

Scalar = Float[Array, ""]

_MOST = 2**22  # numbers in a table


class Table(AbstractInverse):
    """The inverse of a distribution from a table of its coordinate l(u), linear between nodes; make it by `Table.of`.

    The nodes are even in u, or in v = 1 - sqrt(1-u) where the density vanishes at the upper end, and in each
    parameter, or its logarithm where its range spans a factor of 100.

    **Arguments:** `distribution`; `values`: l at the nodes, of the parameters in the order of the domain and of u.

    **Raises:** `ValueError` for a table of another number of axes, of fewer than two nodes on one.

    !!! example
        >>> table = sl.samplers.Table.of(sl.processes.InverseCompton(), nodes=(65, 65))
        >>> round(float(table(0.5, b=1e4)), 2)
        0.98
    """

    distribution: AbstractDistribution
    values: Float[Array, "..."] = param(bounds=(0, 1), doc="coordinate at the nodes")

    @classmethod
    def of(
        cls, distribution: AbstractDistribution, tolerance: float = 1e-3, nodes: Sequence[int] | None = None
    ) -> "Table":
        """A table whose distribution is right to `tolerance` halfway between the nodes, at the least number of them.

        **Arguments:** `tolerance`: largest error of C(x(u)); `nodes`: how many for each parameter and for u, in place
        of choosing.

        **Raises:** `ValueError` where 4 million numbers are not enough, with the error that is left, and for a
        tolerance that is not positive; `TypeError` for what is no distribution.
        """
        check_kind("distribution", distribution, AbstractDistribution, "e.g. sl.processes.InverseCompton()")
        if nodes is not None:
            return _fill(cls, distribution, tuple(numbers(nodes, "", "nodes").astype(int).tolist()))
        limit, shape = number(tolerance, "", "tolerance"), [17] * (len(distribution.domain) + 1)
        if not limit > 0:
            raise ValueError(f"tolerance = {limit:g} must be positive: the largest error of the distribution.")
        while True:
            table = _fill(cls, distribution, tuple(shape))
            errors = [_error(table, axis) for axis in range(len(shape))]
            if max(errors) <= limit / len(shape):
                return table
            worst = int(np.argmax(errors))
            shape[worst] = 2 * shape[worst] - 1
            if math.prod(shape) > _MOST:
                raise ValueError(
                    f"tolerance = {limit:g}: a table of {table.values.size} numbers is wrong by {max(errors):.2g}. "
                    "Give a larger one, or use the table as guess of sl.samplers.Exact."
                )

    def __check_init__(self) -> None:
        shape, axes = np.shape(self.values), len(self.distribution.domain) + 1
        if len(shape) != axes or min(shape) < 2:
            raise ValueError(f"Table.values has shape {shape}: give {axes} axes, of two nodes or more each.")

    def invert(self, u: Scalar, **parameters: Scalar) -> Scalar:
        return self.distribution.value(self.unit(u, **parameters), **parameters)

    def unit(self, u: Scalar, **parameters: Scalar) -> Scalar:
        law = self.distribution
        last = 1 - safe_sqrt(1 - u) if law.square_root_end else u
        places = [_place(parameters[name], ends) for name, ends in law.domain.items()] + [last]
        return _interpolate(self.values.astype(u.dtype), places)


def _place(value: Scalar, ends: tuple[float, float]) -> Scalar:
    """Where a parameter is in its range, 0 to 1, on the scale of its nodes."""
    low, high = ends
    if low > 0 and high > 100 * low:
        return jnp.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _interpolate(values: Array, places: list[Scalar]) -> Scalar:
    """Linear in every direction: the sum over the corners of a cell."""
    starts, parts = [], []
    for place, nodes in zip(places, values.shape, strict=True):
        scaled = place * (nodes - 1)
        start = jnp.clip(jnp.floor(jax.lax.stop_gradient(scaled)).astype(jnp.int32), 0, nodes - 2)
        starts.append(start)
        parts.append(scaled - start.astype(scaled.dtype))
    total = jnp.zeros_like(places[-1])
    for corner in itertools.product((0, 1), repeat=len(places)):
        weights = [part if high else 1 - part for part, high in zip(parts, corner, strict=True)]
        found = values[tuple(start + high for start, high in zip(starts, corner, strict=True))]
        total = total + math.prod(weights[1:], start=weights[0]) * found
    return total


def _nodes(law: AbstractDistribution, shape: tuple[int, ...], halfway: int | None = None) -> list[np.ndarray]:
    """Parameters and u on the nodes, flat; on one axis halfway between them if asked."""
    refined = [2 * n - 1 if axis == halfway else n for axis, n in enumerate(shape)]
    axes = [spread(ends, n) for ends, n in zip(law.domain.values(), refined[:-1], strict=True)]
    last = np.linspace(0, 1, refined[-1])
    axes.append(1 - np.square(1 - last) if law.square_root_end else last)
    axes = [one[1::2] if axis == halfway else one for axis, one in enumerate(axes)]
    return [one.ravel() for one in np.meshgrid(*axes, indexing="ij")]


def _fill(cls: type[Table], law: AbstractDistribution, shape: tuple[int, ...]) -> Table:
    if len(shape) != len(law.domain) + 1 or min(shape) < 2:
        raise ValueError(f"nodes = {shape}: give {len(law.domain) + 1} numbers, each 2 or more.")
    found = _all(Exact(law), *_cast(_nodes(law, shape)))
    return cls(law, np.clip(np.asarray(found).reshape(shape), 0, 1))


def _error(table: Table, axis: int) -> float:
    places = _cast(_nodes(table.distribution, table.values.shape, axis))
    return float(jnp.max(jnp.abs(_cumulative(table, *places) - places[-1])))


def _cast(places: list[np.ndarray]) -> list[Array]:
    return [jnp.asarray(one, default_float()) for one in places]


@eqx.filter_jit
def _all(sampler: AbstractInverse, *places: Array) -> Array:
    return jax.vmap(lambda *one: _at(sampler, one))(*places)


@eqx.filter_jit
def _cumulative(table: Table, *places: Array) -> Array:
    def one(*place: Array) -> Array:
        parameters = dict(zip(table.distribution.domain, place, strict=False))
        return table.distribution.unit_cumulative(jnp.clip(_at(table, place), 0, 1), **parameters)

    return jax.vmap(one)(*places)


def _at(sampler: AbstractInverse, place: Sequence[Any]) -> Array:
    return sampler.unit(place[-1], **dict(zip(sampler.distribution.domain, place, strict=False)))
