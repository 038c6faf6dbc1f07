from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from ..._core.module import default_float
from ..._core.ranks import of_one_rank
from ..._core.units import strip_unit, whole
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
    - `supersample`: a whole number; a pixel is the mean of the rays through its supersample^2 equal parts.

    **Raises:** `ValueError` for shapes, extents and a supersample that are not positive.

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
    supersample: int = eqx.field(static=True)

    def __init__(
        self,
        shape: Any,
        extent: Any,
        inclination: Any = 0.0,
        position_angle: Any = 0.0,
        centre: Any = (0.0, 0.0, 0.0),
        supersample: Any = 1,
    ):
        self.shape, self.extent = _check_shape(shape), _check_extent(extent)
        self.inclination, self.position_angle = _check_angles(inclination, position_angle)
        self.centre = _check_centre(centre)
        self.supersample = whole(supersample, "supersample", 1)

    def __check_init__(self) -> None:  # also of what a file holds
        _check_shape(self.shape)
        _check_extent(self.extent)
        _check_angles(self.inclination, self.position_angle)
        _check_centre(self.centre)
        whole(self.supersample, "supersample", 1)

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

    def axes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit vectors towards east and north on the image, and away from the observer, (3,) each.

        !!! example
            >>> east, north, away = sl.ImagePlane((2, 2), (1.0, 1.0)).axes()
            >>> (away == np.array([0.0, 0.0, -1.0])).all()
            np.True_
        """
        away, east, north = self._axes()
        return east, north, away

    def project(self, position: Any) -> tuple[Array, Array, Array]:
        """Where places are on the image: offsets from its centre towards east and north, and away from the observer.

        **Arguments:** `position`: (..., 3), kpc.

        **Returns:** three arrays, (...) kpc, with derivatives.

        !!! example
            >>> east, north, away = sl.ImagePlane((2, 2), (1.0, 1.0)).project([[1.0, 2.0, 3.0]])
            >>> float(east[0]), float(north[0]), float(away[0])
            (2.0, 1.0, -3.0)
        """
        stripped = strip_unit(position, "kpc", "position")
        places = stripped if isinstance(stripped, jax.Array) else jnp.asarray(stripped, default_float())
        if places.shape[-1:] != (3,):
            raise ValueError(f"position has shape {places.shape}: give places (..., 3) [kpc].")
        offset = jnp.subtract(*of_one_rank(places, jnp.asarray(self.centre, places.dtype)))
        axes = (of_one_rank(jnp.asarray(axis, places.dtype), offset)[0] for axis in self.axes())
        east, north, away = (jnp.sum(offset * axis, axis=-1) for axis in axes)
        return east, north, away

    def plane(self) -> tuple[np.ndarray, np.ndarray]:
        """Offsets of the pixels from the centre of the image towards east and north, (size,) kpc each."""
        return self._raster(1)

    def _raster(self, parts: int) -> tuple[np.ndarray, np.ndarray]:
        """Offsets of equal parts of pixels, those of one pixel together, (size parts^2,) kpc each."""
        up, right = (
            length * ((np.arange(n * parts) + 0.5) / (n * parts) - 0.5)
            for length, n in zip(self.extent, self.shape, strict=True)
        )
        rows, columns = self.shape
        grids = np.meshgrid(up, right, indexing="ij")
        north, east = (grid.reshape(rows, parts, columns, parts).transpose(0, 2, 1, 3).reshape(-1) for grid in grids)
        return east, north

    def offsets(self) -> np.ndarray:
        away, east, north = self._axes()
        to_east, to_north = self._raster(self.supersample)
        far = 1e3 * away[:, None]  # begins in front of any galaxy
        return np.asarray(self.centre)[:, None] + to_east * east[:, None] + to_north * north[:, None] - far

    def rays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        count = self.size * self.supersample**2
        away, east, north = (np.repeat(axis[:, None], count, axis=1) for axis in self._axes())
        return away, east, north

    def reduce(self, values: Inexact[Array, "*batch rays"]) -> Inexact[Array, "*batch pixels"]:
        if self.supersample == 1:
            return values
        return jnp.mean(values.reshape(*values.shape[:-1], self.size, self.supersample**2), axis=-1)


def _check_shape(shape: Any) -> tuple[int, int]:
    if np.shape(shape) != (2,) or not all(isinstance(n, (int, np.integer)) and n > 0 for n in shape):
        raise ValueError(f"shape = {shape} must be two positive whole numbers, rows and columns.")
    return int(shape[0]), int(shape[1])


def _check_extent(extent: Any) -> tuple[float, float]:
    height, width = _numbers(extent, "kpc", "extent", 2)
    if not (height > 0 and width > 0):
        raise ValueError(f"extent = {extent} must be two positive lengths [kpc], height and width.")
    return height, width


def _check_angles(inclination: Any, position_angle: Any) -> tuple[float, float]:
    (tilt,) = _numbers(np.atleast_1d(inclination), "deg", "inclination", 1)
    (turn,) = _numbers(np.atleast_1d(position_angle), "deg", "position_angle", 1)
    return tilt, turn


def _check_centre(centre: Any) -> tuple[float, float, float]:
    x, y, z = _numbers(centre, "kpc", "centre", 3)
    return x, y, z


def _numbers(value: Any, unit: str, name: str, count: int) -> list[float]:
    numbers = np.asarray(strip_unit(value, unit, name), np.float64)
    if numbers.shape != (count,) or not np.all(np.isfinite(numbers)):
        raise ValueError(f"{name} = {value} must be {count} finite number(s) in {unit}.")
    return numbers.tolist()
