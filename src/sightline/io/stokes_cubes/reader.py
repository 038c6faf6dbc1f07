"""Cubes of I, Q and U from FITS files."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from ..._core.files import PathLike
from ..._core.module import default_float
from ..._core.reading import FileError, check_unpacked, reading
from ...sky.geometry import Directions
from ...sky.stokes import Stokes
from ..tables import open_fits
from ..units import brightness
from .axis import frequency_axis, hertz_of, linear, listed
from .places import places_of, turn_of, turned

_NUMBERED = {1: "I", 2: "Q", 3: "U", 4: "V"}
"""Parameters on a STOKES axis: Greisen & Calabretta 2002, A&A 395, 1061, table 7."""


class _Cube(NamedTuple):
    """Values, (nfreq, rows, columns), in `unit`, of the pixels of an image; `hertz` may be missing."""

    values: np.ndarray
    unit: str
    wcs: Any
    hertz: np.ndarray | None
    convention: str


def read_stokes_cubes(
    q: PathLike, u: PathLike, i: PathLike | None = None, frequencies: PathLike | None = None
) -> tuple[Stokes, Any]:
    """Reads cubes of Stokes parameters by frequency, such as RM-Tools takes, and turns them to Galactic coordinates.

    Q and U are of the IAU in the frame of the image, unless POLCCONV says COSMO. Axes stand in any order; those of one
    pixel beside longitude, latitude and FREQ are passed over.

    **Arguments:** `q`, `u`, `i`: the cubes; without that of I it is NaN: fit `parameters="QU"`. `frequencies`: a list,
    Hz, one a line; `None`: those of the axis FREQ.

    **Returns:** a `Stokes`, (nfreq, npix), IAU, in K_RJ, K_CMB or MJy/sr, whose sky are the `Directions` of the pixels,
    row by row; and the `astropy.wcs.WCS` of the image, whose `array_shape` are rows and columns.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, for damaged files, cubes of different shapes or
    units, or of another Stokes parameter, units that are no brightness, such as Jy/beam, a POLCCONV that is neither IAU
    nor COSMO, and images that reach beyond the sky.

    !!! example
        >>> from astropy.wcs import WCS
        >>> image = WCS({"CTYPE1": "GLON-CAR", "CTYPE2": "GLAT-CAR", "CDELT1": -1.0, "CDELT2": 1.0})
        >>> image.array_shape = (2, 3)
        >>> sky = sl.Directions(image.pixel_to_world(*np.indices((2, 3))[::-1].reshape(2, -1)))
        >>> sl.io.write_stokes_cubes(".", simulator(sky, frequency=[1.3, 1.4]), image, overwrite=True)
        >>> stokes, _ = sl.io.read_stokes_cubes("StokesQ.fits", "StokesU.fits", "StokesI.fits", "freqs_Hz.dat")
        >>> stokes.frequency
        Array([1.3, 1.4], dtype=float64)
    """
    paths = {name: path for name, path in (("Q", q), ("U", u), ("I", i)) if path is not None}
    cubes = {name: _cube(path, name, frequencies is None) for name, path in paths.items()}
    first = cubes["Q"]
    for name, one in cubes.items():
        _check_alike(one, first, paths[name], q)
    hertz = first.hertz if frequencies is None else listed(frequencies)
    if hertz is None or hertz.size != len(first.values):
        raise FileError(f"frequencies = {frequencies} has {np.size(hertz)} lines, {q} has {len(first.values)} of them.")
    with reading(q, "is no cube that can be"):
        return _stokes({name: one.values for name, one in cubes.items()}, first, hertz), first.wcs


def _check_alike(one: _Cube, first: _Cube, path: PathLike, other: PathLike) -> None:
    """Refuses a cube of another image, unit or axis than the first."""
    told = [(cube.values.shape, cube.unit, cube.convention) for cube in (one, first)]
    apart = one.hertz is not None and not np.array_equal(one.hertz, first.hertz)
    if told[0] != told[1] or apart or not one.wcs.wcs.compare(first.wcs.wcs, tolerance=1e-9):
        raise FileError(f"path = {path}: {told[0]} is another image, unit or axis than {told[1]} of {other}.")


def _stokes(values: dict[str, np.ndarray], cube: _Cube, hertz: np.ndarray) -> Stokes:
    """Cubes as maps, turned from north of their image to that of the Galaxy."""
    places = places_of(cube.wcs, "the image")
    maps = {name: one.reshape(len(one), -1).astype(default_float()) for name, one in values.items()}
    u = -maps["U"] if cube.convention == "COSMO" else maps["U"]
    q, u = turned(maps["Q"], u, -turn_of(places))
    total = maps.get("I", np.full_like(q, np.nan))
    known: Any = {"frequency": hertz * 1e-9, "unit": cube.unit, "convention": "IAU", "sky": Directions(places)}
    return Stokes(total, q, u, **known)


def _cube(path: PathLike, name: str, needed: bool) -> _Cube:
    """The cube of a Stokes parameter from its file, with its frequencies where these are needed."""
    with open_fits(path) as file:
        hdu = next((one for one in file if one.is_image and len(one.shape) >= 3), None)
        if hdu is None:
            raise FileError(f"path = {path} holds no cube: an image of three axes or more.")
        check_unpacked(path, hdu.size)
        if hdu.verify_datasum() == 0:
            raise FileError(f"path = {path} is damaged: its data are not those that DATASUM was written for.")
        header, axis = hdu.header, frequency_axis(hdu.header, path)
        _check_stokes(header, name, path)
        wcs, order = _celestial(header, axis, path)
        values, (factor, unit) = np.transpose(hdu.data, order), _unit(header, path)
        values = values.reshape(values.shape[-3:])
        wcs.array_shape = values.shape[1:]
        hertz = hertz_of(file, header, axis, path) if needed else None
        return _Cube(_floating(values) * factor, unit, wcs, hertz, _convention(header, path))


def _floating(values: np.ndarray) -> np.ndarray:
    """Numbers of the file, whole ones in double precision."""
    return values if np.issubdtype(values.dtype, np.floating) else values.astype(np.float64)


def _convention(header: Any, path: PathLike) -> str:
    told = str(header.get("POLCCONV", "IAU")).strip().upper()
    if told not in ("IAU", "COSMO"):
        raise FileError(f"path = {path}: POLCCONV = {told!r} is no convention: it may be IAU or COSMO.")
    return told


def _check_stokes(header: Any, name: str, path: PathLike) -> None:
    """Refuses a cube that says it is of another parameter, by the card STOKES or an axis of that name."""
    axes = [n for n in range(1, int(header["NAXIS"]) + 1) if str(header.get(f"CTYPE{n}", "")).strip() == "STOKES"]
    told = {str(header.get("STOKES", "")).strip().upper()}
    for first, step, start in (linear(header, n, path) for n in axes if f"CRVAL{n}" in header):
        told.add(_NUMBERED.get(round(first + step * (1 - start)), ""))
    others = told.intersection(_NUMBERED.values()).difference(name)
    if others:
        raise FileError(f"path = {path} holds Stokes {', '.join(sorted(others))}, and is given as {name}.")


def _celestial(header: Any, axis: int, path: PathLike) -> tuple[Any, list[int]]:
    """The coordinates of the image, and the axes of the array such that frequency, latitude, longitude are the last."""
    from astropy.wcs import WCS, WCSSUB_LATITUDE, WCSSUB_LONGITUDE

    plain = header.copy()
    plain[f"CTYPE{axis}"] = "FREQ"  # a table of frequencies does not matter here
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = WCS(plain)
    places = [axis - 1, known.wcs.lat, known.wcs.lng]
    if min(places) < 0:
        raise FileError(f"path = {path}: the cube has no longitude and latitude.")
    count = int(header["NAXIS"])
    others = [place for place in range(count) if place not in places]
    if any(int(header[f"NAXIS{place + 1}"]) != 1 for place in others):
        raise FileError(f"path = {path}: the cube has more than three axes of several pixels: cut it first.")
    return known.sub([WCSSUB_LONGITUDE, WCSSUB_LATITUDE]), [count - 1 - place for place in (*others, *places)]


def _unit(header: Any, path: PathLike) -> tuple[float, str]:
    """The factor to a unit of brightness, and that; K is that of Rayleigh and Jeans, as is usual for radio."""
    text = str(header.get("BUNIT", "")).strip()
    found = brightness(text)
    if found is None or found[1] not in ("K", "K_RJ", "K_CMB", "MJy/sr"):
        raise FileError(f"path = {path}: BUNIT = {text!r} is no brightness: write the cube in K or Jy/sr.")
    return found[0], "K_RJ" if found[1] == "K" else found[1]
