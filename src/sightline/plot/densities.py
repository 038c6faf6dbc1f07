"""What is known of parameters: draws or a Gaussian, its marginals, and the contours that hold a given mass."""

from typing import Any, NamedTuple

import numpy as np

from ..inference import Chains, Fisher, FitResult

ONE_SIGMA, TWO_SIGMA = 1 - np.exp(-0.5), 1 - np.exp(-2.0)
"""Mass of a Gaussian of two dimensions within one and two standard deviations: 0.393 and 0.865."""
_CELLS = 96


class Density(NamedTuple):
    """The distribution of parameters.

    - `labels`, `units`, `symbols`: of each number; `mean`: (n,); `covariance`: (n, n).
    - `draws`: (draws, n); `None` for a Gaussian.
    """

    labels: list[str]
    units: list[str]
    symbols: list[str]
    mean: np.ndarray
    covariance: np.ndarray
    draws: np.ndarray | None

    def column(self, label: str) -> int:
        """The place of a parameter."""
        return self.labels.index(label)

    def range(self, label: str) -> tuple[float, float]:
        """What an axis should show of a parameter: the draws without the outermost, or 3.2 standard deviations."""
        i = self.column(label)
        if self.draws is not None:
            low, high = np.quantile(self.draws[:, i], [0.002, 0.998]).tolist()
        else:
            half = 3.2 * float(np.sqrt(self.covariance[i, i]))
            low, high = float(self.mean[i]) - half, float(self.mean[i]) + half
        margin = 0.04 * (high - low) or 1e-6 * abs(low) or 1.0
        return low - margin, high + margin


def density(what: Any) -> Density:
    """The distribution that chains, a Fisher matrix or a fit tell of.

    **Raises:** `TypeError` for anything else; `ValueError` for chains that are not finite, a fit without covariance.
    """
    if isinstance(what, FitResult):
        if what.fisher is None:
            raise ValueError("The fit has no covariance: draw sl.fisher(posterior, at=result.parameters).")
        what = what.fisher
    if isinstance(what, Fisher):
        mean = np.concatenate([np.ravel(np.asarray(value, np.float64)) for value in what.values.values()])
        return Density(what.labels, what.units, what.symbols, mean, what.covariance, None)
    if not isinstance(what, Chains):
        raise TypeError(f"{type(what).__name__} cannot be drawn: give chains, a Fisher matrix or the result of a fit.")
    draws = np.asarray(what.vector, np.float64).reshape(-1, len(what.labels))
    if not np.all(np.isfinite(draws)):
        raise ValueError("The chains hold numbers that are not finite: draw parameters by names=[...] that are.")
    return Density(what.labels, what.units, what.symbols, draws.mean(axis=0), np.atleast_2d(np.cov(draws.T)), draws)


def ellipse(mean: np.ndarray, covariance: np.ndarray, sigmas: float, points: int = 181) -> np.ndarray:
    """The curve (x - mean)^T C^-1 (x - mean) = sigmas^2 of two parameters, (points, 2)."""
    angle = np.linspace(0, 2 * np.pi, points)
    values, vectors = np.linalg.eigh(covariance)
    axes = vectors * np.sqrt(np.maximum(values, 0))
    return mean + sigmas * np.stack([np.cos(angle), np.sin(angle)], axis=-1) @ axes.T


class Contours(NamedTuple):
    """A smoothed density on a grid, `values` (len(y), len(x)), and its `levels`, ascending."""

    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    levels: list[float]


def contours(draws: np.ndarray, masses: tuple[float, ...]) -> Contours:
    """The density of draws of two parameters, (n, 2), and the levels above which these fractions of them lie.

    Draws are smoothed by a Gaussian of their own covariance times n^(-1/3) (Scott 2015, Multivariate Density
    Estimation, chapter 6), on a grid by Fourier transforms; the levels are quantiles of the density at the draws, so
    that contours hold what they claim whatever the smoothing did.
    """
    from scipy.ndimage import map_coordinates

    width = len(draws) ** (-1 / 6)
    margin = 4 * width * draws.std(axis=0)
    low, high = draws.min(axis=0) - margin, draws.max(axis=0) + margin
    step = np.where(high > low, high - low, 1.0) / _CELLS
    place = (draws - low) / step - 0.5
    counts, _, _ = np.histogram2d(*place.T, bins=_CELLS, range=[[-0.5, _CELLS - 0.5]] * 2)
    k = np.stack(np.meshgrid(np.fft.fftfreq(_CELLS), np.fft.rfftfreq(_CELLS), indexing="ij"))
    covariance = np.cov(place.T) * width**2
    kernel = np.exp(-2 * np.pi**2 * np.einsum("ixy,ij,jxy->xy", k, covariance, k))
    smooth = np.fft.irfft2(np.fft.rfft2(counts) * kernel, s=counts.shape)
    at_draws = map_coordinates(smooth, place.T, order=1, mode="nearest")
    levels = np.quantile(at_draws, sorted(1 - mass for mass in masses)).tolist()
    middles = low[:, None] + step[:, None] * (np.arange(_CELLS) + 0.5)
    return Contours(middles[0], middles[1], smooth.T, levels)
