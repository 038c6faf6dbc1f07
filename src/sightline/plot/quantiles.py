"""Cumulative counts of data against those of a model."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from ..statistics import AbstractLikelihood, Correlated, Gaussian, ModelVariance, Posterior, StudentT
from . import energy_axes as along
from .canvas import finish
from .folding import Folded, boxes, chosen, folded, spectra

if TYPE_CHECKING:
    import matplotlib.figure

_SIZE = (5.2, 6.4)
_LEVEL = 0.95
_NOT_COUNTED = (Gaussian, ModelVariance, StudentT, Correlated)


def quantiles(
    posterior: Posterior, values: Any, *, title: str = "", path: PathLike | None = None, overwrite: bool = False
) -> "matplotlib.figure.Figure":
    """Q-Q plots of X-ray spectra: the fraction of all counts below each energy, of the data against that of the model.

    Where the line leaves the diagonal upwards there are more counts at low energies than the model has. Below stands
    the difference against energy. Lines of data of the model stay within the grey band, of half width k/sqrt(N), in
    95 % of all cases, as in the test of Kolmogorov and Smirnov, k = 1.358; for a model that was fitted to the data in
    more. Background counts of the source region are among both. No choice of bins is needed.

    For chains the model is the mean of up to 200 draws, and a band holds 95 % of predicted counts.

    **Arguments:** as `sl.plot.spectrum`; `posterior`: an `sl.Posterior`; `values`: of its parameters, or a fit;
    `title`, `path`, `overwrite`: as of `sl.plot.residuals`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `ValueError` for names that are not free, data that are no counts, or none, and where there is no X-ray
    spectrum.

    **Source:** Buchner & Boorman 2024, in Handbook of X-ray and Gamma-ray Astrophysics, section on model checking
    (Q-Q plots); Massey 1951, J. Am. Stat. Assoc. 46, 68.

    !!! example
        >>> import numpy as np
        >>> import numpyro.distributions as dist
        >>> edges = np.geomspace(0.5, 8.0, 31)
        >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(30), channels=edges)
        >>> observation = sl.counts.Observation(sl.counts.Spectrum(np.full(30, 9.0), exposure=1e4), response)
        >>> model = sl.Model(spectra={"source": sl.spectra.PowerLaw(index=1.0, norm=1e-4)})
        >>> space = sl.ParameterSpace(model, {"spectra.source.index": dist.Uniform(0.0, 5.0)})
        >>> posterior = sl.Posterior(space, sl.CountsLikelihood(observation, "source"))
        >>> figure = sl.plot.quantiles(posterior, {"spectra.source.index": 1.1})
    """
    found, drawn = spectra(posterior), chosen(posterior, values)
    for name, one in found.items():
        _check(name, one)
    figure, each = boxes(found, _SIZE, title)
    for box, name, one in each:
        _draw(box, name, folded(posterior, one, drawn))
    return finish(figure, path, overwrite)


def _check(name: str, one: AbstractLikelihood) -> None:
    if isinstance(one.noise, _NOT_COUNTED):
        raise ValueError(f"{name} has {one.describe()} noise: quantiles are of counts. See sl.plot.spectrum.")
    if not np.any(np.asarray(one.data) > 0):
        raise ValueError(f"{name} holds no counts: there are no quantiles.")


def _draw(box: Any, name: str, seen: Folded) -> None:
    from scipy.stats import kstwobign

    upper, lower = box.subplots(2, 1, height_ratios=(5, 2))
    data, model = cumulative(seen.data.counts), cumulative(seen.mean.mean(axis=0))
    total = int(seen.data.counts.sum())
    half = float(kstwobign.ppf(_LEVEL)) / total**0.5
    away = float(np.abs(data - model).max())
    _diagonal(upper, half)
    predicted = np.stack([cumulative(one) for one in seen.predicted if one.sum() > 0])
    upper.plot(model, data, color=along.DATA, linewidth=1.3, label="data")
    upper.set_xlabel("fraction of model counts", fontsize=10)
    upper.set_ylabel("fraction of data counts", fontsize=10)
    upper.set_title(f"{name}: {total} counts, D = {away:.3g}", loc="left", fontsize=10, fontweight="bold")
    upper.legend(fontsize=8, frameon=False, loc="upper left")
    _difference(lower, seen, (data - model, predicted - model), half)
    for panel in (upper, lower):
        panel.tick_params(which="both", direction="in", top=True, right=True, labelsize=9)


def _difference(panel: Any, seen: Folded, away: tuple[np.ndarray, np.ndarray], half: float) -> None:
    """Data less model against energy, and where predicted counts lie."""
    edges, (data, predicted) = np.append(seen.low[0], seen.high), away
    panel.axhspan(-half, half, color="0.85", linewidth=0)
    if len(predicted) > 1:
        bounds = np.quantile(predicted, [0.025, 0.975], axis=0)
        panel.fill_between(edges, *bounds, color=along.MODEL, alpha=0.25, linewidth=0, label="95 % of predicted counts")
        panel.legend(fontsize=7, frameon=False, loc="lower right")
    panel.plot(edges, data, color=along.DATA, linewidth=1.2)
    panel.axhline(0.0, color=along.MODEL, linewidth=1.0)
    reach = max(1.6 * half, 1.1 * float(np.abs(data).max()))
    panel.set_ylim(-reach, reach)
    panel.set_ylabel(r"data$-$model", fontsize=10)
    along.energies(panel, seen.low, seen.high)


def _diagonal(panel: Any, half: float) -> None:
    x = np.array([0.0, 1.0])
    panel.fill_between(x, x - half, x + half, color="0.85", linewidth=0, label="95 % of data of the model")
    panel.plot(x, x, color=along.MODEL, linewidth=1.0)
    panel.set_xlim(0, 1)
    panel.set_ylim(0, 1)
    panel.set_aspect("equal")


def cumulative(counts: np.ndarray) -> np.ndarray:
    """The fraction of counts in the groups below, from 0 to 1, (n + 1,)."""
    below = np.append(0.0, np.cumsum(counts))
    return below / below[-1]
