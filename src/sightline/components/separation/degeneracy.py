"""Components that no band tells apart."""

from typing import Any

import jax
import numpy as np

from ...sky.geometry import HealpixSky
from ..maps import GaussianMap, SimulatedIndex
from ..maps.base import is_pixel_map

_SINGULAR = 1e-12  # least eigenvalue of the scaled A^T N^-1 A
_MOST = 100_000  # pixels that are looked at, evenly spread


def check_order(mixing: Any, sky: Any) -> None:
    """Refuses maps of parameters in another order of pixels than the data.

    **Raises:** `ValueError`.
    """
    nest = getattr(sky, "nest", None)
    maps = [one for one in jax.tree.leaves(mixing, is_leaf=is_pixel_map) if is_pixel_map(one)]
    if nest is not None and any(one.nest != nest for one in maps if isinstance(one, GaussianMap)):
        raise ValueError(f"The data are in {_order(nest)} order: give GaussianMap(..., nest={nest}).")
    for one in maps:
        if isinstance(one, SimulatedIndex):
            check_same_order("SimulatedIndex.sightlines", one.sightlines.sky, sky)


def check_same_order(what: str, own: Any, sky: Any) -> None:
    """Refuses pixels of a sky in another order than those of the data.

    **Raises:** `ValueError`.
    """
    if isinstance(own, HealpixSky) and isinstance(sky, HealpixSky) and own.nest != sky.nest:
        raise ValueError(f"{what} are in {_order(own.nest)} order, the data in {_order(sky.nest)}: take their sky.")


def _order(nest: bool) -> str:
    return "NESTED" if nest else "RING"


def check_count(bands: int, names: tuple[str, ...]) -> None:
    """Refuses fewer bands than components.

    **Raises:** `ValueError`.
    """
    if bands < len(names):
        raise ValueError(
            f"{bands} bands cannot tell {len(names)} components apart ({', '.join(names)}): use more bands, or fewer "
            "components."
        )


def check_components(matrix: Any, weight: Any, names: tuple[str, ...], place: Any) -> None:
    """Refuses a mixing matrix with too few bands, or with columns that are alike in a pixel.

    **Arguments:** `matrix`: (bands, components, n); `weight`: 1/variance, (bands, n); `place`: a pixel in words.

    **Raises:** `ValueError`, naming the components and a pixel.
    """
    matrix = np.asarray(matrix, np.float64)
    check_count(matrix.shape[0], names)
    weight = np.asarray(weight, np.float64)
    step = -(-matrix.shape[2] // _MOST)
    matrix, weight = matrix[..., ::step], weight[..., ::step]
    normal = np.einsum("bin,bn,bjn->nij", matrix, weight, matrix)
    if not np.all(np.isfinite(normal)):
        bad = np.flatnonzero(~np.isfinite(matrix).all(axis=(0, 2)))
        which = names[int(bad[0])] if bad.size else "one"
        raise ValueError(f"The mixing matrix of {which!r} is not finite: look at its spectral parameters.")
    scale = np.sqrt(np.diagonal(normal, axis1=1, axis2=2))
    dark = np.argwhere(scale == 0)
    if dark.size:
        pixel, component = dark[0]
        raise ValueError(f"{names[component]!r} is seen in no band{place(int(pixel) * step)}: leave it out.")
    correlation = normal / scale[:, :, None] / scale[:, None, :]
    least = np.linalg.eigvalsh(correlation)[:, 0]
    bad = np.flatnonzero(least < _SINGULAR)
    if bad.size:
        pixel = int(bad[0])
        away = np.abs(correlation[pixel]) - np.eye(len(names))
        i, j = sorted(np.unravel_index(int(np.argmax(away)), away.shape))
        raise ValueError(
            f"{names[i]!r} and {names[j]!r} have the same shape in these bands{place(pixel * step)} (A^T N^-1 A is "
            f"singular in {bad.size} of {least.size} pixels): give them other spectral parameters, or leave one out."
        )


def in_words(pixel: int, sky: Any, kept: Any) -> str:
    """Where one of the pixels that are used is, in words."""
    number = pixel if kept is None else int(kept[pixel])
    if not hasattr(sky, "lonlat"):
        return f" in pixel {number}"
    l, b = (float(angles[number]) for angles in sky.lonlat())
    return f" in pixel {number}, towards l = {l:.4g}, b = {b:.4g} deg"
