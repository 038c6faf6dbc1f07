"""Cubes of spectra from FITS: those of sightline, of MUSE and of MaNGA, and what is like them."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from ..._core.files import PathLike
from ..._core.module import default_float
from ..._core.reading import FileError, check_unpacked
from ...galaxies.cubes import Spaxels, SpectralCube
from ...galaxies.cubes.channels import check_medium
from ...galaxies.cubes.spectral_cube import checked_scale
from ..tables import open_fits
from .axis import channels_of
from .units import flux_factor, variance_factor

FLUXES = "DATA", "FLUX", "SCI"
VARIANCES, DEVIATIONS, INVERSE = ("STAT", "VAR", "VARIANCE"), ("ERR", "ERROR"), "IVAR"
MASKS = "DQ", "MASK", "BADPIX"
"""What flux, its error in three forms, and the mask are called."""
NEEDLESS = "LSFPOST", "LSFPRE", "WMAP", "WEIGHT", "ERRWEIGHT", "FIBCOVER"
"""Images of the flux's shape that surveys add, and that are neither."""
_SAME = 1e-9
"""By which factors of one unit differ by rounding."""
_SQUARE = 1e-4
"""By which spaxels may stray from squares, and an image from north up, relative to their sides."""


class LeftOutWarning(UserWarning):
    """Data of a file have variance inf, and are left out of every likelihood; or an image of it is not used."""


class _Parts(NamedTuple):
    """Images of a file, (channels, rows, columns), and why data of it are left out."""

    flux: np.ndarray
    variance: np.ndarray | None
    reasons: dict[str, int]


def read_cube(
    path: PathLike,
    unit: str | None = None,
    medium: str | None = None,
    scale: Any = 1.0,
    rotated: bool = False,
) -> SpectralCube:
    """Reads a cube of spectra with its variance, whatever form that has in the file.

    Flux is in an extension DATA, FLUX or SCI, or the first image of three axes; errors in STAT, VAR or VARIANCE
    (variances), IVAR (inverse variances), ERR or ERROR (standard deviations), the first of these, in the unit of the
    flux or, but for IVAR, in what its own BUNIT says; masks in DQ, MASK or
    BADPIX, not 0 where a datum is left out. Such a datum, one with IVAR 0 and one that is not finite gets variance inf,
    and flux 0 where it is not finite; in files without variances its flux is NaN. A `LeftOutWarning` counts them, and
    names images of the flux's shape that are none of these and stay unused.

    **Arguments:**

    - `unit`: of the flux where the file does not say, in astropy's notation, with a factor or without; errors are in
      it, too.
    - `medium`: `"air"` or `"vacuum"`, where CTYPE3 is neither AWAV nor WAVE.
    - `scale`: the unit that the cube keeps its flux in, erg s-1 cm-2 A-1: of MUSE's numbers, 1e-20 keeps squares in
      single precision.
    - `rotated`: take an image whose rows do not run north as if they did.
    - `path`: the file.

    **Returns:** a `SpectralCube` in the current default precision, columns towards east; `variance` is `None` where the
    file has none.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, for damaged files, axes of velocity or
    frequency, units that are no flux, spaxels that are not square and rotated images, with the cure.

    !!! example
        >>> channels, plane = sl.cubes.Channels.regular(5000.0, 2.0, 4), sl.cubes.Spaxels((2, 3), 0.5)
        >>> sl.io.write_cube("cube.fits", sl.SpectralCube(np.ones((4, 6)), channels, plane), overwrite=True)
        >>> sl.io.read_cube("cube.fits").plane
        Spaxels(shape=(2, 3), spaxel=0.5)
    """
    size = checked_scale(scale)
    if medium is not None:
        check_medium(medium, "read_cube")
    with open_fits(path) as file:
        names = {str(hdu.name).strip().upper(): hdu for hdu in file if _sound(hdu, path)}
        flux, error, mask, unused = _images(file, names, path)
        header = flux.header
        plane, flip = _spaxels(header, path, rotated)
        channels = channels_of(file, header, flux.shape[0], medium, path)
        factor = flux_factor(_unit(header, unit, path), path) / size
        own = str(header.get("BUNIT", "")).strip()
        spread = factor if error is None or unit is not None else _spread(error, own, factor, size, path)
        parts = _parts(flux, error, mask, (factor, spread), path)
    images = [None if image is None else image[:, :, ::-1] if flip else image for image in parts[:2]]
    values = [None if image is None else image.reshape(len(channels), -1) for image in images]
    _check_range(values[1], path)
    _warn(parts.reasons, unused, path)
    return SpectralCube(values[0], channels, plane, values[1], size)


