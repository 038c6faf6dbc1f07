"""Which pixels maps have, which of them are used, and the noise of those that are."""

from typing import Any

import numpy as np

from .._core.units import numbers
from .stokes import Stokes, is_blank


def check_pixels(stokes: Stokes, who: str) -> None:
    """Refuses maps without an axis of pixels, for which that of the frequencies would be taken.

    **Arguments:** `who`: needs it, for the error.

    **Raises:** `ValueError`.
    """
    shape = np.shape(stokes.I)
    if len(shape) <= stokes.frequency.ndim:
        raise ValueError(
            f"{who} needs maps with an axis of pixels, and stokes.I has shape {shape} at frequencies of shape "
            f"{stokes.frequency.shape}: give {(*stokes.frequency.shape, 'npix')}.".replace("'", "")
        )


def used(values: np.ndarray, spread: np.ndarray | None, known: np.ndarray | None, mask: Any) -> np.ndarray:
    """Places of the pixels that are neither blank nor masked nor of infinite noise.

    **Raises:** `ValueError` where none is left, or for a mask that is none.
    """
    axes = tuple(range(values.ndim - 1))
    if not np.any(np.isfinite(values)):
        raise ValueError("data hold no finite value: every pixel is blank.")
    kept = {"data": np.all(np.isfinite(values), axis=axes)}
    if spread is not None:
        kept["noise"] = np.all(np.isfinite(spread), axis=axes)
    if known is not None:
        kept["covariance"] = np.all(np.isfinite(known), axis=(*range(known.ndim - 3), -1, -2))
    if mask is not None:
        kept["mask"] = _chosen(mask, kept["data"].shape)
    good = np.logical_and.reduce(list(kept.values()))
    if not np.any(good):
        counts = ", ".join(f"{name} has a value in {np.sum(one)}" for name, one in kept.items() if name != "mask")
        counts += f", mask chooses {np.sum(kept['mask'])}" if "mask" in kept else ""
        raise ValueError(
            f"No pixel is left of {good.size}: {counts}. Blank data and noise that is NaN or infinite count as none."
        )
    return np.flatnonzero(good)


def _chosen(mask: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The mask as flags.

    **Raises:** `ValueError` for another shape, or values other than 0 and 1.
    """
    chosen = numbers(mask, "", "mask")
    cure = "give one value a pixel, True (1) where it is used, at the nside and ordering of the data."
    if chosen.shape != shape:
        raise ValueError(f"mask has shape {chosen.shape} for {shape[0]} pixels: {cure}")
    if not np.all(np.isin(chosen, (0, 1))):
        raise ValueError(f"mask has {np.sum(~np.isin(chosen, (0, 1)))} values other than 0 and 1: {cure}")
    return chosen.astype(bool)


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
