"""A library as a spectrograph sees it: tables of which channel means are read at any velocity."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Float, Int

from ..._core.fixed import Fixed
from ..._core.module import default_float
from ..._core.ranks import of_one_rank
from ..._core.safe import held
from .axis import Axis, Place
from .spline import Integral, smoothed

_FINER = 2  # nodes for each sample of a library that a line-spread function smooths


class Templates(eqx.Module):
    """Spectra by their integrals and values at nodes, between which the integral is a cubic.

    The integral of a spectrum that is linear between its samples is a quadratic: its means are exact. That of a
    spectrum which a Gaussian has smoothed is read to 1e-4.

    - `axis`: nodes, at rest, A.
    - `areas`: (k, w), integrals of the spectra without their means up to the nodes; `values`: (k, w), at them, too.
    - `mean`: (k,).
    """

    axis: Axis = eqx.field(static=True)
    _points: Fixed = eqx.field(static=True)
    areas: Float[Array, "k w"]
    values: Float[Array, "k w"]
    mean: Float[Array, " k"]

    @property
    def points(self) -> np.ndarray:
        """Edges of the channels, moved to rest, (n + 1,), A."""
        return self._points.values

    def mix(self, places: Int[Array, " m"], weights: Float[Array, " m"], shift: Float[Array, ""]) -> Array:
        """Channel means, (n,), of a sum of some spectra, of wavelengths multiplied by 1/(1 - shift).

        Derivatives are partial spectra: those of each of the summed, and that by the shift.
        """
        return _mix(self.axis, self.points)(self.areas, self.values, self.mean, places, weights, shift)

    def means(self, shift: Float[Array, ""]) -> Float[Array, "k n"]:
        """Channel means of all spectra, of wavelengths multiplied by 1/(1 - shift)."""
        place = self.axis.locate(self.points, shift)
        cubic = _Cubic(self.axis, *_near(self.areas, place.segment), *_near(self.values, place.segment), place)
        return _means(self.axis, self.points, cubic.areas(), self.mean[:, None], place, shift)


def _near(table: Array, segment: Array) -> tuple[Array, Array]:
    """Columns of a table at the lower and upper nodes of segments; gathers that clip are those XLA vectorises."""
    lower = jnp.take(table, segment, axis=-1, mode="clip")
    return lower, jnp.take(table, segment + 1, axis=-1, mode="clip")


def _mix(axis: Axis, points: np.ndarray) -> Callable[..., Array]:
    def read(areas: Array, values: Array, places: Array, shift: Array) -> _Cubic:
        place = axis.locate(points, shift)
        index = places[:, None] * np.int32(len(axis.nodes)) + place.segment[None]
        return _Cubic(axis, *_near(areas.reshape(-1), index), *_near(values.reshape(-1), index), place)

    @jax.custom_jvp
    def mix(areas: Array, values: Array, mean: Array, places: Array, weights: Array, shift: Array) -> Array:
        cubic = read(areas, values, places, shift)
        return _means(axis, points, weights @ cubic.areas(), weights @ mean[places], cubic.place, shift)

    def rule(primals: Any, tangents: Any) -> tuple[Array, Array]:
        areas, values, mean, places, weights, shift = primals
        cubic = read(areas, values, places, shift)
        known, levels, place = cubic.areas(), mean[places], cubic.place
        value = _means(axis, points, weights @ known, weights @ levels, place, shift)
        change = jnp.zeros_like(value)
        if _moves(tangents[4]):
            change = change + _means(axis, points, tangents[4] @ known, tangents[4] @ levels, place, shift)
        if _moves(tangents[5]):
            pace = tangents[5]  # multiplied in first, so that in reverse mode the rest is dot products
            # read anew, as XLA does not know: what two sums share it writes to memory, in half of a gradient's time
            again = read(areas, values, places, jax.lax.optimization_barrier(shift))
            at = jnp.where(place.inside, (weights * pace) @ again.values() + pace * (weights @ levels), 0)
            change = change + _by_shift(points, value * pace, at, shift)
        if any(map(_moves, tangents[:3])):
            change = change + mix(*map(_filled, tangents[:3]), places, weights, shift)
        return value, change

    mix.defjvp(rule, symbolic_zeros=True)
    return mix


def _moves(tangent: Any) -> bool:
    """Whether a tangent may differ from 0: most libraries are fixed, and cost nothing then."""
    return not isinstance(tangent, SymbolicZero)


def _filled(tangent: Any) -> Any:
    return tangent if _moves(tangent) else jnp.zeros(tangent.shape, tangent.dtype)


class _Cubic(NamedTuple):
    """The integral of spectra by areas and values at the nodes below and above points, (..., points)."""

    axis: Axis
    area: Array
    next_area: Array
    value: Array
    next_value: Array
    place: Place

    def _step(self) -> tuple[Any, Array]:
        """The width of the segments, and how far the points are along them, 0 to 1."""
        axis, dtype = self.axis, self.place.offset.dtype
        step = float(axis.steps[0]) if axis.regular else jnp.asarray(axis.steps, dtype)[self.place.segment]
        t = of_one_rank(self.place.offset / step, self.area)[0]
        return step if axis.regular else of_one_rank(step, self.area)[0], t

    def areas(self) -> Array:
        """The integrals up to the points: cubics of Hermite."""
        step, t = self._step()
        rise, away = t * t * (3 - 2 * t), 1 - t
        lower, upper = step * t * away * away, -step * t * t * away
        return self.area + (self.next_area - self.area) * rise + self.value * lower + self.next_value * upper

    def values(self) -> Array:
        """Their derivatives by the point."""
        step, t = self._step()
        rise, away = 6 * t * (1 - t) / step, 1 - t
        lower, upper = away * (1 - 3 * t), t * (3 * t - 2)
        return (self.next_area - self.area) * rise + self.value * lower + self.next_value * upper


def _means(axis: Axis, points: np.ndarray, areas: Array, mean: Array, place: Place, shift: Array) -> Array:
    """Channel means of integrals up to the points, without the mean of the spectrum, and that."""
    widths = jnp.asarray(np.diff(points), shift.dtype) * (1 - shift)
    at = held(jnp.asarray(points, shift.dtype) * (1 - shift), *axis.nodes[[0, -1]].astype(shift.dtype))
    covered = jnp.where(place.inside[1:] & place.inside[:-1], 1, jnp.diff(at) / widths)
    rise, covered, widths = of_one_rank(jnp.diff(areas, axis=-1), covered, widths)
    return mean * covered + rise / widths


def _by_shift(points: np.ndarray, means: Array, values: Array, shift: Array) -> Array:
    """The derivative of channel means by the shift, of values at the points."""
    widths, ends = jnp.asarray(np.diff(points), shift.dtype), jnp.asarray(points, shift.dtype)
    return (means - jnp.diff(values * ends) / widths) / (1 - shift)


def plain_templates(wavelength: np.ndarray, spectra: np.ndarray, points: np.ndarray) -> Templates:
    """Templates of spectra as they are: made on the host, in double precision."""
    axis, mean = Axis(wavelength), np.mean(spectra, axis=-1)
    rest = spectra - mean[:, None]
    areas = np.cumsum(0.5 * axis.steps * (rest[:, 1:] + rest[:, :-1]), axis=-1)
    tables = np.pad(areas, ((0, 0), (1, 0))), rest, mean
    return Templates(axis, Fixed(points), *(jnp.asarray(one, default_float()) for one in tables))


def smooth_templates(
    wavelength: np.ndarray, spectra: np.ndarray, points: np.ndarray, sigma: Callable[[np.ndarray], Array], widest: float
) -> Templates:
    """Templates of spectra convolved with a Gaussian.

    **Arguments:** `sigma`: its standard deviation at wavelengths at rest, A; `widest`: the largest that it may be, A:
    a wider one gives NaN.
    """
    own = Axis(wavelength)
    half = math.ceil(5 * widest / float(np.min(own.steps))) + 1
    fine = np.interp(np.arange(_FINER * len(own.steps) + 1) / _FINER, np.arange(len(wavelength)), wavelength)
    width = sigma(fine)
    width = jnp.where(width <= widest, width, jnp.nan)
    plain = plain_templates(fine, _sampled(fine, wavelength, spectra), points)
    areas, values = _smoothing(own, spectra, fine, half)(width)
    return eqx.tree_at(lambda t: (t.areas, t.values), plain, (plain.areas + areas, plain.values + values))


def _sampled(fine: np.ndarray, wavelength: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    return np.stack([np.interp(fine, wavelength, one) for one in spectra])


def _smoothing(axis: Axis, spectra: np.ndarray, fine: np.ndarray, half: int) -> Callable[[Array], tuple[Array, Array]]:
    """What a Gaussian of some width at each node adds to integrals and values there, (k, w) each."""

    def parts(width: Array) -> Integral:
        place = axis.locate(fine, jnp.zeros((), width.dtype))
        return smoothed(axis, jnp.asarray(spectra, width.dtype), place, width, half)

    @jax.custom_jvp
    def smoothing(width: Array) -> tuple[Array, Array]:
        found = parts(width)
        return found.area, found.value

    @smoothing.defjvp
    def _(primals: Any, tangents: Any) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        found = parts(*primals)
        return (found.area, found.value), (found.by_width * tangents[0], found.by_width_value * tangents[0])

    return smoothing
