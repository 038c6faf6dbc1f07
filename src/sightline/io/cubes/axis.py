"""The spectral axis of a file: channels from keywords or from a list of wavelengths."""

from typing import Any

import numpy as np

from ..._core.files import PathLike
from ..._core.reading import FileError
from ...galaxies.cubes import Channels
from ..units import unit_factor
from .lists import listed, plausible

MEDIA = {"AWAV": "air", "WAVE": "vacuum"}
TYPES = {medium: name for name, medium in MEDIA.items()}
TABLE, WAVE, EDGES = "CHANNELS", "WAVE", "EDGES"
"""The table of channels, and its columns."""
_OTHERS = {"VELO": "a velocity", "VRAD": "a velocity", "VOPT": "a velocity", "ZOPT": "a redshift"}
_OTHERS |= {
    "BETA": "a velocity",
    "FREQ": "a frequency",
    "ENER": "an energy",
    "WAVN": "a wavenumber",
    "AFRQ": "a frequency",
}
_STRAIGHT = 1e-10
"""Of a wavelength, by which channels may stray from a straight axis and still be on it."""


def is_straight(channels: Channels) -> bool:
    """Whether channels have one width, to far better than anyone measures."""
    edges = channels.edges
    line = np.linspace(edges[0], edges[-1], len(edges))
    return bool(np.all(np.abs(edges - line) < _STRAIGHT * edges))


def axis_cards(channels: Channels) -> list[tuple[str, Any, str]]:
    """The third axis of a cube with these channels."""
    kind, edges = TYPES[channels.medium], channels.edges
    unit = ("CUNIT3", "Angstrom", f"Wavelengths in {channels.medium}")
    if is_straight(channels):
        step = float((edges[-1] - edges[0]) / len(channels))
        first = ("CRVAL3", float(edges[0] + 0.5 * step), "Middle of the first channel")
        return [("CTYPE3", kind, ""), unit, ("CRPIX3", 1.0, ""), first, ("CDELT3", step, "Width of a channel")]
    cards = [("CTYPE3", f"{kind}-TAB", "Middles of channels are in a table"), unit]
    cards += [("CRPIX3", 1.0, ""), ("CRVAL3", 1.0, ""), ("CDELT3", 1.0, "")]
    return [*cards, ("PS3_0", TABLE, "Its name"), ("PS3_1", WAVE, "Its column")]


def channel_table(channels: Channels) -> Any:
    """Middles and edges of channels, as they are: what a straight axis says is rounded."""
    from astropy.io import fits

    def column(name: str, values: np.ndarray) -> Any:
        return fits.Column(name, f"{len(values)}D", "Angstrom", array=values[None], dim=f"(1,{len(values)})")

    columns = [column(WAVE, channels.centres), column(EDGES, channels.edges)]
    return fits.BinTableHDU.from_columns(columns, name=TABLE)


def channels_of(file: Any, header: Any, count: int, medium: str | None, path: PathLike) -> Channels:
    """The channels of a cube: those of its table, of an extension WAVE, or of its third axis.

    **Raises:** `FileError` for an axis of velocity or frequency, one that is missing, wavelengths that no spectrograph
    has, and where nobody says whether they are those in air.
    """
    kind = str(header.get("CTYPE3", "")).strip().upper()
    if kind[:4] in _OTHERS:
        raise FileError(
            f"path = {path}: CTYPE3 = {kind!r}: the third axis is {_OTHERS[kind[:4]]}, and must be a wavelength: "
            "write the cube with AWAV or WAVE, its channels in Angstrom."
        )
    own = MEDIA.get(kind.split("-")[0])
    if own is not None and medium is not None and own != medium:
        raise FileError(f"path = {path}: CTYPE3 = {kind!r} says {own}, medium = {medium!r}: pass what the file has.")
    own = own or medium
    if own is None:
        raise FileError(f"path = {path}: CTYPE3 = {kind!r} does not say: pass medium='air' or 'vacuum'.")
    edges = _edges(file, header, kind, path)
    if len(edges) != count + 1:
        raise FileError(f"path = {path}: {len(edges) - 1} wavelengths for a cube of {count} channels.")
    return Channels(edges, own)


def _edges(file: Any, header: Any, kind: str, path: PathLike) -> np.ndarray:
    names = [str(hdu.name).strip().upper() for hdu in file]
    if TABLE in names and EDGES in file[names.index(TABLE)].columns.names:
        return np.asarray(file[names.index(TABLE)].data[EDGES], np.float64).ravel()
    if "WAVE" in names:
        waves = file[names.index("WAVE")]
        return edges_between(listed(waves.data, waves.header.get("BUNIT"), "the extension WAVE", path), path)
    pixel = np.arange(int(header["NAXIS3"])) + 1 - _number(header, "CRPIX3", path, 0.0)
    start, step = _number(header, "CRVAL3", path), _step(header, path)
    if not step > 0:
        raise FileError(f"path = {path}: channels of {step:g}: turn the cube, data[::-1], and write a rising axis.")
    unit = str(header.get("CUNIT3", "")).strip()
    factor = _angstroms(unit, path)
    if kind.endswith("-LOG"):
        found = edges_between(factor * start * np.exp(step * pixel / start), path)
    elif kind[:4] in MEDIA and kind[4:5] == "-" and kind[4:] != "-LIN":
        raise FileError(f"path = {path}: CTYPE3 = {kind!r}: straight axes, -LOG and a table of ours are read.")
    else:
        found = factor * (start + step * np.append(pixel - 0.5, pixel[-1] + 0.5))
    says = f"CUNIT3 = {unit!r}" if unit else "CUNIT3 is missing, which means metres"
    return plausible(found, f"{says}: write the unit that CRVAL3 has, e.g. 'Angstrom'", path)


def _step(header: Any, path: PathLike) -> float:
    """From channel to channel: CD3_3, or CDELT3 PC3_3."""
    if "CD3_3" in header:
        return _number(header, "CD3_3", path)
    return _number(header, "CDELT3", path) * _number(header, "PC3_3", path, 1.0)


def _angstroms(unit: str, path: PathLike) -> float:
    return unit_factor(unit.strip() or "m", "Angstrom", f"{path}: CUNIT3")


def _number(header: Any, name: str, path: PathLike, default: float | None = None) -> float:
    value = header.get(name, default)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and np.isfinite(value):
        return float(value)
    raise FileError(f"path = {path}: {name} is missing or no number: the file does not say its wavelengths.")


def edges_between(centres: np.ndarray, path: PathLike) -> np.ndarray:
    """Edges halfway between wavelengths; halfway in their logarithm, where these are the more even.

    **Raises:** `FileError` for wavelengths that do not rise.
    """
    if centres.ndim != 1 or len(centres) < 2 or not (np.all(np.diff(centres) > 0) and centres[0] > 0):
        raise FileError(f"path = {path}: the wavelengths do not rise, or are too few.")
    logs = np.log(centres)
    even = np.ptp(np.diff(logs)) / np.mean(np.diff(logs)) < np.ptp(np.diff(centres)) / np.mean(np.diff(centres))
    values = logs if even else centres
    middle = 0.5 * (values[1:] + values[:-1])
    found = np.concatenate([[2 * values[0] - middle[0]], middle, [2 * values[-1] - middle[-1]]])
    return np.exp(found) if even else found
