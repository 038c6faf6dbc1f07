"""Polarised HEALPix maps: Stokes to FITS and back."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from .._core.files import PathLike, check_writable, replacing
from .._core.module import default_float
from .._core.reading import FileError
from .._core.units import strip_unit
from ..sky.axes import GEV, check_energy
from ..sky.geometry import HealpixSky
from ..sky.stokes import Stokes, is_blank
from .headers import describe, primary_header, table_header
from .keywords import (
    check_convention,
    check_frequency,
    check_unit,
    find_columns,
    find_convention,
    find_frequencies,
    find_unit,
    stokes_tables,
)
from .pixels import check_coordsys, read_sky
from .tables import healpix_tables, marked, read_values


def write_map(path: PathLike, stokes: Stokes, overwrite: bool = False, model: Any = None) -> None:
    """Writes a sky to a FITS file that HEALPix software reads, one table a frequency, in the precision it has.

    **Arguments:**

    - `path`: where; `overwrite`: replace an existing file.
    - `stokes`: maps of a `HealpixSky`, full or partial; pixels without data, NaN, are written as -1.6375e30.
    - `model`: what made them, e.g. the `Simulator`; kept as text in the header.

    **Raises:** as `check_writable`; `TypeError` for skies that are not HEALPix; `ValueError` for maps whose size is not
    the sky's. The file appears whole or not at all.

    !!! example
        >>> sl.io.write_map("sky.fits", stokes, model=simulator, overwrite=True)
        >>> import healpy
        >>> i, q, u = healpy.read_map("sky.fits", field=(0, 1, 2), hdu=1)
    """
    from astropy.io import fits

    if not isinstance(stokes, Stokes):
        raise TypeError(
            f"stokes is a {type(stokes).__name__}: use sl.io.write_columns(path, sky, {{name: (values, unit)}}) for "
            "maps of any other quantity."
        )
    sky = check_healpix(stokes)
    check_writable(path, overwrite)
    history = describe(model)
    skies = [stokes] if stokes.frequency.ndim == 0 else [stokes[i] for i in range(stokes.frequency.size)]
    tables = [fits.BinTableHDU.from_columns(_columns(one, sky), table_header(one, sky, history)) for one in skies]
    with replacing(path, overwrite) as temporary:
        fits.HDUList([fits.PrimaryHDU(header=primary_header()), *tables]).writeto(temporary, checksum="datasum")


def check_healpix(stokes: Stokes) -> HealpixSky:
    """The HEALPix sky of maps.

    **Raises:** `TypeError` for other skies; `ValueError` for maps of another size.
    """
    sky = stokes.sky
    if sky is None:
        raise TypeError("stokes has no sky: name it with dataclasses.replace(stokes, sky=sl.HealpixSky(nside)).")
    if not isinstance(sky, HealpixSky):
        raise TypeError(
            f"stokes is a map of {type(sky).__name__}, and HEALPix files hold pixels: simulate it on "
            "sl.HealpixSky(nside, pixels=...), or keep the arrays with numpy.savez."
        )
    if stokes.I.shape != (*stokes.frequency.shape, sky.size):
        raise ValueError(
            f"stokes.I has shape {stokes.I.shape}, its frequencies and sky {(*stokes.frequency.shape, sky.size)}."
        )
    return sky


def _columns(stokes: Stokes, sky: HealpixSky) -> list[Any]:
    """The columns of one frequency; a partial sky begins with its pixels."""
    from astropy.io import fits

    given = {name: np.asarray(getattr(stokes, name)) for name in "IQUV" if getattr(stokes, name) is not None}
    parts = {name: part.astype(np.result_type(part.dtype, np.float32)) for name, part in given.items()}
    columns = [
        fits.Column(
            f"{name}_STOKES",
            "D" if part.dtype == np.float64 else "E",
            stokes.unit,
            array=marked(part, is_blank(part)),
        )
        for name, part in parts.items()
    ]
    if sky.pixels is None:
        return columns
    return [fits.Column("PIXEL", "J" if sky.nside <= 8192 else "K", array=sky.indices), *columns]


def read_map(
    path: PathLike,
    unit: str | None = None,
    convention: str | None = None,
    frequency: Any = None,
    coordsys: str | None = None,
    *,
    energy: Any = None,
) -> Stokes:
    """Reads a polarised HEALPix map.

    Files of others often leave out what a sky needs: pass it. A convention, frequency or frame that is passed wins over
    what the file says; a unit must agree with it. Tables without Stokes parameters, such as covariances, are left to
    `read_columns`.

    **Arguments:**

    - `unit`: `"K_RJ"`, `"K_CMB"` or `"MJy/sr"`, the temperatures also as `"mK_..."` and `"uK_..."`, and `"Jy/sr"`; of
      gamma rays `"GeV-1 cm-2 s-1 sr-1"`.
    - `convention`: `"COSMO"` or `"IAU"`.
    - `frequency`: GHz or an astropy quantity; one for each table, if there are several.
    - `coordsys`: `"G"`.
    - `energy`: of photons, GeV or an astropy quantity, instead of a frequency.
    - `path`: the file.

    **Returns:** `Stokes`, (npix,) each for one table, (nfreq, npix) for several; NaN where the file has no data, in all
    of I for a file of Q and U alone. The numbers keep their precision, as far as JAX's 64-bit mode allows; whole
    numbers are read in double precision.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, naming the keyword or column that is missing and
    how to pass it, and for damaged files.

    !!! example
        >>> sl.io.write_map("sky.fits", stokes, overwrite=True)
        >>> sl.io.read_map("sky.fits").to("K_CMB").unit
        'K_CMB'
    """
    check_unit(unit)
    check_convention(convention)
    check_coordsys(coordsys)
    given = _given(frequency, energy)
    with healpix_tables(path) as found:
        tables = stokes_tables(found, path)
        frequencies = find_frequencies(tables, path, given)
        skies = [
            _read(table, nu, read_sky(table, path, coordsys), path, unit, convention)
            for table, nu in zip(tables, frequencies, strict=True)
        ]
    return skies[0] if len(skies) == 1 else _stack(skies, path)


def _given(frequency: Any, energy: Any) -> np.ndarray | None:
    """Frequencies [GHz] that were passed, as such or as energies."""
    if energy is None:
        return check_frequency(strip_unit(frequency, "GHz", "frequency"))
    if frequency is not None:
        raise ValueError("read_map: frequency and energy are both given: leave one of them out.")
    return np.atleast_1d(np.asarray(check_energy(energy), np.float64)) / GEV


def _read(table: Any, frequency: float, sky: HealpixSky, path: PathLike, unit: Any, convention: Any) -> Stokes:
    """One table."""
    names = find_columns(table, path)
    factor, unit = find_unit(table, list(names.values()), path, unit)
    parts = {part: read_values(table, name, path) for part, name in names.items()}
    if factor != 1:
        parts = {part: values * values.dtype.type(factor) for part, values in parts.items()}
    parts = {"I": np.full_like(parts["Q"], np.nan)} | parts
    return Stokes(
        **{part: jnp.asarray(values) for part, values in parts.items()},
        frequency=jnp.asarray(frequency, default_float()),
        unit=unit,
        convention=find_convention(table, path, convention),
        sky=sky,
    )


def _stack(skies: list[Stokes], path: PathLike) -> Stokes:
    """One Stokes of several frequencies."""
    first = skies[0]
    if any(_kind(sky) != _kind(first) for sky in skies):
        raise FileError(
            f"The tables of {path} differ in pixels, units, conventions or columns: read them with sl.io.read_columns."
        )
    names = [name for name in "IQUV" if getattr(first, name) is not None]
    parts = {name: jnp.stack([getattr(sky, name) for sky in skies]) for name in names}
    frequencies = jnp.stack([sky.frequency for sky in skies])
    return Stokes(**parts, frequency=frequencies, unit=first.unit, convention=first.convention, sky=first.sky)


def _kind(stokes: Stokes) -> tuple[Any, ...]:
    """What maps must share to be stacked."""
    sky: Any = stokes.sky
    pixels = None if sky.pixels is None else sky.pixels.tobytes()
    return stokes.unit, stokes.convention, stokes.V is None, stokes.I.dtype, sky.nside, sky.nest, pixels
