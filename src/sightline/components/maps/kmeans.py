"""Clusters of pixels by position, and by anything else that pixels have, by K-means."""

from typing import Any

import jax
import numpy as np

from ..._core.given import check_key
from ..._core.units import numbers, whole
from ...sky.geometry import AbstractSky

_ROUNDS = 10_000  # a bound that is never met: each round lessens a sum of finitely many values


def kmeans(sky: AbstractSky, count: Any, key: jax.Array, starts: Any = 3, features: Any = None) -> np.ndarray:
    """Labels by K-means: `count` clusters of pixels that lie together, (npix,) whole numbers.

    Lloyd's rounds on unit vectors: each pixel goes to the nearest centre, each centre to the mean direction of its
    pixels, until none moves; a centre without pixels goes to the pixel farthest from its own. Of `starts` of random
    pixels, that with the least sum of squared distances is kept. Every cluster has pixels, and every pixel is nearest
    to the mean direction of its own cluster. On the host, the same for the same key.

    **Arguments:**

    - `sky`: a sky of `npix` pixels, full or partial; `count`: the number of clusters; `key`: a JAX random key.
    - `features`: (npix,) or (npix, k), beside the unit vector, e.g. 0.5 times a fitted index: pixels then lie together
      in both. Their scale is their weight.

    **Returns:** labels, (npix,) whole numbers from 0.

    **Raises:** `ValueError` for more clusters than pixels, or features that are not finite or of another sky.

    **Source:** Lloyd 1982, IEEE Transactions on Information Theory 28, 129.

    !!! example
        >>> import jax
        >>> labels = sl.components.kmeans(sl.HealpixSky(nside=8), count=20, key=jax.random.key(0))
        >>> int(labels.max()) + 1
        20
    """
    clusters, tries = whole(count, "count", 1), whole(starts, "starts", 1)
    check_key(key)
    points = _points(sky, features)
    different = len(np.unique(points, axis=0)) if features is not None else len(points)
    if clusters > different:
        raise ValueError(f"count = {clusters} is more than the {different} different pixels: ask for fewer clusters.")
    found = [_lloyd(points, clusters, np.random.default_rng(_seed(one))) for one in jax.random.split(key, tries)]
    return min(found, key=lambda one: one[0])[1]


def _points(sky: Any, features: Any) -> np.ndarray:
    """What distances are taken of, (npix, 3 + k)."""
    if not isinstance(sky, AbstractSky):
        raise TypeError(f"kmeans: sky is a {type(sky).__name__}: give a sl.HealpixSky or another sky.")
    places = np.asarray(sky.reduce(sky.rays()[0])).T
    places = places / np.linalg.norm(places, axis=1, keepdims=True)
    if features is None:
        return places
    more = numbers(features, "", "features").reshape(np.shape(features)[0], -1)
    if len(more) != len(places) or not np.all(np.isfinite(more)):
        raise ValueError(
            f"features has shape {np.shape(features)}, the sky {len(places)} pixels: give finite numbers "
            "for each pixel, (npix,) or (npix, k)."
        )
    return np.concatenate([places, more], axis=1)


def _seed(key: jax.Array) -> list[int]:
    data = jax.random.key_data(key) if jax.dtypes.issubdtype(key.dtype, jax.dtypes.prng_key) else key
    return np.asarray(data).tolist()


def _lloyd(points: np.ndarray, count: int, generator: np.random.Generator) -> tuple[float, np.ndarray]:
    """The sum of squared distances, and the labels, from one start."""
    centres = points[generator.choice(len(points), count, replace=False)]
    labels = np.full(len(points), -1)
    for _ in range(_ROUNDS):
        distance, nearest = _nearest(points, centres)
        if np.array_equal(nearest, labels):
            break
        labels = nearest
        centres = _means(points, labels, distance, count)
    return float(np.sum(distance**2)), labels


def _nearest(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.spatial import KDTree

    distance, nearest = KDTree(centres).query(points)
    return np.asarray(distance), np.asarray(nearest)


def _means(points: np.ndarray, labels: np.ndarray, distance: np.ndarray, count: int) -> np.ndarray:
    """The mean of each cluster, as a direction; one that has no pixel gets one of the farthest from their centres."""
    sizes = np.bincount(labels, minlength=count)
    sums = np.stack([np.bincount(labels, weights=column, minlength=count) for column in points.T], axis=1)
    empty = np.flatnonzero(sizes == 0)
    means = sums / np.maximum(sizes, 1)[:, None]
    means[:, :3] /= np.maximum(np.linalg.norm(means[:, :3], axis=1), 1e-12)[:, None]  # of the whole sky it is 0
    means[empty] = points[np.argsort(distance)[::-1][: len(empty)]]
    return means
