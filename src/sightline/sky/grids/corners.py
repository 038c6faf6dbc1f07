"""Sums over the eight nodes around points, and their transpose, in the forms that XLA compiles well.

A table holds the components of a node next to each other, (nx, ny, nz, c): the value at a point is then a sum of eight
rows, and what a point adds to a table four pairs of them. Automatic differentiation would write eight scatters instead,
and build their updates piece by piece.
"""

import functools
import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, Float, Int

Table = Float[Array, "nx ny nz c"]
Indices = tuple[Int[Array, "*points"], Int[Array, "*points"], Int[Array, "*points"]]
Fractions = tuple[Float[Array, "*points"], Float[Array, "*points"], Float[Array, "*points"]]


def gather(table: Table, lower: Indices, fractions: Fractions) -> Float[Array, "c *points"]:
    """The trilinear interpolation of a table: sum over the eight corners of a cell, weight times row.

    Linear in the table and in each fraction; supports jit, jvp, vjp and vmap to any order.

    **Arguments:** `table`: (nx, ny, nz, c); `lower`: indices of the lower corner along x, y and z, at most n - 2, which
    is not checked; `fractions`: of the way to the upper corner.

    **Returns:** the components, (c, *points).

    **Raises:** `ValueError` for a table too large for 32-bit indices.
    """
    _check_size(table.shape)
    return _gather.bind(table, *lower, *fractions)


def _check_size(shape: tuple[int, ...]) -> None:
    if math.prod(shape) >= 2**31 or max(shape) >= 2**24:
        raise ValueError(
            f"A grid (nx, ny, nz, channels) = {shape} has more numbers than 32-bit indices reach: divide it."
        )


def _channels_last(values: Array) -> Array:
    """(c, *points) to (n, c). XLA joins pieces slowly, but writes fast into part of an array; the product with the unit
    matrix it does not inline into what uses it, as it would anything else, evaluating it again for every use."""
    channels = values.shape[0]
    joined = jnp.zeros((max(channels, 2), values[0].size), values.dtype)
    for channel in range(channels):
        joined = lax.dynamic_update_slice(joined, values[channel].reshape(1, -1), (channel, 0))
    unit = jnp.eye(*joined.shape[:1], dtype=values.dtype)
    return jnp.einsum("cn,cd->nd", joined, unit, precision="highest")[:, :channels]


def _gather_rows(table: Array, *where: Array) -> Array:
    """Eight rows a point; of scalars four, since two nodes along z are a row."""
    _, ny, nz, channels = table.shape
    i, j, k, x, y, z = (part.reshape(-1) for part in where)
    first, total = (i * ny + j) * nz + k, jnp.zeros((), table.dtype)
    rows = lax.GatherDimensionNumbers((1,), (), (0,))
    width = max(channels, 2)
    for upper in itertools.product((0, 1), (0, 1), (0, 1) if channels > 1 else (0,)):
        at = (first + ((upper[0] * ny + upper[1]) * nz + upper[2])) * channels
        row = lax.gather(table.reshape(-1), at[:, None], rows, (width,), mode="promise_in_bounds")
        weight = (x if upper[0] else 1 - x) * (y if upper[1] else 1 - y)
        weight = weight * (z if upper[2] else 1 - z) if channels > 1 else weight
        total = total + weight[:, None] * row
    if channels == 1:
        total = total * _ends(z)
    unit = jnp.eye(channels, dtype=table.dtype) if channels > 1 else jnp.ones((2, 1), table.dtype)
    return jnp.einsum("nc,cd->dn", total, unit, precision="highest").reshape(channels, *where[0].shape)


def _ends(fraction: Array) -> Array:
    """Weights (1 - f, f), (n, 2), as one expression: XLA joins pieces slowly."""
    return fraction[:, None] * np.array([-1, 1], fraction.dtype) + np.array([1, 0], fraction.dtype)


def _once(values: Array, fraction: Array) -> Array:
    """The same values, divided by f + (1 - f) = 1: XLA computes a quotient once, and the rest wherever it is used.

    Indices up to 2^24 pass through floating point unharmed.
    """
    wide = fraction.dtype if fraction.dtype.itemsize >= 4 else jnp.float32
    one = (fraction + (1 - fraction)).astype(wide)
    return (values.astype(wide) / one).astype(values.dtype)


def _scatter_rows(cotangent: Array, *where: Array, shape: tuple[int, int, int]) -> Array:
    """Four rows a point, two nodes along z each: half the time of one window of 2 x 2 x 2 nodes."""
    (_, ny, nz), channels = shape, cotangent.shape[0]
    i, j, k, x, y, z = (part.reshape(-1) for part in where)
    i, j, k, x, y, z = map(_once, (i, j, k, x, y, z), (x, y, z) * 2)
    corners = channels * nz * np.array([0, 1, ny, ny + 1], np.int32)
    at = (channels * ((i * ny + j) * nz + k))[:, None] + corners
    x, y, z = map(_ends, (x, y, z))
    across = (x[:, :, None] * y[:, None, :]).reshape(-1, 4)
    along = z[:, :, None] * _channels_last(cotangent)[:, None, :]
    updates = across[:, :, None] * along.reshape(-1, 1, 2 * channels)
    table = lax.scatter_add(
        jnp.zeros(math.prod(shape) * channels, cotangent.dtype),
        at.reshape(-1, 1),
        updates.reshape(-1, 2 * channels),
        lax.ScatterDimensionNumbers((1,), (), (0,)),
        mode="promise_in_bounds",
    )
    return table.reshape(*shape, channels)


