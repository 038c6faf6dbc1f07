"""Cubes of I, Q and U to FITS files."""

from pathlib import Path
from typing import Any

import numpy as np

from ..._core.files import PathLike, check_writable, replacing
from ..._core.units import number, numbers
from ...sky.geometry import Directions, ImagePlane
from ...sky.pixels import check_pixels
from ...sky.stokes import Stokes
from ..headers import describe, primary_header
from .axis import axis_cards, axis_table
from .places import places_of, turn_of, turned

FILES = {"I": "StokesI.fits", "Q": "StokesQ.fits", "U": "StokesU.fits"}
LIST = "freqs_Hz.dat"
_UNITS = {"K_RJ": "K", "MJy/sr": "MJy/sr"}
_AWAY = 0.01
"""Of a pixel, by which directions may stray from the middles of those of the image."""


def write_stokes_cubes(
    folder: PathLike,
    stokes: Stokes,
    wcs: Any = None,
    *,
    distance: Any = None,
    position: Any = (0.0, 0.0),
    overwrite: bool = False,
    model: Any = None,
) -> None:
    """Writes maps of several frequencies as cubes of I, Q and U, of which RM-Tools makes Faraday spectra.

    StokesI.fits, StokesQ.fits and StokesU.fits have the axes longitude, latitude and FREQ (FREQ-TAB, from a table,
    where frequencies are not evenly spaced), freqs_Hz.dat has a frequency a line. Q and U are of the IAU, in the frame
    of the image: angles count from its north towards east. Units are K (Rayleigh-Jeans) or MJy/sr. Of an `ImagePlane`
    east is on the right, as `write_cube` has it: CDELT1 is positive.

    **Arguments:**

    - `folder`: where, there already; `overwrite`: replace existing files.
    - `stokes`: (nfreq, npix), of `Directions` or of an `ImagePlane`.
    - `wcs`: of `Directions`, the `astropy.wcs.WCS` of two axes, with its `array_shape`, whose pixels they are, row by
      row. The frame may be Galactic, or any that astropy turns into it.
    - `distance`: of an `ImagePlane`, from us, Mpc; `position`: right ascension and declination of its middle, (2,) deg.
    - `model`: what made them, kept as text in the headers.

    **Raises:** as `check_writable`; `TypeError` for other skies; `ValueError` for one frequency, gamma rays, a sky
    without `wcs` or `distance`, or with that of the other kind, a `wcs` with distortions, and directions that are not
    those of the image. Each file appears whole or not at all.

    !!! example
        >>> plane = sl.ImagePlane(shape=(4, 6), extent=(8.0, 12.0))
        >>> galaxy = simulator(plane, frequency=[1.2, 1.3, 1.4])
        >>> sl.io.write_stokes_cubes(".", galaxy, distance=9.0, position=(204.25, -29.87), overwrite=True)
        >>> q, wcs = sl.io.read_stokes_cubes("StokesQ.fits", "StokesU.fits")
        >>> q.Q.shape, wcs.array_shape
        ((3, 24), (4, 6))
    """
    maps = _maps(stokes)
    of_plane = isinstance(maps.sky, ImagePlane)
    if (wcs if of_plane else distance) is not None:
        what, kind = ("wcs", "an ImagePlane") if of_plane else ("distance", "Directions")
        raise ValueError(f"{what} does not belong to {kind}: leave it out.")
    image = _plane(maps.sky, distance, position) if of_plane else _image(maps.sky, wcs)
    turn = np.zeros(maps.I.shape[-1]) if of_plane else turn_of(places_of(image, "wcs"))
    q, u = turned(maps.Q, maps.U, turn)
    hertz = 1e9 * np.array([float(str(one)) for one in np.asarray(maps.frequency)])  # digits as they were given
    header = _header(image, hertz, _UNITS[maps.unit], describe(model))
    names = {name: Path(folder) / file for name, file in (*FILES.items(), ("list", LIST))}
    for path in names.values():
        check_writable(path, overwrite, "folder")
    for name, values in {"I": np.asarray(maps.I), "Q": q, "U": u}.items():
        _write(names[name], values.reshape(-1, *image.array_shape), header, name, hertz, overwrite)
    with replacing(names["list"], overwrite, "folder") as temporary:
        np.savetxt(temporary, hertz, fmt="%.15g")


