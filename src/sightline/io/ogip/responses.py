"""Responses: redistribution matrices (RMF), effective areas (ARF), and both in one file (RSP)."""

import warnings
from typing import Any

import numpy as np

from ..._core.files import PathLike
from ..._core.reading import FileError
from ...xray.counts.channels import Channels
from ...xray.counts.response import Response
from ...xray.counts.rows import Entries, pack
from ..tables import open_fits
from .hdu import checked, energies, find_tables, scalars, stating, text, value
from .ragged import Ragged, heads, ragged

_MATRIX = ("MATRIX", "SPECRESP MATRIX", "AXAF_RMF")
EFFICIENCY = 1.5  # what the columns of a matrix without area sum to at most
_SAME = 1e-2  # of a bin: how far two files may disagree about its edges


def read_response(path: PathLike, area: PathLike | None = None) -> Response:
    """Reads a response: a redistribution matrix, multiplied by an effective area where that is a file of its own.

    Channels keep the numbers of the table EBOUNDS. Where F_CHAN counts from, its TLMIN says; where that disagrees with
    EBOUNDS, the one is taken that keeps all elements within the channels, with a warning. Model energies that fall are
    turned round.

    **Arguments:**

    - `path`: an RMF, or an RSP, which holds the area already.
    - `area`: the ARF; without it the matrix is taken as it is filed.

    **Returns:** an `sl.counts.Response`.

    **Raises:** `FileNotFoundError`; `sl.io.FileError` for files that are damaged, hold several matrices or none, or
    whose area is given at other energies.

    !!! example
        >>> import numpy as np
        >>> edges = np.linspace(0.5, 8.0, 4)
        >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(3), channels=edges)
        >>> sl.io.write_response("x.rsp", response, overwrite=True)
        >>> sl.io.read_response("x.rsp").shape
        (3, 3)

    **Source:** George et al. 2007, OGIP Calibration Memo CAL/GEN/92-002, sections 3 to 5.
    """
    with open_fits(path) as file, stating(path):
        table = _matrix(file, path)
        channels = _channels(file, path)
        low, high = energies(table, "ENERG_LO", path), energies(table, "ENERG_HI", path)
        found = _elements(table, channels, path)
    if area is not None:
        _warn_of_two_areas(path, area, found)
        factor = _area(area, low, high)
        value = np.repeat(factor, np.diff(_begins(found)))
        value *= found.value
        found = found._replace(value=value)
    if len(low) > 1 and low[0] > low[-1]:
        low, high = low[::-1], high[::-1]
        found = found._replace(column=len(low) - 1 - found.column)
    with stating(path):
        return Response(low, high, pack(found), channels)


def collected(found: Entries) -> float:
    """The most that a matrix collects at any energy: about 1 without an area, else cm2."""
    return float(np.bincount(found.column, weights=found.value).max()) if len(found.value) else 0.0


def _begins(found: Entries) -> np.ndarray:
    """Where the elements of each energy begin, and where the last end, (n + 1,): they are energy by energy."""
    return np.searchsorted(found.column, np.arange(found.shape[1] + 1))


def _warn_of_two_areas(path: PathLike, area: PathLike, found: Entries) -> None:
    begins = np.unique(_begins(found)[:-1])
    begins = begins[begins < len(found.value)]
    most = float(np.add.reduceat(found.value, begins).max()) if len(begins) else 0.0
    if most > EFFICIENCY:
        warnings.warn(
            f"{path} alone collects {most:.3g} at most, which is an effective area already, and is multiplied by that "
            f"of {area}: leave the area out (area='none') if the matrix holds it.",
            stacklevel=4,
        )


def _matrix(file: Any, path: PathLike) -> Any:
    tables = list(find_tables(file, _MATRIX, {"HDUCLAS1": "RESPONSE", "HDUCLAS2": "RSP_MATRIX"}))
    if len(tables) != 1:
        count = f"{len(tables)} matrices" if tables else "no table MATRIX or SPECRESP MATRIX"
        raise FileError(f"path = {path} holds {count}: give a redistribution matrix (RMF or RSP), one in a file.")
    return checked(tables[0], path, "ENERG_LO", "ENERG_HI", "N_GRP", "F_CHAN", "N_CHAN", "MATRIX")


def _channels(file: Any, path: PathLike) -> Channels:
    """The channels that EBOUNDS lists; low and high are exchanged where all of them are."""
    tables = list(find_tables(file, ("EBOUNDS",), {"HDUCLAS1": "RESPONSE", "HDUCLAS2": "EBOUNDS"}))
    if not tables:
        raise FileError(f"path = {path} has no table EBOUNDS: the energies of its channels are not known.")
    table = checked(tables[0], path, "CHANNEL", "E_MIN", "E_MAX")
    low, high = energies(table, "E_MIN", path), energies(table, "E_MAX", path)
    if np.all(low >= high):
        low, high = high, low
    return Channels(scalars(table, "CHANNEL", path), low, high)


