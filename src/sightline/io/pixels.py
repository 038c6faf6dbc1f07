"""The pixels of a HEALPix table, from whichever keywords and columns its author chose to tell them."""

from typing import Any

import numpy as np

from .._core.files import PathLike
from .._core.reading import FileError
from ..sky.geometry import HealpixSky

_NAMES = ("PIXEL", "PIXELS", "PIX", "IPIX", "INDEX", "HPXINDEX", "HPX_INDEX", "HEALPIX", "HPIX", "PIXNUM", "PIX_INDEX")
_GALACTIC = ("G", "GAL", "GALACTIC")


def keyword(header: Any, name: str, path: PathLike, cure: str) -> Any:
    """The value of a keyword, strings stripped.

    **Raises:** `FileError` with the `cure` where the file lacks it.
    """
    value = header.get(name)
    value = value.strip() if isinstance(value, str) else value
    if value is None or value == "" or not isinstance(value, (str, bool, int, float)):
        raise FileError(f"{path} lacks the keyword {name}: {cure}.")
    return value


def pixel_column(table: Any) -> str | None:
    """The name of the column that numbers the pixels of a table, if there is one.

    That of the likeliest name; but a table of the full sky needs none, and has data under any name.
    """
    named = [name for name in table.columns.names if name.strip().upper() in _NAMES]
    named = [name for name in named if not _is_data(table, name)]
    if named or not _says_explicit(table.header):
        return min(named, key=lambda name: _NAMES.index(name.strip().upper()), default=None)
    first = table.columns[0]
    return first.name if first.format.lstrip("0123456789")[:1] in "IJK" else None


def _is_data(table: Any, name: str) -> bool:
    """Whether a column of as many values as the full sky has pixels holds anything but their numbers."""
    header, values = table.header, np.asarray(table.data.field(name)).ravel()
    if _says_explicit(header) or values.size != 12 * header["NSIDE"] ** 2:
        return False
    implicit = str(header.get("INDXSCHM", "")).strip().upper() == "IMPLICIT"
    full = "FULL" in str(header.get("OBJECT", "")).upper()
    return implicit or full or not np.array_equal(np.sort(values), np.arange(values.size))


def _says_explicit(header: Any) -> bool:
    scheme, grain = str(header.get("INDXSCHM", "")).strip().upper(), header.get("GRAIN", 0)
    partial = "PARTIAL" in str(header.get("OBJECT", "")).upper() and scheme != "IMPLICIT"
    return "EXPLICIT" in scheme or partial or (grain == 1 and grain is not True)


def read_sky(table: Any, path: PathLike, coordsys: str | None) -> HealpixSky:
    """The pixels of a table: all, those that a column numbers, or those from FIRSTPIX to LASTPIX.

    **Raises:** `FileError` for missing keywords, a wrong number of rows, or a frame that is not Galactic.
    """
    header, repair = table.header, "set it with astropy.io.fits.setval, if you know it"
    if coordsys is None:
        _check_frame(header, path)
    nside, nest = _whole(keyword(header, "NSIDE", path, repair), "NSIDE", path), _is_nested(header, path, repair)
    supersample = _whole(header.get("SUPERSMP", 1), "SUPERSMP", path)
    own = pixel_column(table)
    others = [name for name in table.columns.names if name != own]
    if not others:
        raise FileError(f"{path} holds no column beside {own}.")
    counts = {int(np.size(table.data.field(name))) for name in others}
    if len(counts) > 1:
        raise FileError(f"{path} holds columns of {' and '.join(map(str, sorted(counts)))} values: they differ.")
    (rows,) = counts
    if own is None and _says_explicit(header) and rows != 12 * nside**2:
        raise FileError(
            f"{path} says that a column numbers its pixels, and has none of the names {', '.join(_NAMES)}: rename it."
        )
    sky = HealpixSky(nside, _pixels(table, own, rows, nside, path), nest, supersample)
    if rows != sky.size:
        raise FileError(f"{path} holds {rows} values a column, NSIDE = {nside} has {sky.size}: the file is damaged.")
    return sky


def check_coordsys(coordsys: str | None) -> None:
    """Refuses a frame that is not Galactic.

    **Raises:** `ValueError`.
    """
    if coordsys is not None and coordsys.strip().upper() not in _GALACTIC:
        raise ValueError(f'coordsys = {coordsys!r}: only "G", Galactic, is read: rotate the map (healpy.Rotator).')


def _check_frame(header: Any, path: PathLike) -> None:
    frame = str(keyword(header, "COORDSYS", path, 'pass coordsys="G" if it is in Galactic coordinates'))
    if frame.upper() not in _GALACTIC:
        raise FileError(f"{path} has COORDSYS = {frame!r}: rotate it to Galactic coordinates first (healpy.Rotator).")


def _whole(value: Any, name: str, path: PathLike) -> int:
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float)) or value != int(value):
        raise FileError(f"{path} has {name} = {value!r}, which is no whole number.")
    return int(value)


def _is_nested(header: Any, path: PathLike, repair: str) -> bool:
    ordering = str(keyword(header, "ORDERING", path, repair)).upper()
    if ordering not in ("RING", "NESTED", "NEST"):
        raise FileError(f"{path} has ORDERING = {ordering!r}, not RING or NESTED: {repair}.")
    return ordering != "RING"


def _pixels(table: Any, own: str | None, rows: int, nside: int, path: PathLike) -> np.ndarray | None:
    """The pixels of a partial sky, `None` for a full one."""
    if own is not None:
        values = np.asarray(table.data.field(own)).ravel()
        if values.dtype.kind not in "fiu":
            raise FileError(f"{path}: column {own} must number the pixels, and holds {table.columns[own].format}.")
        bad = np.flatnonzero(~((values >= 0) & (values < 12 * nside**2) & (values == np.floor(values))))
        if bad.size:
            raise FileError(
                f"{path}: row {bad[0]} of column {own} is {values[bad[0]]}, no pixel of NSIDE = {nside}, which counts "
                "from 0."
            )
        return values.astype(np.int64)
    first, last = table.header.get("FIRSTPIX", 0), table.header.get("LASTPIX", 12 * nside**2 - 1)
    partial = "PARTIAL" in str(table.header.get("OBJECT", "")).upper()
    if partial and isinstance(first, int) and isinstance(last, int) and rows == last - first + 1 != 12 * nside**2:
        return np.arange(first, last + 1)
    return None
