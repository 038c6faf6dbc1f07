"""Channel means of sampled spectra, exact: no interpolation and no sum over pixels stands in for an integral."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import default_float, is_concrete
from ..._core.units import numbers, refuse_units, strip_unit
from .axis import Axis, as_wavelengths
from .spline import REACH, Integral, added, plain, slopes, smoothed


def rebin(
    wavelength: Any, spectra: Any, edges: Any, doppler: Any = 1.0, sigma: Any = 0.0
) -> Float[Array, "*batch channels"]:
    """Means in channels of spectra that are moved by a Doppler factor and convolved with a Gaussian, in closed form.

    f_i = 1/(b - a) int_a^b (F(lambda/D) * G_s)(lambda) d lambda, of a spectrum F that is linear between its samples and
    0 beyond them. The convolution is an integral of the normal distribution at every sample, twofold, so that nothing
    is sampled: widths may be much smaller than a channel, and 0. F keeps its value: the factor 1/D of a flux density,
    or another, is the caller's.

    **Arguments:**

    - `wavelength`: of the samples, (w,), A, rising, at rest.
    - `spectra`: (*batch, w), any unit.
    - `edges`: of the channels, (n + 1,), A, as they are observed.
    - `doppler` D: observed over emitted wavelength, one number.
    - `sigma` s: standard deviation of the Gaussian as it is observed, A: one number, or (n,), one for each channel.

    Gradients go to `spectra`, `doppler` and `sigma`.

    **Returns:** (*batch, channels), in the unit of the spectra.

    **Raises:** `ValueError` for axes that do not rise, shapes that do not fit, and numbers that are not positive.

    !!! example
        >>> import numpy as np
        >>> line = np.array([0.0, 0.0, 1.0, 0.0, 0.0])
        >>> sl.cubes.rebin([10.0, 11.0, 12.0, 13.0, 14.0], line, [10.0, 12.0, 14.0]).tolist()
        [0.25, 0.25]
    """
    axis, ends = Axis(as_wavelengths(wavelength, "wavelength")), as_wavelengths(edges, "edges")
    values = _as_floats(spectra, None, "spectra")
    if values.shape[-1:] != axis.nodes.shape:
        raise ValueError(f"spectra has shape {values.shape}, wavelength {axis.nodes.shape}: the last axes must agree.")
    refuse_units(doppler=doppler)
    _check_positive(doppler, "doppler", zero=False)
    width = strip_unit(sigma, "Angstrom", "sigma")
    _check_positive(width, "sigma", zero=True)
    if np.shape(doppler) != () or np.shape(width) not in ((), (len(ends) - 1,)):
        raise ValueError(
            f"doppler has shape {np.shape(doppler)} and sigma {np.shape(width)}: give one factor, and one width or one "
            f"for each of {len(ends) - 1} channels."
        )
    half = _window(axis, doppler, width)
    known = is_concrete(doppler)  # then the edges are moved on the host, in double precision
    points = ends / float(doppler) if known else ends
    shift = jnp.zeros((), values.dtype) if known else jnp.asarray((doppler - 1) / doppler, values.dtype)
    rest = jnp.asarray(width / float(doppler) if known else width, values.dtype)
    return means_of(axis, points, half)(values, shift, jnp.broadcast_to(rest, (len(ends) - 1,)))


class Means(NamedTuple):
    """Channel means, and their partial derivatives by shift and width."""

    value: Array
    by_shift: Array
    by_width: Array | float


def means_of(axis: Axis, points: np.ndarray, half: int | None) -> Callable[[Array, Array, Array], Array]:
    """Channel means between `points` (1 - b) as a function of spectra, shift b and widths s, of s (1 - b).

    Derivatives are partial spectra times tangents: in reverse mode they are dot products, and nothing is scattered.
    """

    @jax.custom_jvp
    def means(spectra: Array, shift: Array, sigma: Array) -> Array:
        return evaluate(axis, points, half, spectra, shift, sigma).value

    @means.defjvp
    def _(primals: Any, tangents: Any) -> tuple[Array, Array]:
        found = evaluate(axis, points, half, *primals)
        rest = evaluate(axis, points, half, tangents[0], *primals[1:]).value
        return found.value, rest + found.by_shift * tangents[1] + found.by_width * tangents[2]

    return means


def evaluate(axis: Axis, points: np.ndarray, half: int | None, spectra: Array, shift: Array, sigma: Array) -> Means:
    """`Means` in channels between `points` (1 - shift); `half`: of the windows of the Gaussian, `None` without one."""
    scale, mean = 1 - shift, jnp.mean(spectra, axis=-1, keepdims=True)
    widths = jnp.asarray(np.diff(points), spectra.dtype) * scale
    rest = spectra - mean
    totals, rises = plain(axis, rest), slopes(axis, spectra)

    def upto(ends: np.ndarray) -> tuple[Integral, Array, Any]:
        place = axis.locate(ends, shift)
        node, rise = rest[..., place.segment], rises[..., jnp.clip(place.segment, 0, rises.shape[-1] - 1)]
        area = totals[..., place.segment] + place.offset * (node + 0.5 * place.offset * rise)
        value = jnp.where(place.inside, node + mean + place.offset * rise, 0)
        found = Integral(area, value, 0.0, 0.0)
        if half is not None:
            found = added(found, smoothed(axis, spectra, place, sigma * scale, half))
        return found, jnp.asarray(axis.nodes - axis.nodes[0], spectra.dtype)[place.segment] + place.offset, place.inside

    (low, first, started), (high, last, ended) = _both(upto, points, half)
    covered = jnp.where(started & ended, 1, (last - first) / widths)
    value = mean * covered + (high.area - low.area) / widths
    left, right = (jnp.asarray(ends, spectra.dtype) for ends in (points[:-1], points[1:]))
    by_width = (high.by_width - low.by_width) / widths
    moved = (high.value * right - low.value * left) / widths
    return Means(value, value / scale - moved - by_width * sigma, by_width * scale)


def _both(upto: Any, points: np.ndarray, half: int | None) -> Any:
    """A function of the lower and of the upper ends of channels; once at each edge where neighbours share it."""
    if half is not None:
        return upto(points[:-1]), upto(points[1:])
    integral, place, inside = upto(points)
    low = Integral(integral.area[..., :-1], integral.value[..., :-1], 0.0, 0.0)
    high = Integral(integral.area[..., 1:], integral.value[..., 1:], 0.0, 0.0)
    return (low, place[:-1], inside[:-1]), (high, place[1:], inside[1:])


def _window(axis: Axis, doppler: Any, width: Any) -> int | None:
    """Half of the nodes that a Gaussian reaches, `None` for none: all nodes where its width is traced."""
    if not (is_concrete(width) and is_concrete(doppler)):
        return None if is_concrete(width) and not np.any(width) else len(axis.nodes)
    widest = float(np.max(np.asarray(width, np.float64))) / float(doppler)
    return None if widest == 0 else min(len(axis.nodes), math.ceil(REACH * widest / float(np.min(axis.steps))) + 1)


def _as_floats(values: Any, unit: str | None, name: str) -> Array:
    if isinstance(values, jax.Array) and jnp.issubdtype(values.dtype, jnp.floating):
        return values
    return jnp.asarray(numbers(values, unit, name), default_float())


def _check_positive(value: Any, name: str, zero: bool) -> None:
    if not is_concrete(value):
        return
    found = numbers(value, None, name)
    if not (np.all(np.isfinite(found)) and np.all(found >= 0 if zero else found > 0)):
        raise ValueError(f"{name} = {value} must be finite and {'not negative' if zero else 'positive'}.")
