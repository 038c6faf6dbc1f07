"""FITS files and the HEALPix tables in them, whoever wrote them: opened safely, found, and read column by column."""

import bz2
import contextlib
import gzip
import io
import lzma
import mmap
import os
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .._core.files import PathLike
from .._core.reading import FileError, check_unpacked, reading, unpacked_limit
from .._core.units import refuse_units
from ..sky.geometry import HealpixSky
from .pixels import check_coordsys, pixel_column, read_sky
from .units import convert

BAD_DATA = -1.6375e30
"""What HEALPix files hold where nothing was observed."""
_PACKED = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}


def read_columns(
    path: PathLike, extension: int = 0, coordsys: str | None = None, units: Mapping[str, str] | None = None
) -> tuple[HealpixSky, dict[str, np.ndarray]]:
    """The sky and the columns of one HEALPix table, whatever they mean: surveys, rotation measures, errors.

    **Arguments:**

    - `extension`: the number of the HEALPix table in the file, from 0.
    - `coordsys`: `"G"` where the file does not say that it is in Galactic coordinates, but is.
    - `units`: the unit to convert to, by the name of the column; other columns stay in the unit of the file.
    - `path`: the file.

    **Returns:** the sky, and arrays, (npix,), by the name of their column; numbers in floating point, whole ones in
    double precision; NaN where the file has no data.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, for damaged files, files without such a table
    or a keyword that is needed, and units that cannot be converted.

    !!! example
        >>> sl.io.write_map("sky.fits", stokes, overwrite=True)
        >>> sky, columns = sl.io.read_columns("sky.fits", units={"I_STOKES": "mK_RJ"})
        >>> [values.shape for values in columns.values()]
        [(768,), (768,), (768,)]
    """
    check_coordsys(coordsys)
    refuse_units(extension=extension)
    with healpix_tables(path) as tables:
        if not 0 <= extension < len(tables):
            raise FileError(f"extension = {extension}: {path} holds {len(tables)} HEALPix tables, counted from 0.")
        table = tables[extension]
        sky, own = read_sky(table, path, coordsys), pixel_column(table)
        columns = {name: read_values(table, name, path) for name in table.columns.names if name != own}
        for name, unit in (units or {}).items():
            if name not in columns:
                raise FileError(f"{path} has no column {name}, but {', '.join(columns)}.")
            columns[name] = convert(columns[name], unit_of(table, name), unit, f"{path}: column {name}")
        return sky, columns


@contextlib.contextmanager
def healpix_tables(path: PathLike) -> Iterator[list[Any]]:
    """The HEALPix tables of a FITS file, which is open inside the block.

    **Raises:** `FileError` for a file that is no FITS file or holds none, and for whatever fails inside the block.
    """
    from astropy.io import fits

    with open_fits(path) as file:
        tables = [hdu for hdu in file[1:] if isinstance(hdu, fits.BinTableHDU) and _is_healpix(hdu.header)]
        if not tables:
            raise FileError(f"{path} holds no HEALPix table: no extension has PIXTYPE = 'HEALPIX' or NSIDE.")
        for table in tables:
            check_table(table, path)
        yield tables


@contextlib.contextmanager
def open_fits(path: PathLike) -> Iterator[Any]:
    """A FITS file, plain or compressed, open inside the block; nothing is read that the file is too small to hold.

    **Raises:** `FileError` for a file that is none, and for whatever fails inside the block.
    """
    from astropy.io import fits

    with contextlib.ExitStack() as stack:
        stack.enter_context(reading(path, "cannot be read, it may be damaged or cut short"))
        source: Any = stack.enter_context(open(path, "rb"))
        start = source.read(9)
        source.seek(0)
        if start[:2] in _PACKED:
            source = _unpacked(path, stack.enter_context(_PACKED[start[:2]](source)))
            _check_counts(path, source.getbuffer().tobytes())
        elif start != b"SIMPLE  =":
            raise FileError(f"path = {path} is not a FITS file: it does not begin with SIMPLE.")
        else:
            with mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as content:
                _check_counts(path, content)
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("error", message=".*truncated.*")
        yield stack.enter_context(fits.open(source, memmap=False))


def _unpacked(path: PathLike, source: Any) -> io.BytesIO:
    """What a packed file holds, as far as it may hold so much; gzip says it in its last bytes."""
    if isinstance(source, gzip.GzipFile) and os.path.getsize(path) > 4:
        with open(path, "rb") as file:
            file.seek(-4, os.SEEK_END)
            check_unpacked(path, int.from_bytes(file.read(4), "little"))
    content = source.read(unpacked_limit(path) + 1)
    check_unpacked(path, len(content))
    return io.BytesIO(content)


