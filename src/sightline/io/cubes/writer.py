"""Cubes of spectra to FITS."""

import math
from typing import Any

import numpy as np

from ..._core.files import PathLike, check_writable, replacing
from ..._core.units import numbers
from ...galaxies.cubes import SpectralCube
from ..headers import describe, primary_header
from .axis import axis_cards, channel_table
from .units import FLUX

LEFT_OUT = 1
"""The bit of DQ of a datum without a finite variance."""


def write_cube(
    path: PathLike, cube: SpectralCube, overwrite: bool = False, position: Any = (0.0, 0.0), model: Any = None
) -> None:
    """Writes a cube to a FITS file with world coordinates, in the precision it has.

    DATA is the flux, STAT the variance, if there is one, DQ is 1 where a datum is left out, CHANNELS the edges of the
    channels. Columns run east and rows north. The third axis is AWAV or WAVE, by the medium; where channels have more
    than one width, their middles are in CHANNELS (AWAV-TAB, WAVE-TAB).

    **Arguments:**

    - `path`: where; `overwrite`: replace an existing file.
    - `cube`: of `sl.cubes.Spaxels`.
    - `position`: right ascension and declination of the middle of the image, (2,) deg.
    - `model`: what made it, e.g. a `Galaxy`; kept as text in the header.

    **Raises:** as `check_writable`; `TypeError` for what is no cube, or a cube of other planes. The file appears whole
    or not at all.

    !!! example
        >>> channels, plane = sl.cubes.Channels.regular(5000.0, 2.0, 4), sl.cubes.Spaxels((2, 3), 0.5)
        >>> sl.io.write_cube("cube.fits", sl.SpectralCube(np.ones((4, 6)), channels, plane), overwrite=True)
        >>> from astropy.io import fits
        >>> fits.getheader("cube.fits", "DATA")["CTYPE3"], fits.getheader("cube.fits", "DATA")["CRVAL3"]
        ('AWAV', 5001.0)
    """
    from astropy.io import fits

    _check(cube)
    check_writable(path, overwrite)
    header = fits.Header(_cards(cube, _position(position)))
    flux, factor = _unit(cube.scale)
    hdus = [fits.PrimaryHDU(header=_primary(model)), _image(cube, cube.flux, factor, "DATA", header, flux)]
    if cube.variance is not None:
        hdus.append(_image(cube, cube.variance, factor**2, "STAT", header, flux**2))
    hdus += [_image(cube, _quality(cube), 1.0, "DQ", header), channel_table(cube.channels)]
    with replacing(path, overwrite) as temporary:
        fits.HDUList(hdus).writeto(temporary, checksum="datasum")


def _check(cube: Any) -> None:
    if not isinstance(cube, SpectralCube):
        raise TypeError(f"cube is a {type(cube).__name__}: write_cube writes a sl.SpectralCube.")
    if not hasattr(cube.plane, "spaxel"):
        raise TypeError(f"cube.plane is a {type(cube.plane).__name__}, and files have angles: give sl.cubes.Spaxels.")


def _position(position: Any) -> tuple[float, float]:
    found = numbers(position, "deg", "position")
    if found.shape != (2,) or not np.all(np.isfinite(found)) or abs(found[1]) > 90:
        raise ValueError(f"position = {position} must be right ascension and declination [deg].")
    return float(found[0]), float(found[1])


def _primary(model: Any) -> Any:
    header = primary_header()
    for line in describe(model):
        header.add_history(line)
    return header


def _cards(cube: SpectralCube, position: tuple[float, float]) -> list[tuple[str, Any, str]]:
    rows, columns = cube.plane.shape
    side = cube.plane.spaxel / 3600
    cards: list[tuple[str, Any, str]] = [("WCSAXES", 3, "")]
    for axis, (kind, count, value) in enumerate(
        (("RA---TAN", columns, position[0]), ("DEC--TAN", rows, position[1])), 1
    ):
        cards += [(f"CTYPE{axis}", kind, ""), (f"CUNIT{axis}", "deg", ""), (f"CRPIX{axis}", 0.5 * (count + 1), "")]
        cards += [(f"CRVAL{axis}", value, ""), (f"CDELT{axis}", side, "East and north are positive")]
    return [*cards, *axis_cards(cube.channels), ("RADESYS", "ICRS", ""), ("SPAXEL", cube.plane.spaxel, "[arcsec] Side")]


def _quality(cube: SpectralCube) -> np.ndarray:
    bad = ~np.isfinite(np.asarray(cube.flux))
    if cube.variance is not None:
        bad |= ~np.isfinite(np.asarray(cube.variance))
    return np.where(bad, LEFT_OUT, 0).astype(np.int32)


def _unit(scale: float) -> tuple[Any, float]:
    """The unit of a flux in a file, and what fluxes are multiplied by: files name units by powers of ten alone."""
    import astropy.units as u

    unit = u.Unit(FLUX)
    power = round(math.log10(scale))
    ten = float(f"1e{power}")
    return (u.Unit(ten * unit), 1.0) if math.isclose(ten, scale, rel_tol=1e-12) else (unit, scale)


def _image(cube: SpectralCube, values: Any, factor: float, name: str, header: Any, unit: Any = None) -> Any:
    from astropy.io import fits

    plain = np.asarray(values)
    plain = plain if factor == 1 else plain.astype(np.float64) * factor
    hdu = fits.ImageHDU(plain.reshape(-1, *cube.plane.shape), header.copy(), name=name)
    if unit is not None:
        hdu.header["BUNIT"] = unit.to_string("fits")
    return hdu
