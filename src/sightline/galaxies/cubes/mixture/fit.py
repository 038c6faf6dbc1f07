"""Populations and velocities of observed spectra: mixtures of a library, blurred and shifted."""

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...._core.units import numbers
from ..spectra import MaskWarning, Spectra
from .options import Options, checked
from .problem import LIGHT
from .result import Mixture
from .setup import Setup, in_range, set_up
from .single import Part, fitted, nothing

BEYOND = "beyond the library or the range"
LINES = "beside emission lines"
UNFITTED = "of spectra that were not fitted"
MARGIN = 5.0
"""Dispersions that the library must reach beyond the range of velocities."""


def fit_mixture(
    spectra: Any,
    library: Any,
    moments: int = 4,
    degree: int = 4,
    *,
    additive: int | None = None,
    mask: Any = None,
    redshift: Any = None,
    fwhm: Any = None,
    low: Any = None,
    high: Any = None,
    emission: Any = None,
    regularisation: float = 0.0,
    moment_scatter: Any = None,
    start: Any = None,
    velocities: Any = (-1000.0, 1000.0),
    dispersions: Any = (5.0, 500.0),
    steps: int = 100,
    draws: int = 0,
    seed: int = 0,
) -> Mixture:
    """Velocity, dispersion, h_3, h_4, and the mixture of populations that fits spectra best.

    m(lambda) = P(lambda) sum_k w_k (T_k * G * L)(lambda), averaged over each channel: T_k the library, G what makes it
    as blurred as the instrument, L the Gauss-Hermite series of velocities in ln wavelength, P a polynomial, w_k >= 0.
    The weights are solved for at every step (variable projection), the rest is a search with exact derivatives.
    Everything is in double precision on the host.

    **Arguments:**

    - `spectra`: a `Spectra`, or a `SpectralCube`, whose spaxels are then the batch; with variances.
    - `library`: a `Library`.
    - `moments`: how many; 2: velocity and dispersion; 4: with h_3 and h_4; up to 6.
    - `degree`: of the multiplicative Legendre polynomial; 0: none.
    - `additive`: degree of a Legendre polynomial that is added, as is common where only velocities are wanted; `None`:
      none is.
    - `mask`: true for data to leave out, else false, (*batch, channels) or (channels,), beside those of `spectra`.
    - `redshift`: a number for all or each, (*batch,): velocities are relative to it, 1 + z_observed = (1 + z)(1 + V/c);
      `None`: that of the spectra, 0 where they have none.
    - `fwhm`: of the instrument, A as observed, one number, (channels,) or (*batch, channels); `None`: that of the
      spectra. Where they have none it is that of the library, so that dispersions hold what the instrument blurs more;
      `dataclasses.replace(spectra, fwhm=None)` asks for this. It is that before channels of D average, as the model
      does: of recorded lines, of width w, give sqrt(w^2 - (2.3548 D)^2/12).
    - `low`, `high`: the range to fit, A at rest, in the medium of the library.
    - `emission`: data closer than this to a line of gas are left out, km/s; `None`: none are.
    - `regularisation`: (this times the second differences of the shares of light, in age and in metallicity)^2 is added
      to chi^2; 0: nothing is. Larger is smoother; 10 to 100 is common.
    - `moment_scatter`: of the numbers h_3, h_4..., the standard deviation of a prior about 0: noise would drive them
      far from there, e.g. 0.1; `None`: no prior.
    - `start`: velocity and dispersion to start at, km/s; `None`: the best of a row of velocities.
    - `velocities`, `dispersions`: their ranges, (2,) km/s; wide ranges cost channels at the ends of the library.
    - `steps`: evaluations at most.
    - `draws`: so many times the model with new noise is fitted in the place of the data: the scatter of these gives the
      errors, also those of mean ages and metallicities; 0: errors are those of a quadratic. `seed`: a whole
      number, of the noise.

    **Returns:** an `sl.cubes.Mixture`.

    **Raises:** `TypeError` for what are no spectra; `ValueError` for spectra without variances, an instrument sharper
    than the library, channels that are nowhere in the library, and orders and ranges that make no sense.

    **Warns:** `sl.cubes.MaskWarning` for a mask that leaves out more than half of the data.

    !!! example
        >>> import numpy as np
        >>> library, channels = sl.populations.synthetic(), sl.cubes.Channels.regular(4800.0, 1.25, 500)
        >>> light = sl.cubes.rebin(library.wavelength, library.luminosity(5.0, 0.0), channels.edges, 1.0003, 3.0)
        >>> data = sl.cubes.Spectra(light, channels, variance=(0.01 * light) ** 2)
        >>> mixture = sl.cubes.fit_mixture(data, library, moments=2, degree=0)
        >>> 85.0 < float(mixture.velocity) < 95.0
        True

    **Source:** Cappellari and Emsellem 2004, PASP 116, 138; Cappellari 2017, MNRAS 466, 798.
    """
    data = _masked(_data(spectra), mask)
    _check_library(library)
    options = checked(
        **{"moments": moments, "degree": degree, "additive": additive, "low": low, "high": high, "emission": emission},
        **{"regularisation": regularisation, "start": start, "velocities": velocities, "dispersions": dispersions},
        **{"steps": steps, "draws": draws, "seed": seed, "moment_scatter": moment_scatter},
    )
    shifts = _shifts(data.redshift if redshift is None else redshift, data)
    widths = _widths(data.fwhm if fwhm is None else fwhm, data)
    setups: dict[Any, Setup] = {}
    fits = []
    for count, place in enumerate(np.ndindex(*data.shape)):
        one, own = data[place], options._replace(seed=options.seed + count)
        if not np.any(one.kept):  # redshift and width of such a one need not be known
            fits.append(nothing(one.kept, 0, library, own, "no data"))
            continue
        width = None if widths is None else widths[count]
        key = shifts[count], None if width is None else width.tobytes()
        if key not in setups:  # neighbours share one: of many, all but the last are of no more use
            setups = {key: _set_up(data, library, shifts[count], width, options)}
        fits.append(fitted(one, setups[key], shifts[count], library, own))
    return _gathered(fits, data, library)


