"""Data averaged in bins, with the variance within the bin as their error."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..._core.ranks import of_one_rank
from ..._core.units import numbers, strip_unit, whole
from ...statistics.layout import Layout
from ...statistics.likelihood import Likelihood
from ...statistics.noise import Gaussian, check_positive, unit_of
from ..geometry import AbstractSky, HealpixSky, healpix
from ..geometry.frames import direction
from ..geometry.layouts import SkyPixels, SkyPoints
from ..geometry.skies import AbstractPoints
from ..stokes import is_blank
from .brightness import Brightness
from .data import to_brightness


class BinnedMean(eqx.Module):
    """The mean of an observable in bins.

    **Arguments:** `observable`; `bins`: of each pixel or source, (n,), negative for none; `count`: number of bins.

    **Returns:** (..., count); 0 in a bin without data.

    **Raises:** `ValueError` for bins of other data than the observable has.

    !!! example
        >>> rm = sl.observables.RotationMeasure(sky)
        >>> mean = sl.BinnedLikelihood(rm, jnp.ones(sky.size), bins=1, floor=1.0).observable
    """

    observable: Callable[[Any], Array]
    bins: Int[Array | np.ndarray, " n"]
    count: int = eqx.field(static=True)

    def __call__(self, model: Any) -> Float[Array, "*parts count"]:
        """The means of a model."""
        values = self.observable(model)
        if values.shape[-1:] != self.bins.shape:
            raise ValueError(f"bins has shape {self.bins.shape}, the observable {values.shape}: give one a datum.")
        place = jnp.where(self.bins < 0, self.count, self.bins)  # beyond the end: dropped
        total = jnp.zeros((*values.shape[:-1], self.count), values.dtype).at[..., place].add(values, mode="drop")
        number = jnp.zeros(self.count, values.dtype).at[place].add(jnp.ones((), values.dtype), mode="drop")
        return jnp.divide(*of_one_rank(total, jnp.maximum(number, 1)))

    def layout(self, kept: Any, shape: tuple[int, ...]) -> Layout | None:
        """Data of this shape, `kept` of its bins, at the mean directions of what they hold."""
        hook = getattr(self.observable, "layout", None)
        inner = None if hook is None else hook(None, (*shape[:-1], self.bins.shape[0]))
        if inner is None or not isinstance(inner.place, (SkyPixels, SkyPoints)):
            return None
        lonlat = inner.place.sky.lonlat() if isinstance(inner.place, SkyPixels) else (inner.place.l, inner.place.b)
        l, b = (np.asarray(angle) for angle in lonlat)
        l, b = _middles(l, b, np.asarray(self.bins), self.count)
        used = slice(None) if kept is None else np.asarray(kept)
        return inner._replace(place=SkyPoints(l[used], b[used]))


def _middles(l: np.ndarray, b: np.ndarray, bins: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean direction of the data in each bin."""
    used = bins >= 0
    vectors = direction(np.deg2rad(l), np.deg2rad(b))[:, used]
    x, y, z = (np.bincount(bins[used], part, count) for part in vectors)
    return np.rad2deg(np.arctan2(y, x)) % 360, np.rad2deg(np.arctan2(z, np.hypot(x, y)))


