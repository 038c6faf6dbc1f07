"""Which pixels of maps are used, and the noise of those that are."""

from typing import Any

import numpy as np

from .._core.units import numbers
from .stokes import is_blank


def used(values: np.ndarray, spread: np.ndarray | None, known: np.ndarray | None, mask: Any) -> np.ndarray:
    """Places of the pixels that are neither blank nor masked nor of infinite noise."""
    axes = tuple(range(values.ndim - 1))
    if not np.any(np.isfinite(values)):
        raise ValueError("data hold no finite value: every pixel is blank.")
    good = np.all(np.isfinite(values), axis=axes)
    if spread is not None:
        good &= np.all(np.isfinite(spread), axis=axes)
    if known is not None:
        good &= np.all(np.isfinite(known), axis=(*range(known.ndim - 3), -1, -2))
    if mask is not None:
        chosen = numbers(mask, "", "mask")
        if chosen.shape != good.shape or not np.all(np.isin(chosen, (0, 1))):
            raise ValueError(
                f"mask has shape {chosen.shape} for {good.size} pixels: give one value a pixel, True (1) where it is "
                "used, at the nside and ordering of the data."
            )
        good &= chosen.astype(bool)
    if not np.any(good):
        raise ValueError("No pixel is left: the mask, blank data and infinite noise exclude them all.")
    return np.flatnonzero(good)


def matrices(
    given: np.ndarray, parameters: str, pixels: tuple[int, ...], factor: np.ndarray, signs: np.ndarray
) -> np.ndarray:
    """Covariances of the parameters that are fitted, brought to another unit and COSMO; NaN where they are blank.

    **Arguments:** `given`: (..., npix, k, k), or of I, Q and U, of which the block is taken; `pixels`: (..., npix);
    `factor`: of the unit, per frequency; `signs`: of each parameter.

    **Raises:** `ValueError` for another shape.
    """
    size = len(parameters)
    if given.shape == (*pixels, 3, 3) and set(parameters) <= set("IQU"):
        places = ["IQU".index(name) for name in parameters]
        given = given[..., places, :][..., :, places]
    if given.shape != (*pixels, size, size):
        raise ValueError(f"covariance has shape {given.shape}, not {(*pixels, size, size)} for {parameters}.")
    given = np.where(is_blank(given), np.nan, given)
    return given * factor[..., None, None, None] ** 2 * np.outer(signs, signs)
