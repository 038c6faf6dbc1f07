"""Whether chains have converged, and importance weights are of use."""

import importlib
import warnings
from typing import Any

import numpy as np

LARGEST_R_HAT = 1.01
EFFECTIVE_DRAWS = 100  # a chain
"""Both of Vehtari et al. 2021, Bayesian Anal. 16, 667."""
TAILS = (0.05, 0.95)
"""The quantiles whose effective sample sizes are those of the tails; arviz before 1 takes them by default."""
EQUAL = 0.1  # largest range of logarithms of importance weights that have no tail


def import_arviz() -> Any:
    """arviz, without what its versions before 1 say of the next ones when they are imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import arviz
    return arviz


def before_1(arviz: Any) -> bool:
    """Whether arviz is of its versions before 1, which have other functions and containers."""
    return int(arviz.__version__.split(".")[0]) < 1


def r_hat(vector: np.ndarray) -> np.ndarray:
    """Rank-normalised split r-hat of (chains, draws, n), (n,); NaN for fewer than four draws."""
    arviz = import_arviz()
    if vector.shape[0] == 1:  # the halves of a single chain are compared
        half = vector.shape[1] // 2
        vector = np.concatenate([vector[:, :half], vector[:, half : 2 * half]])
    if vector.shape[1] < 4:
        return np.full(vector.shape[-1], np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):  # of what does not vary
        return np.array([float(arviz.rhat(one)) for one in np.moveaxis(vector, -1, 0)])


def ess(vector: np.ndarray, method: str) -> np.ndarray:
    """The effective sample size, `"bulk"` or `"tail"`, of (chains, draws, n), (n,); NaN for fewer than four draws."""
    arviz = import_arviz()
    if vector.shape[1] < 4:
        return np.full(vector.shape[-1], np.nan)
    options = {"method": method} | ({"prob": TAILS} if method == "tail" else {})
    return np.array([float(arviz.ess(one, **options)) for one in np.moveaxis(vector, -1, 0)])


def pareto_k(weights: np.ndarray) -> float:
    """The shape of the tail of importance weights, from their logarithms, (draws,); 0 where they hardly differ."""
    return smoothed(weights)[1]


def smoothed(weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Logarithms of importance weights, (draws,), Pareto-smoothed, and k; as they are, k = 0, where alike."""
    weights = np.asarray(weights - np.max(weights), np.float64)
    if np.ptp(weights) < EQUAL:
        return weights, 0.0
    with np.errstate(all="ignore"):  # arviz divides by tails without extent
        found, k = _smoothed(weights)
    return np.asarray(found), float(np.asarray(k))


def _smoothed(weights: np.ndarray) -> Any:
    """By arviz."""
    arviz = import_arviz()
    if before_1(arviz):
        return arviz.psislw(weights)
    stats = importlib.import_module("arviz_stats.base").array_stats
    return stats.psislw(-weights)  # takes log likelihoods, whose weights are their inverse


def complaints(labels: list[str], r_hat: np.ndarray, least: np.ndarray, chains: int, divergences: int) -> list[str]:
    """What speaks against convergence, each with its cure; none where nothing does.

    **Arguments:** `r_hat`, `least`: and the smaller effective sample size of bulk and tail, (n,), of the parameters
    `labels`; `chains`: how many.
    """
    found: list[str] = []
    if not np.all(np.isfinite(r_hat)):
        return ["r-hat is not defined: draw more, and let every parameter vary"]
    if np.max(r_hat) > LARGEST_R_HAT:
        worst = int(np.argmax(r_hat))
        found.append(f"r-hat = {r_hat[worst]:.3f} of {labels[worst]} exceeds {LARGEST_R_HAT}: draw more")
    if np.min(least) < EFFECTIVE_DRAWS * chains:
        name = labels[int(np.argmin(least))]
        found.append(f"{np.min(least):.0f} effective draws of {name}, fewer than {EFFECTIVE_DRAWS} a chain: draw more")
    if divergences:
        found.append(f"{divergences} draws diverged: raise target_acceptance or change the parameters")
    return found
