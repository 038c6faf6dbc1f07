"""Maps of the full sky in RING order, as harmonics take them."""

from typing import Any, NamedTuple

import numpy as np

from ..._core.units import numbers
from ..geometry import HealpixSky, healpix
from ..pixels import check_pixels
from ..stokes import Stokes, is_blank

UNIT = "uK_CMB"


class FullMaps(NamedTuple):
    """Maps of the full sky, uK_CMB and COSMO, in RING order, 0 where nothing was observed.

    - `values`: I, Q and U, (3, npix); `weight`: of each pixel, (npix,).
    - `nside`; `intensity`, `polarised`: which were observed at all.
    """

    values: np.ndarray
    weight: np.ndarray
    nside: int
    intensity: bool
    polarised: bool


def full_maps(stokes: Any, mask: Any, binary: bool) -> FullMaps:
    """A `Stokes` of one frequency on the full sky.

    **Raises:** `TypeError` for what is no `Stokes`; `ValueError` for several frequencies, an unknown sky, a mask that
    does not fit, and where no pixel is left.
    """
    if not isinstance(stokes, Stokes):
        raise TypeError(f"stokes is a {type(stokes).__name__}: give a sl.Stokes, maps of I, Q and U.")
    if stokes.frequency.ndim:
        raise ValueError(f"stokes has {len(stokes)} frequencies: give one of them, stokes[0].")
    check_pixels(stokes, "A power spectrum")
    sky = _sky(stokes)
    found = stokes.to(UNIT).to_convention("COSMO")
    maps = np.stack([np.asarray(getattr(found, name), np.float64) for name in "IQU"])
    there = ~is_blank(maps)
    intensity, polarised = bool(np.any(there[0])), bool(np.any(there[1:]))
    used = np.array([intensity, polarised, polarised])
    weight = np.all(there[used], axis=0) * _weights(mask, sky.size, binary)
    if not np.any(used) or not np.any(weight > 0):
        raise ValueError("No pixel is left: the mask and blank pixels (NaN, UNSEEN) exclude them all.")
    values = np.where((weight > 0) & used[:, None], np.where(there, maps, 0.0), 0.0)
    whole, all_weights = _on_ring(values, sky), _on_ring(weight[None], sky)[0]
    return FullMaps(whole, all_weights, sky.nside, intensity, polarised)


def check_lmax(lmax: Any, nside: int) -> int:
    """The last degree: 3 nside - 1 where it is `None`.

    **Raises:** `ValueError` for one that the pixels do not carry.
    """
    most = 3 * nside - 1
    if lmax is None:
        return most
    last = numbers(lmax, "", "lmax")
    if last.shape or last != np.round(last) or not 2 <= last <= most:
        raise ValueError(f"lmax = {lmax} must be a whole number between 2 and 3 nside - 1 = {most}.")
    return int(last)


def _sky(stokes: Stokes) -> HealpixSky:
    sky, size = stokes.sky, stokes.I.shape[-1]
    if sky is None:
        nside = round((size / 12) ** 0.5)
        if 12 * nside**2 != size or nside & (nside - 1):
            raise ValueError(f"stokes has {size} pixels of no known sky: give it sky=sl.HealpixSky(nside, pixels).")
        return HealpixSky(nside)
    if not isinstance(sky, HealpixSky):
        raise ValueError(f"stokes is of a {type(sky).__name__}: power spectra are of sl.HealpixSky.")
    return sky


def _weights(mask: Any, size: int, binary: bool) -> np.ndarray:
    """The mask as numbers, one a pixel."""
    if mask is None:
        return np.ones(size)
    found = numbers(mask, "", "mask")
    allowed = "True (1) where it is used, False (0) elsewhere" if binary else "a weight between 0 and 1"
    right = np.all(np.isin(found, (0, 1))) if binary else np.all((found >= 0) & (found <= 1))
    if found.shape != (size,) or not right:
        raise ValueError(
            f"mask has shape {found.shape} for {size} pixels: give one value a pixel, {allowed}, at the nside and "
            "ordering of the maps."
        )
    return found


def _on_ring(values: np.ndarray, sky: HealpixSky) -> np.ndarray:
    """Values of the pixels of a sky, (k, npix), on the full sky in RING order, 0 elsewhere."""
    whole = np.zeros((len(values), 12 * sky.nside**2))
    places = healpix.to_ring(sky.nside)[sky.indices] if sky.nest else sky.indices
    whole[:, places] = values
    return whole
