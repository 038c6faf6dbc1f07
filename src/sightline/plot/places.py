"""Where on the sky the data of a likelihood are, what they are called, and their unit."""

import math
from typing import Any, NamedTuple

import numpy as np

from ..sky.geometry import HealpixSky
from ..sky.geometry.frames import direction
from ..sky.likelihoods import BinnedMean, Brightness
from ..statistics import AbstractLikelihood
from .scales import frequency_label

_UNITS = {"RotationMeasure": "rad m$^{-2}$", "DispersionMeasure": "pc cm$^{-3}$", "EmissionMeasure": "pc cm$^{-6}$"}


class Points(NamedTuple):
    """Directions, (n,) deg each."""

    l: np.ndarray
    b: np.ndarray


Place = HealpixSky | Points | None


def place(likelihood: AbstractLikelihood) -> Place:
    """The pixels, or the directions of sources or the middles of bins; `None` for what has no place on the sky."""
    observable, inner = likelihood.observable, _inner(likelihood)
    sky: Any = getattr(getattr(inner, "sightlines", None), "sky", None)
    if not hasattr(sky, "lonlat"):
        return None
    if inner is observable and isinstance(sky, HealpixSky):
        found: Any = _pixels(sky, likelihood.kept)
    else:
        l, b = sky.lonlat()
        l, b = _middles(l, b, observable) if isinstance(observable, BinnedMean) else (l, b)
        kept = slice(None) if likelihood.kept is None else np.asarray(likelihood.kept)
        found = Points(np.asarray(l)[kept], np.asarray(b)[kept])
    size = found.size if isinstance(found, HealpixSky) else len(found.l)
    return found if size == likelihood.data.shape[-1] else None


def _pixels(sky: HealpixSky, kept: Any) -> HealpixSky:
    return sky if kept is None else HealpixSky(sky.nside, sky.indices[np.asarray(kept)], sky.nest)


def _middles(l: np.ndarray, b: np.ndarray, observable: BinnedMean) -> tuple[np.ndarray, np.ndarray]:
    """The mean direction of the data in each bin."""
    bins = np.asarray(observable.bins)
    used = bins >= 0
    vectors = direction(np.deg2rad(l), np.deg2rad(b))[:, used]
    x, y, z = (np.bincount(bins[used], part, observable.count) for part in vectors)
    return np.rad2deg(np.arctan2(y, x)) % 360, np.rad2deg(np.arctan2(z, np.hypot(x, y)))


def _inner(likelihood: AbstractLikelihood) -> Any:
    observable = likelihood.observable
    return observable.observable if isinstance(observable, BinnedMean) else observable


def unit(likelihood: AbstractLikelihood) -> str:
    """The unit of the data, as a figure has it."""
    observable = _inner(likelihood)
    return observable.unit if isinstance(observable, Brightness) else _UNITS.get(type(observable).__name__, "")


def parts(likelihood: AbstractLikelihood) -> list[str]:
    """What each row of data of shape (..., n) is called, the leading axes flattened: `$Q$, 23 GHz`."""
    shape, observable = likelihood.data.shape[:-1], _inner(likelihood)
    if not isinstance(observable, Brightness):
        return [f"[{','.join(map(str, index))}]" if index else "" for index in np.ndindex(*shape)]
    frequencies = np.atleast_1d(np.asarray(observable.frequency)).tolist()
    if len(frequencies) * len(observable.parameters) > math.prod(shape):  # of a band
        frequencies = [observable.nominal] if isinstance(observable.nominal, float) else [np.mean(frequencies)]
    return [f"${name}$, {frequency_label(nu)}" for name in observable.parameters for nu in frequencies]
