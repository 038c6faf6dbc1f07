"""What figures of X-ray spectra show: counts, what a model makes of them, its components, and the background."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..inference import Chains, FitResult
from ..statistics import AbstractLikelihood, Gaussian, GaussianBackground, ModelVariance, Posterior
from ..xray.counts import FoldedCounts, SourceAndBackground
from ..xray.spectra import components
from . import energy_axes as along
from .canvas import new_figure
from .panels import named

DRAWS = 200
"""Of chains, spread over all."""
_ONE_SIGMA = 0.15865525393145707  # a tail of a Gaussian


class Points(NamedTuple):
    """Counts on a source, (n,), and how far their error bars reach below and above, (2, n)."""

    counts: np.ndarray
    errors: np.ndarray


class Folded(NamedTuple):
    """One spectrum and what draws from its model, or one, give for it; the groups ascend in energy.

    - `low`, `high`: (n,), keV; `exposure`: s.
    - `data`: of the source region; `behind`: of the background in it, scaled; `None` without any.
    - `mean`: (draws, n), all counts expected, `background`: (draws, n), those of a modelled background, or `None`.
    - `parts`: of the components of the source, by name, (draws, n); `source`: their sum.
    - `residuals`: (n,), of unit variance, `behind_residuals`: of the background, where it is modelled.
    - `predicted`: (draws, n), counts with their noise.
    """

    low: np.ndarray
    high: np.ndarray
    exposure: float
    data: Points
    behind: Points | None
    mean: np.ndarray
    background: np.ndarray | None
    source: np.ndarray
    parts: dict[str, np.ndarray]
    residuals: np.ndarray
    behind_residuals: np.ndarray | None
    predicted: np.ndarray

    @property
    def rate(self) -> np.ndarray:
        """(n,), what counts are multiplied by to be counts s-1 keV-1."""
        return 1 / (self.exposure * (self.high - self.low))


def spectra(posterior: Posterior) -> dict[str, AbstractLikelihood]:
    """The likelihoods of X-ray spectra, by name.

    **Raises:** `ValueError` where there are none.
    """
    found = {name: one for name, one in named(posterior).items() if _front(one.observable) is not None}
    if not found:
        raise ValueError(
            f"The posterior has no X-ray spectrum, only {', '.join(posterior.names)}: give one of sl.CountsLikelihood."
        )
    return found


def chosen(posterior: Posterior, values: Any) -> dict[str, Array]:
    """Constrained parameters of all draws to show, (draws, ...): of chains up to 200, else one."""
    if not isinstance(values, Chains):
        given = values.parameters if isinstance(values, FitResult) else values
        return {name: one[None] for name, one in posterior.space.complete(given).items()}
    flat = {name: one.reshape(-1, *one.shape[2:]) for name, one in values.parameters.items()}
    total = values.vector.shape[0] * values.vector.shape[1]
    index = np.unique(np.linspace(0, total - 1, min(DRAWS, total)).astype(int))
    return {name: jnp.asarray(one[index]) for name, one in flat.items()}


def folded(posterior: Posterior, likelihood: AbstractLikelihood, values: dict[str, Array]) -> Folded:
    """A spectrum and what these values give for it."""
    front = _front(likelihood.observable)
    low, high = (np.asarray(one, np.float64) for one in (front.low, front.high))
    order = np.argsort(low, kind="stable")
    evaluated = _evaluate(posterior, likelihood, values)
    found = jax.tree.map(lambda one: np.asarray(one, np.float64)[..., order], evaluated)
    data, ratio = np.asarray(likelihood.data, np.float64)[..., order], _ratio(likelihood)
    ratio = None if ratio is None else ratio[order]
    joint = data.ndim == 2
    mean, residuals, predicted = (found[key][:, 0] if joint else found[key] for key in ("mean", "normal", "drawn"))
    beside = likelihood.noise.background
    mean = mean if beside is None else mean + np.asarray(beside, np.float64)[order]
    return Folded(
        low=low[order],
        high=high[order],
        exposure=float(front.exposure),
        data=_points(likelihood, data[0] if joint else data, order),
        behind=_behind(likelihood, data, ratio, order),
        mean=mean,
        background=ratio * found["mean"][:, 1] if joint else None,
        source=found["source"],
        parts=found["parts"],
        residuals=residuals.mean(axis=0),
        behind_residuals=found["normal"][:, 1].mean(axis=0) if joint else None,
        predicted=predicted,
    )


def boxes(found: dict[str, AbstractLikelihood], size: tuple[float, float], title: str) -> tuple[Any, Iterator[Any]]:
    """A figure with a part for each spectrum, and the parts with the names and likelihoods."""
    figure = new_figure(*size)
    figure.suptitle(title, fontsize=12)
    return figure, zip(along.grid(figure, len(found), size), found, found.values(), strict=True)


def source_of(likelihood: AbstractLikelihood, model: Any) -> Any:
    """The spectrum of the source of a likelihood."""
    return model.spectrum(_front(likelihood.observable).source)


def _front(observable: Any) -> Any:
    """What folds the source, `None` for what is no X-ray spectrum."""
    if isinstance(observable, SourceAndBackground):
        return observable.on
    return observable if isinstance(observable, FoldedCounts) else None


@eqx.filter_jit
def _evaluate(posterior: Posterior, likelihood: AbstractLikelihood, values: dict[str, Array]) -> dict[str, Any]:
    keys = jax.random.split(jax.random.key(0), next(iter(values.values())).shape[0])  # figures are reproducible
    return jax.lax.map(lambda pair: _of_one(likelihood, posterior.space.replace(pair[0]), pair[1]), (values, keys))


def _of_one(likelihood: AbstractLikelihood, model: Any, key: Array) -> dict[str, Any]:
    front = _front(likelihood.observable)
    name, parts = front.source, components(source_of(likelihood, model))

    def alone(spectrum: Any) -> Array:
        return front(eqx.tree_at(lambda one: one.spectra[name], model, spectrum))

    source = front(model)
    return {
        "mean": likelihood.mean(model),
        "normal": likelihood.normalised(model),
        "drawn": likelihood.draw(model, key),
        "source": source,
        "parts": {one: alone(part) for one, part in parts.items()} if len(parts) > 1 else {},
    }


def _ratio(likelihood: AbstractLikelihood) -> np.ndarray | None:
    owner = likelihood.observable if isinstance(likelihood.observable, SourceAndBackground) else likelihood.noise
    ratio = getattr(owner, "ratio", None)
    return None if ratio is None else np.asarray(ratio, np.float64)


def _points(likelihood: AbstractLikelihood, data: np.ndarray, order: np.ndarray) -> Points:
    noise = likelihood.noise
    if isinstance(noise, Gaussian):
        return Points(data, np.tile(np.asarray(noise.sigma, np.float64)[order], (2, 1)))
    if isinstance(noise, ModelVariance):
        return Points(data, np.tile(np.sqrt(np.maximum(data, 1.0)), (2, 1)))
    return Points(data, poisson_errors(data))


def _behind(likelihood: AbstractLikelihood, data: np.ndarray, ratio: Any, order: np.ndarray) -> Points | None:
    """The background as it was measured, scaled to the source."""
    noise = likelihood.noise
    if isinstance(noise, GaussianBackground):
        rate, sigma = (np.asarray(one, np.float64)[order] for one in (noise.rate, noise.sigma))
        return Points(rate, np.stack([sigma, sigma]))
    if ratio is None:
        return None
    counts = data[1] if data.ndim == 2 else np.asarray(getattr(noise, "counts"), np.float64)[order]  # noqa: B009
    return Points(ratio * counts, ratio * poisson_errors(counts))


def poisson_errors(counts: np.ndarray) -> np.ndarray:
    """How far the central interval of 68.3 % of a Poisson mean reaches below and above counts, (2, n).

    **Source:** Garwood 1936, Biometrika 28, 437.
    """
    from scipy.special import gammaincinv

    some = counts > 0
    low = np.where(some, gammaincinv(np.where(some, counts, 1.0), _ONE_SIGMA), 0.0)
    return np.stack([counts - low, gammaincinv(counts + 1, 1 - _ONE_SIGMA) - counts])
