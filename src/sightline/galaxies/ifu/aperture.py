"""Fields of view that are not rectangles: which spaxels a bundle of fibres sees."""

import abc
from typing import Any

import numpy as np

from ..._core.module import Module, setting
from ..._core.units import numbers


class AbstractAperture(Module):
    """A field of view about the centre of the image: subclass it and write `inside`. It is never learnt.

    !!! example
        >>> isinstance(sl.cubes.califa().aperture, sl.cubes.AbstractAperture)
        True
    """

    @abc.abstractmethod
    def inside(self, east: Any, north: Any) -> np.ndarray:
        """Whether places are seen, (n,), at offsets from the centre towards east and north, (n,) arcsec each."""


class RoundAperture(AbstractAperture):
    """A round field of view.

    **Arguments:** `diameter`: arcsec.

    !!! example
        >>> sl.cubes.RoundAperture(15.0).inside([0.0, 7.0], [7.4, 7.0]).tolist()
        [True, False]
    """

    diameter: float = setting(unit="arcsec", positive=True)

    def inside(self, east: Any, north: Any) -> np.ndarray:
        return np.hypot(numbers(east, "arcsec", "east"), numbers(north, "arcsec", "north")) <= 0.5 * self.diameter


class HexagonalAperture(AbstractAperture):
    """A hexagonal field of view.

    **Arguments:** `diameter`: from corner to corner, arcsec; `position_angle`: of a corner, from north towards east,
    deg.

    !!! example
        >>> sl.cubes.HexagonalAperture(32.0, position_angle=90.0).inside([15.0, 0.0], [0.0, 15.0]).tolist()
        [True, False]
    """

    diameter: float = setting(unit="arcsec", positive=True)
    position_angle: float = setting(90.0, unit="deg")

    def inside(self, east: Any, north: Any) -> np.ndarray:
        x, y = numbers(east, "arcsec", "east"), numbers(north, "arcsec", "north")
        flats = np.deg2rad(self.position_angle + np.array([30.0, 90.0, 150.0]))[:, None]
        height = np.abs(np.sin(flats) * x.ravel() + np.cos(flats) * y.ravel())
        return (np.max(height, axis=0) <= 0.25 * np.sqrt(3) * self.diameter * (1 + 1e-12)).reshape(x.shape)
