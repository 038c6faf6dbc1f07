"""Maps in bands that a run file names, of one sky, with the noise of every pixel."""

from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

import sightline as sl

from ..sky.geometry.comparison import difference
from ..sky.stokes import is_blank
from .keys import Keys, blame
from .map_data import Maps, noise_of, read_maps
from .refusal import Refusal
from .scene import read_band

_LISTS = ("frequency", "depth", "fwhm", "noise", "bandpass")
"""Keys of which a list of files may have one each."""
_ROUNDING = 1e-3  # by which labels of one band differ


class Observed(NamedTuple):
    """Maps in bands: `maps` (k, bands, npix) and `noise`, standard deviations of the same shape, K_CMB, COSMO."""

    bands: sl.instruments.Bands
    maps: np.ndarray
    noise: np.ndarray
    sky: sl.HealpixSky


def read_bands(tables: list[Keys], parameters: str, folder: Path) -> Observed:
    """The bands of all `[[data]]` tables, in their order.

    **Raises:** `Refusal` for keys, values and files that do not fit, and maps of different pixels.
    """
    parts = [_read(keys, parameters, folder) for table in tables for keys in _split(table)]
    if not parts:
        raise Refusal("[[data]] is missing: name the maps, one table a file.")
    first = parts[0]
    for number, part in enumerate(parts[1:], 2):
        if apart := difference(part.sky, first.sky, "those of the first file"):
            raise Refusal(f"[[data]] the maps of file {number} {apart}: bring all to one.")
    known = [part.bands for part in parts]
    widths = [fwhm for one in known for fwhm in one.fwhm or ()]
    passes = [band for one in known for band in (one.bandpasses or (None,) * len(one))]
    bands = sl.instruments.Bands(
        [nu for one in known for nu in one.frequency],
        [depth for one in known for depth in one.depth],
        widths if len(widths) == sum(map(len, known)) else None,
        passes if any(band is not None for band in passes) else None,
    )
    maps, noise = (np.concatenate([getattr(part, name) for part in parts], axis=1) for name in ("maps", "noise"))
    return Observed(bands, maps, noise, first.sky)


def _split(keys: Keys) -> list[Keys]:
    """A table of several files as one of each."""
    files = keys.table.get("file")
    if not isinstance(files, list):
        return [keys]
    if not files:
        raise Refusal(f"{keys.place} file is empty: name one file at least.")
    for name in _LISTS:
        value = keys.table.get(name)
        if isinstance(value, list) and len(value) != len(files):
            raise Refusal(f"{keys.place} {name} has {len(value)} entries for {len(files)} files: give one each.")

    def of(place: int) -> dict[str, Any]:
        mine = {name: keys.table[name][place] for name in _LISTS if isinstance(keys.table.get(name), list)}
        return keys.table | mine | {"file": files[place]}

    return [Keys(of(place), f"{keys.place} file {place + 1}:") for place in range(len(files))]


def _read(keys: Keys, parameters: str, folder: Path) -> Observed:
    """The bands of one file."""
    path, reader = folder / keys.take("file", "text"), keys.choose("reader", ("map", "brightness"), "map")
    with blame(keys.place):
        found = read_maps(keys, reader, path)
        if found.axis != "frequency":
            raise Refusal(f"{keys.place} the maps are of gamma rays, and components of the sky have frequencies.")
        frequency = np.atleast_1d(np.asarray(found.at, np.float64))
        known = _known(keys, frequency)
        depth, fwhm = _listed(keys, "depth", frequency.size), _listed(keys, "fwhm", frequency.size)
        passes = _passes(keys, frequency, folder)
        maps, factor = _maps(found, parameters, frequency, passes)
        own = keys.take("noise", ("number", "text"), None) is not None
        keys.take("noise_columns" if own else "noise", ("list", "number"), None)
        keys.finish()
        if own + (depth is not None) > 1 or (known is not None and depth is not None):
            raise Refusal(f"{keys.place} noise, depth and instrument: each says what the noise is; give one of them.")
        if not own and depth is None and known is None:
            raise Refusal(
                f"{keys.place} noise is missing: give noise (a number or a file), depth [uK arcmin], or instrument, "
                f"one of {', '.join(sl.instruments.list())}."
            )
        noise = _spread(noise_of(keys, found, folder), factor, maps.shape) if own else None
        if depth is None and known is not None:
            depth = known.depth
        depth = _depths(noise, found.sky, parameters) if depth is None else depth
        fwhm = known.fwhm if fwhm is None and known is not None else fwhm
        bands = sl.instruments.Bands(frequency, depth, fwhm, passes)
        if noise is None:
            noise = np.broadcast_to(np.asarray(bands.sigma(found.sky, parameters))[..., None], maps.shape)
    return Observed(bands, maps, noise, found.sky)


