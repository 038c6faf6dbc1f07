"""Residuals of component maps, where the true sky is known."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...sky.stokes import Stokes
from ..component_sky import ComponentSky
from .amplitudes import Amplitudes
from .data import check_ordering
from .pixels import mixed


class Residuals(NamedTuple):
    """What is wrong with the map of a component: K_CMB maps.

    - `systematic`: what wrong spectra leave of the sky; `statistical`: what the noise leaves; `total`: both.

    !!! example
        >>> bands = sl.instruments.Bands(frequency=[100.0, 143.0, 353.0], depth=[10.0, 6.0, 20.0])
        >>> sky = sl.HealpixSky(nside=1)
        >>> true = sl.components.MixingMatrix(cmb=sl.components.CMB(), dust=sl.components.ModifiedBlackbody(1.6))
        >>> one = sl.Stokes(np.zeros(12), np.full(12, 1e-6), np.zeros(12), frequency=353.0, unit="K_CMB", sky=sky)
        >>> truth = sl.components.ComponentSky(true, {"dust": one})
        >>> maps = 1e6 * one.Q * np.stack([true(bands, 12)[:, 1], 0 * true(bands, 12)[:, 1]])
        >>> likelihood = sl.SpectralLikelihood(bands, maps, unit="uK_CMB", convention="COSMO", sky=sky)
        >>> wrong = sl.components.MixingMatrix(cmb=sl.components.CMB(), dust=sl.components.ModifiedBlackbody(1.5))
        >>> found = likelihood.residuals_of(wrong, truth)["dust"]
        >>> float(abs(found.systematic.Q).max()) > 100 * float(abs(found.statistical.Q).max())
        True
    """

    systematic: Stokes
    statistical: Stokes
    total: Stokes


def true_maps(truth: Any, parameters: str, sky: Any, npix: int, kept: Any) -> dict[str, np.ndarray]:
    """The true amplitudes by component, (k, n) K_CMB, COSMO.

    **Raises:** `TypeError` for what is no `ComponentSky`; `ValueError` for maps of other pixels.
    """
    if not isinstance(truth, ComponentSky):
        raise TypeError(f"truth is a {type(truth).__name__}: give the sl.components.ComponentSky the data are made of.")
    found = {}
    for name in truth.mixing.components:
        if name not in truth.amplitudes:
            continue
        check_ordering(f"truth: amplitudes of {name!r}", truth.amplitudes[name].sky, sky)
        stokes = truth.amplitudes[name].to("K_CMB").to_convention("COSMO")
        maps = np.stack([np.asarray(getattr(stokes, one), np.float64) for one in parameters])
        if maps.shape[-1] != npix:
            raise ValueError(f"truth has {maps.shape[-1]} pixels in {name!r}, the data {npix}.")
        found[name] = maps if kept is None else maps[:, np.asarray(kept)]
    return found


def check_references(found: Amplitudes, truth: ComponentSky) -> None:
    """Refuses a truth whose amplitudes are at other frequencies than those of the fit.

    **Raises:** `ValueError`.
    """
    for name, term in truth.mixing.terms.items():
        if name in found.components and found.reference(name) != term.reference:
            raise ValueError(
                f"truth has {name!r} at {term.reference} GHz, the model at {found.reference(name)} GHz: give both SEDs "
                "one reference, where their amplitudes are compared."
            )


def residuals(found: Amplitudes, taken: np.ndarray, known: Mapping[str, np.ndarray]) -> dict[str, Residuals]:
    """Residuals of the components that are known.

    **Arguments:** `taken`: what the model takes of the true sky without noise, (components, k, n).
    """
    result = {}
    for place, name in enumerate(found.components):
        if name not in known:
            continue
        systematic, total = taken[place] - known[name], found.values[place] - known[name]
        parts = (systematic, total - systematic, total)
        result[name] = Residuals(*(found.stokes(one, float(found[name].frequency)) for one in parts))
    return result


def in_bands(
    truth: ComponentSky, known: Mapping[str, np.ndarray], matrix: Float[Array, "bands components n"]
) -> Float[Array, "k bands n"]:
    """What the true amplitudes that are known make in the bands, K_CMB."""
    places = [truth.mixing.components.index(name) for name in known]
    maps = jnp.asarray(np.stack(list(known.values())), matrix.dtype)
    return mixed(matrix[:, jnp.asarray(places)], maps)