def _sound(hdu: Any, path: PathLike) -> bool:
    """Whether there is something in an extension, which its file is large enough to hold."""
    check_unpacked(path, hdu.size if isinstance(hdu.size, int) else 0)
    if hdu.size and hdu.verify_datasum() == 0:
        raise FileError(f"path = {path} is damaged: {hdu.name}: its data are not those that DATASUM was written for.")
    return bool(hdu.size)


def _images(file: Any, names: dict[str, Any], path: PathLike) -> tuple[Any, Any, Any, list[str]]:
    """Flux, error and mask, each found by itself, and what other images have the shape of the flux."""
    flux = _flux(file, names, path)
    rest = {name: hdu for name, hdu in names.items() if hdu is not flux and hdu.is_image}

    def first(known: tuple[str, ...]) -> Any:
        return next((rest[name] for name in known if name in rest), None)

    error, mask = first((*VARIANCES, INVERSE, *DEVIATIONS)), first(MASKS)
    unused = [name for name, hdu in rest.items() if hdu not in (error, mask) and name not in NEEDLESS]
    return flux, error, mask, [name for name in unused if rest[name].shape == flux.shape]


def _flux(file: Any, names: dict[str, Any], path: PathLike) -> Any:
    found = [names[name] for name in FLUXES if name in names]
    for hdu in (*found, *file):
        if hdu.is_image and len(hdu.shape) == 3:
            return hdu
    if "BIN_SPECTRA" in names or ("FLUX" in names and len(names["FLUX"].shape) == 2):
        raise FileError(f"path = {path} holds spectra side by side and no image: read them with sl.io.read_spectra.")
    raise FileError(f"path = {path} holds no image of three axes, but {', '.join(names) or 'nothing'}.")


def _unit(header: Any, unit: str | None, path: PathLike) -> str:
    own = str(header.get("BUNIT", "")).strip()
    if unit is None and not own:
        raise FileError(f"path = {path} has no BUNIT: pass unit=, e.g. '1e-20 erg / (s cm2 Angstrom)'.")
    return own if unit is None else unit


def _spread(error: Any, of_flux: str, factor: float, size: float, path: PathLike) -> float:
    """The factor of standard deviations: that of the flux, unless the extension says another unit that it is in."""
    name, own = str(error.name).strip().upper(), str(error.header.get("BUNIT", "")).strip()
    if not own or own == of_flux or name == INVERSE:
        return factor
    try:
        found = (variance_factor(own, path) ** 0.5 if name in VARIANCES else flux_factor(own, path)) / size
    except FileError:
        text = f"path = {path}: {name} has BUNIT = {own!r}, which is no unit of it: that of the flux is taken."
        warnings.warn(text, LeftOutWarning, stacklevel=3)
        return factor
    return factor if abs(found / factor - 1) < _SAME else found


def _parts(flux: Any, error: Any, mask: Any, factors: tuple[float, float], path: PathLike) -> _Parts:
    """The images, whose flux and standard deviations are multiplied by factors."""
    factor, spread = factors
    values = np.asarray(flux.data)
    values = values.astype(values.dtype.newbyteorder("=") if values.dtype.kind == "f" else np.float64)
    values = values if factor == 1 else values.astype(np.float64) * factor
    variance = None if error is None else _variance(error, spread, values.shape, path)
    bad = ~np.isfinite(values)
    reasons = {"flux not finite": int(bad.sum())}
    if variance is not None:
        wrong = ~(np.isfinite(variance) & (variance > 0)) & ~bad
        reasons["IVAR 0 or no variance"], bad = int(wrong.sum()), bad | wrong
    if mask is not None:
        if mask.shape not in (values.shape, values.shape[1:]):
            raise FileError(f"path = {path}: {mask.name} has shape {mask.shape}, the flux {values.shape}.")
        hidden = (np.asarray(mask.data) != 0) & ~bad
        reasons["masked"], bad = int(hidden.sum()), bad | hidden
    if variance is None:
        return _Parts(np.where(bad, np.asarray(np.nan, values.dtype), values), None, reasons)
    variance = np.where(bad, np.asarray(np.inf, variance.dtype), variance)
    return _Parts(np.where(np.isfinite(values), values, np.asarray(0, values.dtype)), variance, reasons)


