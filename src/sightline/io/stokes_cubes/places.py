"""Where the pixels of an image are, and how its north is turned from that of the Galaxy."""

from typing import Any

import numpy as np


def places_of(wcs: Any, where: str) -> Any:
    """The middles of the pixels of an image, row by row, as a `SkyCoord`; `where` it comes from, for the error.

    **Raises:** `ValueError` for an image that reaches beyond the sky.
    """
    rows, columns = (part.ravel() for part in np.indices(wcs.array_shape))
    found = wcs.pixel_to_world(columns, rows)
    if not (np.all(np.isfinite(found.spherical.lon)) and np.all(np.isfinite(found.spherical.lat))):
        raise ValueError(f"{where}: some pixels of the image are not on the sky: cut it first.")
    return found


def turn_of(places: Any) -> np.ndarray:
    """The angle of Galactic north from north of the frame of these places, towards east [rad].

    With it, chi = chi_galactic + turn, and P = P_galactic exp(2 i turn).
    """
    import astropy.units as u
    from astropy.coordinates import SkyCoord

    if places.frame.name == "galactic":
        return np.zeros(places.shape)
    return places.position_angle(SkyCoord(0.0 * u.deg, 90.0 * u.deg, frame="galactic")).rad


def turned(q: Any, u: Any, turn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Q and U, (..., n), with angles larger by `turn`, (n,) rad, in the precision they have."""
    q, u = np.asarray(q), np.asarray(u)
    cosine, sine = (part.astype(q.dtype) for part in (np.cos(2 * turn), np.sin(2 * turn)))
    return q * cosine - u * sine, u * cosine + q * sine
