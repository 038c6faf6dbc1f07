"""Spectra side by side from FITS: bins of the GIST pipelines, and rows of MaNGA."""

from typing import Any

import numpy as np

from ..._core.files import PathLike
from ..._core.reading import FileError
from ...galaxies.cubes import Channels, Spectra
from ...galaxies.cubes.channels import check_medium
from ..tables import check_table, open_fits
from .axis import edges_between
from .lists import from_logarithms, listed


def read_spectra(path: PathLike, medium: str, unit: str = "") -> Spectra:
    """Reads spectra of bins or fibres, which have no image.

    Two kinds of files: tables BIN_SPECTRA of SPEC and ESPEC (standard deviations) with wavelengths or their natural
    logarithms in LOGLAM, as the GIST pipelines write them; and images FLUX, IVAR, MASK of one row a spectrum with
    WAVE, and SRES (resolving power) and Z (redshifts) where there are, as MaNGA's. Masked data and those with IVAR 0
    are left out: `left_out` counts them. Wavelengths are A unless TUNIT of the column or BUNIT of the image says
    otherwise; in LOGLAM `log10(Angstrom)` are decimal logarithms.
    SRES is taken as it is, the resolving power before channels average (`Spectra.fwhm` says how to convert others).

    **Arguments:** `medium`: of the wavelengths, `"air"` or `"vacuum"`: such files do not say; `unit`: of the flux, in
    words; `path`: the file.

    **Returns:** an `sl.cubes.Spectra`.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, for damaged files and other kinds,
    wavelengths that no spectrograph has, and decimal logarithms that do not say so.

    !!! example
        >>> from astropy.io import fits
        >>> image = np.ones((2, 5), np.float32)
        >>> hdus = [fits.ImageHDU(image, name="FLUX"), fits.ImageHDU(image, name="IVAR")]
        >>> hdus += [fits.ImageHDU(np.linspace(5000.0, 5004.0, 5), name="WAVE")]
        >>> fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto("rows.fits", overwrite=True)
        >>> sl.io.read_spectra("rows.fits", medium="vacuum").shape
        (2,)
    """
    check_medium(medium, "read_spectra")
    with open_fits(path) as file:
        names = {str(hdu.name).strip().upper(): hdu for hdu in file}
        if "BIN_SPECTRA" in names:
            return _bins(names, medium, unit, path)
        if {"FLUX", "IVAR", "WAVE"} <= set(names) and len(names["FLUX"].shape) == 2:
            return _rows(names, medium, unit, path)
        if any(hdu.is_image and len(hdu.shape) == 3 for hdu in file):
            raise FileError(f"path = {path} holds a cube: read it with sl.io.read_cube.")
        raise FileError(f"path = {path} holds neither BIN_SPECTRA nor FLUX, IVAR and WAVE, but {', '.join(names)}.")


def _bins(names: dict[str, Any], medium: str, unit: str, path: PathLike) -> Spectra:
    table, axis = names["BIN_SPECTRA"], names.get("LOGLAM")
    if axis is None:
        raise FileError(f"path = {path} has BIN_SPECTRA and no LOGLAM: the wavelengths are missing.")
    for one, needed in ((table, ("SPEC", "ESPEC")), (axis, ("LOGLAM",))):
        check_table(one, path)
        missing = [name for name in needed if name not in one.columns.names]
        if missing:
            raise FileError(
                f"path = {path}: {one.name} has no column {missing[0]}, but {', '.join(one.columns.names)}."
            )
    centres = from_logarithms(axis.data["LOGLAM"], axis.columns["LOGLAM"].unit, "LOGLAM", path)
    flux, error = (np.asarray(table.data[name], np.float64) for name in ("SPEC", "ESPEC"))
    if flux.ndim != 2 or flux.shape[1] != len(centres):
        raise FileError(f"path = {path}: {len(centres)} wavelengths for spectra of shape {flux.shape}.")
    variance = np.where(error > 0, error**2, np.inf)
    return Spectra(flux, Channels(edges_between(centres, path), medium), variance, unit=unit)


def _rows(names: dict[str, Any], medium: str, unit: str, path: PathLike) -> Spectra:
    def of(name: str) -> np.ndarray:
        return np.asarray(names[name].data, np.float64)

    flux, inverse = of("FLUX"), of("IVAR")
    wave = listed(names["WAVE"].data, names["WAVE"].header.get("BUNIT"), "WAVE", path)
    mask, power, redshift = (of(name) if name in names else None for name in ("MASK", "SRES", "Z"))
    for name, values in (("IVAR", inverse), ("MASK", mask), ("SRES", power)):
        if values is not None and values.shape[-1:] != flux.shape[-1:]:
            raise FileError(f"path = {path}: {name} has shape {values.shape}, FLUX {flux.shape}.")
    channels = Channels(edges_between(wave, path), medium)
    variance = np.where(inverse > 0, 1 / np.where(inverse > 0, inverse, 1), np.inf)
    fwhm = None if power is None else wave / np.where(power > 0, power, np.nan)
    hidden = None if mask is None else mask != 0
    return Spectra(flux, channels, variance, hidden, fwhm, redshift, unit)
