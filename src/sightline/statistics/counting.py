"""Logarithms and ratios of counts and their means: finite where these are 0, to rounding where they are large."""

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln, xlogy

from .noise import Data

_MANY = 32.0  # counts from which four terms of Stirling's series are exact


def misfit(counts: Data, mean: Data) -> Data:
    """m - n + n log(n/m) >= 0, half of Cash's statistic, infinite where counts have no mean.

    Of d = (m - n)/n it is n [d - log(1 + d)], in which large counts do not cancel: to 1e-5 in single precision, where
    n log m of 1e5 counts is known to 0.1.
    """
    some = (counts > 0) & (mean > 0)
    n, m = jnp.where(some, counts, 1), jnp.where(some, mean, 1)
    near = jnp.abs(m - n) < 0.5 * n
    d = jnp.where(near, m - n, 0) / n
    value = jnp.where(near, n * (d - jnp.log1p(d)), m - n + n * (jnp.log(n) - jnp.log(m)))
    return jnp.where(some, value, jnp.where((counts > 0) & (mean <= 0), jnp.inf, mean - counts))  # NaN stays NaN


def at_best(counts: Data) -> Data:
    """n log n - n - log n!: log Poisson(n | n)."""
    many = counts >= _MANY
    n, few = jnp.where(many, counts, _MANY), jnp.where(many, 0, counts)
    u = 1 / (n * n)
    series = -0.5 * jnp.log(2 * jnp.pi * n) - (1 / 12 - u * (1 / 360 - u * (1 / 1260 - u / 1680))) / n
    return jnp.where(many, series, xlogy(few, jnp.where(few > 0, few, 1)) - few - gammaln(few + 1))


def safe_ratio(counts: Data, mean: Data) -> Data:
    """n/m, 0 where either is 0."""
    some = (counts > 0) & (mean > 0)
    return jnp.where(some, counts / jnp.where(some, mean, 1), 0)


def log_ratio(mean: Data, counts: Data) -> Data:
    """log(m/n), 0 where either is 0."""
    some = (mean > 0) & (counts > 0)
    return jnp.log(jnp.where(some, mean, 1)) - jnp.log(jnp.where(some, counts, 1))


def per_deviation(mean: Data, variance: Data) -> Data:
    """m over the square root of a variance, which is held fixed."""
    fixed = jax.lax.stop_gradient(variance)
    return mean / jnp.sqrt(jnp.where(fixed > 0, fixed, 1))
