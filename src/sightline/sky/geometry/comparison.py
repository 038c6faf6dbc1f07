"""Whether two skies are the same directions, in the same order."""

import equinox as eqx
import numpy as np

from .skies import AbstractPoints, AbstractSky, HealpixSky

TOLERANCE = 1e-6  # deg, that two directions may differ: the rounding of coordinates in files


def difference(first: AbstractSky, second: AbstractSky, other: str) -> str:
    """How the first of two skies differs, in words; `""` where they are the same pixels or sources in the same order.

    How many rays a pixel has (`supersample`) does not matter: it is the same pixel. `other` is what the second is
    called: "are of 12 pixels, `other` of 48".
    """
    if isinstance(first, HealpixSky) and isinstance(second, HealpixSky):
        return _of_pixels(first, second, other)
    listed = (AbstractPoints, HealpixSky)
    if isinstance(first, listed) and isinstance(second, listed):
        return _of_directions(first, second, other)
    if type(first) is not type(second):
        return f"are of a {type(first).__name__}, {other} of a {type(second).__name__}"
    return "" if eqx.tree_equal(first, second) else f"are of another {type(first).__name__} than {other}"


def _of_pixels(first: HealpixSky, second: HealpixSky, other: str) -> str:
    names = {True: "NESTED", False: "RING"}
    ours, theirs = (f"NSIDE {sky.nside} in {names[sky.nest]} order" for sky in (first, second))
    if ours != theirs:
        return f"are at {ours}, {other} at {theirs}"
    if first.pixels is None and second.pixels is None:
        return ""
    if first.size != second.size:
        return f"are of {first.size} other pixels than {other}, which are {second.size}"
    return "" if np.array_equal(first.indices, second.indices) else f"are of other pixels than {other}"


def _of_directions(first: AbstractPoints | HealpixSky, second: AbstractPoints | HealpixSky, other: str) -> str:
    if first.size != second.size:
        return f"are of {first.size} directions, {other} of {second.size}"
    (l, b), (other_l, other_b) = first.lonlat(), second.lonlat()
    along = np.abs((l - other_l + 180) % 360 - 180) * np.cos(np.deg2rad(b))
    far = np.flatnonzero(np.maximum(along, np.abs(b - other_b)) > TOLERANCE)
    if far.size:
        i = far[0]
        return (
            f"are of other directions than {other}, {far.size} of {first.size}; the first is number {i}: (l, b) = "
            f"({l[i]:.6g}, {b[i]:.6g}) and ({other_l[i]:.6g}, {other_b[i]:.6g}) deg"
        )
    ends = [np.full(first.size, np.inf) if sky.distance is None else sky.distance for sky in (first, second)]
    return "" if np.allclose(*ends, rtol=1e-6) else f"are of sources at other distances than {other}"
