"""HEALPix pixel geometry (Gorski et al. 2005, ApJ 622, 759), the only file that imports healpy."""

from typing import Any

import numpy as np


def _healpy() -> Any:
    """healpy.

    **Raises:** `ImportError` under `python -OO`.
    """
    try:
        import healpy
    except TypeError as error:  # its docstrings are made from one another
        raise ImportError("healpy needs its docstrings, which python -OO takes away: use python -O.") from error
    return healpy


def check_nside(nside: Any) -> int:
    """`nside` as an int.

    **Raises:** `ValueError` unless it is a power of two, `TypeError` unless it is an integer.
    """
    if not isinstance(nside, (int, np.integer)):
        raise TypeError(f"nside must be an integer, not {nside!r}.")
    if nside < 1 or nside & (nside - 1) or nside > 2**29:
        raise ValueError(f"nside = {nside} is not a power of two between 1 and 2^29: choose 32, 64, 128, ...")
    return int(nside)


def pixel_centres(nside: int, pixels: np.ndarray, nest: bool) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude [rad] of pixel centres."""
    healpy = _healpy()
    colatitude, longitude = healpy.pix2ang(nside, pixels, nest=nest)
    return longitude, 0.5 * np.pi - colatitude


def subpixel_centres(nside: int, pixels: np.ndarray, nest: bool, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude [rad] of the `factor`^2 subpixels of each pixel, pixel by pixel."""
    healpy = _healpy()
    parents = pixels if nest else healpy.ring2nest(nside, pixels)
    children = (parents[:, None] * factor**2 + np.arange(factor**2)).ravel()
    return pixel_centres(nside * factor, children, nest=True)


def coarser(nside: int, pixels: np.ndarray, nest: bool, coarse: int) -> np.ndarray:
    """Index, NESTED, of the pixel of resolution `coarse` that holds each pixel."""
    parents = pixels if nest else _healpy().ring2nest(nside, pixels)
    return parents // (nside // coarse) ** 2


def pixel_of(nside: int, longitude: np.ndarray, latitude: np.ndarray, nest: bool) -> np.ndarray:
    """Index of the pixel that holds each direction [rad]."""
    healpy = _healpy()
    return healpy.ang2pix(nside, 0.5 * np.pi - latitude, longitude, nest=nest)


def synthesis(coefficients: np.ndarray, nside: int, lmax: int) -> np.ndarray:
    """Maps in RING order, (maps, npix), of complex a_lm, (maps, nlm): one map of spin 0, or Q and U of E and B."""
    healpy = _healpy()
    if len(coefficients) == 1:
        return healpy.alm2map(coefficients[0], nside, lmax=lmax, pol=False)[None]
    return np.stack(healpy.alm2map_spin(list(coefficients), nside, 2, lmax))


def analysis(maps: np.ndarray, lmax: int) -> np.ndarray:
    """The a_lm of maps by a plain sum over the pixels, each of weight 4 pi/npix: the adjoint of `synthesis`."""
    healpy = _healpy()
    if len(maps) == 1:
        return healpy.map2alm(maps[0], lmax=lmax, iter=0, pol=False)[None]
    return np.stack(healpy.map2alm_spin(list(maps), 2, lmax))


def degrees(lmax: int) -> tuple[np.ndarray, np.ndarray]:
    """l and m of each a_lm, in the order of `synthesis`."""
    healpy = _healpy()
    return healpy.Alm.getlm(lmax)


def to_ring(nside: int) -> np.ndarray:
    """For each pixel in NESTED order its index in RING order."""
    healpy = _healpy()
    return healpy.nest2ring(nside, np.arange(12 * nside**2))


def cross_powers(maps: np.ndarray, lmax: int) -> np.ndarray:
    """TT, EE, BB, TE, EB and TB of full maps of I, Q and U in RING order, (6, lmax + 1)."""
    healpy = _healpy()
    return np.asarray(healpy.anafast(maps, lmax=lmax, pol=True))