def _data(spectra: Any) -> Spectra:
    """The data, spaxels of a cube as a batch.

    **Raises:** as `fit_mixture`.
    """
    data = spectra
    if not isinstance(spectra, Spectra):
        flux = getattr(spectra, "flux", None)
        if flux is None or not hasattr(spectra, "channels"):
            raise TypeError(
                f"spectra is a {type(spectra).__name__}: give a sl.cubes.SpectralCube, or sl.cubes.Spectra(flux, "
                "channels, variance)."
            )
        spread = spectra.variance
        squares = None if spread is None else np.asarray(spread).T
        data = Spectra(np.asarray(flux).T, spectra.channels, squares, unit=getattr(spectra, "unit", ""))
    if data.variance is None:
        raise ValueError("spectra have no variance: give Spectra(flux, channels, variance=...), squares of errors.")
    return data


def _masked(data: Spectra, mask: Any) -> Spectra:
    """The data without those of another mask."""
    if mask is None:
        return data
    found = np.asarray(mask)
    try:
        hidden = np.broadcast_to(found, data.flux.shape) != 0
    except ValueError:
        raise ValueError(f"mask has shape {np.shape(mask)}, the data {data.flux.shape}: give one a datum.") from None
    if found.dtype.kind not in "biu":
        raise ValueError(f"mask is of {found.dtype}: give true or false, true for what is left out, e.g. weights == 0.")
    if np.mean(hidden) > 0.5:
        share = f"{int(np.sum(hidden))} of {hidden.size}"
        text = f"mask leaves out {share} data: True is what is left out here. Pass ~mask if it is what counts."
        warnings.warn(text, MaskWarning, stacklevel=3)
    return dataclasses.replace(data, mask=hidden | (False if data.mask is None else data.mask))


def _check_library(library: Any) -> None:
    missing = [name for name in ("nodes", "wavelength", "medium", "fwhm", "age") if not hasattr(library, name)]
    if missing:
        raise TypeError(f"library is a {type(library).__name__}: give a sl.populations.Library, or read one.")


def _shifts(redshift: Any, data: Spectra) -> np.ndarray:
    """Of each spectrum, (spectra,)."""
    found = np.broadcast_to(0.0 if redshift is None else numbers(redshift, "", "redshift"), data.shape).ravel()
    if not np.all((np.isfinite(found) & (found > -1)) | ~np.any(data.kept, axis=-1).ravel()):
        raise ValueError("redshift must be finite and above -1.")
    return found


def _widths(fwhm: Any, data: Spectra) -> np.ndarray | None:
    """Of each spectrum, (spectra, channels), A."""
    if fwhm is None:
        return None
    found = numbers(fwhm, "Angstrom", "fwhm")
    try:
        found = np.broadcast_to(found, data.flux.shape)
    except ValueError:
        raise ValueError(
            f"fwhm has shape {found.shape}: give one number [A], one for each of {len(data.channels)} channels, or one "
            f"for each datum, {data.flux.shape}."
        ) from None
    return found.reshape(-1, len(data.channels))


def _set_up(data: Spectra, library: Any, redshift: float, width: np.ndarray | None, options: Options) -> Setup:
    limits = options.limits
    reach = (max(map(abs, limits.velocity)) + MARGIN * limits.dispersion[1]) / LIGHT
    if width is not None:
        width = np.interp(data.channels.centres, *_finite(data.channels.centres, width))
    wanted = in_range(data.channels, library, redshift, options.low, options.high)
    return set_up(data.channels, library, redshift, width, wanted, reach, options.degree, options.additive)


def _finite(centres: np.ndarray, width: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where widths are known: a survey may leave some out.

    **Raises:** `ValueError` where none is.
    """
    known = np.isfinite(width) & (width > 0)
    if not np.any(known):
        raise ValueError(
            "fwhm has no positive number [A]: dataclasses.replace(spectra, fwhm=None) takes the library's."
        )
    return centres[known], width[known]


def _gathered(fits: Sequence[Part], data: Spectra, library: Any) -> Mixture:
    """All spectra's parts, in the shape of the batch."""

    def of(name: str) -> np.ndarray:
        found = np.array([getattr(fit, name) for fit in fits])
        return np.reshape(found, (*data.shape, *found.shape[1:]))

    names = [name for name in Part._fields if name not in ("lines", "unfitted")]
    lines, unfitted = sum(fit.lines for fit in fits), sum(fit.unfitted for fit in fits)
    beyond = int(np.sum(data.kept)) - int(np.sum(of("used"))) - lines - unfitted
    left_out = data.left_out | {BEYOND: beyond, LINES: lines, UNFITTED: unfitted}
    return Mixture(
        **{name: of(name) for name in names}, left_out=left_out, ages=library.age, metallicities=library.metallicity
    )
