"""HEALPix maps of any quantity."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._core.files import PathLike, check_writable, replacing
from .._core.units import strip_unit, unit_of
from ..sky.geometry import HealpixSky
from .headers import describe, pixel_cards, primary_header
from .tables import marked
from .units import check_unit, convert


def write_columns(
    path: PathLike,
    sky: HealpixSky,
    columns: Mapping[str, Any],
    overwrite: bool = False,
    model: Any = None,
) -> None:
    """Writes maps of any quantity to a FITS file that HEALPix software reads; `read_columns` reads it back.

    **Arguments:**

    - `path`: where; `overwrite`: replace an existing file.
    - `sky`: full or partial; `columns`: name to values, (npix,), and their unit in astropy's notation, or to an astropy
      quantity, as `stokes.quantity("polarisation_angle")` and `observable.quantity(model)` give. Values that have a
      unit of their own are converted to the one beside them.
    - `model`: what made them, kept as text in the header. What is not finite, or masked, is written as -1.6375e30,
      which HEALPix software knows.

    **Raises:** as `check_writable`; `TypeError` for skies that are not HEALPix; `ValueError` for maps of another size,
    units that astropy does not know, and the name PIXEL in a partial sky, which numbers its pixels. The file appears
    whole or not at all.

    !!! example
        >>> rm = simulator.rotation_measure(sky)
        >>> sl.io.write_columns("rm.fits", sky, {"RM": (rm, "rad m-2")}, overwrite=True)
    """
    from astropy.io import fits

    columns = {name: _split(name, given) for name, given in columns.items()}
    _check(sky, columns)
    check_writable(path, overwrite)
    table = [] if sky.pixels is None else [fits.Column("PIXEL", "K", array=sky.indices)]
    for name, (values, unit) in columns.items():
        array = _plain(values, unit, f"columns[{name!r}]")
        array = array.astype(np.float32 if array.dtype.kind == "f" and array.dtype.itemsize <= 4 else np.float64)
        kind = "E" if array.dtype == np.float32 else "D"
        table.append(fits.Column(name, kind, unit, array=marked(array, ~np.isfinite(array))))
    header = fits.Header([*pixel_cards(sky), ("COORDSYS", "G", "Galactic"), *primary_header().cards])
    for line in describe(model):
        header.add_history(line)
    with replacing(path, overwrite) as temporary:
        tables = [fits.PrimaryHDU(header=primary_header()), fits.BinTableHDU.from_columns(table, header)]
        fits.HDUList(tables).writeto(temporary, checksum="datasum")


def _plain(values: Any, unit: str, where: str) -> np.ndarray:
    """Real numbers in a unit, NaN where they are masked.

    **Raises:** `TypeError` for other things; `ValueError` for numbers whose own unit is of another dimension.
    """
    own = unit_of(values)
    array = np.asarray(strip_unit(values, own, where))
    if array.dtype.kind == "c":
        raise TypeError(f"{where} holds complex numbers: give their real and imaginary parts.")
    if array.dtype.kind in "OSUmM":
        raise TypeError(f"{where} holds no numbers, but {array.dtype}.")
    return array if own is None else convert(array, str(own), unit, where)


def _split(name: str, given: Any) -> tuple[Any, str]:
    """Values and unit of a pair or a quantity.

    **Raises:** `TypeError` for anything else.
    """
    unit = getattr(given, "unit", None)
    if unit is not None and hasattr(given, "value"):
        return given, unit.to_string("fits")
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], str):
        return given
    raise TypeError(f"columns[{name!r}] has no unit: give (values, unit), '' for none, or an astropy quantity.")


def _check(sky: Any, columns: Mapping[str, tuple[Any, str]]) -> None:
    if not isinstance(sky, HealpixSky):
        raise TypeError(f"sky is {type(sky).__name__}: HEALPix files hold maps of sl.HealpixSky only.")
    if not columns:
        raise ValueError("columns is empty: give at least one name with its values and unit.")
    for name, (values, unit) in columns.items():
        if sky.pixels is not None and name.strip().upper() == "PIXEL":
            raise ValueError(
                f"columns[{name!r}] has the name of the column that numbers the pixels of a partial sky: choose "
                "another."
            )
        check_unit(unit, f"columns[{name!r}]")
        if np.shape(values) != (sky.size,):
            raise ValueError(f"columns[{name!r}] has shape {np.shape(values)}, the sky has {sky.size} pixels.")
