"""Maps in bands brought to K_CMB and COSMO, and the noise of their pixels."""

from typing import Any, NamedTuple

import numpy as np

from ..._core.given import check_kind
from ..._core.units import brightness_unit, numbers
from ...sky.geometry import AbstractSky, HealpixSky
from ...sky.geometry.comparison import difference
from ...sky.instruments.bands import Bands
from ...sky.pixels import matrices
from ...sky.stokes import Stokes, check_deviations, is_blank
from ...statistics import Correlated, Gaussian
from ...statistics.noise import check_positive

UNIT = "K_CMB"
_ROUNDING = 1e-5  # of a frequency in single precision


class BandMaps(NamedTuple):
    """Maps in bands, K_CMB and COSMO, NaN where nothing was observed, and what brought them there.

    - `values`: (k, bands, npix); `factor`: K_CMB of one unit of the data, (bands,); `signs`: (k,).
    - `unit`: of the data as they came; `given`: and their convention; `sky`: of the pixels, or `None`.
    """

    values: np.ndarray
    factor: np.ndarray
    signs: np.ndarray
    unit: str
    given: str
    sky: AbstractSky | None


def to_bands(
    data: Any, bands: Bands, parameters: str, unit: str | None, convention: str | None, sky: AbstractSky | None
) -> BandMaps:
    """Data as maps in bands.

    **Raises:** `ValueError` for data without unit or convention, of other bands, parameters or pixels.
    """
    check_parameters(parameters)
    if isinstance(data, Stokes):
        if unit is not None or convention is not None:
            raise ValueError("A Stokes knows its unit and convention: leave `unit` and `convention` out.")
        values, unit, convention = _of_stokes(data, bands, parameters), data.unit, data.convention
        check_ordering("data", data.sky, sky)
        check_polarised(data, parameters)
        sky = data.sky if sky is None else sky
    else:
        if unit is None or (convention is None and set(parameters) & set("QU")):
            raise ValueError(
                "data are arrays: state unit=('K_CMB', 'K_RJ', 'MJy/sr', or e.g. 'uK_CMB') and, for Q and U, "
                "convention=('COSMO' or 'IAU'), or pass a sl.Stokes."
            )
        values = numbers(data, brightness_unit(unit).quantity, "data")
    if convention not in (None, "COSMO", "IAU"):
        raise ValueError(f"convention {convention!r} is not known: choose 'COSMO' (HEALPix) or 'IAU'.")
    values = values[None] if values.ndim == 2 and len(parameters) == 1 else values
    if values.ndim != 3 or values.shape[:2] != (len(parameters), len(bands)):
        raise ValueError(
            f"data have shape {values.shape}: give ({len(parameters)}, {len(bands)}, npix), the parameters "
            f"{parameters} in each of the {len(bands)} bands."
        )
    sky = _sky(sky, values.shape[-1])
    factor = bands.kelvin(unit)
    signs = np.array([-1.0 if convention == "IAU" and name == "U" else 1.0 for name in parameters])
    values = np.where(is_blank(values), np.nan, values * factor[:, None] * signs[:, None, None])
    return BandMaps(values, factor, signs, unit, ", ".join(filter(None, (unit, convention))), sky)


def check_parameters(parameters: str) -> None:
    """Refuses anything but some of I, Q and U.

    **Raises:** `ValueError`.
    """
    names = set(parameters) if isinstance(parameters, str) else set()
    if not names or len(names) < len(parameters) or names - set("IQU"):
        raise ValueError(f"parameters = {parameters!r}: name some of 'IQU', each once.")


def check_ordering(what: str, own: AbstractSky | None, sky: AbstractSky | None) -> None:
    """Refuses maps whose own sky has its pixels elsewhere than the one that is given.

    **Raises:** `ValueError`.
    """
    apart = "" if own is None or sky is None else difference(own, sky, "the sky given")
    if apart:
        raise ValueError(f"{what} {apart}: bring both to one, or leave `sky` out.")


def check_polarised(data: Stokes, parameters: str) -> None:
    """Refuses Q and U of maps that have an intensity alone.

    **Raises:** `ValueError`.
    """
    maps = {name: np.asarray(getattr(data, name)) for name in "IQU"}
    empty = {name: not np.any(one[~is_blank(one)]) for name, one in maps.items()}
    if empty["Q"] and empty["U"] and not empty["I"] and set(parameters) & set("QU"):
        raise ValueError(
            f"parameters = {parameters!r}, but Q and U of the data are 0 everywhere: these are maps of intensity, give "
            "parameters='I' or polarised maps."
        )


