"""Maps of the brightness of the sky at low frequencies."""

import dataclasses
import os
import re
from pathlib import Path

import numpy as np

from .._core.files import PathLike
from ..geometry import HealpixSky
from ..io import read_columns
from ..io.tables import BAD_DATA

_NAME = re.compile(r"(?:(?P<label>\w+)_)?T_(?P<number>\d+(?:p\d+)?)(?P<unit>[MG])Hz_K")
_IN_GHZ = {"M": 1e-3, "G": 1.0}


@dataclasses.dataclass(frozen=True)
class BrightnessMap:
    """The total brightness of the sky at one frequency.

    - `name`: of the survey or model, may be empty; `frequency`: GHz; `sky`: the pixels.
    - `temperature`: (npix,), K (Rayleigh-Jeans), with whatever background the map has; NaN where it has no value.
    - `blank`: how many pixels have none.
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


def read_brightness(path: PathLike, frequency: float | None = None) -> tuple[BrightnessMap, ...]:
    """Reads maps of brightness temperature, full skies in Galactic coordinates.

    Of a FITS file the column in K, whose `frequency` must be said; of an archive of NumPy all arrays whose names say
    what they hold, as `lfsm_T_45MHz_K` and `lfmap_T_73p9MHz_K` do, in RING order. Pixels without a value become NaN,
    and are counted.

    **Arguments:** `frequency`: GHz, of a FITS file.

    **Returns:** the maps, by name and frequency.

    **Raises:** `FileNotFoundError`; `ValueError` for arrays whose names or sizes are of another kind, which are
    named, for a file without one column in K, and for a `frequency` that is missing, not positive or superfluous.

    !!! example
        >>> import numpy as np
        >>> np.savez("surveys.npz", survey_T_45MHz_K=np.full(12, 7000.0), survey_T_408MHz_K=np.full(12, 25.0))
        >>> [(one.name, one.frequency) for one in read_brightness("surveys.npz")]
        [('survey', 0.045), ('survey', 0.408)]
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f"path = {path} does not exist: name the file of the maps.")
    if Path(path).suffix != ".npz":
        return (_fits_map(path, frequency),)
    if frequency is not None:
        raise ValueError(f"frequency = {frequency}: the names in {path} say the frequencies: leave it out.")
    with np.load(path) as archive:
        maps = [_archived_map(name, archive[name], path) for name in archive.files]
    return tuple(sorted(maps, key=lambda one: (one.name, one.frequency)))


def _fits_map(path: PathLike, frequency: float | None) -> BrightnessMap:
    if frequency is None or not (np.isfinite(frequency) and frequency > 0):
        raise ValueError(f"frequency = {frequency}: say the frequency of {path}, in GHz.")
    sky, columns = read_columns(path)
    names = [name for name in columns if name.upper() in ("T", "TEMPERATURE", "I", "I_STOKES", "INTENSITY")]
    if len(names) != 1:
        raise ValueError(
            f"{path} has no single column of brightness, but {', '.join(columns)}: use sl.io.read_columns."
        )
    return _checked("", float(frequency), sky, columns[names[0]])


def _archived_map(name: str, values: np.ndarray, path: PathLike) -> BrightnessMap:
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{path}: the name {name!r} is not of the kind survey_T_45MHz_K: take it from numpy.load.")
    nside = round((values.size / 12) ** 0.5)
    if values.ndim != 1 or 12 * nside**2 != values.size:
        raise ValueError(f"{path}: {name!r} of shape {values.shape} is no full HEALPix sky.")
    number = float(match["number"].replace("p", "."))
    return _checked(match["label"] or "", round(number * _IN_GHZ[match["unit"]], 9), HealpixSky(nside), values)


def _checked(name: str, frequency: float, sky: HealpixSky, values: np.ndarray) -> BrightnessMap:
    values = np.asarray(values, np.float64)
    bad = ~np.isfinite(values) | np.isclose(values, BAD_DATA, rtol=1e-5, atol=0)
    return BrightnessMap(name, frequency, sky, np.where(bad, np.nan, values), int(bad.sum()))