def _check_counts(path: PathLike, content: Any) -> None:
    """Refuses headers of more axes or columns than FITS has, which astropy would count to."""
    for name in (b"NAXIS   =", b"TFIELDS ="):
        for place in _cards(content, name):
            value = content[place + 9 : place + 80].split(b"/")[0].strip()
            if content[place : place + 9] == name and value.isdigit() and int(value) > 999:
                raise FileError(f"path = {path} is damaged: {name[:7].decode().strip()} = {value.decode()}.")


def _cards(content: Any, name: bytes) -> list[int]:
    """Where a keyword of 8 letters may stand in a file: headers and data begin at multiples of the 80 of a card."""
    words = np.frombuffer(content, np.uint64, len(content) // 80 * 10)[::10]
    return (80 * np.flatnonzero(words == np.frombuffer(name[:8], np.uint64))).tolist()


def check_table(table: Any, path: PathLike) -> None:
    """Refuses a table that is larger than its file, whose columns do not fill its rows, or whose data were changed.

    **Raises:** `FileError`.
    """
    header, size = table.header, table.size
    if min(header["NAXIS1"], header["NAXIS2"], header["PCOUNT"]) < 0 or not isinstance(size, int):
        raise FileError(f"path = {path} is damaged: a table of {header['NAXIS2']} rows of {header['NAXIS1']} bytes.")
    check_unpacked(path, size)
    if _is_plain(path) and size > os.path.getsize(path):
        raise FileError(f"path = {path} cannot be read, it may have been cut short: a table needs {size} bytes.")
    if table.columns.dtype.itemsize != header["NAXIS1"]:
        raise FileError(f"path = {path} is damaged: the columns of a table do not add up to its rows.")
    try:
        sound = table.verify_datasum()
    except (ValueError, TypeError, OSError) as error:
        raise FileError(f"path = {path} cannot be read, it may have been cut short: {error}") from None
    if sound == 0:
        raise FileError(
            f"path = {path} is damaged: its data are not those that the keyword DATASUM was written for. If you "
            "changed them yourself, remove it: astropy.io.fits.delval(path, 'DATASUM', ext=...)."
        )


def _is_plain(path: PathLike) -> bool:
    with open(path, "rb") as file:
        return file.read(2) not in _PACKED


def _is_healpix(header: Any) -> bool:
    return str(header.get("PIXTYPE", "")).strip().upper() == "HEALPIX" or "NSIDE" in header


def marked(values: np.ndarray, blank: np.ndarray) -> np.ndarray:
    """Values with the mark of HEALPix files, for no data, where they are blank."""
    return np.where(blank, values.dtype.type(BAD_DATA), values) if np.any(blank) else values


def unit_of(table: Any, name: str) -> str:
    """The unit that a file gives for a column, empty where it gives none, or `unknown` as HEALPix software does."""
    found = str(table.columns[name].unit or "").strip()
    return "" if found.lower() == "unknown" else found


def read_values(table: Any, name: str, path: PathLike) -> np.ndarray:
    """A column, (npix,), in this machine's byte order: floating point, NaN where the file has no data.

    Whole numbers become double precision; their TNULL, and BAD_DATA of any numbers, are no data.

    **Raises:** `FileError` for a column that is no array of numbers.
    """
    column = table.columns[name]
    values = np.asarray(table.data.field(name)).ravel()
    if values.dtype.kind not in "fiub":
        raise FileError(f"{path}: column {name} holds no numbers, but {column.format}.")
    blank = np.zeros(values.shape, bool)
    if column.null is not None and values.dtype.kind != "b":
        blank = np.asarray(table.data.view(np.ndarray)[name]).ravel() == int(column.null)
    values = values.astype(values.dtype.newbyteorder("=") if values.dtype.kind == "f" else np.float64)
    for bad in {BAD_DATA, table.header.get("BAD_DATA", BAD_DATA)}:
        if isinstance(bad, (str, bool)) or not isinstance(bad, (int, float)):
            raise FileError(f"{path} has BAD_DATA = {bad!r}, which is no number.")
        blank |= np.isclose(values, bad, rtol=1e-5, atol=0)
    return np.where(blank, np.asarray(np.nan, values.dtype), values) if blank.any() else values
