"""Skies: the directions an instrument looks at, and how values along rays become values of pixels."""

import abc
from typing import Any, NoReturn

import equinox as eqx
import numpy as np
from jaxtyping import Array, Inexact

from ..._core.units import strip_unit, whole
from . import healpix
from .coordinates import distances, is_coordinates, lonlat
from .frames import direction, polarisation_basis, transport


class AbstractSky(eqx.Module):
    """A set of directions; `rays()` gives unit vectors and basis, `reduce` the value of each pixel."""

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """Number of pixels or sources."""

    @abc.abstractmethod
    def offsets(self) -> np.ndarray:
        """Where rays pass relative to the observer [kpc], (3, number of rays) or (3, 1)."""

    @abc.abstractmethod
    def rays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Direction, east and north of every ray, (3, number of rays) each."""

    @abc.abstractmethod
    def reduce(self, values: Inexact[Array, "*batch rays"]) -> Inexact[Array, "*batch pixels"]:
        """The value of every pixel from the values of its rays."""

    @property
    @abc.abstractmethod
    def distance(self) -> np.ndarray | None:
        """Where rays end [kpc], (size,); `None`: where the cells say."""


class HealpixSky(AbstractSky):
    """The full sky or some of its HEALPix pixels, in Galactic coordinates.

    **Arguments:**

    - `nside`: resolution, a power of two.
    - `pixels`: indices, (npix,), of the pixels of a partial sky; `None`: the full sky.
    - `nest`: NESTED ordering instead of RING.
    - `supersample`: every pixel is the mean over its supersample^2 subpixels, whose polarisation basis is the
      pixel's own, transported along great circles: no depolarisation at the poles. A power of two.

    **Raises:** `ValueError` for an `nside` that is no power of two, pixels that do not exist or come twice.

    !!! example
        >>> sl.HealpixSky(nside=64).size
        49152
    """

    nside: int = eqx.field(static=True)
    pixels: np.ndarray | None
    nest: bool = eqx.field(static=True)
    supersample: int = eqx.field(static=True)

    def __init__(self, nside: Any, pixels: Any = None, nest: bool = False, supersample: Any = 1):
        self.nside = healpix.check_nside(nside)
        self.nest = bool(nest)
        self.pixels = None if pixels is None else _check_pixels(pixels, 12 * self.nside**2)
        self.supersample = _check_supersample(supersample, self.nside)

    def __check_init__(self) -> None:  # also of what a file holds
        healpix.check_nside(self.nside)
        _check_supersample(self.supersample, self.nside)
        if self.pixels is not None:
            _check_pixels(self.pixels, 12 * self.nside**2)

    @property
    def size(self) -> int:
        return 12 * self.nside**2 if self.pixels is None else len(self.pixels)

    @property
    def indices(self) -> np.ndarray:
        """Index of every pixel, (size,)."""
        return np.arange(self.size) if self.pixels is None else np.asarray(self.pixels)

    def offsets(self) -> np.ndarray:
        return np.zeros((3, 1))

    def lonlat(self) -> tuple[np.ndarray, np.ndarray]:
        """Galactic longitude and latitude [deg], (size,), of the pixels."""
        l, b = healpix.pixel_centres(self.nside, self.indices, self.nest)
        return np.rad2deg(l), np.rad2deg(b)

    def coarser(self, nside: Any) -> np.ndarray:
        """Index, NESTED, of the pixel of a coarser `nside` that holds each pixel, (size,).

        **Raises:** `ValueError` for an `nside` that is no power of two, or finer than that of the sky.
        """
        coarse = healpix.check_nside(whole(nside, "nside", 1))
        if coarse > self.nside:
            raise ValueError(f"nside = {coarse} is finer than the sky, {self.nside}: give at most that.")
        return healpix.coarser(self.nside, self.indices, self.nest, coarse)

    def rays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        l, b = healpix.pixel_centres(self.nside, self.indices, self.nest)
        centres, basis = direction(l, b), polarisation_basis(l, b)
        if self.supersample == 1:
            return centres, *basis
        rays = direction(*healpix.subpixel_centres(self.nside, self.indices, self.nest, self.supersample))
        centres, east, north = (np.repeat(v, self.supersample**2, axis=1) for v in (centres, *basis))
        return rays, transport(east, centres, rays), transport(north, centres, rays)

    def reduce(self, values: Inexact[Array, "*batch rays"]) -> Inexact[Array, "*batch pixels"]:
        if self.supersample == 1:
            return values
        return values.reshape(*values.shape[:-1], self.size, self.supersample**2).mean(axis=-1)

    @property
    def distance(self) -> None:
        return None


class AbstractPoints(AbstractSky):
    """A list of directions, one ray each."""

    l: eqx.AbstractVar[np.ndarray]
    b: eqx.AbstractVar[np.ndarray]

    @property
    def size(self) -> int:
        return len(self.l)

    def offsets(self) -> np.ndarray:
        return np.zeros((3, 1))

    def lonlat(self) -> tuple[np.ndarray, np.ndarray]:
        """Galactic longitude and latitude [deg], (size,)."""
        return np.asarray(self.l), np.asarray(self.b)

    def rays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        l, b = np.deg2rad(self.l), np.deg2rad(self.b)
        return direction(l, b), *polarisation_basis(l, b)

    def reduce(self, values: Inexact[Array, "*batch rays"]) -> Inexact[Array, "*batch pixels"]:
        return values


class Directions(AbstractPoints):
    """Any directions, by Galactic longitude and latitude.

    **Arguments:** `l`, `b`: numbers or arrays, (n,), deg, or astropy quantities; or one `SkyCoord` of any frame.

    **Raises:** `ValueError` for coordinates that are not finite, latitudes beyond 90 deg or unequal lengths.

    !!! example
        >>> sl.Directions(l=[0.0, 120.0], b=[90.0, -5.0]).size
        2
    """

    l: np.ndarray
    b: np.ndarray

    def __init__(self, l: Any, b: Any = None):
        self.l, self.b = _lonlat(l, b)

    def __check_init__(self) -> None:  # also of what a file holds
        _check_lonlat(self.l, self.b)

    @property
    def distance(self) -> None:
        return None


class SourceCatalogue(AbstractPoints):
    """Directions with a distance each: rays end at the sources.

    **Arguments:** `l`, `b`: (n,), deg, or one `SkyCoord` of any frame; `distance`: (n,), kpc, from the observer, by
    default that of the `SkyCoord`. Each may be one number for all.

    **Raises:** `ValueError` as `Directions`, and for distances that are not finite and positive.

    !!! example
        >>> pulsars = sl.SourceCatalogue(l=[30.0, 210.0], b=[1.0, -40.0], distance=[3.2, 0.4])
    """

    l: np.ndarray
    b: np.ndarray
    distances: np.ndarray

    def __init__(self, l: Any, b: Any = None, distance: Any = None):
        if distance is None:
            distance = distances(l) if is_coordinates(l) else _missing("distance", "[kpc], from the observer")
        self.l, self.b, self.distances = _of_one_length(*_lonlat(l, b), _floats(distance, "kpc", "distance"))

    def __check_init__(self) -> None:  # also of what a file holds
        _check_lonlat(self.l, self.b)
        _check_distances(self.distances, self.size)

    @property
    def distance(self) -> np.ndarray:
        return np.asarray(self.distances)


def _check_distances(distances: np.ndarray, size: int) -> None:
    if distances.shape != (size,):
        raise ValueError(
            f"distance has shape {distances.shape}, l and b have {size} entries: give one a direction, one for all, or "
            "many for one direction."
        )
    bad = np.flatnonzero(~(np.isfinite(distances) & (distances > 0)))
    if bad.size:
        raise ValueError(
            f"distance must be finite and positive [kpc]; {bad.size} rows are not, the first is row {bad[0]}: "
            f"{distances[bad[0]]}. Drop them."
        )


def _check_pixels(pixels: Any, npix: int) -> np.ndarray:
    pixels = np.atleast_1d(np.asarray(strip_unit(pixels, None, "pixels")))
    if pixels.ndim != 1 or pixels.dtype.kind not in "iu":
        raise ValueError(f"pixels must be a list of integer indices, not {pixels.dtype} of shape {pixels.shape}.")
    if not pixels.size:
        raise ValueError("pixels is empty: name at least one pixel, or None for the full sky.")
    if pixels.min() < 0 or pixels.max() >= npix:
        raise ValueError(f"pixels must lie between 0 and {npix - 1} at this nside.")
    if np.unique(pixels).size != pixels.size:
        raise ValueError("pixels holds an index twice: pass numpy.unique(pixels).")
    return pixels


def _check_supersample(supersample: Any, nside: int) -> int:
    if not isinstance(supersample, (int, np.integer)) or supersample < 1 or supersample & (supersample - 1):
        raise ValueError(f"supersample = {supersample!r} must be a power of two: 1, 2, 4, ...")
    healpix.check_nside(nside * int(supersample))
    return int(supersample)


def _missing(name: str, what: str) -> NoReturn:
    raise TypeError(f"{name} is missing: give it {what}, or a SkyCoord of astropy that has it as the first argument.")


def _lonlat(l: Any, b: Any) -> tuple[np.ndarray, ...]:
    """Longitude and latitude as arrays, (n,) deg each where they are numbers and lists of one length."""
    if is_coordinates(l):
        if b is not None:
            raise TypeError("b was given beside a SkyCoord, which has it already: leave it out.")
        l, b = lonlat(l)
    elif b is None:
        _missing("b", "[deg]")
    return _of_one_length(_floats(l, "deg", "l"), _floats(b, "deg", "b"))


def _floats(value: Any, unit: str, name: str) -> np.ndarray:
    return np.atleast_1d(np.asarray(strip_unit(value, unit, name), np.float64))


def _of_one_length(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """Copies in which one entry stands for as many as the longest list has."""
    size = max((array.size for array in arrays if array.ndim == 1), default=1)
    return tuple(np.repeat(array, size) if array.shape == (1,) else array.copy() for array in arrays)


def _check_lonlat(l: np.ndarray, b: np.ndarray) -> None:
    if l.ndim != 1 or l.shape != b.shape:
        raise ValueError(f"l and b must be numbers or lists of one length, not shapes {l.shape} and {b.shape}.")
    bad = np.flatnonzero(~(np.isfinite(l) & np.isfinite(b) & (np.abs(b) <= 90)))
    if bad.size or not l.size:
        where = f"row {bad[0]}: l = {l[bad[0]]}, b = {b[bad[0]]}" if bad.size else "the list is empty"
        raise ValueError(f"l and b must be finite with |b| <= 90 deg; {where}.")
