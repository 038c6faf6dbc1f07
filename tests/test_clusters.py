"""Labels and clusters of pixels: K-means, coarser pixels, bins, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial import KDTree

import sightline as sl

jax.config.update("jax_enable_x64", True)

COMPONENTS = sl.components
HIGH = np.abs(sl.HealpixSky(32).lonlat()[1]) > 25.0


def vectors(sky):
    return sky.rays()[0].T


def directions(places, labels):
    sums = np.stack([np.bincount(labels, weights=column) for column in places.T], axis=1)
    return sums / np.linalg.norm(sums, axis=1, keepdims=True)


@pytest.mark.parametrize(("count", "cosine"), [(10, 0.9353), (50, 0.9872), (200, 0.9965)])
def test_kmeans_at_high_latitudes(count, cosine):
    sky = sl.HealpixSky(32, pixels=np.flatnonzero(HIGH))
    labels = COMPONENTS.kmeans(sky, count, jax.random.key(0))
    places = vectors(sky)
    centres = directions(places, labels)
    assert np.mean(np.sum(places * centres[labels], axis=1)) >= cosine
    assert np.all(np.bincount(labels, minlength=count) > 0)
    assert labels.max() + 1 == count
    assert np.array_equal(KDTree(centres).query(places)[1], labels)


def test_kmeans_is_deterministic_and_near_to_caps():
    sky, key = sl.HealpixSky(8), jax.random.key(4)

    def cosine(labels):
        places = vectors(sky)
        return np.mean(np.sum(places * directions(places, labels)[labels], axis=1))

    one = COMPONENTS.kmeans(sky, 12, key)
    assert np.array_equal(one, COMPONENTS.kmeans(sky, 12, key))
    assert 0.91 < cosine(one) < 1 - 1 / 12  # caps of equal area, which do not tile the sphere
    assert not np.array_equal(one, COMPONENTS.kmeans(sky, 12, jax.random.key(5)))


def test_kmeans_at_its_ends():
    sky = sl.HealpixSky(1)
    assert np.array_equal(np.sort(COMPONENTS.kmeans(sky, 12, jax.random.key(0))), np.arange(12))
    assert np.array_equal(COMPONENTS.kmeans(sky, 1, jax.random.key(0)), np.zeros(12))


def test_features_outweigh_position():
    sky = sl.HealpixSky(4)
    other = np.random.default_rng(0).integers(0, 2, sky.size)
    labels = COMPONENTS.kmeans(sky, 2, jax.random.key(0), features=50.0 * other)
    assert set(zip(labels, other, strict=True)) in ({(0, 0), (1, 1)}, {(0, 1), (1, 0)})


@pytest.mark.parametrize("nest", [False, True])
def test_multiresolution_is_the_coarse_pixel(nest):
    import healpy

    sky = sl.HealpixSky(8, nest=nest)
    labels = COMPONENTS.multiresolution(sky, nside=2)
    l, b = sky.lonlat()
    coarse = healpy.ang2pix(2, l, b, nest=True, lonlat=True)
    assert np.array_equal(labels, coarse)
    assert np.all(np.bincount(labels) == 16)
    assert not np.any(COMPONENTS.multiresolution(sky, nside=0))


def test_multiresolution_of_a_partial_sky_has_no_gaps():
    labels = COMPONENTS.multiresolution(sl.HealpixSky(32, pixels=np.flatnonzero(HIGH)), nside=4)
    assert np.all(np.bincount(labels) > 0)


def test_binned_by_value():
    values = np.random.default_rng(1).normal(size=1000)
    labels = COMPONENTS.binned(values, count=8)
    assert np.array_equal(np.bincount(labels), np.full(8, 125))
    tops = [values[labels == k].max() for k in range(8)]
    bottoms = [values[labels == k].min() for k in range(8)]
    assert all(top < bottom for top, bottom in zip(tops[:-1], bottoms[1:], strict=True))
    assert COMPONENTS.binned([2.0, 2.0, 2.0, 5.0], count=2).tolist() == [0, 0, 0, 1]


def test_relabel():
    assert COMPONENTS.relabel([7, -1, 7, 12]).tolist() == [1, 0, 1, 2]


def test_a_number_is_that_of_all_clusters_and_pixels_take_theirs():
    labels = [0, 2, 1, 1]
    assert COMPONENTS.Clusters(1.5, labels).values.tolist() == [1.5, 1.5, 1.5]
    assert COMPONENTS.Clusters([1.0, 2.0, 3.0], labels).pixels(4).tolist() == [1.0, 3.0, 2.0, 2.0]
    padded = COMPONENTS.Clusters(np.arange(4.0), labels)
    assert padded.pixels(4).tolist() == [0.0, 2.0, 1.0, 1.0]


def test_labels_are_no_parameters_and_gradients_add_up():
    clusters = COMPONENTS.Clusters([1.0, 2.0, 3.0], [0, 2, 1, 1])
    gradient = jax.grad(lambda values: jnp.sum(COMPONENTS.Clusters(values, clusters.labels).pixels(4) ** 2))(
        clusters.values
    )
    assert gradient.tolist() == [2.0, 8.0, 6.0]
    space = sl.ParameterSpace(COMPONENTS.PowerLaw(index=clusters), {"index.values": _prior()})
    assert space.size == 3


def _prior():
    import numpyro.distributions as dist

    return dist.Uniform(-4.0, 4.0)


def test_other_labels_compile_nothing_anew():
    count = 0

    @jax.jit
    def total(clusters):
        nonlocal count
        count += 1
        return jnp.sum(clusters.pixels(4))

    for labels in ([0, 1, 2, 2], [2, 1, 0, 0], [0, 0, 1, 2]):
        total(COMPONENTS.Clusters([1.0, 2.0, 3.0], labels))
    assert count == 1


REFUSED = {
    "labels must not be negative; that of pixel 1 is -1.*relabel": lambda: COMPONENTS.Clusters(1.0, [0, -1, 1]),
    "labels have gaps: 1 clusters below 3, the first 1.*relabel": lambda: COMPONENTS.Clusters(1.0, [0, 2, 2]),
    "name 3 clusters, values has 2": lambda: COMPONENTS.Clusters([1.0, 2.0], [0, 1, 2]),
    "more than the 2 pixels": lambda: COMPONENTS.Clusters([1.0, 2.0, 3.0], [0, 1]),
    "labels is empty": lambda: COMPONENTS.Clusters([1.0], np.zeros(0, int)),
    "Clusters.labels has 3 pixels, the maps have 12": lambda: COMPONENTS.Clusters(1.0, [0, 1, 2]).pixels(12),
    "PixelMap.values has 2 pixels": lambda: COMPONENTS.PixelMap([1.0, 2.0]).pixels(12),
    "count = 13 is more than the 12": lambda: COMPONENTS.kmeans(sl.HealpixSky(1), 13, jax.random.key(0)),
    "count = 0 must be a whole number, 1 or more": lambda: COMPONENTS.kmeans(sl.HealpixSky(1), 0, jax.random.key(0)),
    "features has shape": lambda: COMPONENTS.kmeans(sl.HealpixSky(1), 2, jax.random.key(0), features=np.ones(5)),
    "nside = 4 is finer than the sky": lambda: COMPONENTS.multiresolution(sl.HealpixSky(2), 4),
    "nside = 3 is not a power of two": lambda: COMPONENTS.multiresolution(sl.HealpixSky(8), 3),
    "count = 5 is more than the 3 pixels": lambda: COMPONENTS.binned([1.0, 2.0, 3.0], 5),
    "values must be finite": lambda: COMPONENTS.binned([1.0, np.nan], 1),
    "labels holds NaN": lambda: COMPONENTS.relabel([1.0, np.nan]),
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_values_are_refused(message):
    with pytest.raises(ValueError, match=message):
        REFUSED[message]()


def test_what_is_no_label_or_sky_is_refused():
    with pytest.raises(TypeError, match=r"whole numbers, one a pixel.*relabel"):
        COMPONENTS.Clusters(1.0, [0.0, 1.0])
    with pytest.raises(TypeError, match=r"sl\.HealpixSky"):
        COMPONENTS.multiresolution(sl.Directions(0.0, 0.0), 2)
    with pytest.raises(TypeError, match=r"sl\.HealpixSky"):
        COMPONENTS.kmeans(np.ones(12), 2, jax.random.key(0))
    with pytest.raises(TypeError, match=r"key is a int: give .* jax\.random\.key\(0\)"):
        COMPONENTS.kmeans(sl.HealpixSky(1), 2, 0)
