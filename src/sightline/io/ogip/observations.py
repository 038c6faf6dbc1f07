"""Observations: a spectrum with the background and response that its file names."""

import os
import re
import warnings
from pathlib import Path

from ..._core.files import PathLike
from ..._core.reading import FileError
from ..._core.units import whole
from ...xray.counts.observation import Observation
from ...xray.counts.response import Response
from ...xray.counts.rows import entries
from .hdu import stating
from .responses import EFFICIENCY, collected, read_response
from .spectra import Filed, read_spectrum

_ROW = re.compile(r"(?P<name>.*?)\{(?P<row>\d{1,9})\}")


def read_observation(
    path: PathLike,
    background: PathLike | None = None,
    response: PathLike | None = None,
    area: PathLike | None = None,
    row: int | None = None,
) -> Observation:
    """Reads an observed spectrum with its background and response.

    Channels are matched by their numbers. Groups are those of the file (`AsFiled`), channels of bad quality left out.
    Rates are multiplied by the exposure; numbers that are whole but for rounding are made whole. What is no plain count
    (POISSERR = F, errors of its own, net counts) is kept, and `observation.poisson` is false.

    **Arguments:**

    - `path`: a PHA file of type I, or of type II, many spectra in one table; `row`: which of these, from 0. Each order
      of a grating is an observation; its background, counted on both sides (BACKGROUND_UP, BACKGROUND_DOWN), is in the
      same row.
    - `background`, `response`, `area`: files; without them those that the file names in BACKFILE, RESPFILE and
      ANCRFILE, in its own folder, packed by gzip or not. `"none"`: none, whatever it names. A background whose file
      names another response has that.

    **Returns:** `sl.counts.Observation`.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, that says what is wrong with which file and the
    cure: files that are damaged or missing, no response, channels that the response or background do not have, an
    exposure or scale of 0, unknown codes of grouping, numbers that are not finite.

    !!! example
        >>> import numpy as np
        >>> edges = np.linspace(0.5, 8.0, 4)
        >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(3), channels=edges)
        >>> sl.io.write_response("x.rsp", response, overwrite=True)
        >>> sl.io.write_pha("x.pha", sl.counts.Spectrum([3, 5, 1], 1e4), response="x.rsp", overwrite=True)
        >>> sl.io.read_observation("x.pha").counts.tolist()
        [3.0, 5.0, 1.0]

    **Source:** Arnaud, George & Tennant 2009, OGIP Memo 92-007.
    """
    row = None if row is None else whole(row, "row")
    on = read_spectrum(path, row)
    behind, place = _beside(path, on.background, background, "background", "BACKFILE")
    off = None if behind is None else read_spectrum(behind, row if place is None else place, background=True)
    counted = off.spectrum if off is not None else on.beside if background is None else None
    matrix, _ = _beside(path, on.response, response, "response", "RESPFILE")
    if matrix is None:
        raise FileError(f"path = {path} names no response: pass response=, its RMF or RSP, and area=, its ARF.")
    curve, _ = _beside(path, on.area, area, "area", "ANCRFILE")
    folded = read_response(matrix, curve)
    if curve is None and area is None:
        _warn_of_no_area(path, matrix, folded)
    own = None if off is None or behind is None else _of_background(on, off, behind, matrix)
    name = os.path.basename(path) + ("" if on.row is None else f"{{{on.row + 1}}}")
    with stating(path):
        return Observation(on.spectrum, folded, counted, name, background_response=own)


def _of_background(on: Filed, off: Filed, behind: PathLike, common: PathLike) -> Response | None:
    """The response that the file of a background names, where it is another than that of the source.

    **Arguments:** `behind`: the file; `common`: the matrix of the source, where it names an area alone.
    """
    same = off.response in (None, on.response)
    if same and off.area in (None, on.area):  # the matrix of the source without an area is the source's own with it
        return None
    try:
        matrix, _ = _beside(behind, off.response, None, "response", "RESPFILE")
        curve, _ = _beside(behind, off.area, None, "area", "ANCRFILE")
    except FileError:
        warnings.warn(
            f"{behind}, a background, names a response of its own, {off.response} and {off.area}, which is not beside "
            "it: a spectrum of the background goes through the response of the source. Put the files there.",
            stacklevel=3,
        )
        return None
    used = common if matrix is None else matrix
    found = read_response(used, curve)
    if curve is None:
        _warn_of_no_area(behind, used, found)
    return found


def _warn_of_no_area(path: PathLike, matrix: PathLike, response: Response) -> None:
    most = collected(entries(response.matrix))
    if most <= EFFICIENCY:
        warnings.warn(
            f"{path} names no area, and {matrix} alone collects {most:.2g} cm2 at most: pass area=, its ARF, or "
            "area='none' if that is right.",
            stacklevel=3,
        )


def _beside(
    path: PathLike, named: str | None, given: PathLike | None, argument: str, key: str
) -> tuple[PathLike | None, int | None]:
    """A file that is given, or else named by another one, and the row of it that is named."""
    if given is not None:
        return (None if os.fspath(given).lower() == "none" else given), None
    if named is None:
        return None, None
    found = _ROW.fullmatch(named)
    name, row = (found["name"], int(found["row"]) - 1) if found else (named, None)
    folder = Path(path).parent
    for candidate in (folder / name, folder / f"{name}.gz"):
        if os.path.isfile(candidate):
            return candidate, row
    raise FileError(
        f"path = {path} names {name} in {key}, which is not in {folder}: pass {argument}= and the file, or "
        f"{argument}='none' for none."
    )
