"""Channels of spectra, backgrounds and responses matched by their numbers, and the numbers of groups."""

from typing import Any

import numpy as np


def places_of(channel: np.ndarray, known: np.ndarray, who: str) -> np.ndarray:
    """Where the channels stand among those of another, by number.

    **Raises:** `ValueError` for channels that it does not have; `who` it is.
    """
    places = np.minimum(np.searchsorted(known, channel), len(known) - 1)
    missing = channel[known[places] != channel]
    if len(missing):
        raise ValueError(
            f"{who} has the channels {known[0]} to {known[-1]}, the spectrum {channel[0]} to {channel[-1]}: "
            f"{len(missing)} of these are not among them, the first is {missing[0]}. Take the {who} that was made for "
            "it; if the channels of one are counted from 0, of the other from 1, correct their numbers."
        )
    return places


def check_label(label: Any, size: int) -> np.ndarray:
    """Groups numbered without gaps, in the order of their first channels.

    **Raises:** `ValueError` for what are no groups of `size` channels, and where there is none.
    """
    found = np.asarray(label)
    if found.shape != (size,) or found.dtype.kind not in "iu":
        raise ValueError(f"label has shape {found.shape} and type {found.dtype}: give {size} whole numbers.")
    keep = found >= 0
    if not np.any(keep):
        raise ValueError("no channel is left: all are bad, or in no group. Correct the quality, or group otherwise.")
    _, first, inverse = np.unique(found[keep], return_index=True, return_inverse=True)
    numbered = np.full(size, -1)
    numbered[keep] = np.argsort(np.argsort(first))[inverse]
    return numbered
