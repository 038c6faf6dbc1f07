"""How data on the sky are laid out."""

from typing import Any, ClassVar

import equinox as eqx
import numpy as np

from ...statistics.layout import Image, Layout
from .image_plane import ImagePlane
from .skies import HealpixSky


class SkyPixels(eqx.Module):
    """Pixels of a sky."""

    kind: ClassVar[str] = "sky_pixels"
    sky: HealpixSky


class SkyPoints(eqx.Module):
    """Directions, (n,) deg each."""

    kind: ClassVar[str] = "sky_points"
    l: np.ndarray
    b: np.ndarray


def on_sky(sky: Any, kept: Any, size: int) -> SkyPixels | SkyPoints | Image | None:
    """The pixels, or the directions of sources, of `size` data; `None` for what has no place on the sky."""
    if isinstance(sky, ImagePlane):
        used = None if kept is None else np.asarray(kept)
        found = Image(sky.shape, sky.extent, "kpc", used)
        return found if size == (sky.size if used is None else used.size) else None
    if not hasattr(sky, "lonlat"):
        return None
    if isinstance(sky, HealpixSky):
        part = sky if kept is None else HealpixSky(sky.nside, sky.indices[np.asarray(kept)], sky.nest)
        return SkyPixels(part) if part.size == size else None
    used = slice(None) if kept is None else np.asarray(kept)
    l, b = (np.asarray(angle)[used] for angle in sky.lonlat())
    return SkyPoints(l, b) if len(l) == size else None


def laid_out(sky: Any, kept: Any, size: int, rows: list[str], unit: str) -> Layout | None:
    """The layout of data on a sky; `None` for what has no place there."""
    place = on_sky(sky, kept, size)
    return None if place is None else Layout(place, rows, unit)
