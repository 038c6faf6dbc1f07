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

    **Raises:** `ValueError` for a frame that it cannot convert.
    """
    from astropy.coordinates import Galactic, SkyCoord

    try:
        found: Any = SkyCoord(coordinates).transform_to(Galactic())
    except Exception as error:  # astropy has one of its own for each way to fail
        raise ValueError(f"The coordinates cannot be converted to the Galactic frame: {error}") from None
    return np.asarray(found.l.deg), np.asarray(found.b.deg)


def distances(coordinates: Any) -> np.ndarray:
    """Distances [kpc] of coordinates.

    **Raises:** `ValueError` for coordinates without.
    """
    from astropy.coordinates import Galactic, SkyCoord

    found: Any = SkyCoord(coordinates).transform_to(Galactic()).distance
    if found.unit.physical_type != "length":
        raise ValueError("The coordinates have no distance: give distance= [kpc], or SkyCoord(..., distance=...).")
    return np.asarray(found.to_value("kpc"))


def galactocentric(coordinates: Any, sun: Any = SUN) -> np.ndarray:
    """Places of astropy as Galactocentric positions of Sightline: for fields, grids and observers.

    x of a Galactocentric frame is taken as it is: such a frame has a Sun of its own, (-galcen_distance, 0, z_sun), and
    fits a model that has the same. In all other frames the place is sun + d (cos b cos l, cos b sin l, sin b).

    **Arguments:** `coordinates`: a `SkyCoord` or frame with distances; `sun`: where the model has it, (3,) kpc.

    **Returns:** (3,) kpc for one place, (n, 3) for several.

    **Raises:** `TypeError` for what are no coordinates of astropy; `ValueError` for coordinates without distances.

    !!! example
        >>> from astropy.coordinates import SkyCoord
        >>> centre = SkyCoord(l=0.0, b=0.0, distance=8.3, unit=("deg", "deg", "kpc"), frame="galactic")
        >>> sl.galactocentric(centre).round(6)
        array([0.   , 0.   , 0.006])
    """
    from astropy.coordinates import Galactocentric, SkyCoord

    if not is_coordinates(coordinates):
        raise TypeError(f"coordinates must be a SkyCoord or a frame of astropy, not {type(coordinates).__name__}.")
    found: Any = SkyCoord(coordinates)
    if isinstance(found.frame, Galactocentric):
        return np.moveaxis(np.asarray(found.cartesian.xyz.to_value("kpc")), 0, -1)
    l, b = map(np.deg2rad, lonlat(found))
    return numbers(sun, "kpc", "sun") + np.moveaxis(direction(l, b) * distances(found), 0, -1)
