"""The integral of a spectrum that is linear between its nodes, and of its convolution with a Gaussian."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.ranks import of_one_rank
from .axis import Axis, Place

REACH = 7.0
"""Half width of the windows in which a kink is smoothed, in standard deviations: beyond, nothing is left of it."""


class Kinks(NamedTuple):
    """What a Gaussian of width s makes of a kink at t = 0, of unit change of slope, t in units of s.

    - `area`: r(t), with int_-inf^t (x)_+ * G = s^2 (t_+^2/2 + r): ((t^2 + 1) Phi + t phi)/2 - t_+^2/2.
    - `value`: r' = t Phi + phi - t_+.
    - `above`: Phi(t); `density`: phi(t).
    """

    area: Array
    value: Array
    above: Array
    density: Array


def kinks(t: Float[Array, "*shape"]) -> Kinks:
    """`Kinks` at t, of the tails, so that nothing cancels."""
    right = t >= 0
    far = jnp.where(right, t, -t)  # at a node its slope is that of the segment above, as of what is not smoothed
    density = jnp.exp(-0.5 * far * far) / math.sqrt(2 * math.pi)
    tail = 0.5 * jax.scipy.special.erfc(far / math.sqrt(2))
    area = 0.5 * ((far * far + 1) * tail - far * density)
    return Kinks(jnp.where(right, 0.5 - area, area), density - far * tail, jnp.where(right, 1 - tail, tail), density)


class Integral(NamedTuple):
    """Of a spectrum up to some points: the area, its derivative by the point, and those of both by the width."""

    area: Array
    value: Array
    by_width: Any
    by_width_value: Any


def plain(axis: Axis, spectra: Float[Array, "*batch w"]) -> Float[Array, "*batch w"]:
    """The integral up to each node, of spectra without their mean, which single precision would not keep."""
    steps, spectra = of_one_rank(jnp.asarray(axis.steps, spectra.dtype), spectra)
    areas = 0.5 * steps * (spectra[..., 1:] + spectra[..., :-1])
    return jnp.concatenate([jnp.zeros_like(areas[..., :1]), jnp.cumsum(areas, axis=-1)], axis=-1)


def slopes(axis: Axis, spectra: Float[Array, "*batch w"]) -> Float[Array, "*batch w-1"]:
    """Slopes of the segments."""
    rise, steps = of_one_rank(jnp.diff(spectra, axis=-1), jnp.asarray(axis.steps, spectra.dtype))
    return rise / steps


def smoothed(
    axis: Axis, spectra: Float[Array, "*batch w"], place: Place, sigma: Float[Array, " points"], half: int
) -> Integral:
    """What a Gaussian adds to the integral of spectra, 0 beyond their ends, up to each of some points.

    **Arguments:** `place`: of the points, (points,); `sigma`: A; `half`: of the windows, in nodes.
    """
    width = of_one_rank(jnp.where(sigma > 0, sigma, 1), spectra)[0]
    bends = jnp.diff(slopes(axis, spectra), axis=-1, prepend=0, append=0)
    count = bends.shape[-1]
    segment = place.segment

    def away(index: Any) -> Array:
        return of_one_rank(place.away + axis.between(jnp.asarray(index), segment, sigma.dtype), spectra)[0] / width

    def add(total: Integral, tap: Array) -> tuple[Integral, None]:
        index = segment + tap
        seen = (index >= 0) & (index < count)
        index = jnp.clip(index, 0, count - 1)
        one, bend = kinks(away(index)), jnp.where(seen, bends[..., index], 0)
        return added(total, Integral(bend * one.area, bend * one.value, bend * one.above, bend * one.density)), None

    before = jnp.cumsum(bends, axis=-1)[..., jnp.clip(segment - half - 1, 0, count - 1)]
    before = jnp.where(segment - half - 1 >= 0, before, 0)
    start = Integral(0.5 * before, 0 * before, before, 0 * before)
    found, _ = jax.lax.scan(add, start, jnp.arange(-half, half + 2, dtype=segment.dtype))
    begun, gone = away(0), away(count - 1)
    first, last = _step(begun, begun >= 0), _step(gone, gone > 0)  # both ends are on the axis
    low, high = spectra[..., :1], spectra[..., -1:]
    ends = added(_scaled(first, low), _scaled(last, -high))
    found = Integral(width**2 * found.area, width * found.value, width * found.by_width, found.by_width_value)
    found = added(found, Integral(width * ends.area, ends.value, ends.by_width, ends.by_width_value / width))
    return Integral(
        *(jnp.where(sigma > 0, *pair) for pair in zip(found, _narrow(axis, spectra, place, sigma), strict=True))
    )


def _narrow(axis: Axis, spectra: Float[Array, "*batch w"], place: Place, sigma: Float[Array, " points"]) -> Integral:
    """What a Gaussian adds in the limit of no width: s^2/2 times the slope, at a node the mean of both."""
    nothing, rises = jnp.zeros((), spectra.dtype), slopes(axis, spectra)
    ends = jnp.zeros_like(rises[..., :1])
    above, below = jnp.concatenate([rises, ends], axis=-1), jnp.concatenate([ends, rises], axis=-1)
    above, below = above[..., place.segment], below[..., place.segment]
    width, away, inside = (of_one_rank(one, spectra)[0] for one in (sigma, place.away, place.inside))
    rise = jnp.where(inside, jnp.where(away == 0, 0.5 * (above + below), above), 0)
    return Integral(0.5 * width * width * rise, nothing, width * rise, nothing)


def _step(t: Array, passed: Array) -> Integral:
    """What a Gaussian adds to the integral of a step at t = 0, in units of its width, that is `passed` at t."""
    one = kinks(t)
    return Integral(one.value, jnp.where(passed, one.above - 1, one.above), one.density, -t * one.density)


def _scaled(one: Integral, factor: Array) -> Integral:
    return Integral(*(factor * part for part in one))


def added(one: Integral, other: Integral) -> Integral:
    """The sum of two."""
    return Integral(*(a + b for a, b in zip(one, other, strict=True)))
