"""Whether chains have converged."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .chains import Chains

LARGEST_R_HAT = 1.01
EFFECTIVE_DRAWS = 100  # a chain
"""Both of Vehtari et al. 2021, Bayesian Anal. 16, 667."""


def r_hat(vector: np.ndarray) -> np.ndarray:
    """Rank-normalised split r-hat of (chains, draws, n), (n,); NaN for fewer than four draws."""
    import arviz

    if vector.shape[0] == 1:  # the halves of a single chain are compared
        half = vector.shape[1] // 2
        vector = np.concatenate([vector[:, :half], vector[:, half : 2 * half]])
    if vector.shape[1] < 4:
        return np.full(vector.shape[-1], np.nan)
    return np.array([float(arviz.rhat(one)) for one in np.moveaxis(vector, -1, 0)])


def ess(vector: np.ndarray, method: str) -> np.ndarray:
    """The effective sample size, `"bulk"` or `"tail"`, of (chains, draws, n), (n,); NaN for fewer than four draws."""
    import arviz

    if vector.shape[1] < 4:
        return np.full(vector.shape[-1], np.nan)
    return np.array([float(arviz.ess(one, method=method)) for one in np.moveaxis(vector, -1, 0)])


def complaints(chains: "Chains") -> list[str]:
    """What speaks against convergence, each with its cure; none where nothing does."""
    found = [chains.tree.attrs["complaint"]] if "complaint" in chains.tree.attrs else []
    r, number = chains.r_hat, chains.vector.shape[0]
    least = np.minimum(chains.ess, chains.ess_tail)
    if not np.all(np.isfinite(r)):
        return [*found, "r-hat is not defined: draw more, and let every parameter vary"]
    if np.max(r) > LARGEST_R_HAT:
        found.append(
            f"r-hat = {np.max(r):.3f} of {chains.labels[int(np.argmax(r))]} exceeds {LARGEST_R_HAT}: draw more"
        )
    if np.min(least) < EFFECTIVE_DRAWS * number:
        name = chains.labels[int(np.argmin(least))]
        found.append(f"{np.min(least):.0f} effective draws of {name}, fewer than {EFFECTIVE_DRAWS} a chain: draw more")
    if chains.divergences:
        found.append(f"{chains.divergences} draws diverged: raise target_acceptance or change the parameters")
    return found
