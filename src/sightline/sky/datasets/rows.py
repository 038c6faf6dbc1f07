"""Rows of tables of sources: which are kept, with the number of those that are not and why."""

from typing import Literal

import numpy as np

from ..._core.files import PathLike

OnDefect = Literal["skip", "refuse"]


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
