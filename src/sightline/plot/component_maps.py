"""Figures of components of the sky: their maps, and the clusters that their parameters vary by."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from ..components.maps import Clusters
from ..components.maps.labels import as_labels, check_labels
from ..components.separation import Amplitudes
from ..sky.axes import label as axis_label
from ..sky.geometry import HealpixSky
from . import mollweide, scales
from .canvas import BLANK, finish, new_figure
from .sky_maps import check_sky, panel

if TYPE_CHECKING:
    import matplotlib.figure

_POINTS = 1000
"""Across the raster of a map."""
_GOLDEN = 0.6180339887498949
"""Turns of the colour circle from one cluster to the next: neighbours differ, however many there are."""


def components(
    found: Amplitudes, *, title: str = "", path: PathLike | None = None, overwrite: bool = False
) -> "matplotlib.figure.Figure":
    """The maps of all components: a row for each, a column for each Stokes parameter, at the reference of its SED.

    Q and U of one component share their limits. Pixels that were left out are grey.

    **Arguments:** `found`: what `likelihood.amplitudes(model)` gives; `title`, `path`, `overwrite`: as `maps`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `TypeError` for anything else, and for skies that are not HEALPix.

    !!! example
        >>> bands = sl.instruments.Bands(frequency=[40.0, 140.0, 280.0], depth=[37.0, 5.0, 14.0])
        >>> mixing = sl.components.MixingMatrix(cmb=sl.components.CMB(), dust=sl.components.ModifiedBlackbody())
        >>> maps = np.random.default_rng(0).normal(size=(2, 3, 12))
        >>> likelihood = sl.SpectralLikelihood(bands, maps, unit="uK_CMB", convention="COSMO")
        >>> figure = sl.plot.components(likelihood.amplitudes(mixing))
    """
    if not isinstance(found, Amplitudes):
        raise TypeError(f"found is {type(found).__name__}: give what likelihood.amplitudes(model) returns.")
    maps = {name: found[name] for name in found.components}
    sky = check_sky(next(iter(maps.values())).sky)
    view, columns = mollweide.Whole(sky, _POINTS), len(found.parameters)
    figure = new_figure(4.1 * columns, 2.75 * len(maps) + (0.4 if title else 0))
    for row, (name, stokes) in enumerate(maps.items()):
        values = {one: np.asarray(getattr(stokes, one), np.float64) for one in found.parameters}
        half = scales.symmetric_limit(*(values[one] for one in values if one != "I"), np.zeros(1))
        reference = found.reference(name)
        place = "" if reference is None else f" at {axis_label('frequency', reference)}"
        for column, (one, shown) in enumerate(values.items()):
            spot = (len(maps), columns, row * columns + column + 1)
            limits = None if one == "I" else (-half, half)
            stretch = "auto" if one == "I" else "diverging"
            panel(figure, spot, shown, view, f"{name}: ${one}${place}", stokes.unit, stretch, limits)
    figure.suptitle(title, fontsize=12)
    return finish(figure, path, overwrite)


def clusters(
    what: Any,
    sky: HealpixSky,
    *,
    title: str = "",
    unit: str = "",
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """Which pixels make up a cluster, each in a colour of its own; of `Clusters` their values as well.

    **Arguments:**

    - `what`: labels, (npix,), or `sl.components.Clusters`.
    - `sky`: of the pixels, full or partial; `unit`: of the values.
    - `title`, `path`, `overwrite`: as `maps`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `TypeError` for labels that are no whole numbers, and for skies that are not HEALPix; `ValueError` for
    labels of another sky, negative ones or gaps.

    !!! example
        >>> sky = sl.HealpixSky(nside=4)
        >>> figure = sl.plot.clusters(sl.components.multiresolution(sky, nside=1), sky)
    """
    known = what if isinstance(what, Clusters) else None
    labels = np.asarray(as_labels(what if known is None else known.labels))
    if labels.size != check_sky(sky).size:
        raise ValueError(f"labels has {labels.size} pixels, the sky {sky.size}.")
    count = int(labels.max()) + 1
    check_labels(labels, count)
    view = mollweide.Whole(sky, _POINTS)
    figure = new_figure(6.2 if known is None else 11.0, 3.6 + (0.4 if title else 0))
    axes = view.axes(figure, (1, 1 if known is None else 2, 1))
    view.draw(axes, mollweide.raster(labels.astype(float), view.index), *_colours(count))
    axes.set_title(f"{count} cluster{'s' if count > 1 else ''}", fontsize=11)
    if known is not None:
        values = np.asarray(known.pixels(sky.size), np.float64)
        panel(figure, (1, 2, 2), values, view, "values", unit, "linear", None)
    figure.suptitle(title, fontsize=12)
    return finish(figure, path, overwrite)


def _colours(count: int) -> tuple[Any, Any]:
    """A norm and a colour for each label, such that those of near labels differ."""
    from matplotlib.colors import ListedColormap, Normalize, hsv_to_rgb

    number = np.arange(count)
    parts = [number * _GOLDEN % 1, 0.45 + 0.15 * (number % 3), 0.95 - 0.15 * (number // 3 % 3)]
    colours = ListedColormap(hsv_to_rgb(np.stack(parts, axis=1))).with_extremes(bad=BLANK)
    return Normalize(-0.5, count - 0.5), colours
