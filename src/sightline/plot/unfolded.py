"""The spectrum that a model unfolds from counts."""

from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.files import PathLike
from .._core.module import default_float
from ..statistics import AbstractLikelihood, Posterior
from ..xray.spectra import components
from ..xray.spectra.nodes import photons_between
from . import energy_axes as along
from .canvas import finish
from .folding import Folded, boxes, chosen, folded, source_of, spectra

if TYPE_CHECKING:
    import matplotlib.figure

_SIZE = (6.6, 5.2)
_BINS = 600
_UNITS = {
    0: r"$N(E)$ [cm$^{-2}$ s$^{-1}$ keV$^{-1}$]",
    1: r"$E\,N(E)$ [cm$^{-2}$ s$^{-1}$]",
    2: r"$E^2 N(E)$ [keV cm$^{-2}$ s$^{-1}$]",
}


def unfolded(
    posterior: Posterior,
    values: Any,
    *,
    power: int = 2,
    title: str = "",
    path: PathLike | None = None,
    overwrite: bool = False,
) -> "matplotlib.figure.Figure":
    """The spectrum of every source, E^2 N(E) against energy with its components, and the data unfolded by it.

    Points are data x E^p N(E)/m, with m all counts expected of source and background, and N(E) the mean over the
    nominal energies of the group: they move with the model, and say only how far data lie from it, which the lower
    panel shows as data/m. For chains the line is the mean of up to 200 draws, a band holds 95 % of them.

    **Arguments:** `values`: as `sl.plot.spectrum`; `power`: p, 0, 1 or 2, of what is drawn, E^p N(E); `title`, `path`,
    `overwrite`: as `maps`; `posterior`: an `sl.Posterior`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `ValueError` for names that are not free, another power, and where there is no X-ray spectrum.

    !!! example
        >>> import numpy as np
        >>> import numpyro.distributions as dist
        >>> edges = np.geomspace(0.5, 8.0, 31)
        >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(30), channels=edges)
        >>> observation = sl.counts.Observation(sl.counts.Spectrum(np.full(30, 9.0), exposure=1e4), response)
        >>> model = sl.Model(spectra={"source": sl.spectra.PowerLaw(index=1.0, norm=1e-4)})
        >>> space = sl.ParameterSpace(model, {"spectra.source.index": dist.Uniform(0.0, 5.0)})
        >>> posterior = sl.Posterior(space, sl.CountsLikelihood(observation, "source"))
        >>> figure = sl.plot.unfolded(posterior, {"spectra.source.index": 1.1})
    """
    if power not in _UNITS:
        raise ValueError(f"power = {power!r} must be 0, 1 or 2: what E^power N(E) is drawn.")
    found, drawn = spectra(posterior), chosen(posterior, values)
    figure, each = boxes(found, _SIZE, title)
    for box, name, one in each:
        seen = folded(posterior, one, drawn)
        edges = np.unique(np.concatenate([seen.low, seen.high, np.geomspace(seen.low[0], seen.high.max(), _BINS)]))
        photons = _photons(posterior, one, drawn, jnp.asarray(edges, default_float()))
        photons = {key: np.asarray(value, np.float64) for key, value in photons.items()}
        _draw(along.pair(box, name), seen, edges, photons, power)
    return finish(figure, path, overwrite)


def _draw(panels: tuple[Any, Any], seen: Folded, edges: np.ndarray, photons: dict[str, np.ndarray], power: int) -> None:
    upper, lower = panels
    middle = np.sqrt(edges[1:] * edges[:-1])
    weight = middle**power / np.diff(edges)
    total = photons.pop("") * weight
    expected = seen.mean.mean(axis=0)
    factor = _in_groups(seen, edges, total.mean(axis=0) / weight, power) / np.where(expected > 0, expected, np.nan)
    if len(total) > 1:
        upper.fill_between(
            middle, *np.quantile(total, [0.025, 0.975], axis=0), color=along.MODEL, alpha=0.3, linewidth=0
        )
    counts, errors = seen.data
    along.points(upper, seen, counts * factor, errors * factor, color=along.DATA, label="data, unfolded")
    for number, (part, values) in enumerate(photons.items()):
        upper.plot(middle, (values * weight).mean(axis=0), **along.part_style(number, part))
    upper.plot(middle, total.mean(axis=0), color=along.MODEL, linewidth=1.3, label="model")
    along.heights(upper, counts * factor, total)
    upper.set_ylabel(_UNITS[power], fontsize=10)
    along.legend(upper)
    along.points(lower, seen, *(one / np.where(expected > 0, expected, np.nan) for one in seen.data), color=along.DATA)
    lower.axhline(1.0, color=along.MODEL, linewidth=1.0)
    lower.set_ylabel("data/model", fontsize=9)
    along.energies(lower, seen.low, seen.high)


def _in_groups(seen: Folded, edges: np.ndarray, photons: np.ndarray, power: int) -> np.ndarray:
    """E^p N(E) of the groups, (n,): the mean of N(E) over each, at its middle."""
    below = np.append(0.0, np.cumsum(photons))
    held = below[np.searchsorted(edges, seen.high)] - below[np.searchsorted(edges, seen.low)]
    return held / (seen.high - seen.low) * (0.5 * (seen.low + seen.high)) ** power


@eqx.filter_jit
def _photons(
    posterior: Posterior, likelihood: AbstractLikelihood, values: dict[str, Array], edges: Array
) -> dict[str, Array]:
    """Photons cm-2 s-1 between edges of the whole source, under an empty name, and of its components."""

    def one(drawn: dict[str, Array]) -> dict[str, Array]:
        source = source_of(likelihood, posterior.space.replace(drawn))
        parts = components(source)
        shown = {"": source} | (parts if len(parts) > 1 else {})
        return {name: photons_between(part, edges) for name, part in shown.items()}

    return jax.lax.map(one, values)
