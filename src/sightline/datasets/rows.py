"""Tables of sources: their columns, and which rows are kept, with the number of those that are not and why."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .._core.files import PathLike

OnDefect = Literal["skip", "refuse"]


def read_table(path: PathLike, needs: Iterable[str]) -> dict[str, np.ndarray]:
    """The columns of a table, (rows,) each: an archive of NumPy, or any table that astropy reads (FITS, CSV, ECSV).

    **Raises:** `FileNotFoundError`; `ValueError` for another kind of file, for columns of unequal length or, by name,
    for columns that are missing.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f"path = {path} does not exist: name the file of the table.")
    columns = _archive(path) if Path(path).suffix == ".npz" else _astropy_table(path)
    missing = [name for name in needs if name not in columns]
    if missing:
        raise ValueError(f"{path} has no column {', '.join(missing)}: it holds {', '.join(columns)}.")
    if len({column.shape for column in columns.values()}) > 1 or any(c.ndim != 1 for c in columns.values()):
        raise ValueError(f"{path} holds arrays of several shapes, which are no columns of one table.")
    return columns


def _archive(path: PathLike) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def _astropy_table(path: PathLike) -> dict[str, np.ndarray]:
    """The columns of one value a row; what is masked becomes NaN in numbers and empty in text."""
    from astropy.table import Table

    try:
        table = Table.read(path)
    except Exception as error:  # astropy's formats raise errors of their own of many kinds
        raise ValueError(f"{path} is no table that astropy reads: {error}") from None
    columns = {name: table[name] for name in table.colnames if table[name].ndim == 1}
    return {name: _unmasked(column) for name, column in columns.items()}


def _unmasked(column: Any) -> np.ndarray:
    mask, values = np.ma.getmaskarray(column), np.ma.getdata(column)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    if values.dtype.kind in "fiu":
        values = values.astype(np.float64)
    blank = np.nan if values.dtype.kind == "f" else ""
    return np.where(mask, np.asarray(blank, values.dtype), values) if mask.any() else values


def sift(
    defects: dict[str, np.ndarray], path: PathLike, on_defect: OnDefect = "skip"
) -> tuple[np.ndarray, dict[str, int]]:
    """Which rows have none of the defects, and how many were dropped for each, a row counting for its first.

    **Arguments:** `defects`: masks, (rows,), by reason, in the order in which they count; `on_defect`: `"refuse"`
    raises at the first.

    **Returns:** the mask of the rows to keep, (rows,), and the numbers by reason.

    **Raises:** `ValueError` where `on_defect` is `"refuse"` and a row has a defect, with reason, number and first row.

    !!! example
        >>> keep, dropped = sift({"no error": np.array([True, False]), "a pulsar": np.array([True, False])}, "table")
        >>> keep, dropped
        (array([False,  True]), {'no error': 1, 'a pulsar': 0})
    """
    keep, dropped = np.ones(len(next(iter(defects.values()))), bool), {}
    for reason, bad in defects.items():
        first = keep & bad
        dropped[reason] = int(first.sum())
        if dropped[reason] and on_defect == "refuse":
            raise ValueError(
                f"{path}: {dropped[reason]} rows are refused ({reason}), the first is row {np.flatnonzero(first)[0]}: "
                'remove them, or pass on_defect="skip".'
            )
        keep &= ~bad
    return keep, dropped


def lines_of(counts: dict[str, int]) -> list[str]:
    """Numbers and reasons, one line each, those that never happened left out."""
    return [f"  {number:6d}  {reason}" for reason, number in counts.items() if number]
