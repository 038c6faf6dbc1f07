"""Lines along the electric vector of polarised emission, over maps."""

from typing import Any

import numpy as np

from ..sky.geometry import HealpixSky, frames
from ..sky.stokes import Stokes, is_blank
from .mollweide import pixels_towards
from .views import AbstractView

_LENGTH = 0.7
"""Of a line, in distances between two."""
_SHORT = 1e-5
"""rad, along which a direction on the sky is followed to have it on the axes."""


def draw(axes: Any, view: AbstractView, sky: HealpixSky, stokes: Stokes, number: int) -> None:
    """Lines of one length, `number` of them across, along the electric vector of `stokes`, COSMO, (npix,)."""
    from matplotlib.collections import LineCollection
    from matplotlib.patheffects import withStroke

    l, b = view.points(number)
    index = pixels_towards(sky, l, b)
    i, q, u = (np.asarray(part, np.float64)[index] for part in (stokes.I, stokes.Q, stokes.U))
    known = (index >= 0) & ~(is_blank(i) | is_blank(q) | is_blank(u))
    shown = known & ((q != 0) | (u != 0))
    ends = _ends(view, l[shown], b[shown], 0.5 * np.arctan2(-u, q)[shown], _LENGTH * 2 * view.half / number)
    lines = LineCollection(list(ends), colors="white", linewidths=0.8, zorder=2.5, transform=view.plane(axes))
    lines.set_path_effects([withStroke(linewidth=1.6, foreground="black")])
    axes.add_collection(lines, autolim=False)


def _ends(view: AbstractView, l: np.ndarray, b: np.ndarray, angle: np.ndarray, length: float) -> np.ndarray:
    """Both ends of lines at an angle from north through east [rad], on the axes, (n, 2, 2)."""
    east, north = frames.polarisation_basis(l, b)
    along = np.cos(angle) * north + np.sin(angle) * east
    x, y, z = frames.direction(l, b) + _SHORT * along
    middle, moved = view.place(l, b), view.place(np.arctan2(y, x), np.arctan2(z, np.hypot(x, y)))
    step = moved - middle
    step *= 0.5 * length / np.linalg.norm(step, axis=-1, keepdims=True)
    return np.stack([middle - step, middle + step], axis=1)
