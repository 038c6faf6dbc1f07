"""The axis of frequencies: evenly spaced, or from a table; and the list of frequencies beside the cubes."""

from typing import Any

import numpy as np

from ..._core.files import PathLike
from ..._core.reading import FileError, reading
from ..units import unit_factor

TABLE, COLUMN = "FREQUENCIES", "FREQ"
_EVEN = 1e-9
"""Of a channel, by which frequencies may stray from evenly spaced ones."""


def axis_cards(hertz: np.ndarray) -> list[tuple[str, Any, str]]:
    """The third axis of a cube of these frequencies, (n,) Hz."""
    step = float(hertz[-1] - hertz[0]) / max(hertz.size - 1, 1) or 1.0
    if np.all(np.abs(hertz - hertz[0] - step * np.arange(hertz.size)) <= _EVEN * abs(step)):
        kind, first, more = "FREQ", float(hertz[0]), []
    else:
        kind, first, step = "FREQ-TAB", 1.0, 1.0
        more = [("PS3_0", TABLE, "Table of the frequencies"), ("PS3_1", COLUMN, "Its column")]
    place = [("CRPIX3", 1.0, ""), ("CRVAL3", first, ""), ("CDELT3", step, "")]
    return [("CTYPE3", kind, "Frequency"), ("CUNIT3", "Hz", ""), *place, *more]


def axis_table(hertz: np.ndarray) -> Any:
    """The frequencies as a table."""
    from astropy.io import fits

    column = fits.Column(COLUMN, f"{hertz.size}D", "Hz", array=hertz[None], dim=f"(1,{hertz.size})")
    return fits.BinTableHDU.from_columns([column], name=TABLE)


def frequency_axis(header: Any, path: PathLike) -> int:
    """The number of the axis of frequencies, from 1.

    **Raises:** `FileError` where there is none.
    """
    for axis in range(1, int(header["NAXIS"]) + 1):
        if "FREQ" in str(header.get(f"CTYPE{axis}", "")).upper():
            return axis
    raise FileError(f"path = {path}: no axis is a frequency: one needs CTYPE 'FREQ'.")


def hertz_of(file: Any, header: Any, axis: int, path: PathLike) -> np.ndarray:
    """The frequencies of a cube, (n,) Hz.

    **Raises:** `FileError` for an axis that is neither even nor a table of ours.
    """
    kind = str(header[f"CTYPE{axis}"]).strip().upper()
    unit = str(header.get(f"CUNIT{axis}", "")).strip()
    factor = unit_factor(unit, "Hz", f"path = {path}: CUNIT{axis}") if unit else 1.0
    first, step, start = linear(header, axis, path)
    tabled = kind.endswith("-TAB") and (first, step, start) == (1, 1, 1) and f"PS{axis}_2" not in header
    if "-" in kind and not tabled:
        raise FileError(f"path = {path}: CTYPE{axis} = {kind!r} is not evenly spaced: pass frequencies=, a list in Hz.")
    if tabled:
        return factor * _tabled(file[str(header[f"PS{axis}_0"])], str(header[f"PS{axis}_1"]), path)
    return factor * (first + step * (np.arange(int(header[f"NAXIS{axis}"])) + 1 - start))


def linear(header: Any, axis: int, path: PathLike) -> tuple[float, float, float]:
    """The value at the pixel of reference of an axis, what a pixel adds, and which pixel that is, from 1.

    Of an axis of one pixel that says the value alone it is that of the pixel.

    **Raises:** `FileError` for a card that is missing or no number.
    """
    matrix = f"CD{axis}_{axis}" in header

    def number(name: str, default: float | None = None) -> float:
        value = header.get(name, default)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and np.isfinite(value):
            return float(value)
        raise FileError(f"path = {path}: {name} is missing or no number: the axis {axis} has no coordinates.")

    scale, least = 1.0 if matrix else number(f"PC{axis}_{axis}", 1.0), 1.0 if header[f"NAXIS{axis}"] == 1 else None
    step = scale * number(f"CD{axis}_{axis}" if matrix else f"CDELT{axis}", least)
    return number(f"CRVAL{axis}"), step, number(f"CRPIX{axis}", 0.0 if least is None else 1.0)


def _tabled(table: Any, column: str, path: PathLike) -> np.ndarray:
    """The only coordinate of a table, a number for each pixel."""
    values = np.asarray(table.data[column], np.float64)
    if values.size != max(values.shape):
        raise FileError(f"path = {path}: the table of frequencies has the shape {values.shape}: pass frequencies=.")
    return values.ravel()


def listed(path: PathLike) -> np.ndarray:
    """The frequencies of a list, a line each, (n,) Hz.

    **Raises:** `FileError` for a file that is none.
    """
    with reading(path, "is no list of frequencies in Hz, one a line"):
        return np.loadtxt(path, np.float64, ndmin=2)[:, 0]
