"""Coordinates of fits, in which the posterior is a unit Gaussian where it starts."""

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

import sightline as sl
from sightline.inference.whitening import FLOOR, _definite, whiten
from sightline.statistics import Gaussian, Likelihood

SIZE = 12
PLACES = np.arange(SIZE) / 4
COVARIANCE = 4 * np.exp(-0.5 * (PLACES[:, None] - PLACES) ** 2) + 0.01 * np.eye(SIZE)


def posterior():
    """Sums of three neighbours, of numbers that a prior holds together."""
    space = sl.ParameterSpace({"x": jnp.zeros(SIZE)}, {"x": dist.MultivariateNormal(np.zeros(SIZE), COVARIANCE)})
    data = 3 * np.sin(np.arange(SIZE - 2))
    return sl.Posterior(space, Likelihood(_sums, data, Gaussian(np.full(SIZE - 2, 2.0))))


def _sums(model):
    x = model["x"]
    return x[:-2] + x[1:-1] + x[2:]


def test_coordinates_are_white_where_numbers_of_a_prior_are_correlated():
    """W W^T = (A^T A/sigma^2 + C^-1)^-1."""
    made = posterior()
    matrix = whiten(made, made.space.to_unconstrained(made.space.initial)).matrix
    sums = np.eye(SIZE)[:-2] + np.eye(SIZE)[1:-1] + np.eye(SIZE)[2:]
    expected = np.linalg.inv(sums.T @ sums / 4 + np.linalg.inv(COVARIANCE))
    np.testing.assert_allclose(matrix @ matrix.T, expected, rtol=1e-6, atol=1e-8)


def test_a_curvature_that_is_not_positive_counts_by_its_diagonal():
    np.testing.assert_allclose(_definite(np.array([[2.0, 1.0], [1.0, 2.0]])), [[2.0, 1.0], [1.0, 2.0]])
    np.testing.assert_allclose(_definite(np.array([[-2.0, 1.0], [1.0, np.nan]])), FLOOR * np.eye(2))
