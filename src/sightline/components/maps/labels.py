"""Which pixel belongs to which cluster: labels, (npix,), whole numbers from 0 without gaps."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._core.module import is_concrete
from ..._core.units import numbers, strip_unit, whole
from ...sky.geometry import HealpixSky

_NUMBER = "Number the clusters 0, 1, 2, ...: sl.components.relabel(labels)."


def as_labels(labels: Any) -> Any:
    """Labels as an array of integers.

    **Raises:** `TypeError` for anything else.
    """
    if isinstance(labels, jax.ShapeDtypeStruct) or not is_concrete(labels):
        return labels
    found = np.asarray(strip_unit(labels, None, "labels"))
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise TypeError(
            f"labels must be whole numbers, one a pixel, not {found.dtype} of shape {found.shape}. {_NUMBER}"
        )
    with jax.ensure_compile_time_eval():
        return jnp.asarray(found, jnp.int32)


def check_labels(labels: np.ndarray, values: int) -> None:
    """Refuses labels that are negative, have gaps, or do not fit the number of values.

    **Raises:** `ValueError`.
    """
    if not labels.size:
        raise ValueError("labels is empty: give one for each pixel.")
    if labels.min() < 0:
        where = int(np.argmin(labels))
        raise ValueError(f"labels must not be negative; that of pixel {where} is {labels[where]}. {_NUMBER}")
    count = int(labels.max()) + 1
    missing = np.flatnonzero(np.bincount(labels) == 0)
    if missing.size:
        raise ValueError(
            f"labels have gaps: {missing.size} clusters below {count}, the first {missing[0]}, have no pixel. {_NUMBER}"
        )
    if values < count:
        raise ValueError(f"labels name {count} clusters, values has {values}: give one value for each, or a number.")
    if values > labels.size:
        raise ValueError(f"values has {values} clusters, more than the {labels.size} pixels of labels: ask for fewer.")


def relabel(labels: Any) -> np.ndarray:
    """Labels 0, 1, 2, ... in the order of any old ones, (npix,).

    **Arguments:** `labels`: (npix,), whole numbers or whatever can be sorted.

    **Returns:** labels, (npix,) whole numbers from 0.

    **Raises:** `ValueError` for labels that are NaN or not one a pixel.

    !!! example
        >>> sl.components.relabel([7, -1, 7, 12])
        array([1, 0, 1, 2])
    """
    found = np.asarray(strip_unit(labels, None, "labels"))
    if found.ndim != 1 or not found.size:
        raise ValueError(f"labels has shape {found.shape}: give one for each pixel.")
    if found.dtype.kind == "f" and np.any(np.isnan(found)):
        raise ValueError("labels holds NaN: leave these pixels out of the sky.")
    return np.unique(found, return_inverse=True)[1]


def multiresolution(sky: HealpixSky, nside: Any) -> np.ndarray:
    """Labels by coarser HEALPix pixels: all pixels of a sky in one pixel of `nside`, (npix,).

    **Arguments:** `sky`: full or partial, of which only the coarse pixels it reaches are numbered; `nside`: of the
    clusters, at most that of the sky; 0: one cluster for all.

    **Returns:** labels, (npix,) whole numbers from 0.

    **Raises:** `TypeError` for another sky; `ValueError` for an `nside` that is no power of two, or finer than the sky.

    !!! example
        >>> labels = sl.components.multiresolution(sl.HealpixSky(nside=8), nside=1)
        >>> int(labels.max()) + 1
        12
    """
    coarse = whole(nside, "nside")
    _check_healpix(sky, "multiresolution")
    return relabel(sky.coarser(coarse)) if coarse else np.zeros(sky.size, int)


def binned(values: Any, count: Any) -> np.ndarray:
    """Labels by value: pixels sorted by a map and cut into `count` clusters of nearly as many pixels, (npix,).

    Equal values stay together, so that a map of few values makes fewer clusters.

    **Arguments:** `values`: (npix,), plain numbers, e.g. a map of an index or of the brightness.

    **Returns:** labels, (npix,) whole numbers from 0.

    **Raises:** `ValueError` for values that are not finite, or more clusters than pixels.

    !!! example
        >>> sl.components.binned([0.1, 0.4, 0.2, 0.3], count=2)
        array([0, 1, 0, 1])
    """
    found, clusters = numbers(values, None, "values"), whole(count, "count", 1)
    if found.ndim != 1 or not np.all(np.isfinite(found)):
        raise ValueError("values must be finite numbers, one a pixel: leave blank pixels out of the sky.")
    if clusters > found.size:
        raise ValueError(f"count = {clusters} is more than the {found.size} pixels: ask for fewer clusters.")
    edges = np.quantile(found, np.arange(1, clusters) / clusters, method="inverted_cdf")
    return relabel(np.searchsorted(edges, found, side="left"))


def _check_healpix(sky: Any, who: str) -> None:
    if not isinstance(sky, HealpixSky):
        raise TypeError(f"{who}: sky is a {type(sky).__name__}: give a sl.HealpixSky.")
