"""HEALPix tables in FITS files: their pixels, columns and keywords, whoever wrote them."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from .._core.files import PathLike
from ..geometry import HealpixSky

BAD_DATA = -1.6375e30
"""What HEALPix files hold where nothing was observed."""


def read_columns(
    path: PathLike, extension: int = 0, coordsys: str | None = None
) -> tuple[HealpixSky, dict[str, np.ndarray]]:
    """The sky and the columns of one HEALPix table, whatever they mean: surveys, rotation measures, errors.

    **Arguments:**

    - `extension`: which of the HEALPix tables in the file, from 0.
    - `coordsys`: `"G"` where the file does not say that it is in Galactic coordinates, but is.

    **Returns:** the sky, and arrays, (npix,), by the name of their column; NaN where the file has no data.

    **Raises:** `ValueError` for files without such a table, or without a keyword that is needed.

    !!! example
        >>> sl.io.write_map("sky.fits", stokes, overwrite=True)
        >>> sky, columns = sl.io.read_columns("sky.fits")
        >>> [values.shape for values in columns.values()]
        [(768,), (768,), (768,)]
    """
    with healpix_tables(path) as tables:
        if not 0 <= extension < len(tables):
            raise ValueError(f"extension = {extension}: {path} holds {len(tables)} HEALPix tables, counted from 0.")
        table = tables[extension]
        return read_sky(table, path, coordsys), {
            name: read_values(table, name) for name in table.columns.names if name.upper() != "PIXEL"
        }


@contextlib.contextmanager
def healpix_tables(path: PathLike) -> Iterator[list[Any]]:
    """The HEALPix tables of a FITS file, which is open inside the block.

    **Raises:** `ValueError` for a file that is no FITS file or holds none.
    """
    from astropy.io import fits

    try:
        file = fits.open(path, memmap=False)
    except FileNotFoundError:
        raise FileNotFoundError(f"path = {path} does not exist.") from None
    except OSError as error:
        raise ValueError(f"path = {path} is not a FITS file: {error}") from None
    with file:
        tables = [hdu for hdu in file[1:] if isinstance(hdu, fits.BinTableHDU) and _is_healpix(hdu.header)]
        if not tables:
            raise ValueError(f"{path} holds no HEALPix table: no extension has PIXTYPE = 'HEALPIX' or NSIDE.")
        yield tables


def _is_healpix(header: Any) -> bool:
    return str(header.get("PIXTYPE", "")).strip().upper() == "HEALPIX" or "NSIDE" in header


def keyword(header: Any, name: str, path: PathLike, cure: str) -> Any:
    """The value of a keyword, strings stripped.

    **Raises:** `ValueError` with the `cure` where the file lacks it.
    """
    value = header.get(name)
    value = value.strip() if isinstance(value, str) else value
    if value in (None, ""):
        raise ValueError(f"{path} lacks the keyword {name}: {cure}.")
    return value


def read_sky(table: Any, path: PathLike, coordsys: str | None) -> HealpixSky:
    """The pixels of a table.

    **Raises:** `ValueError` for missing keywords, a wrong number of rows, or a frame that is not Galactic.
    """
    header, repair = table.header, "set it with astropy.io.fits.setval, if you know it"
    frame = coordsys or keyword(header, "COORDSYS", path, 'pass coordsys="G" if it is in Galactic coordinates')
    if frame.upper() not in ("G", "GALACTIC"):
        raise ValueError(f"{path} has COORDSYS = {frame!r}: rotate it to Galactic coordinates first (healpy.Rotator).")
    nside, nest = int(keyword(header, "NSIDE", path, repair)), _is_nested(header, path, repair)
    partial = int("EXPLICIT" in str(header.get("INDXSCHM", "")) or "PARTIAL" in str(header.get("OBJECT", "")))
    columns = _load(table, path)
    pixels = np.asarray(columns.field(0)).ravel().astype(np.int64) if partial else None
    sky, rows = HealpixSky(nside, pixels, nest, int(header.get("SUPERSMP", 1))), columns.field(partial).size
    if rows != sky.size:
        raise ValueError(f"{path} holds {rows} values a column, NSIDE = {nside} has {sky.size}: the file is damaged.")
    return sky


def _is_nested(header: Any, path: PathLike, repair: str) -> bool:
    ordering = str(keyword(header, "ORDERING", path, repair)).upper()
    if ordering not in ("RING", "NESTED", "NEST"):
        raise ValueError(f"{path} has ORDERING = {ordering!r}, not RING or NESTED: {repair}.")
    return ordering != "RING"


def _load(table: Any, path: PathLike) -> Any:
    try:
        return table.data
    except (ValueError, TypeError, OSError) as error:
        raise ValueError(f"{path} cannot be read, it may have been cut short: {error}") from None


def read_values(table: Any, column: str) -> np.ndarray:
    """A column, (npix,), in this machine's byte order; NaN where the file has no data."""
    values = np.asarray(table.data.field(column)).ravel()
    values = values.astype(values.dtype.newbyteorder("="))
    if values.dtype.kind != "f":
        return values
    bad = np.isclose(values, table.header.get("BAD_DATA", BAD_DATA), rtol=1e-5, atol=0)
    return np.where(bad, np.asarray(np.nan, values.dtype), values) if bad.any() else values
