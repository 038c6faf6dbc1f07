"""Cubes of gamma-ray intensities by energy, in the layout of Fermi's HEALPix templates."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from .._core.files import PathLike, check_writable, replacing
from .._core.reading import FileError
from .._core.units import PHOTONS
from ..sky.axes import check_energy
from ..sky.stokes import Stokes, is_blank
from .headers import describe, pixel_cards, primary_header
from .maps import check_healpix
from .pixels import read_sky
from .tables import BAD_DATA, check_table, marked, open_fits, read_values, unit_of
from .units import brightness, convert

_UNIT, _PER_MEV = "cm-2 s-1 MeV-1 sr-1", 1e-3  # of the format, which older software takes for granted
_MEV = 1e-3


def write_energy_cube(path: PathLike, stokes: Stokes, overwrite: bool = False, model: Any = None) -> None:
    """Writes intensities by energy to a FITS cube that gammapy and the tools of Fermi open as a diffuse template.

    The table SKYMAP has a column of cm^-2 s^-1 MeV^-1 sr^-1 an energy, ENERGY1 and so on, HPX_CONV is FGST-TEMPLATE,
    the table ENERGIES has the energies in MeV. Of Stokes parameters the format has I alone.

    **Arguments:**

    - `path`: where; `overwrite`: replace an existing file.
    - `stokes`: maps of photons, `simulator(sky, energy=...)`, of a full `HealpixSky`, at energies that increase.
    - `model`: what made them, kept as text in the header.

    **Raises:** as `check_writable`; `TypeError` for skies that are not HEALPix; `ValueError` for radio maps, partial
    skies, and energies that do not increase. The file appears whole or not at all.

    !!! example
        >>> photons = sl.emission.IsotropicPhotons(1e-7, index=2.4, reference_energy=1.0)
        >>> gamma = sl.Simulator(background=photons)(sl.HealpixSky(4), energy=[0.1, 1.0, 10.0])
        >>> sl.io.write_energy_cube("gamma.fits", gamma, overwrite=True)
        >>> sl.io.read_energy_cube("gamma.fits").energy.shape
        (3,)
    """
    from astropy.io import fits

    _check(stokes)
    check_writable(path, overwrite)
    hdus = [fits.PrimaryHDU(header=primary_header()), _skymap(stokes, describe(model)), _energies(stokes)]
    with replacing(path, overwrite) as temporary:
        fits.HDUList(hdus).writeto(temporary, checksum="datasum")


def _check(stokes: Stokes) -> None:
    sky = check_healpix(stokes)
    if stokes.unit != PHOTONS:
        raise ValueError(
            f"stokes is in {stokes.unit}, and a cube of energies holds {PHOTONS!r}: simulate it with energy=, convert "
            "it with .to, or write radio maps with sl.io.write_map."
        )
    if sky.pixels is not None:
        raise ValueError("stokes is of a part of the sky, and a cube of energies of all: use sl.io.write_map.")
    if np.any(np.diff(np.atleast_1d(stokes.energy)) <= 0):
        raise ValueError(f"stokes.energy = {stokes.energy} must increase: it is the axis of the cube.")


def _skymap(stokes: Stokes, history: list[str]) -> Any:
    from astropy.io import fits

    maps = np.asarray(stokes.I).reshape(stokes.frequency.size, -1)
    maps = maps.astype(np.float64 if maps.dtype.itemsize > 4 or maps.dtype.kind != "f" else np.float32)
    kind = "D" if maps.dtype == np.float64 else "E"
    cells = marked(maps * maps.dtype.type(_PER_MEV), is_blank(maps))
    columns = [fits.Column(f"ENERGY{k}", kind, _UNIT, array=one) for k, one in enumerate(cells, 1)]
    sky: Any = stokes.sky
    order = [("ORDER", int(np.log2(sky.nside)), "log2 of NSIDE")] if sky.nside & (sky.nside - 1) == 0 else []
    cards = [
        *pixel_cards(sky),
        *order,
        ("COORDSYS", "GAL", "Galactic"),
        ("HPX_CONV", "FGST-TEMPLATE", "Convention of the table"),
        ("BANDSHDU", "ENERGIES", "Table of the energies"),
        ("BUNIT", _UNIT, "Unit of the maps"),
        ("BAD_DATA", BAD_DATA, "Value of pixels without data"),
        *primary_header().cards,
    ]
    header = fits.Header(cards)
    for line in history:
        header.add_history(line)
    return fits.BinTableHDU.from_columns(columns, header, name="SKYMAP")


def _energies(stokes: Stokes) -> Any:
    from astropy.io import fits

    digits = 6 if stokes.frequency.dtype == np.float32 else 13
    values = [float(f"{float(one) / _MEV:.{digits}g}") for one in np.atleast_1d(stokes.energy)]
    return fits.BinTableHDU.from_columns([fits.Column("Energy", "D", "MeV", array=values)], name="ENERGIES")


def read_energy_cube(path: PathLike, coordsys: str | None = None) -> Stokes:
    """Reads a HEALPix cube of gamma-ray intensities by energy: of `write_energy_cube`, gammapy or Fermi.

    **Arguments:** `path`: the file; `coordsys`: `"G"` where it does not say that it is in Galactic coordinates, but
    is. Energies and maps that name no unit are in those of the format, MeV and cm^-2 s^-1 MeV^-1 sr^-1.

    **Returns:** `Stokes` in GeV^-1 cm^-2 s^-1 sr^-1, (nenergy, npix); Q and U, of which the file knows nothing, are
    NaN: fit `parameters="I"`.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, for files without such tables, of other units or
    a frame that is not Galactic, and damaged ones.

    !!! example
        >>> maps = sl.Stokes(*np.ones((3, 2, 12)), energy=[1.0, 10.0], sky=sl.HealpixSky(1))
        >>> sl.io.write_energy_cube("cube.fits", maps, overwrite=True)
        >>> sl.io.read_energy_cube("cube.fits").energy
        Array([ 1., 10.], dtype=float64)
    """
    with open_fits(path) as file:
        skymap, bands = cube_tables(file, path)
        names = [name for name in skymap.columns.names if name.upper().startswith("ENERGY")]
        sky, energies = read_sky(skymap, path, coordsys), _energies_of(bands, path)
        if len(names) != energies.size:
            raise FileError(f"{path} has {len(names)} columns ENERGYn and {energies.size} energies: it is damaged.")
        maps = np.stack([_intensity(skymap, name, path) for name in names])
    blank = jnp.full(maps.shape, jnp.nan, maps.dtype)
    return Stokes(jnp.asarray(maps), blank, blank, energy=energies, sky=sky)


def cube_tables(file: Any, path: PathLike) -> tuple[Any, Any]:
    """The tables of the maps and of the energies in an open file.

    **Raises:** `FileError` where one is missing.
    """
    from astropy.io import fits

    tables: list[Any] = [hdu for hdu in file[1:] if isinstance(hdu, fits.BinTableHDU)]
    for table in tables:
        check_table(table, path)
    maps = [one for one in tables if "ENERGY1" in (name.upper() for name in one.columns.names)]
    bands = [one for one in tables if _column(one) is not None]
    if not maps or not bands:
        raise FileError(
            f"{path} is no cube of energies: it needs a HEALPix table of columns ENERGY1, ... and a table with the "
            "column ENERGY. sl.io.read_map and sl.io.read_columns read other maps."
        )
    return maps[0], bands[0]


def _column(table: Any) -> str | None:
    """The column of the energies: of Fermi, or of gammapy."""
    return next((name for name in table.columns.names if name.upper() in ("ENERGY", "ENERGY_TRUE")), None)


def _energies_of(table: Any, path: PathLike) -> np.ndarray:
    name: Any = _column(table)
    values = convert(read_values(table, name, path), unit_of(table, name) or "MeV", "GeV", f"{path}: column {name}")
    try:
        return np.asarray(check_energy(values), np.float64)
    except ValueError as error:
        raise FileError(f"{path}: column {name}: {error}") from None


def photon_factor(table: Any, name: str, path: PathLike) -> float:
    """How many photons GeV^-1 cm^-2 s^-1 sr^-1 one in a column is.

    **Raises:** `FileError` for a unit that counts no photons.
    """
    unit = str(table.header.get("BUNIT", "")).strip() or unit_of(table, name) or _UNIT
    known = brightness(unit)
    if known is None or known[1] != PHOTONS:
        raise FileError(f"{path}: column {name} is in {unit!r}, which is no {PHOTONS!r}.")
    return known[0]


def _intensity(table: Any, name: str, path: PathLike) -> np.ndarray:
    values = read_values(table, name, path)
    return values * values.dtype.type(photon_factor(table, name, path))
