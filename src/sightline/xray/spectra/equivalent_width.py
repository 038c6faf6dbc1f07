"""How strong lines are beside a continuum."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.given import check_kind
from .base import AbstractPhotonSpectrum, Sum
from .flux import given_band
from .nodes import at_nodes, band


def equivalent_width(
    line: AbstractPhotonSpectrum, continuum: AbstractPhotonSpectrum, low: Any, high: Any
) -> Float[Array, ""]:
    """How much of the continuum has as many photons as a line: W = int N_line/N_continuum dE.

    Negative for a line that is missing. Both are seen through the same factors, which drop out, or through none.

    **Arguments:** `line`, `continuum`: an `AbstractPhotonSpectrum` each; `low`, `high`: keV, a band
    that holds the line.

    **Returns:** W, (), keV; NaN where a line has no continuum to be compared with.

    **Raises:** `ValueError` for a `low` above `high`; `TypeError` for what is no photon spectrum.

    !!! example
        >>> line, continuum = sl.spectra.Line(6.4, 0.0, norm=1e-5), sl.spectra.Constant(1e-4)
        >>> round(float(sl.spectra.equivalent_width(line, continuum, 6.0, 7.0)), 9)
        0.1

    **Source:** Longair 2011, "High Energy Astrophysics", section 6.
    """
    for name, one in (("line", line), ("continuum", continuum)):
        check_kind(name, one, AbstractPhotonSpectrum, "one of sl.spectra that has photons")
    bins, inside = band(Sum(line=line, continuum=continuum), *given_band(low, high))
    behind = at_nodes(continuum, bins)
    known = behind != 0
    share = line.binned(bins, jnp.where(known, 1 / jnp.where(known, behind, 1), 0))
    bare = ~jnp.all(known, axis=0) & (line.binned(bins) != 0)
    return jnp.sum(jnp.where(inside, jnp.where(bare, jnp.nan, share), 0))