def _maps(stokes: Any) -> Stokes:
    """Maps of the IAU in a unit that the files have."""
    if not isinstance(stokes, Stokes):
        raise TypeError(f"stokes is a {type(stokes).__name__}: write_stokes_cubes writes a sl.Stokes.")
    if not isinstance(stokes.sky, (Directions, ImagePlane)):
        kind = type(stokes.sky).__name__
        raise TypeError(
            f"stokes.sky is a {kind}, and cubes are images: simulate sl.Directions of one, or an ImagePlane."
        )
    if stokes.axis != "frequency" or stokes.frequency.ndim != 1:
        raise ValueError("stokes must be of a sequence of frequencies: simulate it with frequency=[...].")
    check_pixels(stokes, "write_stokes_cubes")
    known = 1 * stokes  # with NaN instead of the sentinel of HEALPix files, which turns like a brightness
    return (known if known.unit in _UNITS else known.to("K_RJ")).to_convention("IAU")


def _plane(plane: ImagePlane, distance: Any, position: Any) -> Any:
    """The image of a plane at a distance, on the plane that touches the sky in its middle."""
    from astropy.wcs import WCS

    if distance is None:
        raise ValueError("distance is missing: an ImagePlane is in kpc; give how far away it is, in Mpc.")
    away, middle = number(distance, "Mpc", "distance"), numbers(position, "deg", "position")
    if not 0 < away < np.inf:
        raise ValueError(f"distance = {distance} must be positive [Mpc].")
    if middle.shape != (2,) or not np.all(np.isfinite(middle)) or abs(middle[1]) > 90:
        raise ValueError(f"position = {position} must be right ascension and declination [deg].")
    image = WCS(naxis=2)
    image.wcs.ctype, image.wcs.crval = ["RA---TAN", "DEC--TAN"], middle
    image.wcs.crpix = [0.5 * (n + 1) for n in plane.shape[::-1]]
    sides = [length / n for length, n in zip(plane.extent[::-1], plane.shape[::-1], strict=True)]
    image.wcs.cdelt = np.rad2deg(np.array(sides) / (1e3 * away))
    image.array_shape = plane.shape
    return image


def _image(sky: Directions, wcs: Any) -> Any:
    """The image whose pixels directions are."""
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from astropy.wcs.utils import proj_plane_pixel_scales

    if wcs is None or getattr(wcs, "array_shape", None) is None:
        raise ValueError("wcs is missing, or has no array_shape: give the astropy.wcs.WCS of the image.")
    if wcs.naxis != 2 or int(np.prod(wcs.array_shape)) != sky.size:
        raise ValueError(f"wcs has the shape {wcs.array_shape}, the sky {sky.size} directions: give that of the image.")
    if wcs.has_distortion:
        raise ValueError("wcs has distortions, which other programs may not read: give the image one without.")
    l, b = sky.lonlat()
    away = places_of(wcs, "wcs").galactic.separation(SkyCoord(l * u.deg, b * u.deg, frame="galactic"))
    if np.max(away.deg) > _AWAY * np.min(proj_plane_pixel_scales(wcs)):
        raise ValueError("stokes.sky has other directions than the pixels of wcs: give these, row by row.")
    return wcs


def _header(image: Any, hertz: np.ndarray, unit: str, history: list[str]) -> Any:
    header = image.to_header()
    header["WCSAXES"] = 3
    header.extend(axis_cards(hertz))
    header.extend([("BUNIT", unit, "Brightness (K: Rayleigh-Jeans)"), ("POLCCONV", "IAU", "From north towards east")])
    header.extend(primary_header().cards)
    for line in history:
        header.add_history(line)
    return header


def _write(path: Path, values: np.ndarray, header: Any, name: str, hertz: np.ndarray, overwrite: bool) -> None:
    from astropy.io import fits

    hdus: list[Any] = [fits.PrimaryHDU(values, header.copy())]
    hdus[0].header["STOKES"] = (name, "Stokes parameter")
    if header["CTYPE3"] != "FREQ":
        hdus.append(axis_table(hertz))
    with replacing(path, overwrite, "folder") as temporary:
        fits.HDUList(hdus).writeto(temporary, checksum="datasum")
