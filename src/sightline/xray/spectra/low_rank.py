"""Principal components of Poisson data: a low-rank logarithm of their means."""

import numpy as np

_ROUNDS = 60
_LONGEST = 1.0  # of a step in any logarithm
_PRIOR = 0.5  # counts that a channel has beyond its own, so that none is empty
_RIDGE = 1.0  # inverse variance of a loading, in logarithms, for coefficients of unit variance


def factorised(counts: np.ndarray, weight: np.ndarray, components: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and components of ln(counts/weight), the most probable of Poisson counts.

    n_si ~ Poisson(w_si exp(b_s + mu_i + sum_k a_sk V_ki)), by Newton's steps of spectra and channels in turn.

    **Arguments:** `counts`, `weight`: (s, m), a weight of 0 where there are no data, and data in each row and column.

    **Returns:** `mean`: (m,); `components`: (k, m), those of the largest variance first, each scaled so that its
    coefficients have the variance 1 among the spectra, and 0 on average; their mean over the channels is 0.

    **Source:** Collins, Dasgupta & Schapire 2001, Advances in Neural Information Processing Systems 14, 617.
    """
    base = np.log(np.where(weight > 0, weight, 1.0))
    total = np.log(counts.sum(axis=1) / weight.mean(axis=1))
    mean = np.log(counts.sum(axis=0) + _PRIOR) - np.log(np.sum(weight * np.exp(total)[:, None], axis=0))
    scores, parts = _begin(counts, weight, base + total[:, None] + mean, components)
    for _ in range(_ROUNDS):
        design = np.vstack([np.ones_like(mean), parts])
        step = _newton(counts, weight, base, np.column_stack([total, scores]), design, mean, 0.0, 0.0)
        total, scores = step[:, 0], step[:, 1:]
        design = np.vstack([np.ones_like(total), scores.T])
        step = _newton(counts.T, weight.T, base.T, np.column_stack([mean, parts.T]), design, total, _RIDGE, _PRIOR)
        mean, parts = step[:, 0], step[:, 1:].T
        mean, scores, parts = _standard(mean, scores, parts)
    return mean, parts


def _begin(counts: np.ndarray, weight: np.ndarray, level: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest singular vectors of what the means leave, weighted by their counts."""
    mean = np.exp(level)
    away = np.where(weight > 0, (counts - mean) / np.sqrt(mean + _PRIOR), 0.0)
    left, values, right = np.linalg.svd(away, full_matrices=False)
    spread = np.sqrt(len(counts))
    typical = np.sqrt(mean.mean(axis=0) + _PRIOR)
    return left[:, :size] * spread, values[:size, None] * right[:size] / spread / typical


def _newton(
    counts: np.ndarray,
    weight: np.ndarray,
    base: np.ndarray,
    at: np.ndarray,
    design: np.ndarray,
    offset: np.ndarray,
    ridge: float,
    prior: float,
) -> np.ndarray:
    """One step of the coefficients of every row, (rows, k + 1): ln mean = base + offset + at @ design.

    **Arguments:** `ridge`: inverse variance of all but the first; `prior`: counts that the first is told of besides.
    """
    mean, shrunk = np.where(weight > 0, np.exp(base + offset + at @ design), 0.0), ridge * (np.arange(at.shape[1]) > 0)
    slope = (counts - mean) @ design.T - shrunk * at
    slope[:, 0] += prior * np.any(weight > 0, axis=1)
    curvature = np.einsum("rm,km,lm->rkl", mean, design, design, optimize=True)
    extra = shrunk + 1e-9 * np.einsum("rkk->rk", curvature) + 1e-12
    curvature += np.einsum("rk,kl->rkl", extra, np.eye(len(design)))
    return at + np.clip(np.linalg.solve(curvature, slope[..., None])[..., 0], -_LONGEST, _LONGEST)


def _standard(mean: np.ndarray, scores: np.ndarray, parts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same product, with coefficients that are uncorrelated, of mean 0 and variance 1, and components of mean 0."""
    middle = scores.mean(axis=0)
    mean, scores, parts = mean + middle @ parts, scores - middle, parts - parts.mean(axis=1, keepdims=True)
    if not len(parts):
        return mean, scores, parts
    first, size, second = np.linalg.svd(scores, full_matrices=False)
    left, values, right = np.linalg.svd((size[:, None] * second) @ parts, full_matrices=False)
    spread = np.sqrt(len(scores))
    return mean, first @ left * spread, values[:, None] * right / spread
