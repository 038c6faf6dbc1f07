"""What a model leaves unexplained."""

from typing import TYPE_CHECKING, Any

import equinox as eqx
import numpy as np
from jaxtyping import Array

from .._core.files import PathLike
from ..statistics import AbstractLikelihood, Posterior
from ..statistics.layout import layout
from .canvas import finish
from .panels import Painter, boxes, common, entitle, named
from .scales import symmetric_limit

if TYPE_CHECKING:
    import matplotlib.figure


def residuals(
    posterior: Posterior,
    values: Any,
    *,
    title: str = "",
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """For each likelihood the data, the model and the normalised residuals, also as a histogram beside a unit Gaussian.

    Maps where data are pixels, points on the sky where they are sources or bins, images and cubes where they are those,
    lines against an axis, else against the number of the datum; a row for each Stokes parameter and frequency.
    Titles say chi^2/n. Residuals are

    r = J (d - m),  with J^T J = F the Fisher information of the mean,

    which is (d - m)/sigma for Gaussian noise, (d - m)/sqrt(m) for counts, and for Student's t distribution of scale s
    and nu degrees of freedom sqrt((nu + 1)/(nu + 3)) (d - m)/s.

    **Arguments:** `values`: constrained parameters by name, of which those left out are the model's; `title`, `path`,
    `overwrite`: as `maps`; `posterior`: an `sl.Posterior`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `ValueError` for names that are not free.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace(simulator, {"magnetic_field.b0": dist.Uniform(0.0, 10.0)})
        >>> posterior = sl.Posterior(space, [sl.MapLikelihood(sky, 23.0, data=stokes, noise=1e-5, parameters="QU")])
        >>> figure = sl.plot.residuals(posterior, {"magnetic_field.b0": 1.5})
    """
    likelihoods, model = named(posterior), posterior.space.replace(values)
    figure, parts_of_figure = boxes([len(layout(one).rows) for one in likelihoods.values()], title)
    for box, (name, one) in zip(parts_of_figure, likelihoods.items(), strict=True):
        mean, normal, deviance = (np.asarray(array, np.float64) for array in _compare(one, model))
        statistic = getattr(getattr(one, "noise", None), "statistic", "deviance").replace("chi^2", r"$\chi^2$")
        entitle(box, f"{name}: {statistic}/n = {deviance:.5g}/{one.size} = {deviance / one.size:.3g}")
        _draw(box, one, mean, normal)
    return finish(figure, path, overwrite)


@eqx.filter_jit
def _compare(likelihood: AbstractLikelihood, model: Any) -> tuple[Array, Array, Array]:
    """The mean and the normalised residuals, in the shape of the data, and chi^2."""
    return likelihood.mean(model), likelihood.normalised(model), likelihood.deviance(model)


def _draw(box: Any, one: AbstractLikelihood, mean: np.ndarray, normal: np.ndarray) -> None:
    """A row for each part of the data."""
    data, laid = np.asarray(one.data, np.float64), layout(one)
    painter = Painter(box, laid.place, (len(laid.rows), 4))
    rows = (array.reshape(-1, data.shape[-1]) for array in (data, mean, normal))
    for row, (name, measured, model, residual) in enumerate(zip(laid.rows, *rows, strict=True)):
        stretch, limits = common(measured, model)
        half = max(3.0, symmetric_limit(residual))
        prefix = f"{name}: " if name else ""
        painter.show(4 * row, measured, f"{prefix}data", laid.unit, stretch, limits)
        painter.show(4 * row + 1, model, "model", laid.unit, stretch, limits)
        painter.show(4 * row + 2, residual, r"(data $-$ model)/$\sigma$", "", "diverging", (-half, half))
        _histogram(painter.histogram(4 * row + 3), residual)


def _histogram(axes: Any, residual: np.ndarray) -> None:
    half = float(np.clip(np.abs(residual).max(), 4.0, 8.0))
    x = np.linspace(-half, half, 201)
    inside = np.clip(residual, -half, half)
    bins = int(np.clip(2 * residual.size ** (1 / 3) * half / 4, 9, 61))
    axes.hist(inside, bins, range=(-half, half), density=True, color="0.75", label=f"{residual.size} data")
    axes.plot(x, np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi), color="#d62728", linewidth=1.2, label="unit Gaussian")
    axes.set_xlim(-half, half)
    axes.set_xlabel(rf"(data $-$ model)/$\sigma$, mean {residual.mean():.2g}, s.d. {residual.std():.3g}", fontsize=8)
    axes.legend(fontsize=7, frameon=False, loc="upper right")
    axes.set_box_aspect(0.55)
    axes.margins(y=0.25)
