"""Maps of the brightness of the sky at low frequencies."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..._core.archives import read_archive, scan_archive
from ..._core.files import PathLike
from ..._core.module import default_float
from ..._core.reading import FileError, check_file, reading
from ..._core.units import strip_unit
from ...io.pixels import check_coordsys, read_sky
from ...io.tables import BAD_DATA, healpix_tables, read_values, unit_of
from ...io.units import brightness
from ..brightness import per_kelvin
from ..geometry import HealpixSky

_NAME = re.compile(r"(?:(?P<label>\w+)_)?T_(?P<number>\d+(?:p\d+)?)(?P<hertz>[MG])Hz_(?P<unit>[mu]?K(?:_?(?:RJ|CMB))?)")
_COLUMNS = ("T", "TEMPERATURE", "I", "I_STOKES", "INTENSITY")
_IN_GHZ = {"M": 1e-3, "G": 1.0}


@dataclasses.dataclass(frozen=True)
class BrightnessMap:
    """The total brightness of the sky at one frequency.

    - `name`: of the survey or model, may be empty; `frequency`: GHz; `sky`: the pixels.
    - `temperature`: (npix,), K (Rayleigh-Jeans), with whatever background the map has; NaN where it has no value.
    - `blank`: how many pixels have none.

    !!! example
        >>> found = sl.datasets.BrightnessMap("survey", 0.408, sl.HealpixSky(1), np.full(12, 20.0), blank=0)
        >>> found.summary()
        'survey at 408 MHz, NSIDE 1: 20 to 20 K, median 20 K; 0 blank pixels.'
    """

    name: str
    frequency: float
    sky: HealpixSky
    temperature: np.ndarray
    blank: int

    def summary(self) -> str:
        """The map in one line."""
        low, middle, high = np.nanquantile(self.temperature, (0, 0.5, 1))
        return (
            f"{self.name or 'map'} at {1e3 * self.frequency:g} MHz, NSIDE {self.sky.nside}: {low:.4g} to {high:.4g} K, "
            f"median {middle:.4g} K; {self.blank} blank pixels."
        )


def read_brightness(path: PathLike, frequency: Any = None, coordsys: str | None = None) -> tuple[BrightnessMap, ...]:
    """Reads maps of brightness temperature, full skies in Galactic coordinates.

    Of a FITS file the column of brightness, whose `frequency` must be said, in whatever unit the file says: K, mK, uK,
    K_RJ, K_CMB, MJy/sr, ..., K of Rayleigh and Jeans if it says none; of an archive of NumPy all arrays whose names say
    what they hold, as `lfsm_T_45MHz_K` and `lfmap_T_73p9MHz_mK` do, in RING order. Pixels without a value become NaN,
    and are counted.

    **Arguments:** `frequency`: GHz or an astropy quantity, of a FITS file; `coordsys`: `"G"` where a FITS file does not
    say that it is in Galactic coordinates, but is; `path`: the file.

    **Returns:** the maps, by name and frequency.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, for damaged files, for arrays whose names or
    sizes are of another kind, which are named, for a file without one column of brightness, and for units of another
    dimension; `ValueError` for a `frequency` that is missing, not positive or superfluous.

    !!! example
        >>> import numpy as np
        >>> np.savez("surveys.npz", survey_T_45MHz_K=np.full(12, 7000.0), survey_T_408MHz_K=np.full(12, 25.0))
        >>> [(one.name, one.frequency) for one in read_brightness("surveys.npz")]
        [('survey', 0.045), ('survey', 0.408)]
    """
    frequency = strip_unit(frequency, "GHz", "frequency")
    check_file(path)
    check_coordsys(coordsys)
    if Path(path).suffix != ".npz":
        return (_fits_map(path, frequency, coordsys),)
    if frequency is not None or coordsys is not None:
        raise ValueError(
            f"frequency = {frequency}: the names in {path} say the frequencies: leave it out, and coordsys."
        )
    with reading(path, "holds no maps that can be read"):
        found = {name: _named(name, entry.shape, path) for name, entry in scan_archive(path).items()}
        arrays = read_archive(path)
        maps = [_archived_map(arrays[name], *found[name], path) for name in found]
    return tuple(sorted(maps, key=lambda one: (one.name, one.frequency)))


def _fits_map(path: PathLike, frequency: Any, coordsys: str | None) -> BrightnessMap:
    values = None if frequency is None else np.asarray(strip_unit(frequency, "GHz", "frequency"), np.float64)
    if values is None or values.ndim or not (np.isfinite(values) and values > 0):
        raise ValueError(f"frequency = {frequency}: say the frequency of {path}, in GHz.")
    with healpix_tables(path) as tables:
        table = tables[0]
        names = [name for name in table.columns.names if name.strip().upper() in _COLUMNS]
        if len(names) != 1:
            raise FileError(
                f"{path} has no single column of brightness, but {', '.join(table.columns.names)}: use "
                "sl.io.read_columns."
            )
        sky, given = read_sky(table, path, coordsys), unit_of(table, names[0])
        found = read_values(table, names[0], path).astype(np.float64)
    return _checked("", float(values), sky, found * _in_kelvin(given, float(values), f"{path}: column {names[0]}"))


def _in_kelvin(given: str, frequency: float, where: str) -> float:
    """What numbers in a unit are multiplied by to be in K of Rayleigh and Jeans, at a frequency [GHz]."""
    if not given:
        return 1.0
    found = brightness(given)
    if found is None:
        raise FileError(f"{where} has the unit {given!r}, which is none of brightness.")
    factor, kind = found
    return factor if kind == "K" else factor / float(per_kelvin(kind, jnp.asarray(frequency, default_float())))


def _named(name: str, shape: tuple[int, ...], path: PathLike) -> tuple[str, float, str]:
    """The survey, the frequency [GHz] and the unit that the name of an array tells; its shape must be a full sky's."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise FileError(f"{path}: the name {name!r} is not of the kind survey_T_45MHz_K: take it from numpy.load.")
    if len(shape) != 1 or 12 * round((shape[0] / 12) ** 0.5) ** 2 != shape[0]:
        raise FileError(f"{path}: {name!r} of shape {shape} is no full HEALPix sky.")
    number = float(match["number"].replace("p", "."))
    return match["label"] or "", round(number * _IN_GHZ[match["hertz"]], 9), match["unit"]


def _archived_map(values: np.ndarray, label: str, frequency: float, unit: str, path: PathLike) -> BrightnessMap:
    if values.dtype.kind not in "fiu":
        raise FileError(f"{path}: {label!r} holds no numbers, but {values.dtype}.")
    sky = HealpixSky(round((values.size / 12) ** 0.5))
    return _checked(label, frequency, sky, values * np.asarray(_in_kelvin(unit, frequency, str(path)), np.float64))


def _checked(name: str, frequency: float, sky: HealpixSky, values: np.ndarray) -> BrightnessMap:
    values = np.asarray(values, np.float64)
    bad = ~np.isfinite(values) | np.isclose(values, BAD_DATA, rtol=1e-5, atol=0)
    return BrightnessMap(name, frequency, sky, np.where(bad, np.nan, values), int(bad.sum()))
