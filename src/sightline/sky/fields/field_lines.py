"""Lines of force of a vector field."""

from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import default_float, is_concrete
from ..._core.types import Scalar, Vector
from ..._core.units import number, strip_unit
from .base import AbstractField
from .diagnostics import check_vector

if TYPE_CHECKING:
    import diffrax

_NOTHING = 1e-12
"""A field weaker than this [uG] has no direction: its derivative would leave the range of single precision."""
_SHORTEST, _MOST_STEPS = 1e-5, 2**18
"""Shortest step as a share of the length, which bounds the work where a jump of the field holds a line; and their
largest number."""
_TOLERANCES = {"float64": 1e-8, "float32": 1e-5}


def field_lines(
    field: Any,
    seeds: Any,
    length: Any = 20.0,
    points: int = 201,
    *,
    half_widths: Any = None,
    tolerance: Any = None,
    adjoint: "diffrax.AbstractAdjoint | None" = None,
) -> Float[Array, "seeds points 3"]:
    """Lines of force through given positions: dx/ds = B/|B|, followed both ways from the seeds.

    A line stays where it is once |B| = 0 or it has left the box, so that all are of one shape and finite. Steps adapt
    to the field (Tsitouras, order 5); where a jump of the field turns a line back at once, it slides along the jump.

    **Arguments:**

    - `field`: of vectors, e.g. a magnetic field, uG; below 1e-12 it counts as zero.
    - `seeds`: (n, 3) kpc.
    - `length`: of arc to either side of a seed, kpc; `points`: how many on each line, odd: the middle one is the seed.
    - `half_widths`: lines end outside |x| < X, |y| < Y, |z| < Z, (3,) kpc; `None`: nowhere.
    - `tolerance`: of each step, kpc; `None`: 1e-8 in double, 1e-5 in single precision.
    - `adjoint`: how diffrax differentiates the lines; `None`: `diffrax.RecursiveCheckpointAdjoint()`, for reverse mode
      in bounded memory (through the steps as taken: their sizes are constants); `diffrax.ForwardMode()` for jvp.

    **Returns:** positions, (n, points, 3) kpc, evenly spaced in arc length, in the direction of B.

    **Raises:** `TypeError` for scalar fields; `ValueError` for seeds, lengths, points or boxes that make no sense.

    !!! example
        >>> line = sl.fields.field_lines(sl.magnetic.Uniform((0.0, 6.0, 0.0)), [[-8.0, 0.0, 0.0]], length=2.0, points=3)
        >>> bool(jnp.allclose(line[0], jnp.array([[-8.0, -2.0, 0.0], [-8.0, 0.0, 0.0], [-8.0, 2.0, 0.0]])))
        True
    """
    import diffrax

    check_vector(field, "field_lines")
    seeds = _check_seeds(seeds)
    reach = _positive(length, "length")
    tolerance = _TOLERANCES[seeds.dtype.name] if tolerance is None else _positive(tolerance, "tolerance")
    if not isinstance(points, (int, np.integer)) or points < 3 or points % 2 == 0:
        raise ValueError(f"points = {points!r} must be an odd whole number, 3 or more: the seed is the middle one.")
    box = _check_box(half_widths, seeds.dtype)
    adjoint = diffrax.RecursiveCheckpointAdjoint() if adjoint is None else adjoint
    return _follow(field, seeds, box, reach, int(points) // 2, tolerance, adjoint)


@eqx.filter_jit
def _follow(
    field: AbstractField, seeds: Array, box: Array, length: float, steps: int, tolerance: float, adjoint: Any
) -> Float[Array, "seeds points 3"]:
    """Both halves of each line, joined at its seed."""
    import diffrax

    controller = diffrax.PIDController(rtol=0.0, atol=tolerance, dtmin=_SHORTEST * length, force_dtmin=True)
    saved = diffrax.SaveAt(ts=jnp.linspace(0, length, steps + 1, dtype=seeds.dtype)[1:])
    field = field.prepare()

    def half(seed: Vector, sign: Scalar) -> Float[Array, "steps 3"]:
        term, start = diffrax.ODETerm(_direction), 1e-3 * length
        solution = diffrax.diffeqsolve(
            term,
            diffrax.Tsit5(),
            0.0,
            length,
            start,
            seed,
            (field, box, sign),
            saveat=saved,
            stepsize_controller=controller,
            adjoint=adjoint,
            max_steps=_MOST_STEPS,
            throw=False,
        )
        return _held(seed, solution.ys)

    signs = jnp.asarray([-1.0, 1.0], seeds.dtype)
    back, forth = jnp.moveaxis(jax.vmap(jax.vmap(half, (None, 0)), (0, None))(seeds, signs), 1, 0)
    return jnp.concatenate([back[:, ::-1], seeds[:, None], forth], axis=1)


def _direction(_: Any, position: Vector, args: tuple[AbstractField, Vector, Scalar]) -> Vector:
    """The unit vector along the field, zero where there is none and outside the box."""
    field, box, sign = args
    b = field(position)
    square = jnp.sum(b * b)
    going = (square > _NOTHING**2) & jnp.all(jnp.abs(position) < box)
    return jnp.where(going, sign * b * jax.lax.rsqrt(jnp.where(going, square, 1)), 0)


def _held(seed: Vector, path: Float[Array, "steps 3"]) -> Float[Array, "steps 3"]:
    """A path that the solver gave up, infinite from there on, kept at its last point."""
    path = jnp.concatenate([seed[None], path])
    known = jnp.all(jnp.isfinite(path), axis=-1)
    return path[jax.lax.cummax(jnp.where(known, jnp.arange(known.size), 0))][1:]


def _check_seeds(seeds: Any) -> Array:
    value = strip_unit(seeds, "kpc", "seeds")
    value = np.asarray(value, np.float64) if is_concrete(value) else value
    if value.ndim != 2 or value.shape[1] != 3:
        raise ValueError(f"seeds has shape {value.shape}: give positions (n, 3) [kpc], [[x, y, z]] for one.")
    if is_concrete(value) and not np.all(np.isfinite(value)):
        raise ValueError("seeds must be finite positions [kpc].")
    return jnp.asarray(value, default_float())


def _positive(value: Any, name: str) -> float:
    size = number(value, "kpc", name)
    if not (np.isfinite(size) and size > 0):
        raise ValueError(f"{name} = {value} must be a positive length [kpc].")
    return size


def _check_box(half_widths: Any, dtype: Any) -> Array:
    widths = np.asarray(strip_unit((np.inf,) * 3 if half_widths is None else half_widths, "kpc", "half_widths"), float)
    if widths.shape != (3,) or not np.all(widths > 0):
        raise ValueError(f"half_widths = {half_widths} must be three positive lengths (X, Y, Z) [kpc], or None.")
    return jnp.asarray(widths, dtype)
