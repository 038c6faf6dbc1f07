from typing import Any

import numpy as np

from ..._core.units import number, numbers
from ...statistics.likelihood import Likelihood
from ...statistics.noise import AbstractNoise, Gaussian, StudentT, check_positive
from ..observables import AbstractObservable
from ..stokes import is_blank


def SourceLikelihood(
    observable: AbstractObservable,
    data: Any,
    error: Any,
    *,
    scatter: Any = None,
    student: float | int | None = None,
    name: str = "sources",
) -> Likelihood:
    """The likelihood of measurements to sources: rotation, dispersion or emission measures.

    d_i = m_i + e_i, with e_i Gaussian, or of Student's t distribution, of scale^2 = error_i^2 + scatter^2.

    Rows without a finite datum or error are left out, and those of the sentinel of HEALPix files.

    **Arguments:**

    - `observable`: e.g. `sl.observables.RotationMeasure(sl.Directions(l, b))`.
    - `data`, `error`: (n,), the latter or a number, in the unit of the observable, or astropy quantities.
    - `scatter`: intrinsic, in the same unit; a number, or the name of a nuisance parameter of the `Model`.
    - `student`: degrees of freedom of Student's t distribution, for outliers; `None`: Gaussian.
    - `name`: what summaries and figures call it.

    **Returns:** an `sl.statistics.Likelihood`, for an `sl.Posterior`.

    **Raises:** `ValueError` for lengths that differ, no finite data, or errors that are not positive.

    !!! example
        >>> pulsars = sl.SourceCatalogue(l=[30.0, 210.0], b=[1.0, -40.0], distance=[3.2, 0.4])
        >>> observable = sl.observables.DispersionMeasure(pulsars)
        >>> likelihood = sl.SourceLikelihood(observable, data=[110.0, 14.0], error=0.1, scatter=10.0, student=4)
        >>> likelihood.summary()
        likelihood  sources
        ----------  -------------------------------------------
        observable  DispersionMeasure
        data        (2,), 14 ... 110
        noise       Student t, 4 degrees of freedom, scale = 10
        sources     2 of 2
    """
    unit, size = observable.unit, observable.sightlines.sky.size
    values, spread = (_column(what, given, unit, size) for what, given in (("data", data), ("error", error)))
    if values.shape != (size,):
        raise ValueError(f"data have shape {values.shape}, the observable has {size} sources.")
    kept = np.flatnonzero(np.isfinite(values) & np.isfinite(spread))
    if not kept.size:
        raise ValueError("No source is left: no row has a finite datum and error.")
    named = isinstance(scatter, str)
    constant = 0.0 if scatter is None or named else number(scatter, unit, "scatter")
    check_positive(spread[kept], "error")
    if not (np.isfinite(constant) and constant >= 0):
        raise ValueError(f"scatter = {scatter} must be finite and not negative.")
    scale = np.hypot(spread[kept], constant)
    smaller = observable.restrict(kept) if kept.size < size else observable
    noise: AbstractNoise
    noise = Gaussian(scale, scatter if named else None)
    if student is not None:
        noise = StudentT(scale, scatter if named else None, number(student, "", "student"))
    return Likelihood(
        observable if smaller is None else smaller,
        values[kept],
        noise,
        kept if smaller is None else None,
        name,
        (("sources", f"{kept.size} of {size}"),),
    )


def _column(what: str, given: Any, unit: str, size: int) -> np.ndarray:
    values = numbers(given, unit, what)
    if values.ndim == 0:
        values = np.full(size, values) if what == "error" else values[None]
    if values.shape != (size,):
        raise ValueError(f"{what} has shape {values.shape}, the observable has {size} sources.")
    return np.where(is_blank(values), np.nan, values) if what == "data" else values
