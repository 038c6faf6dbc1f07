"""Wavelengths that a file lists one by one, in their unit, or their logarithms."""

import re
from typing import Any

import numpy as np

from ..._core.files import PathLike
from ..._core.reading import FileError
from ..units import unit_factor

_PLAUSIBLE = 1e2, 1e7
"""Wavelengths of cubes, A: below or above, units are wrong."""
_LOGARITHM = 50.0
"""Numbers below are logarithms of wavelengths [A], numbers above wavelengths, where no unit says what they are."""
_LOG = re.compile(r"(ln|log10|log|dex)\b\s*\(?\s*([^()]*?)\s*\)?", re.IGNORECASE)


def listed(values: Any, unit: Any, name: str, path: PathLike) -> np.ndarray:
    """Wavelengths of a list, (n,) A, in a unit; without one they are A.

    **Arguments:** `name`: of the list, for errors.

    **Raises:** `FileError` for a unit that is no length, and wavelengths that no spectrograph has.
    """
    said = str(unit or "").strip() or "Angstrom"
    said = "Angstrom" if said == "A" else said  # of a wavelength no ampere
    found = np.asarray(values, np.float64).ravel() * unit_factor(said, "Angstrom", f"{path}: {name}")
    return plausible(found, f"{name} says {said}: write its unit as it is", path)


def from_logarithms(values: Any, unit: Any, name: str, path: PathLike) -> np.ndarray:
    """Wavelengths, (n,) A, of a list of these or of their logarithms: natural ones, unless its unit is log10 or dex.

    **Raises:** `FileError` as `listed`, and for decimal logarithms that do not say so.
    """
    numbers, said = np.asarray(values, np.float64).ravel(), str(unit or "").strip()
    kind = _LOG.fullmatch(said)
    if kind is None and (_is_length(numbers, said) or not np.all(numbers < _LOGARITHM)):
        return listed(numbers, said, name, path)
    inner = "Angstrom" if kind is None else kind[2] or "Angstrom"
    with np.errstate(over="ignore"):
        natural, decimal = np.exp(numbers), 10.0**numbers
    word = "" if kind is None else kind[1].lower()
    if word in ("log10", "dex") or (word == "log" and _is_plausible(decimal)):  # as the standard of FITS has it
        return listed(decimal, inner, name, path)
    if not _is_plausible(natural) and _is_plausible(decimal):
        raise FileError(
            f"path = {path}: {name} holds decimal logarithms, {numbers[0]:g} ... {numbers[-1]:g}, and natural ones are "
            "read: write the unit of its column, TUNIT1 = 'log10(Angstrom)'."
        )
    return listed(natural, inner, name, path)


def plausible(wavelength: np.ndarray, cure: str, path: PathLike) -> np.ndarray:
    """Wavelengths [A], or edges, as they are.

    **Raises:** `FileError` for wavelengths that are none.
    """
    low, high = float(np.min(wavelength)), float(np.max(wavelength))
    if not (low >= _PLAUSIBLE[0] and high <= _PLAUSIBLE[1]):
        raise FileError(f"path = {path}: wavelengths of {low:g} to {high:g} A, outside 100 A to 1 mm: {cure}.")
    return wavelength


def _is_length(numbers: np.ndarray, unit: str) -> bool:
    """Whether numbers are wavelengths in a unit: some write that of the wavelengths beside their logarithms."""
    try:
        return bool(unit) and _is_plausible(numbers * unit_factor(unit, "Angstrom", unit))
    except FileError:
        return False


def _is_plausible(wavelength: np.ndarray) -> bool:
    return bool(np.all((wavelength >= _PLAUSIBLE[0]) & (wavelength <= _PLAUSIBLE[1])))