def _maps(found: Maps, parameters: str, frequency: np.ndarray, passes: Any) -> tuple[np.ndarray, np.ndarray]:
    """Maps of the parameters, (k, bands, npix), K_CMB and COSMO, and K_CMB of their unit in each band."""
    values, blank = found.values, np.nan
    if not isinstance(values, sl.Stokes):
        empty = jnp.full_like(values, blank)
        values = sl.Stokes(values, empty, empty, frequency=found.at, unit="K_RJ", sky=found.sky)
    values = values.to_convention("COSMO")
    factor = sl.instruments.Bands(frequency, 1.0, None, passes).kelvin(values.unit)
    maps = np.stack([np.asarray(getattr(values, name), np.float64) for name in parameters])
    maps = np.where(is_blank(maps), np.nan, maps).reshape(len(parameters), -1, found.sky.size)
    return maps * factor[:, None], factor


def _known(keys: Keys, frequency: np.ndarray) -> sl.instruments.Bands | None:
    """The bands of an instrument of published tables at these frequencies."""
    name = keys.take("instrument", "text", None)
    if name is None:
        return None
    whole = sl.instruments.load(name)
    places = [int(np.argmin(np.abs(np.log(np.asarray(whole.frequency) / nu)))) for nu in frequency]
    for place, nu in zip(places, frequency, strict=True):
        if abs(whole.frequency[place] / nu - 1) > _ROUNDING:
            listed = ", ".join(f"{one:g}" for one in whole.frequency)
            raise Refusal(f"{keys.place} {name} has no band at {nu:g} GHz, but {listed}: check frequency.")
    widths = None if whole.fwhm is None else [whole.fwhm[place] for place in places]
    return sl.instruments.Bands(frequency, [whole.depth[place] for place in places], widths)


def _listed(keys: Keys, name: str, count: int) -> Any:
    """A number for all bands, or one each."""
    value = keys.take(name, ("number", "list"), None)
    if isinstance(value, list) and len(value) != count:
        raise Refusal(f"{keys.place} {name} has {len(value)} entries, the file {count} bands: give one a band.")
    return value if value is None or isinstance(value, list) else [value] * count


def _passes(keys: Keys, frequency: np.ndarray, folder: Path) -> Any:
    """Bandpasses from text files, one a band."""
    names = keys.take("bandpass", ("text", "list"), None)
    if names is None:
        return None
    names = names if isinstance(names, list) else [names]
    if len(names) != frequency.size or not all(isinstance(one, str) for one in names):
        raise Refusal(f"{keys.place} bandpass must name {frequency.size} text files, one a band.")
    return [read_band(folder / one, float(nu)) for one, nu in zip(names, frequency, strict=True)]


def _spread(noise: Any, factor: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Standard deviations in the unit of a map as K_CMB, (k, bands, npix), infinite where they are blank."""
    given = np.asarray(noise, np.float64)
    given = given[:, None] if given.ndim == 2 else given
    if given.ndim == 3 and len(given) != shape[0]:
        raise ValueError(f"noise has {len(given)} columns: name one, or one for each of the {shape[0]} parameters.")
    return np.broadcast_to(np.where(is_blank(given), np.inf, given), shape) * factor[:, None]


def _depths(noise: Any, sky: sl.HealpixSky, parameters: str) -> list[float]:
    """Depths that stand for the median noise of each band, uK_CMB arcmin in polarisation."""
    one = sl.instruments.Bands([1.0], [1.0]).sigma(sky, parameters[-1])
    seen = [band[np.isfinite(band)] for band in noise[-1]]
    if not all(band.size for band in seen):
        raise Refusal("[[data]] the noise of a band is blank everywhere: look at its file.")
    return [float(np.median(band) / one[0, 0]) for band in seen]