def _jvp(primitive: Primitive, primals: Any, tangents: Any, **parameters: Any) -> tuple[Array, Array]:
    """Both are linear in their first argument and in each fraction f, whose slope is thus f(1) - f(0)."""
    first, *where = primals

    def bind(values: Array, place: list[Array]) -> Array:
        return primitive.bind(values, *place, **parameters)

    value = bind(first, where)
    terms = [] if type(tangents[0]) is ad.Zero else [bind(tangents[0], where)]
    for axis, tangent in enumerate(tangents[4:], start=3):
        if type(tangent) is not ad.Zero:
            upper, lower = ([*where[:axis], jnp.full_like(tangent, end), *where[axis + 1 :]] for end in (1, 0))
            if primitive is _gather:
                terms.append((bind(first, upper) - bind(first, lower)) * tangent[None])
            else:
                terms.append(bind(first * tangent, upper) - bind(first * tangent, lower))
    return value, sum(terms[1:], terms[0]) if terms else jnp.zeros_like(value)


def _gather_transpose(cotangent: Any, table: Any, *where: Any) -> list[Any]:
    return [_scatter.bind(ad.instantiate_zeros(cotangent), *where, shape=table.aval.shape[:3])] + [None] * 6


def _scatter_transpose(table: Any, _: Any, *where: Any, shape: Any) -> list[Any]:
    del shape
    return [_gather.bind(ad.instantiate_zeros(table), *where)] + [None] * 6


def _together(where: Any, axes: Any, size: int, nx: int | None) -> list[Array]:
    """Places of a batch, its axis first; with `nx`, every member has a table of its own, stacked along x."""
    parts = [
        jnp.broadcast_to(part, (size, *part.shape)) if axis is None else jnp.moveaxis(part, axis, 0)
        for part, axis in zip(where, axes, strict=True)
    ]
    if nx is not None:
        own = jnp.arange(size, dtype=parts[0].dtype) * nx
        parts[0] = parts[0] + own.reshape(-1, *[1] * (parts[0].ndim - 1))
    return parts


def _size(arguments: Any, axes: Any) -> int:
    return next(a.shape[axis] for a, axis in zip(arguments, axes, strict=True) if axis is not None)


def _gather_batch(arguments: Any, axes: Any) -> tuple[Array, int]:
    table, *where = arguments
    if axes[0] is None:
        return _gather.bind(table, *_together(where, axes[1:], _size(arguments, axes), None)), 1
    tables = jnp.moveaxis(table, axes[0], 0)
    where = _together(where, axes[1:], len(tables), tables.shape[1])
    _check_size((len(tables) * tables.shape[1], *tables.shape[2:]))
    return _gather.bind(tables.reshape(-1, *tables.shape[2:]), *where), 1


def _scatter_batch(arguments: Any, axes: Any, *, shape: Any) -> tuple[Array, int]:
    size = _size(arguments, axes)
    cotangent, *where = arguments
    if axes[0] is None:
        cotangent = jnp.broadcast_to(cotangent[:, None], (cotangent.shape[0], size, *cotangent.shape[1:]))
    else:
        cotangent = jnp.moveaxis(cotangent, axes[0], 1)
    where = _together(where, axes[1:], size, shape[0])
    _check_size((size * shape[0], *shape[1:], cotangent.shape[0]))
    tables = _scatter.bind(cotangent, *where, shape=(size * shape[0], *shape[1:]))
    return tables.reshape(size, *shape, -1), 0


_gather, _scatter = Primitive("grid_gather"), Primitive("grid_scatter")
_gather.def_impl(jax.jit(_gather_rows))
_scatter.def_impl(jax.jit(_scatter_rows, static_argnames="shape"))
_gather.def_abstract_eval(lambda table, i, *_: ShapedArray((table.shape[3], *i.shape), table.dtype))
_scatter.def_abstract_eval(lambda cotangent, *_, shape: ShapedArray((*shape, cotangent.shape[0]), cotangent.dtype))
mlir.register_lowering(_gather, mlir.lower_fun(_gather_rows, multiple_results=False))
mlir.register_lowering(_scatter, mlir.lower_fun(_scatter_rows, multiple_results=False))
ad.primitive_jvps[_gather] = functools.partial(_jvp, _gather)
ad.primitive_jvps[_scatter] = functools.partial(_jvp, _scatter)
ad.primitive_transposes[_gather], ad.primitive_transposes[_scatter] = _gather_transpose, _scatter_transpose
batching.primitive_batchers[_gather], batching.primitive_batchers[_scatter] = _gather_batch, _scatter_batch
