"""Mean and variance of Cash's statistic of counts about a known mean."""

from typing import Any

import numpy as np

MANY = 300.0  # counts from which the series in 1/m is right to 1e-12
_MEAN = (1, 1 / 6, 1 / 6, 19 / 60, 9 / 10, 863 / 252)
_VARIANCE = (2, 2 / 3, 4 / 3, 701 / 180, 449 / 30, 90329 / 1260)
_REACH = 12  # standard deviations that are summed on either side
_ROUND = 60  # counts beyond them, where a Poisson distribution is far from a Gaussian
_BATCH = 2048  # means at a time


def expected_cash(mean: Any) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of Cash's statistic of one datum, C = 2 [m - n + n ln(n/m)] of n ~ Poisson(m).

    Both are summed over all n that have a probability worth the name; above 300 counts they are series in 1/m.

    **Arguments:** `mean`: m, of any shape, in counts; 0 has no scatter.

    **Returns:** arrays of that shape, in double precision.

    !!! example
        >>> [round(float(value), 6) for value in expected_cash(1.0)]
        [1.146806, 1.364602]

    **Source:** Kaastra 2017, A&A 605, A51, section 4; the series is that of its central moments.
    """
    m = np.maximum(np.asarray(mean, np.float64), 0.0)
    flat, result = m.ravel(), np.zeros((2, m.size))
    many, few = flat >= MANY, np.flatnonzero((flat > 0) & (flat < MANY))
    result[:, many] = _series(flat[many])
    for first in range(0, few.size, _BATCH):
        part = few[first : first + _BATCH]
        result[:, part] = _sums(flat[part])
    return result[0].reshape(m.shape), result[1].reshape(m.shape)


def _series(m: np.ndarray) -> np.ndarray:
    x = 1 / m
    return np.stack([np.polynomial.polynomial.polyval(x, _MEAN), np.polynomial.polynomial.polyval(x, _VARIANCE)])


def _sums(m: np.ndarray) -> np.ndarray:
    """Sums over counts from `start`, as many for each mean as it needs."""
    from scipy.special import gammaln, xlogy

    reach = np.ceil(_REACH * np.sqrt(m)) + _ROUND
    start = np.maximum(np.floor(m - reach), 0)
    size = (np.floor(m + reach) - start).astype(int)
    row = np.repeat(np.arange(m.size), size)
    n = start[row] + np.arange(row.size) - np.repeat(np.cumsum(size) - size, size)
    mean = m[row]
    weight = np.exp(xlogy(n, mean) - mean - gammaln(n + 1))
    cash = 2 * (mean - n + xlogy(n, np.maximum(n, 1)) - xlogy(n, mean))
    total = np.bincount(row, weights=weight)
    first = np.bincount(row, weights=weight * cash) / total
    return np.stack([first, np.bincount(row, weights=weight * (cash - first[row]) ** 2) / total])
