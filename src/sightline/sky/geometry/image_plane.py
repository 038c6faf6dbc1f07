from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Inexact

from ..._core.units import strip_unit
from .skies import AbstractSky


class ImagePlane(AbstractSky):
    """A galaxy seen from far away: parallel rays through the pixels of a plane, at any inclination.

    The disk of the model, z = 0, is tilted about its x axis, the major axis of its image: at inclination i the rays run
    along (0, sin i, -cos i). Pixels are ordered row by row from south-west to north-east:
    `values.reshape(shape)[:, ::-1]` is an image as in the sky, north up (origin="lower") and east to the left.

    **Arguments:**

    - `shape`: rows (north) and columns (east) of pixels.
    - `extent`: height and width of the image, kpc.
    - `inclination`: deg; 0: face-on, from above (z > 0); 90: edge-on.
    - `position_angle`: of the major axis, from north towards east, deg.
    - `centre`: of the image, Galactocentric, (3,) kpc.

    **Raises:** `ValueError` for shapes and extents that are not positive.

    !!! example
        >>> plane = sl.ImagePlane(shape=(16, 16), extent=(30.0, 30.0), inclination=20.0, position_angle=10.0)
        >>> simulator(plane, frequency=4.86).I.reshape(plane.shape).shape
        (16, 16)
    """

    shape: tuple[int, int] = eqx.field(static=True)
    extent: tuple[float, float] = eqx.field(static=True)
    inclination: float = eqx.field(static=True)
    position_angle: float = eqx.field(static=True)
    centre: tuple[float, float, float] = eqx.field(static=True)

    def __init__(
        self,
        shape: Any,
        extent: Any,
        inclination: Any = 0.0,
        position_angle: Any = 0.0,
        centre: Any = (0.0, 0.0, 0.0),
    ):
        if np.shape(shape) != (2,) or not all(isinstance(n, (int, np.integer)) and n > 0 for n in shape):
            raise ValueError(f"shape = {shape} must be two positive whole numbers, rows and columns.")
        self.shape = int(shape[0]), int(shape[1])
        height, width = _numbers(extent, "kpc", "extent", 2)
        if not (height > 0 and width > 0):
            raise ValueError(f"extent = {extent} must be two positive lengths [kpc], height and width.")
        self.extent = height, width
        (self.inclination,) = _numbers(np.atleast_1d(inclination), "deg", "inclination", 1)
        (self.position_angle,) = _numbers(np.atleast_1d(position_angle), "deg", "position_angle", 1)
        x, y, z = _numbers(centre, "kpc", "centre", 3)
        self.centre = x, y, z

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1]

    @property
    def distance(self) -> None:
        return None

    def _axes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit vectors away from the observer, towards east and north."""
        i, angle = np.deg2rad([self.inclination, self.position_angle])
        major, minor = np.array([1.0, 0.0, 0.0]), np.array([0.0, np.cos(i), np.sin(i)])
        east, north = np.sin(angle) * major + np.cos(angle) * minor, np.cos(angle) * major - np.sin(angle) * minor
        return np.array([0.0, np.sin(i), -np.cos(i)]), east, north

    def plane(self) -> tuple[np.ndarray, np.ndarray]:
        """Offsets of the pixels from the centre of the image towards east and north, (size,) kpc each."""
        up, right = (
            length * ((np.arange(n) + 0.5) / n - 0.5) for length, n in zip(self.extent, self.shape, strict=True)
        )
        north, east = np.meshgrid(up, right, indexing="ij")
        return east.ravel(), north.ravel()

    def offsets(self) -> np.ndarray:
        away, east, north = self._axes()
        to_east, to_north = self.plane()
        far = 1e3 * away[:, None]  # begins in front of any galaxy
        return np.asarray(self.centre)[:, None] + to_east * east[:, None] + to_north * north[:, None] - far

    def rays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        away, east, north = (np.repeat(axis[:, None], self.size, axis=1) for axis in self._axes())
        return away, east, north

    def reduce(self, values: Inexact[Array, "*batch rays"]) -> Inexact[Array, "*batch pixels"]:
        return values


def _numbers(value: Any, unit: str, name: str, count: int) -> list[float]:
    numbers = np.asarray(strip_unit(value, unit, name), np.float64)
    if numbers.shape != (count,) or not np.all(np.isfinite(numbers)):
        raise ValueError(f"{name} = {value} must be {count} finite number(s) in {unit}.")
    return numbers.tolist()
