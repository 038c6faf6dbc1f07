from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.fields import check_tree
from .._core.module import default_float
from .._core.units import refuse_units
from ..sky.fields import AbstractField
from .derivatives import derivative_problems, finite_problems, report, round_trip_problems

_NOTHING = 1e-5
"""Of the largest value: what a field may be beyond its extent, of which none is integrated."""
_SPECIAL = [
    (0.0, 0.0, 0.0),
    (0.0, 0.0, 1.0),
    (0.0, 0.0, -3.0),
    (-8.3, 0.0, 0.0),
    (5.0, 0.0, 0.0),
    (0.0, 5.0, 0.0),
    (3.0, 4.0, 1e-12),
    (1e-8, -1e-8, 0.1),
    (20.0, 0.0, 0.0),
    (0.0, -20.0, 5.0),
    (100.0, 100.0, 100.0),
    (-1e3, 0.0, 0.0),
]


def sample_positions(count: int = 200, seed: int = 0) -> np.ndarray:
    """Positions, (count, 3) kpc, spread over the Galaxy and finely around the Sun and the Galactic centre.

    **Arguments:** `count`: how many; `seed`: of the numbers.

    **Returns:** positions, (count, 3) kpc.

    !!! example
        >>> sl.testing.sample_positions(10).shape
        (10, 3)
    """
    refuse_units(count=count, seed=seed)
    generator = np.random.default_rng(seed)
    wide = generator.uniform(-1, 1, (count // 2, 3)) * (18.0, 18.0, 4.0)
    near = generator.normal(size=(count - count // 2, 3)) * (1.0, 1.0, 0.3)
    near[::2] += (-8.3, 0.0, 0.0)
    return np.concatenate([wide, near])


def check_field(field: AbstractField) -> None:
    """Holds a field to its contract, in the current precision, and says everything that is wrong with it.

    Shape and type of the value; leaves that are arrays; value and gradients finite at random points, on the axis, at
    the centre, in the plane and far outside; derivatives with respect to parameters and position equal to central
    differences (double precision; a field may jump at hard cuts); jvp and vjp agree; vmap equals a loop;
    single-precision leaves give a single-precision value; serialising loses nothing; it is zero where its structures
    say that it has ended, since cells end there.

    **Arguments:** `field`: an `sl.fields.AbstractField`.

    **Raises:** `AssertionError` listing the problems.

    !!! example
        >>> sl.testing.check_field(sl.magnetic.LSA())
    """
    name = type(field).__name__
    if not isinstance(field, AbstractField):
        report(name, ["it is no sl.fields.AbstractField: subclass that"])
    check_tree(field)
    problems = _type_problems(field)
    if not problems:
        special = jnp.asarray(_SPECIAL, default_float())
        random = jnp.asarray(sample_positions(), default_float())
        problems += [f"{p}, at positions {_SPECIAL}" for p in _finite_problems(field, special)]
        problems += derivative_problems(lambda f: _values(f, random), field, "the parameters")
        problems += derivative_problems(lambda x: _values(field, x), random, "the position")
        problems += _loop_problems(field, random[:4]) + round_trip_problems(field)
        problems += _ending_problems(field, jnp.concatenate([random, special]))
    report(name, problems)


def _values(field: AbstractField, positions: Array) -> Array:
    return jax.vmap(field.prepare())(positions)


def _type_problems(field: AbstractField) -> list[str]:
    def shape_of(field: AbstractField, dtype: Any) -> Any:
        cast = jax.tree.map(lambda leaf: leaf.astype(dtype) if eqx.is_inexact_array(leaf) else leaf, field)
        return eqx.filter_eval_shape(lambda f, x: f.prepare()(x), cast, jax.ShapeDtypeStruct((3,), dtype))

    value = shape_of(field, default_float())
    if not isinstance(value, jax.ShapeDtypeStruct) or value.shape not in ((3,), ()):
        return [f"at one position, (3,), it must return an array of shape (3,) or (), not {value}"]
    problems = []
    for dtype in {jnp.dtype("float32"), jnp.dtype(default_float())}:
        found = shape_of(field, dtype).dtype
        if found != dtype:
            problems.append(f"with leaves and position in {dtype} it returns {found}: some constant has a fixed type")
    return problems


@eqx.filter_jit
def _gradients(field: AbstractField, positions: Array) -> tuple[Array, AbstractField, Array]:
    def total(field: AbstractField, positions: Array) -> tuple[Array, Array]:
        values = _values(field, positions)
        return jnp.sum(values), values

    moving, rest = eqx.partition(field, eqx.is_inexact_array)
    (_, values), gradients = jax.value_and_grad(
        lambda m, x: total(eqx.combine(m, rest), x), argnums=(0, 1), has_aux=True
    )(moving, positions)
    return values, *gradients


def _finite_problems(field: AbstractField, positions: Array) -> list[str]:
    values, by_parameter, by_position = _gradients(field, positions)
    return (
        finite_problems(values, "the value")
        + finite_problems(by_parameter, "the gradient with respect to the parameters")
        + finite_problems(by_position, "the gradient with respect to the position")
    )


def _loop_problems(field: AbstractField, positions: Array) -> list[str]:
    one = eqx.filter_jit(lambda field, position: field.prepare()(position))
    loop = np.stack([np.asarray(one(field, position)) for position in positions])
    together = np.asarray(_values(field, positions))
    tolerance = 1e3 * np.finfo(loop.dtype).eps
    same = np.allclose(loop, together, rtol=tolerance, atol=tolerance * np.max(np.abs(loop), initial=0))
    return [] if same else ["vmap over positions and a loop over them disagree"]


def _ending_problems(field: AbstractField, positions: Array) -> list[str]:
    size, inside = (np.asarray(part) for part in _extents(field, positions))
    lost = ~inside & (size > _NOTHING * size.max(initial=0))
    place = np.asarray(positions)[np.argmax(lost)].round(3).tolist()
    return [f"structures() ends it before {place} kpc, where it is {size[lost][0]:.3g}"] if lost.any() else []


@eqx.filter_jit
def _extents(field: AbstractField, positions: Array) -> tuple[Array, Array]:
    """The largest component at positions, and whether they are within the extent."""
    values = _values(field, positions)
    size = jnp.max(jnp.abs(values.reshape(positions.shape[0], -1)), axis=1)
    along = jnp.asarray((0.6, -0.48, 0.64), positions.dtype)

    def inside(position: Array) -> Array:
        spans = [region.common(position, along) for region in field.structures().extent.regions]
        return jnp.any(jnp.asarray([False, *((first <= 1e-3) & (last >= -1e-3) for first, last in spans)]))

    return size, jax.vmap(inside)(positions)