def spread(noise: Any, maps: BandMaps, bands: Bands, parameters: str) -> np.ndarray:
    """Standard deviations in the shape of the maps, K_CMB; those of the depths where `noise` is `None`.

    **Raises:** `ValueError` for a shape that does not fit, or depths without a HEALPix sky.
    """
    shape = maps.values.shape
    if noise is None:
        if not isinstance(maps.sky, HealpixSky):
            raise ValueError(
                "noise is None, which takes the depths of the bands, per solid angle, but the pixels of the data are "
                "of no known sky: give sky=sl.HealpixSky(nside, pixels), or noise, standard deviations."
            )
        return np.array(np.broadcast_to(np.asarray(bands.sigma(maps.sky, parameters))[..., None], shape), np.float64)
    if isinstance(noise, Stokes):
        check_ordering("noise maps", noise.sky, maps.sky)
        check_deviations(noise, parameters)
        known = noise.to(maps.unit)
        noise = np.abs(_of_stokes(known, bands, parameters))
    given = numbers(noise, brightness_unit(maps.unit).quantity, "noise")
    try:
        given = np.broadcast_to(given, shape)
    except ValueError:
        raise ValueError(
            f"noise has shape {np.shape(given)}, which does not fit data of {shape}: (parameters, bands, pixels). One "
            "number a band is (bands, 1); one matrix a pixel is the `covariance`."
        ) from None
    return np.where(is_blank(given), np.inf, given * maps.factor[:, None])


def covariances(covariance: Any, maps: BandMaps, parameters: str) -> np.ndarray:
    """Covariances of the Stokes parameters of each pixel in each band, (bands, npix, k, k) K_CMB^2."""
    unit = brightness_unit(maps.unit).quantity
    given = numbers(covariance, "/".join(f"{part}2" for part in unit.split("/")), "covariance")
    return matrices(given, parameters, maps.values.shape[1:], maps.factor, maps.signs)


def noise_of(sigma: np.ndarray | None, known: np.ndarray | None, kept: np.ndarray) -> Gaussian | Correlated:
    """The noise of the pixels that are kept."""
    if known is not None:
        return Correlated(known[..., kept, :, :])
    chosen = np.asarray(sigma)[..., kept]
    check_positive(chosen, "noise")
    return Gaussian(chosen)


def _of_stokes(data: Stokes, bands: Bands, parameters: str) -> np.ndarray:
    labels = np.asarray(data.frequency)
    if labels.shape != (len(bands),) or not np.allclose(labels, bands.frequency, rtol=_ROUNDING, atol=0):
        raise ValueError(f"The data are at {labels} GHz, the bands at {list(bands.frequency)} GHz: bring both to one.")
    return np.stack([np.asarray(getattr(data, name), np.float64) for name in parameters])


def _sky(sky: AbstractSky | None, npix: int) -> AbstractSky | None:
    """The sky of the pixels: given, or all of HEALPix where their number is one of its."""
    if sky is not None:
        check_kind("sky", sky, AbstractSky, "a sl.HealpixSky or another sky")
        if sky.size != npix:
            raise ValueError(f"data have {npix} pixels, the sky {sky.size}: bring both to one.")
        return sky
    nside = round((npix / 12) ** 0.5)
    whole = 12 * nside**2 == npix and nside & (nside - 1) == 0 and nside > 0
    return HealpixSky(nside) if whole else None


def maps_and_noise(
    data: Any,
    bands: Bands,
    parameters: str,
    noise: Any,
    covariance: Any,
    unit: str | None,
    convention: str | None,
    sky: AbstractSky | None,
) -> tuple[BandMaps, np.ndarray | None, np.ndarray | None]:
    """Maps in bands with their standard deviations or their covariances, of which one is `None`.

    **Raises:** `ValueError` for both kinds of noise.
    """
    if noise is not None and covariance is not None:
        raise ValueError("Give either noise, standard deviations, or covariance, one matrix a pixel.")
    maps = to_bands(data, bands, parameters, unit, convention, sky)
    known = None if covariance is None else covariances(covariance, maps, parameters)
    return maps, spread(noise, maps, bands, parameters) if known is None else None, known


def of_the_same_pixels(values: np.ndarray, npix: int, kept: Any) -> np.ndarray:
    """The pixels that are used of other maps of the same bands.

    **Raises:** `ValueError` for maps of other pixels, or blank in these.
    """
    if values.shape[-1] != npix:
        raise ValueError(f"maps have {values.shape[-1]} pixels, the data {npix}.")
    chosen = values if kept is None else values[..., np.asarray(kept)]
    if not np.all(np.isfinite(chosen)):
        raise ValueError("maps are blank in pixels that are used: leave these out by the mask of the likelihood.")
    return chosen
