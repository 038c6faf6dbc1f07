"""Writer of spectra."""

import warnings
from typing import Any

import numpy as np

from ..._core.files import PathLike, check_writable
from ...xray.counts.observation import Observation
from ...xray.counts.spectrum import Spectrum
from .cards import CLASS, NAMES, write_tables

_CODES = {"QUALITY": "quality", "GROUPING": "grouping"}
_SCALES = {"AREASCAL": "area_scale", "BACKSCAL": "back_scale"}


def write_pha(
    path: PathLike,
    spectrum: Spectrum | Observation,
    overwrite: bool = False,
    background: str = "none",
    response: str = "none",
    area: str = "none",
) -> None:
    """Writes a spectrum to a PHA file of type I, which any X-ray software reads; what is read back is equal.

    **Arguments:**

    - `path`: where; `overwrite`: replace an existing file.
    - `spectrum`: a `Spectrum`; or an `Observation`, of which the source is written with its present groups, channels in
      none of them with quality 2.
    - `background`, `response`, `area`: names of files to write to BACKFILE, RESPFILE, ANCRFILE. They are not written:
      `write_pha` of `observation.off` and `write_response` do that.

    **Raises:** as `check_writable`; `ValueError` for names longer than 68 characters, and groups that are entangled.

    **Warns:** where numbers that cannot have been counted, negative or fractional ones, are written as Poisson data.

    !!! example
        >>> import numpy as np
        >>> sl.io.write_pha("x.pha", sl.counts.Spectrum([3, 5, 1], exposure=1e4), response="x.rsp", overwrite=True)

    **Source:** Arnaud, George & Tennant 2009, OGIP Memo 92-007, section 3.
    """
    from astropy.io import fits

    found = _grouped(spectrum) if isinstance(spectrum, Observation) else spectrum
    check_writable(path, overwrite)
    _warn_of_net(found)
    files = {"BACKFILE": background, "RESPFILE": response, "ANCRFILE": area}
    table = fits.BinTableHDU.from_columns(_columns(found), fits.Header(_spectrum_cards(found, files)))
    write_tables(path, overwrite, [table])


def _warn_of_net(spectrum: Spectrum) -> None:
    """Warns of numbers that were not counted, and say that they were."""
    counts = spectrum.counts
    odd = np.flatnonzero((counts < 0) | (counts != np.round(counts)))
    if spectrum.poisson and odd.size:
        warnings.warn(
            f"spectrum has {odd.size} numbers that are negative or no whole ones, the first {counts[odd[0]]:g} in "
            f"channel {spectrum.channel[odd[0]]}, and poisson is true: POISSERR = T is written, by which they are "
            "counts. Give net counts with error= and poisson=False.",
            stacklevel=3,
        )


def _grouped(observation: Observation) -> Spectrum:
    """The source with the present groups as codes."""
    on, label = observation.on, observation.label
    kept = np.flatnonzero(label >= 0)
    if np.any(np.diff(label[kept]) < 0):
        raise ValueError("spectrum has groups that are entangled, which GROUPING cannot say: group it otherwise.")
    before = np.r_[-1, np.maximum.accumulate(label)[:-1]]
    after = np.minimum.accumulate(np.where(label < 0, label.max() + 1, label)[::-1])[::-1]
    codes = np.where((before == after) & (before >= 0), -1, 1)
    left = np.where(on.quality == 0, np.where(observation.bad, 1, 2), on.quality)
    quality = np.where(label < 0, left, 0)
    return Spectrum(
        **{name: getattr(on, name) for name in ("counts", "exposure", "channel", "area_scale", "back_scale")},
        **{name: getattr(on, name) for name in ("error", "systematic", "poisson")},
        quality=quality,
        grouping=codes,
    )


def _columns(spectrum: Spectrum) -> list[Any]:
    from astropy.io import fits

    whole = np.all(spectrum.counts == np.round(spectrum.counts)) and np.all(np.abs(spectrum.counts) < 2**31)
    found = [fits.Column("CHANNEL", "J", array=spectrum.channel)]
    found.append(fits.Column("COUNTS", "J" if whole else "D", "count", array=spectrum.counts))
    found += [fits.Column(key, "J", array=getattr(spectrum, name)) for key, name in _CODES.items()]
    scales = {key: getattr(spectrum, name) for key, name in _SCALES.items()}
    found += [fits.Column(key, "D", array=scale) for key, scale in scales.items() if not _constant(scale)]
    errors = {"STAT_ERR": spectrum.error, "SYS_ERR": spectrum.systematic}
    return found + [fits.Column(key, "D", array=error) for key, error in errors.items() if error is not None]


def _constant(values: np.ndarray) -> bool:
    return bool(np.all(values == values[0]))


def _spectrum_cards(spectrum: Spectrum, files: dict[str, str]) -> list[tuple[Any, ...]]:
    for key, name in files.items():
        if len(name) > 68 or not name.isascii():
            raise ValueError(f"{key} = {name!r} must be at most 68 ASCII characters: take a name without folders.")
    first, last = int(spectrum.channel[0]), int(spectrum.channel[-1])
    scales = {key: getattr(spectrum, name) for key, name in _SCALES.items()}
    return [
        ("EXTNAME", "SPECTRUM", "Spectrum of one region"),
        *CLASS,
        ("HDUCLAS1", "SPECTRUM", "A PHA spectrum"),
        ("HDUCLAS2", "TOTAL", "Gross counts"),
        ("HDUCLAS3", "COUNT", "Counts, not rates"),
        ("HDUCLAS4", "TYPE:I", "One spectrum"),
        ("HDUVERS", "1.2.1", "Version of the format"),
        *NAMES,
        *((key, name, "File beside this one") for key, name in (files | {"CORRFILE": "none"}).items()),
        ("CORRSCAL", 1.0, "Scale of the correction file"),
        ("EXPOSURE", spectrum.exposure, "[s] Exposure"),
        *((key, float(scale[0]), "Scale") for key, scale in scales.items() if _constant(scale)),
        ("CHANTYPE", "PI", "Kind of channels"),
        ("DETCHANS", len(spectrum), "Number of channels"),
        ("TLMIN1", first, "First channel"),
        ("TLMAX1", last, "Last channel"),
        ("POISSERR", spectrum.poisson, "Are errors those of Poisson?"),
        *([("SYS_ERR", 0, "No systematic errors")] if spectrum.systematic is None else []),
    ]
