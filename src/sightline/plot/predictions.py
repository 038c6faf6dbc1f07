"""Data beside what a posterior predicts for them."""

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from ..statistics import AbstractLikelihood, Posterior
from ..statistics.layout import layout
from .canvas import finish
from .panels import Painter, boxes, common, entitle, named
from .scales import finite

if TYPE_CHECKING:
    import matplotlib.figure


def predictive(
    posterior: Posterior,
    predictive: Mapping[str, Any],
    *,
    title: str = "",
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """For each likelihood the data, mean and standard deviation of posterior predictive draws, and ranks of the data.

    The rank of a datum is the number of draws below it, and half of those equal to it: if the model is right, all ranks
    are about equally frequent; a hump in the middle means errors that are too large, heaps at the ends too small ones.
    The band is where bins of independent data lie in 95 % of all cases.

    **Arguments:**

    - `predictive`: draws by name of the likelihood, (draws, *shape of the data), as `sl.posterior_predictive` gives.
    - `title`, `path`, `overwrite`: as `maps`.
    - `posterior`: an `sl.Posterior`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `ValueError` for names or shapes that are not those of the posterior.

    !!! example
        >>> draws = sl.posterior_predictive(posterior, chains, jax.random.key(1), draws=4)
        >>> figure = sl.plot.predictive(posterior, draws)
    """
    likelihoods = named(posterior)
    draws = {name: _check(name, given, likelihoods) for name, given in predictive.items()}
    if not draws:
        raise ValueError("predictive is empty: give sl.posterior_predictive(posterior, chains, key).")
    figure, parts_of_figure = boxes([len(layout(likelihoods[name]).rows) for name in draws], title)
    for box, (name, values) in zip(parts_of_figure, draws.items(), strict=True):
        entitle(box, f"{name}: {len(values)} predictive draws")
        _draw(box, likelihoods[name], values)
    return finish(figure, path, overwrite)


def _check(name: str, given: Any, likelihoods: dict[str, AbstractLikelihood]) -> np.ndarray:
    if name not in likelihoods:
        near = difflib.get_close_matches(name, likelihoods, n=3, cutoff=0.3) or list(likelihoods)
        raise ValueError(f"predictive: there is no likelihood {name!r}; near it are {', '.join(near)}.")
    values, shape = np.asarray(given, np.float64), likelihoods[name].data.shape
    if values.shape[1:] != shape or len(values) < 2:
        raise ValueError(f"predictive[{name!r}] has shape {values.shape}, not {('draws', *shape)}, 2 draws at least.")
    return values


def _draw(box: Any, one: AbstractLikelihood, draws: np.ndarray) -> None:
    """A row for each part of the data."""
    data, laid = np.asarray(one.data, np.float64), layout(one)
    painter = Painter(box, laid.place, (len(laid.rows), 4))
    ranks = np.sum(draws < data, axis=0) + np.sum(draws == data, axis=0) // 2  # counts have ties
    rows = (array.reshape(-1, data.shape[-1]) for array in (data, draws.mean(axis=0), draws.std(axis=0, ddof=1), ranks))
    for row, (name, measured, mean, spread, rank) in enumerate(zip(laid.rows, *rows, strict=True)):
        stretch, limits = common(measured, mean)
        prefix = f"{name}: " if name else ""
        painter.show(4 * row, measured, f"{prefix}data", laid.unit, stretch, limits)
        painter.show(4 * row + 1, mean, "predictive mean", laid.unit, stretch, limits)
        painter.show(4 * row + 2, spread, "predictive s.d.", laid.unit, *common(finite(spread)))
        _histogram(painter.histogram(4 * row + 3), rank, len(draws))


def _histogram(axes: Any, ranks: np.ndarray, draws: int) -> None:
    """Ranks in bins of equal width, and what to expect of independent data."""
    from scipy.stats import binom

    bins = int(np.clip(min(draws + 1, ranks.size / 8), 4, 20))
    edges = np.linspace(-0.5, draws + 0.5, bins + 1)
    share = np.diff(np.ceil(edges)) / (draws + 1)  # whole ranks do not fall evenly into bins
    low, high = binom.interval(0.95, ranks.size, share) / (ranks.size * share)
    axes.stairs(np.histogram(ranks, edges)[0] / (ranks.size * share), edges, color="0.4", fill=True, alpha=0.5)
    axes.stairs(high, edges, baseline=low, fill=True, color="#d62728", alpha=0.2)
    axes.axhline(1.0, color="#d62728", linewidth=0.8)
    axes.set_xlim(-0.5, draws + 0.5)
    axes.set_xlabel(f"rank of the data among {draws} draws", fontsize=8)
    axes.set_ylabel("frequency/expected", fontsize=8)
    axes.set_box_aspect(0.55)