def _elements(table: Any, channels: Channels, path: PathLike) -> Entries:
    """The elements of the matrix: runs of channels, N_GRP of them for each energy."""
    groups = _counts(scalars(table, "N_GRP", path), "N_GRP")
    first, count = _groups(ragged(table, "F_CHAN", path), groups), _groups(ragged(table, "N_CHAN", path), groups)
    first, count = _whole(first, "F_CHAN"), _counts(count, "N_CHAN")
    energy = np.repeat(np.arange(len(groups)), groups)
    matrix = ragged(table, "MATRIX", path)
    total = np.bincount(energy, weights=count, minlength=len(groups)).astype(np.int64)
    if np.any(total > matrix.length):
        bad = int(np.argmax(total > matrix.length))
        raise FileError(
            f"path = {path} is damaged: row {bad} of the matrix has {matrix.length[bad]} elements, N_CHAN needs "
            f"{total[bad]}."
        )
    whole = np.array_equal(total, matrix.length)
    held = matrix.values if whole else matrix.values[heads(matrix.length, total)]
    start = _offset(table, first[count > 0], (first + count)[count > 0], channels, path)
    row = np.repeat(first - start - np.cumsum(count) + count, count)
    row += np.arange(len(row))
    found = Entries(row, np.repeat(energy, count), held, (len(channels), len(groups)))
    return found if np.all(held) else _without_zeros(found)


def _without_zeros(found: Entries) -> Entries:
    keep = found.value != 0
    return Entries(found.row[keep], found.column[keep], found.value[keep], found.shape)


def _whole(values: np.ndarray, name: str) -> np.ndarray:
    if not np.all(np.abs(values) < 2**31) or np.any(values != np.round(values)):
        raise ValueError(f"column {name} holds numbers that are not whole")
    return values.astype(np.int64)


def _counts(values: np.ndarray, name: str) -> np.ndarray:
    found = _whole(values, name)
    if np.any(found < 0):
        raise ValueError(f"column {name} holds {found.min()}, which is below 0")
    return found


def _groups(found: Ragged, groups: np.ndarray) -> np.ndarray:
    """The first `groups` numbers of every row."""
    if np.any(groups > found.length):
        raise ValueError("N_GRP is more than the groups of F_CHAN or N_CHAN")
    return found.values[heads(found.length, groups)]


def _offset(table: Any, first: np.ndarray, stop: np.ndarray, channels: Channels, path: PathLike) -> int:
    """The number of the channel that the first row of the matrix stands for, as F_CHAN counts."""
    names = [str(name).upper() for name in table.columns.names]
    own, size = int(channels.label[0]), len(channels)
    stated = value(table.header, f"TLMIN{names.index('F_CHAN') + 1}", path)
    candidates = [own, 1, 0] if stated is None else [int(stated), own]
    candidates = list(dict.fromkeys(candidates))
    lowest, highest = (int(first.min()), int(stop.max())) if len(first) else (candidates[0], candidates[0])
    fitting = [start for start in candidates if start <= lowest and highest - start <= size]
    if not fitting:
        raise FileError(
            f"path = {path}: F_CHAN and N_CHAN reach the channels {lowest} to {highest - 1}, EBOUNDS has "
            f"{own} to {own + size - 1}: the matrix and its channels do not belong together."
        )
    if stated is not None and stated != own:
        warnings.warn(
            f"{path}: TLMIN says that F_CHAN counts from {stated:g}, EBOUNDS from {own}: taken from {fitting[0]}, "
            "so that all groups lie within the channels.",
            stacklevel=5,
        )
    if stated is None and own != 1 and 1 in fitting:
        warnings.warn(
            f"{path}: TLMIN does not say where F_CHAN counts from: taken from {own}, as EBOUNDS does; the default of "
            "the format is 1. Add the keyword where that is right.",
            stacklevel=5,
        )
    return fitting[0]


def _area(path: PathLike, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Effective areas, (n,), cm2, at the energies of a matrix."""
    with open_fits(path) as file, stating(path):
        tables = list(find_tables(file, ("SPECRESP",), {"HDUCLAS1": "RESPONSE", "HDUCLAS2": "SPECRESP"}))
        if len(tables) != 1:
            raise FileError(f"path = {path} holds {len(tables) or 'no'} tables SPECRESP: give an ARF of one spectrum.")
        table = checked(tables[0], path, "ENERG_LO", "ENERG_HI", "SPECRESP")
        edges = energies(table, "ENERG_LO", path), energies(table, "ENERG_HI", path)
        area = scalars(table, "SPECRESP", path) * _square(table, path)
    _check_same(path, edges, (low, high))
    if not np.all(np.isfinite(area)) or np.any(area < 0):
        raise FileError(f"path = {path}: SPECRESP must be finite and 0 or more, and is not.")
    return area


def _square(table: Any, path: PathLike) -> float:
    """How many cm2 the unit of SPECRESP is."""
    number = [str(name).upper() for name in table.columns.names].index("SPECRESP") + 1
    unit = text(table.header, f"TUNIT{number}").replace("*", "").replace("^", "").replace(" ", "")
    if unit.lower() not in ("", "cm2", "m2"):
        raise FileError(f"path = {path}: SPECRESP is in {unit!r}, and must be in cm2: convert it.")
    return 1e4 if unit.lower() == "m2" else 1.0


def _check_same(path: PathLike, found: tuple[np.ndarray, ...], wanted: tuple[np.ndarray, ...]) -> None:
    cure = "make an area at the energies of the matrix."
    if len(found[0]) != len(wanted[0]):
        raise FileError(f"path = {path} has {len(found[0])} energies, the matrix {len(wanted[0])}: {cure}")
    slack = _SAME * np.abs(wanted[1] - wanted[0]) + 1e-6 * np.abs(wanted[1])
    for name, one, other in zip(("ENERG_LO", "ENERG_HI"), found, wanted, strict=True):
        bad = np.flatnonzero(~(np.abs(one - other) <= slack))
        if len(bad):
            i = bad[0]
            raise FileError(f"path = {path}: {name}[{i}] is {one[i]:g} keV, in the matrix {other[i]:g} keV: {cure}")
