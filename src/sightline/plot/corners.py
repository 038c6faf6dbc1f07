"""Corner plots: every parameter, and every pair of them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from . import corner_panels as panels
from . import names as naming
from .canvas import finish
from .densities import ONE_SIGMA, TWO_SIGMA, Density, density

if TYPE_CHECKING:
    import matplotlib.figure


def corner(
    what: Any,
    *more: Any,
    truths: Mapping[str, Any] | None = None,
    names: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    levels: tuple[float, float] = (ONE_SIGMA, TWO_SIGMA),
    title: str = "",
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """Every parameter by itself and every pair of them: chains as histograms and contours, fits as Gaussians.

    Contours and ellipses of two parameters hold the mass of `levels`, which the legend says, by default 39.3 and
    86.5 %: one and two standard deviations of a Gaussian. Above a column stand the mean and standard deviation, if one
    distribution alone is drawn. Axes bear the symbols that parameters declare, with the unit; names where there is no
    symbol, or several parameters have the same.

    **Arguments:**

    - `what`, `more`: chains, `sl.Fisher` or `sl.FitResult`, drawn over each other where they share parameters.
    - `truths`: values to mark, by name of the parameter; arrays by theirs.
    - `names`: which parameters, globs allowed, in this order; `None`: all of `what`.
    - `labels`: one for each of `what` and `more`, for the legend.
    - `levels`: shares of the mass, (2,), e.g. `(0.68, 0.95)`, the smaller first.
    - `title`, `path`, `overwrite`: as `maps`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `TypeError` for what is no distribution of parameters; `ValueError` for names that are not there, levels
    that are no shares, parameters without finite error, more than 40 parameters.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace(simulator, {"magnetic_field.psi*": dist.Uniform(-90.0, 90.0)})
        >>> posterior = sl.Posterior(space, [sl.MapLikelihood(sky, 23.0, data=stokes, noise=1e-5, parameters="QU")])
        >>> figure = sl.plot.corner(sl.fisher(posterior), truths=space.initial)
    """
    drawn = [density(one) for one in (what, *more)]
    if labels is not None and len(labels) != len(drawn):
        raise ValueError(f"labels names {len(labels)} of {len(drawn)} distributions: give one for each.")
    inner, outer = levels
    if not 0 < inner < outer < 1:
        raise ValueError(f"levels = {levels} must be two shares of the mass between 0 and 1, the smaller first.")
    chosen = naming.choose(drawn[0].labels, names)
    _check_finite(drawn, chosen)
    marks = _marks({} if truths is None else truths, drawn[0].labels)
    grid = panels.make_grid(drawn, chosen, marks)
    for one, colour in zip(drawn, panels.COLOURS * len(drawn), strict=False):
        panels.draw(grid, one, chosen, colour, levels, filled=len(drawn) == 1)
    panels.mark(grid, chosen, marks)
    if len(drawn) == 1:
        panels.write_numbers(grid, drawn[0], chosen)
    kinds = [type(one).__name__ for one in (what, *more)]
    panels.legend(grid.figure, kinds if labels is None else labels, title, levels if len(chosen) > 1 else ())
    return finish(grid.figure, path, overwrite)


def _check_finite(drawn: list[Density], chosen: list[str]) -> None:
    shared = [one for one in drawn if set(one.labels) & set(chosen)]
    if len(shared) < len(drawn):
        raise ValueError(f"One distribution has none of the parameters {', '.join(chosen)}: leave it out.")
    for one in drawn:
        sizes = np.diagonal(one.covariance)
        free = [name for name, size in zip(one.labels, sizes, strict=True) if name in chosen and not np.isfinite(size)]
        if free:
            raise ValueError(f"{', '.join(free)}: the error is infinite. Leave it out by names=[...].")


def _marks(truths: Mapping[str, Any], labels: list[str]) -> dict[str, float]:
    """Values to mark by label; those of an array are found under its name."""
    marks: dict[str, float] = {}
    for name, given in truths.items():
        found, values = naming.choose(labels, [name]), np.ravel(np.asarray(given, np.float64))
        if values.size != len(found):
            raise ValueError(f"truths[{name!r}] has {values.size} values, the parameter {len(found)}.")
        marks |= dict(zip(found, values.tolist(), strict=True))
    return marks
