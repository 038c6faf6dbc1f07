"""Whether a response has the energies from which a convolution brings photons into its channels."""

from typing import Any

import jax
import numpy as np

from ..spectra.convolved import Convolved
from .rows import reach

_SLACK = 1e-6  # of an energy: what single precision leaves


def check_reach(spectrum: Any, folding: Any, name: str) -> None:
    """Refuses a spectrum with a convolution whose photons come from beyond the bins of a folding.

    **Raises:** `ValueError` that names the convolution and the energies it needs.
    """
    found = jax.tree.leaves(spectrum, is_leaf=_is_convolved)
    for one in filter(_is_convolved, found):
        low, high = one.convolution.reach(*_seen(folding))
        edges = np.asarray(folding.edges, float)
        if low < edges[0] * (1 - _SLACK) or high > edges[-1] * (1 + _SLACK):
            raise ValueError(
                f"Likelihood {name!r}: {type(one.convolution).__name__} brings photons from {low:.4g} to {high:.4g} "
                f"keV into its channels, and the response has bins from {edges[0]:.4g} to {edges[-1]:.4g} keV: these "
                f"energies are too few. Give the observation response.extended({low:.4g}, {high:.4g})."
            )
        check_reach(one.spectrum, folding, name)


def _seen(folding: Any) -> tuple[float, float]:
    """Energies, keV, between which photons reach a channel."""
    first, last = reach(jax.tree.map(np.asarray, folding.matrix))
    part = np.arange(len(folding.edges) - 1) if folding.part is None else np.asarray(folding.part)
    inside = np.flatnonzero((part >= first) & (part < last))
    return float(folding.edges[inside[0]]), float(folding.edges[inside[-1] + 1])


def _is_convolved(node: Any) -> bool:
    return isinstance(node, Convolved)