def _variance(error: Any, factor: float, shape: tuple[int, ...], path: PathLike) -> np.ndarray:
    """The variance that an extension stands for."""
    name, values = str(error.name).strip().upper(), np.asarray(error.data)
    if values.shape != shape:
        raise FileError(f"path = {path}: {name} has shape {values.shape}, the flux {shape}.")
    if name in VARIANCES:
        plain = values.astype(values.dtype.newbyteorder("=") if values.dtype.kind == "f" else np.float64)
        return plain if factor == 1 else plain.astype(np.float64) * factor**2
    wide = values.astype(np.float64)
    if name in DEVIATIONS:
        return np.where(wide > 0, (wide * factor) ** 2, np.nan)
    return np.where(wide > 0, factor**2 / np.where(wide > 0, wide, 1), np.inf)


def _check_range(variance: np.ndarray | None, path: PathLike) -> None:
    """Refuses variances that are 0 in the precision of the day."""
    if variance is None:
        return
    least = np.min(variance[variance > 0], initial=np.inf)
    if least < float(np.finfo(default_float()).tiny):
        raise FileError(
            f"path = {path}: variances of {least:.2g} are too small for single precision: pass scale=1e-20, or set "
            "jax.config.update('jax_enable_x64', True)."
        )


def _warn(reasons: dict[str, int], unused: list[str], path: PathLike) -> None:
    found = ", ".join(f"{count} {why}" for why, count in reasons.items() if count)
    if found:
        warnings.warn(f"path = {path}: data left out: {found}.", LeftOutWarning, stacklevel=3)
    if unused:
        known = ", ".join((*VARIANCES, INVERSE, *DEVIATIONS, *MASKS))
        text = f"{', '.join(unused)} not used: errors and masks are known by the names {known}."
        warnings.warn(f"path = {path}: {text}", LeftOutWarning, stacklevel=3)


def _spaxels(header: Any, path: PathLike, rotated: bool) -> tuple[Spaxels, bool]:
    """The spaxels, and whether columns run west."""
    from astropy.wcs import WCS
    from astropy.wcs.utils import proj_plane_pixel_scales

    shape = int(header["NAXIS2"]), int(header["NAXIS1"])
    kinds = [str(header.get(f"CTYPE{axis}", "")).strip().upper()[:4] for axis in (1, 2)]
    if [kind.strip("-") for kind in kinds] != ["RA", "DEC"]:
        raise FileError(f"path = {path}: the first two axes are no right ascension and declination: CTYPE {kinds}.")
    wcs = WCS(_celestial(header))
    matrix = wcs.pixel_scale_matrix
    if not np.all(np.isfinite(matrix)) or abs(np.linalg.det(matrix)) == 0:
        raise FileError(
            f"path = {path}: no right ascension and declination on the first two axes: add CTYPE1, CDELT1..."
        )
    sides = proj_plane_pixel_scales(wcs) * 3600
    if abs(sides[0] / sides[1] - 1) > _SQUARE:
        raise FileError(f"path = {path}: spaxels of {sides[0]:g} x {sides[1]:g} arcsec are not square.")
    turned = max(abs(matrix[0, 1]), abs(matrix[1, 0])) * 3600 > _SQUARE * sides[0] or matrix[1, 1] < 0
    if turned and not rotated:
        raise FileError(
            f"path = {path}: its rows do not run north: turn the image, or pass rotated=True to take them so."
        )
    side = header.get("SPAXEL", sides[1])
    side = side if abs(side / sides[1] - 1) < _SQUARE else sides[1]
    return Spaxels(shape, float(side)), bool(np.linalg.det(matrix) < 0)


def _celestial(header: Any) -> Any:
    """The cards of the first two axes alone."""
    from astropy.io import fits

    names = [f"{name}{axis}" for name in ("CTYPE", "CUNIT", "CRPIX", "CRVAL", "CDELT", "CROTA") for axis in (1, 2)]
    names += [f"{name}{i}_{j}" for name in ("CD", "PC") for i in (1, 2) for j in (1, 2)]
    return fits.Header([(name, header[name]) for name in (*names, "LONPOLE", "LATPOLE", "RADESYS") if name in header])
