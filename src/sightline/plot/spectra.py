"""X-ray spectra: folded counts, and the spectrum that a model unfolds from them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from ..statistics import Posterior
from . import energy_axes as along
from .canvas import finish
from .folding import Folded, boxes, chosen, folded, spectra

if TYPE_CHECKING:
    import matplotlib.figure

_SIZE = (6.6, 5.2)


def spectrum(
    posterior: Posterior, values: Any, *, title: str = "", path: PathLike | None = None, overwrite: bool = False
) -> "matplotlib.figure.Figure":
    """Every X-ray spectrum of a posterior: counts s-1 keV-1 against energy, the model with its components, residuals.

    Nothing is subtracted: black points are all counts of the source region, with central intervals of 68.3 % of their
    means, and the red line is source and background together. Grey points are the counts of the background, scaled to
    the source, and a grey line is its model where it has one. Residuals are (data - model)/sigma, as
    `sl.plot.residuals` has them. For chains the line is the mean of up to 200 draws; a dark band holds 95 % of the
    models, a light one 95 % of predicted counts.

    **Arguments:** `values`: constrained parameters by name, of which those left out are the model's, a `FitResult`, or
    `Chains`; `title`, `path`, `overwrite`: as `maps`; `posterior`: an `sl.Posterior`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `ValueError` for names that are not free, and where there is no X-ray spectrum.

    !!! example
        >>> import numpy as np
        >>> import numpyro.distributions as dist
        >>> edges = np.geomspace(0.5, 8.0, 31)
        >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(30), channels=edges)
        >>> observation = sl.counts.Observation(sl.counts.Spectrum(np.full(30, 9.0), exposure=1e4), response)
        >>> model = sl.Model(spectra={"source": sl.spectra.PowerLaw(index=1.0, norm=1e-4)})
        >>> space = sl.ParameterSpace(model, {"spectra.source.index": dist.Uniform(0.0, 5.0)})
        >>> posterior = sl.Posterior(space, sl.CountsLikelihood(observation, "source"))
        >>> figure = sl.plot.spectrum(posterior, {"spectra.source.index": 1.1})
    """
    found, drawn = spectra(posterior), chosen(posterior, values)
    figure, each = boxes(found, _SIZE, title)
    for box, name, one in each:
        _counts(box, name, folded(posterior, one, drawn))
    return finish(figure, path, overwrite)


def _counts(box: Any, name: str, seen: Folded) -> None:
    upper, lower = along.pair(box, name)
    rate, edges = seen.rate, (seen.low, seen.high)
    along.band(upper, *edges, seen.predicted * rate, color=along.MODEL, alpha=0.12)
    along.band(upper, *edges, seen.mean * rate, color=along.MODEL, alpha=0.35)
    if seen.behind is not None:
        measured, errors = seen.behind.counts * rate, seen.behind.errors * rate
        along.points(upper, seen, measured, errors, color=along.BEHIND, label="background", markersize=1.5)
    along.points(upper, seen, seen.data.counts * rate, seen.data.errors * rate, color=along.DATA, label="data")
    for number, (part, counts) in enumerate(_lines(seen).items()):
        upper.plot(*along.steps(*edges, counts.mean(axis=0) * rate), **along.part_style(number, part))
    if seen.background is not None:
        line = along.steps(*edges, seen.background.mean(axis=0) * rate)
        upper.plot(*line, color="0.35", linewidth=1.0, label="background model")
    upper.plot(*along.steps(*edges, seen.mean.mean(axis=0) * rate), color=along.MODEL, linewidth=1.3, label="model")
    along.heights(upper, seen.data.counts * rate, seen.mean * rate, *_measured(seen))
    upper.set_ylabel(r"counts s$^{-1}$ keV$^{-1}$", fontsize=10)
    along.legend(upper)
    _residuals(lower, seen)


def _lines(seen: Folded) -> dict[str, np.ndarray]:
    """The components; the source alone, where there is one and something is added to it."""
    beside = seen.background is not None or not np.allclose(seen.source, seen.mean)
    return seen.parts or ({"source": seen.source} if beside else {})


def _measured(seen: Folded) -> list[np.ndarray]:
    return [] if seen.behind is None else [seen.behind.counts * seen.rate]


def _residuals(panel: Any, seen: Folded) -> None:
    if seen.behind_residuals is not None:
        along.points(panel, seen, seen.behind_residuals, np.ones_like(seen.low), color=along.BEHIND, markersize=1.5)
    along.points(panel, seen, seen.residuals, np.ones_like(seen.low), color=along.DATA)
    panel.axhline(0.0, color=along.MODEL, linewidth=1.0)
    largest = max(float(np.nanmax(np.abs(one))) for one in (seen.residuals, seen.behind_residuals) if one is not None)
    half = max(3.5, 1.15 * (largest + 1))
    panel.set_ylim(-half, half)
    panel.set_ylabel(r"(data$-$model)/$\sigma$", fontsize=9)
    along.energies(panel, seen.low, seen.high)
