from typing import Any

import numpy as np

from ...statistics.correlated import Correlated
from ...statistics.likelihood import Likelihood
from ...statistics.noise import AbstractNoise, Gaussian, check_positive
from ..axes import UNITS
from ..pixels import matrices, used
from ..stokes import Stokes, check_deviations, is_blank
from .brightness import Brightness
from .data import Converted, stokes_values, to_brightness


def MapLikelihood(
    sky: Any,
    frequency: Any = None,
    data: Any = None,
    noise: Any = None,
    *,
    energy: Any = None,
    covariance: Any = None,
    parameters: str = "",
    unit: str | None = None,
    convention: str | None = None,
    instrument: str | None = None,
    offset: str | None = None,
    mask: Any = None,
    name: str = "map",
) -> Likelihood:
    """The likelihood of maps of I, Q, U or some of them, with Gaussian noise in every pixel.

    Data are converted once, to K (Rayleigh-Jeans) and COSMO convention. Pixels that are masked, blank (NaN, masked or
    the HEALPix sentinel), or of blank or infinite noise, in any of the parameters are left out, and not simulated
    unless an instrument needs them. Arrays of a band, which have no axis for the frequencies at which that is
    simulated, keep their unit, and the model is brought to it.

    **Arguments:**

    - `sky`: or `Sightlines`; `frequency`: at which it is simulated, GHz, or `energy`, GeV.
    - `data`: a `Stokes`; or arrays, (k, npix) or (k, nfreq, npix), with `unit`, as of a `Stokes`, and, for Q and U,
      `convention`; quantities in e.g. uK are brought to `unit`, which says of which temperature they are.
    - `noise`: standard deviations in the unit of the data: a number, what broadcasts to the shape of the data, a
      quantity, or a `Stokes` that holds those of I, Q and U.
    - `covariance`: instead of `noise`, one matrix a pixel in the unit and convention of the data: (npix, k, k), or
      (npix, 3, 3) of I, Q, U, of which the fitted block is taken; with several frequencies (nfreq, npix, k, k).
    - `parameters`: which, and in which order; by default `"IQU"`, of gamma rays `"I"`.
    - `instrument`, `offset`: as `sl.statistics.Brightness`.
    - `mask`: pixels to use, (npix,) booleans.
    - `name`: what summaries and figures call it.

    **Returns:** an `sl.statistics.Likelihood`, for an `sl.Posterior`.

    **Raises:** `ValueError` for data or noise of other directions, NSIDE, ordering, frequency or unit, all blank, or
    all masked; for noise that is not positive, or whose square is no number; `TypeError` for complex numbers. A
    posterior, or a call, refuses data labelled with another frequency than their instrument gives.

    !!! example
        >>> likelihood = sl.MapLikelihood(sky, 23.0, data=stokes, noise=1e-5, parameters="QU")
        >>> likelihood.residuals(simulator).shape
        (2, 768)
        >>> likelihood.summary()
        likelihood  map
        ----------  --------------------------------------
        observable  Brightness
        data        (2, 768), -8.486e-06 ... 4.231e-05
        noise       Gaussian, sigma = 1e-05
        Stokes      QU, K_RJ, COSMO (given in K_RJ, COSMO)
        frequency   23 GHz
        pixels      768 of 768
    """
    if data is None:
        raise TypeError("MapLikelihood: give data, a sl.Stokes or arrays.")
    target = Brightness(sky, frequency, parameters, instrument, offset, energy=energy)
    data = to_brightness(data, target, unit, convention)
    observable, spread, known = data.observable, _spread(noise, data), _matrices(covariance, data, target.parameters)
    if (spread is None) == (known is None):
        raise ValueError("Give either noise, standard deviations, or covariance, one matrix a pixel.")
    kept = used(data.values, spread, known, mask)
    smaller = observable.restrict(kept) if kept.size < observable.sightlines.sky.size else observable
    distribution = _distribution(spread, known, kept)
    return Likelihood(
        observable if smaller is None else smaller,
        data.values[..., kept],
        distribution,
        kept if smaller is None else None,
        name,
        _notes(observable, data, kept),
    )


def _spread(noise: Any, data: Converted) -> np.ndarray | None:
    """Standard deviations in the unit of the observable, in the shape of the data."""
    if noise is None:
        return None
    if isinstance(noise, Stokes):
        values = np.abs(stokes_values(noise.to(data.unit), data.observable, "noise"))  # U of IAU has the other sign
        check_deviations(noise, data.observable.parameters)
        noise = values
    given = data.numbers(noise, "noise")
    try:
        spread = np.broadcast_to(given, data.values.shape)
    except ValueError:
        raise ValueError(
            f"noise has shape {np.shape(noise)}, which does not fit data of {data.values.shape}; one matrix a pixel is "
            "the `covariance`."
        ) from None
    return np.where(is_blank(spread), np.inf, spread * data.factor[..., None])


def _distribution(spread: np.ndarray | None, known: np.ndarray | None, kept: np.ndarray) -> AbstractNoise:
    if known is not None:
        return Correlated(known[..., kept, :, :])
    spread = np.asarray(spread)[..., kept]
    check_positive(spread, "noise")
    return Gaussian(spread)


def _matrices(covariance: Any, data: Converted, parameters: str) -> np.ndarray | None:
    """Covariances of the fitted parameters in the unit of the observable, squared, COSMO; NaN where they are blank."""
    if covariance is None:
        return None
    given = data.numbers(covariance, "covariance", power=2)
    return matrices(given, parameters, data.values.shape[1:], data.factor, data.signs)


def _notes(observable: Brightness, data: Converted, kept: np.ndarray) -> tuple[tuple[str, str], ...]:
    axis, values = observable.asked
    listed = ", ".join(f"{float(value):g}" for value in np.atleast_1d(values))
    notes = [
        ("Stokes", f"{observable.parameters}, {observable.unit}, COSMO (given in {data.given})"),
        (axis, f"{listed} {UNITS[axis]}"),
        ("pixels", f"{kept.size} of {data.values.shape[-1]}"),
        ("instrument", observable.instrument),
        ("zero level", observable.offset and f"nuisance {observable.offset!r}"),
    ]
    return tuple((what, text) for what, text in notes if text)
