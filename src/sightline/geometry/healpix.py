"""HEALPix pixel geometry (Gorski et al. 2005, ApJ 622, 759), the only file that imports healpy."""

from typing import Any

import numpy as np


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
    import healpy

    colatitude, longitude = healpy.pix2ang(nside, pixels, nest=nest)
    return longitude, 0.5 * np.pi - colatitude


def subpixel_centres(nside: int, pixels: np.ndarray, nest: bool, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude [rad] of the `factor`^2 subpixels of each pixel, pixel by pixel."""
    import healpy

    parents = pixels if nest else healpy.ring2nest(nside, pixels)
    children = (parents[:, None] * factor**2 + np.arange(factor**2)).ravel()
    return pixel_centres(nside * factor, children, nest=True)


def pixel_of(nside: int, longitude: np.ndarray, latitude: np.ndarray, nest: bool) -> np.ndarray:
    """Index of the pixel that holds each direction [rad]."""
    import healpy

    return healpy.ang2pix(nside, 0.5 * np.pi - latitude, longitude, nest=nest)
