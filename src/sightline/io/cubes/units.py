"""Units of flux as cubes spell them."""

import re
import warnings

from ..._core.files import PathLike
from ..._core.reading import FileError
from ..units import split_factor, unit_factor

FLUX, SQUARE = "erg s-1 cm-2 Angstrom-1", "erg2 s-2 cm-4 Angstrom-2"
_WHOLE = re.compile(r"\s*\((.*)\)\s*(?:\*\*|\^)\s*2\s*", re.DOTALL)
_WORDS = (
    (r"/\s*(?:spaxel|spax|pixel|fiber)\b", ""),
    (r"\bAA\b|\bAng\b|\bang\b|\bA\b", "Angstrom"),
    (r"\bcm2\b", "cm^2"),
)


def flux_factor(text: str, path: PathLike) -> float:
    """What numbers in a unit of flux are multiplied by to be in erg s-1 cm-2 A-1 of a spaxel.

    **Raises:** `FileError` for a unit that is none, such as one of surface brightness: multiply by a spaxel's area.

    !!! example
        >>> flux_factor("10**(-20)*erg/s/cm**2/Angstrom", "muse.fits")
        1e-20
        >>> flux_factor("10-20 erg/s/cm**2/Angstrom", "another.fits")  # as the standard of FITS allows
        1e-20
        >>> flux_factor("1E-17 erg/s/cm^2/Ang/spaxel", "manga.fits")
        1e-17
    """
    return _factor(text, FLUX, path)


def variance_factor(text: str, path: PathLike) -> float:
    """What variances in a unit are multiplied by to be in that of a flux, squared: `(...)**2` or written out.

    **Raises:** `FileError` for a unit that is none.

    !!! example
        >>> variance_factor("(10**(-20)*erg/s/cm**2/Angstrom)**2", "muse.fits")
        1e-40
        >>> variance_factor("1e-40 erg2 / (s2 cm4 Angstrom2)", "muse.fits")
        1e-40
    """
    whole = _WHOLE.fullmatch(text)
    return _factor(text, SQUARE, path) if whole is None else float(f"{_factor(whole[1], FLUX, path) ** 2:.12g}")


def _factor(text: str, wanted: str, path: PathLike) -> float:
    """What numbers in a unit, with a factor or without, are multiplied by to be in that which is wanted."""
    factor, rest = split_factor(text)
    for pattern, word in _WORDS:
        rest = re.sub(pattern, word, rest)
    with warnings.catch_warnings():  # of units with several slashes, which is how surveys write theirs
        warnings.filterwarnings("ignore", message=".*multiple slashes.*")
        return factor * _rounded(unit_factor(rest.replace("**", "^"), wanted, f"{path}: BUNIT", angles=False))


def _rounded(factor: float) -> float:
    """Exactly 1 for a unit that is the same, whose conversion is rounded."""
    if not factor > 0:
        raise FileError(f"a unit of flux has the factor {factor}.")
    return 1.0 if abs(factor - 1) < 1e-12 else factor