def BinnedLikelihood(
    observable: Any,
    data: Any,
    bins: Any,
    *,
    evaluate: str = "data",
    minimum: int = 3,
    floor: Any = 0.0,
    unit: str | None = None,
    convention: str | None = None,
    name: str = "bins",
) -> Likelihood:
    """The likelihood of means in bins, each with the standard deviation of the data within the bin as its error.

    chi^2 = sum_bins (mean d - mean m)^2/s^2,  s^2 = sum (d - mean d)^2/(n - 1),

    so that structure smaller than a bin, which the model does not have, counts as noise. Blank data (NaN, the sentinel
    of HEALPix files) are left out.

    **Arguments:**

    - `observable`: e.g. `sl.observables.RotationMeasure(sources)`, or `sl.statistics.Brightness(sky, 23.0, "QU")`.
    - `data`: (n,) or (k, n), in the unit of the observable, or astropy quantities; for `Brightness` as in
      `sl.MapLikelihood`.
    - `bins`: of each datum, (n,) integers, negative for none; or the NSIDE of HEALPix pixels (RING) to bin in.
    - `evaluate`: `"data"`: the model is simulated where the data are, and averaged; `"bins"`: the observable has one
      value for every bin, in their order, e.g. of a coarse `sl.HealpixSky(nside)` for pixels of a fine map.
    - `minimum`: the number of data; bins with fewer are left out.
    - `floor`: the least s, in the unit of the data: of few data, or smooth ones, s may be small by chance.
    - `convention`: of Q and U given as arrays, `"COSMO"` or `"IAU"`; `name`: what summaries and figures call it.
    - `unit`: of the data, and of `floor`, where they are numbers.

    **Returns:** an `sl.statistics.Likelihood`, for an `sl.Posterior`.

    **Raises:** `ValueError` for bins that do not fit, none that is full enough, a bin without variance, or a floor
    that is negative.

    **Source:** Unger & Farrar 2024, ApJ 970, 95, section 5; Korochkin, Semikoz & Tinyakov 2025, A&A 693, A284.

    !!! example
        >>> sources = sl.Directions(l=jnp.linspace(0.0, 350.0, 200), b=40.0)
        >>> measured = simulator.rotation_measure(sources) + 20 * jax.random.normal(jax.random.key(0), (200,))
        >>> observable = sl.observables.RotationMeasure(sources)
        >>> likelihood = sl.BinnedLikelihood(observable, measured, bins=2)
        >>> likelihood.mean(simulator).shape
        (8,)
    """
    if evaluate not in ("data", "bins"):
        raise ValueError(f"evaluate = {evaluate!r}: choose 'data' or 'bins'.")
    if whole(minimum, "minimum") < 2:
        raise ValueError(f"minimum = {minimum}: a variance needs 2 data at least.")
    observable, values, least, given = _values(observable, data, floor, unit, convention, evaluate)
    coarse = observable.sightlines.sky if evaluate == "bins" else None
    places = _bins(bins, getattr(data, "sky", None) if coarse else observable.sightlines.sky, coarse, values.shape[-1])
    places = np.where(np.all(np.isfinite(values), axis=tuple(range(values.ndim - 1))), places, -1)
    count = int(places.max()) + 1 if evaluate == "data" else observable.sightlines.sky.size
    mean, spread, number = _statistics(values, places, count)
    kept = np.flatnonzero(number >= minimum)
    if not kept.size:
        raise ValueError(f"No bin holds {minimum} data: use larger bins.")
    raised = np.maximum(spread[..., kept], least)
    if np.any(raised <= 0):
        raise ValueError(
            "The data of a bin are all the same: their variance says nothing of their error: give a floor."
        )
    check_positive(raised, "The error of bins")
    notes = (("bins", f"{kept.size} of {int(np.sum(number > 0))}, {int(number[kept].sum())} data"), *given)
    means = BinnedMean(observable, places, count) if evaluate == "data" else observable
    return Likelihood(means, mean[..., kept], Gaussian(raised), kept, name, notes)


def _values(
    observable: Any, data: Any, floor: Any, unit: str | None, convention: str | None, evaluate: str
) -> tuple[Any, np.ndarray, np.ndarray | np.generic, tuple[tuple[str, str], ...]]:
    """The observable in the unit of the data as they are kept, data, the floor of their errors, and notes."""
    if not isinstance(observable, Brightness):
        known = unit_of(observable)
        values = numbers(data, known, "data")
        return observable, np.where(is_blank(values), np.nan, values), _floor(numbers(floor, known, "floor")), ()
    converted = to_brightness(data, observable, unit, convention, same_sky=evaluate == "data")
    least = _floor(converted.numbers(floor, "floor")) * converted.factor[..., None]
    note = f"{observable.parameters}, {converted.observable.unit}, COSMO (given in {converted.given})"
    return converted.observable, converted.values, least, (("Stokes", note),)


def _floor(least: np.ndarray) -> np.ndarray:
    if least.ndim or not least >= 0 or np.isinf(least):
        raise ValueError(f"floor = {least} must be one number, not negative.")
    return least


def _bins(bins: Any, sky: AbstractSky | None, coarse: AbstractSky | None, size: int) -> np.ndarray:
    """The bin of each datum, on `sky`; those of HEALPix must be the pixels of `coarse`, if it has the bins."""
    if isinstance(bins, (int, np.integer)):
        if not isinstance(sky, (HealpixSky, AbstractPoints)):
            raise ValueError(
                f"bins = {bins} needs data whose sky is known: pass a sl.Stokes, or the bin of each datum."
            )
        if coarse is not None and not eqx.tree_equal(coarse, HealpixSky(bins, supersample=_supersample(coarse))):
            raise ValueError(f"bins = {bins} needs an observable on the full sl.HealpixSky({bins}).")
        l, b = (np.deg2rad(angle) for angle in sky.lonlat())
        bins = healpix.pixel_of(healpix.check_nside(bins), l, b, nest=False)
    bins = np.asarray(strip_unit(bins, "", "bins"))
    if bins.shape != (size,) or bins.dtype.kind not in "iu":
        raise ValueError(f"bins are {bins.dtype} of shape {bins.shape}: give one whole number for each of {size} data.")
    return bins


def _supersample(sky: AbstractSky) -> int:
    return getattr(sky, "supersample", 1)


def _statistics(values: np.ndarray, bins: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and standard deviation of the data, (..., count), and their number, (count,), in every bin."""
    used = bins >= 0
    number = np.bincount(bins[used], minlength=count)
    if number.size > count:
        raise ValueError(f"bins reach to {number.size - 1}, the observable has {count} values.")
    rows = values.reshape(-1, values.shape[-1])[:, used]
    mean = np.stack([np.bincount(bins[used], row, count) for row in rows]) / np.maximum(number, 1)
    square = np.stack([np.bincount(bins[used], row, count) for row in (rows - mean[:, bins[used]]) ** 2])
    spread = np.sqrt(square / np.maximum(number - 1, 1))
    shape = (*values.shape[:-1], count)
    return mean.reshape(shape), spread.reshape(shape), number
