"""Poisson counts by inversion."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from sightline.xray.counts.draws import poisson

jax.config.update("jax_enable_x64", True)


@pytest.mark.parametrize("mean", [0.02, 0.7, 6.0, 55.0, 499.0, 3000.0])
def test_counts_have_the_probabilities_of_poisson(mean, precision):
    drawn = np.asarray(jax.jit(poisson)(jax.random.key(3), jnp.full((20, 1000), mean)))
    assert drawn.dtype == precision
    assert drawn.shape == (20, 1000)
    edges = np.unique(stats.poisson(mean).ppf(np.linspace(0.05, 0.95, 10)))
    inside = np.searchsorted(edges, drawn.ravel(), side="left")
    expected = drawn.size * np.diff(np.concatenate([[0.0], stats.poisson(mean).cdf(edges), [1.0]]))
    found = np.bincount(inside, minlength=len(expected))
    chi2 = np.sum((found - expected)[expected > 5] ** 2 / expected[expected > 5])
    assert stats.chi2(max(np.sum(expected > 5) - 1, 1)).sf(chi2) > 1e-3


def test_means_of_a_block_may_differ(precision):
    """Zeros, small and large ones side by side; each is a draw of its own."""
    means = jnp.tile(jnp.array([0.0, 0.3, 40.0, 900.0]), 2000)
    drawn = np.asarray(poisson(jax.random.key(1), means))
    assert drawn.dtype == precision
    assert np.all(drawn == np.round(drawn))
    for place, mean in enumerate([0.0, 0.3, 40.0, 900.0]):
        some = drawn[place::4]
        assert some.mean() == pytest.approx(mean, abs=4.5 * np.sqrt(mean / 2000))
        assert some.var() == pytest.approx(mean, rel=0.2)
    assert abs(np.corrcoef(drawn[2::4], drawn[3::4])[0, 1]) < 0.1


def test_counts_beyond_32_bits_and_means_that_are_none(precision):
    """Integers end at 2.1e9 in single precision, where every draw stood; NaN and negative means gave -1 and 0."""
    drawn = np.asarray(poisson(jax.random.key(2), jnp.full(2000, 1e12)))
    assert drawn.dtype == precision
    assert drawn.mean(dtype=float) == pytest.approx(1e12, abs=4.5e6 / np.sqrt(2000))
    if precision == "float64":
        assert drawn.std() == pytest.approx(1e6, rel=0.1)
    odd = np.asarray(poisson(jax.random.key(2), jnp.array([np.nan, -1.0, np.inf, 2.0])))
    assert np.isnan(odd).tolist() == [True, True, True, False]


def test_rare_counts_are_no_outliers(precision):
    """A million draws of mean 1e-4 have about a hundred single counts and no more than a few of two."""
    drawn = np.asarray(jax.jit(poisson)(jax.random.key(5), jnp.full(1_000_000, 1e-4)))
    assert drawn.max() <= 2
    assert abs(drawn.sum() - 100) < 45


def test_draws_pass_vmap_and_have_no_derivative():
    keys, means = jax.random.split(jax.random.key(0), 3), jnp.arange(1.0, 4.0)
    drawn = jax.vmap(poisson)(keys, jnp.tile(means[:, None], (1, 5)))
    np.testing.assert_array_equal(drawn[1], poisson(keys[1], jnp.full(5, 2.0)))
    assert np.all(np.asarray(jax.jacfwd(lambda m: poisson(keys[0], m))(means)) == 0)
