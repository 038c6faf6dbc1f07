"""Logarithms and ratios of counts and their means that are finite where these are 0."""

import jax
import jax.numpy as jnp
from jax.scipy.special import xlogy

from .noise import Data


def log_mean(counts: Data, mean: Data) -> Data:
    """n log m - m, which is -inf where counts have no mean."""
    some = mean > 0
    value = xlogy(counts, jnp.where(some, mean, 1)) - mean
    return jnp.where((mean <= 0) & (counts != 0), -jnp.inf, value)  # NaN stays what it is


def safe_ratio(counts: Data, mean: Data) -> Data:
    """n/m, 0 where either is 0."""
    some = (counts > 0) & (mean > 0)
    return jnp.where(some, counts / jnp.where(some, mean, 1), 0)


def safe_log(mean: Data, counts: Data) -> Data:
    """log m where counts need it, 0 elsewhere."""
    some = (mean > 0) & (counts > 0)
    return jnp.where(some, jnp.log(jnp.where(some, mean, 1)), 0)


def at_best(counts: Data) -> Data:
    """n log n - n."""
    return xlogy(counts, jnp.where(counts > 0, counts, 1)) - counts


def per_deviation(mean: Data, variance: Data) -> Data:
    """m over the square root of a variance, which is held fixed."""
    fixed = jax.lax.stop_gradient(variance)
    return mean / jnp.sqrt(jnp.where(fixed > 0, fixed, 1))
