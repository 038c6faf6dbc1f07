"""What the headers of all files written in the OGIP formats hold, and how they are written."""

from typing import Any

from ..._core.files import PathLike, replacing
from ..headers import primary_header

CLASS = [("HDUCLASS", "OGIP", "Format conforms to OGIP standards")]
NAMES = [("TELESCOP", "UNKNOWN", "Mission"), ("INSTRUME", "UNKNOWN", "Instrument"), ("FILTER", "NONE", "Filter")]


def write_tables(path: PathLike, overwrite: bool, tables: list[Any], header: Any = None) -> None:
    """Writes a file of tables, whole or not at all; `header`: that of the file, where it says more than its writer."""
    from astropy.io import fits

    with replacing(path, overwrite) as temporary:
        primary = fits.PrimaryHDU(header=primary_header() if header is None else header)
        fits.HDUList([primary, *tables]).writeto(temporary, checksum="datasum")
