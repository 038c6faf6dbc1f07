"""Coordinates of astropy at the boundary: directions, distances and places become the numbers of this frame."""

from typing import Any

import numpy as np

from ..._core.units import numbers
from .frames import SUN, direction


def is_coordinates(value: Any) -> bool:
    """Whether a value is a `SkyCoord` or a frame of astropy with data."""
    return hasattr(value, "transform_to") and hasattr(value, "represent_as")


def lonlat(coordinates: Any) -> tuple[np.ndarray, np.ndarray]:
    """Galactic longitude and latitude [deg] of coordinates in any frame that astropy converts to the Galactic one.

    Those of a place of a Galactocentric frame are what `SUN` sees of `galactocentric`.

    **Raises:** `ValueError` for a frame that it cannot convert.
    """
    from astropy.coordinates import Galactic, SkyCoord

    if _is_place(coordinates):
        x, y, z = _from_the_sun(coordinates)
        return np.rad2deg(np.arctan2(y, x)) % 360, np.rad2deg(np.arctan2(z, np.hypot(x, y)))
    try:
        found: Any = SkyCoord(coordinates).transform_to(Galactic())
    except Exception as error:  # astropy has one of its own for each way to fail
        raise ValueError(f"The coordinates cannot be converted to the Galactic frame: {error}") from None
    return np.asarray(found.l.deg), np.asarray(found.b.deg)


def distances(coordinates: Any) -> np.ndarray:
    """Distances [kpc] of coordinates: of a place of a Galactocentric frame from `SUN`.

    **Raises:** `ValueError` for coordinates without.
    """
    from astropy.coordinates import Galactic, SkyCoord

    if _is_place(coordinates):
        return np.linalg.norm(_from_the_sun(coordinates), axis=0)
    found: Any = SkyCoord(coordinates).transform_to(Galactic()).distance
    if found.unit.physical_type != "length":
        raise ValueError("The coordinates have no distance: give distance= [kpc], or SkyCoord(..., distance=...).")
    return np.asarray(found.to_value("kpc"))


def galactocentric(coordinates: Any, sun: Any = SUN) -> np.ndarray:
    """Places of astropy as Galactocentric positions of Sightline: for fields, grids and observers.

    x, y and z of a Galactocentric frame are taken as they are, also by `Directions` and `SourceCatalogue`, which see
    them from `SUN`: the Sun that such a frame has of its own, (-galcen_distance, 0, z_sun), is not used. Give
    `coordinates.galactic` where it was made of what that Sun sees. In all other frames the place is
    sun + d (cos b cos l, cos b sin l, sin b).

    **Arguments:** `coordinates`: a `SkyCoord` or frame with distances; `sun`: where the model has it, (3,) kpc.

    **Returns:** (3,) kpc for one place, (n, 3) for several.

    **Raises:** `TypeError` for what are no coordinates of astropy; `ValueError` for coordinates without distances.

    !!! example
        >>> from astropy.coordinates import SkyCoord
        >>> centre = SkyCoord(l=0.0, b=0.0, distance=8.3, unit=("deg", "deg", "kpc"), frame="galactic")
        >>> sl.galactocentric(centre).round(6)
        array([0.   , 0.   , 0.006])
    """
    from astropy.coordinates import SkyCoord

    if not is_coordinates(coordinates):
        raise TypeError(f"coordinates must be a SkyCoord or a frame of astropy, not {type(coordinates).__name__}.")
    found: Any = SkyCoord(coordinates)
    if _is_place(found):
        return np.moveaxis(np.asarray(found.cartesian.xyz.to_value("kpc")), 0, -1)
    l, b = map(np.deg2rad, lonlat(found))
    return numbers(sun, "kpc", "sun") + np.moveaxis(direction(l, b) * distances(found), 0, -1)


def _is_place(coordinates: Any) -> bool:
    """Whether coordinates count from the centre of the Galaxy."""
    from astropy.coordinates import Galactocentric, SkyCoord

    return isinstance(SkyCoord(coordinates).frame, Galactocentric)


def _from_the_sun(coordinates: Any) -> np.ndarray:
    """Places relative to the Sun, (3,) or (3, n) kpc."""
    return np.moveaxis(galactocentric(coordinates) - np.array(SUN), -1, 0)
