"""Cross sections as a table: cubic between sharp edges, found by one division."""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ...._core.safe import held
from ...._core.types import Scalar
from .atoms import Energies

RANGE = (13.6, 1e5)
"""Energies of tables, eV: from the threshold of hydrogen."""
_CELLS = 1024
_THIRDS = np.arange(4) / 3

Sections = Callable[[Energies], Float[np.ndarray, "species n"]]


class Table(NamedTuple):
    """Cross sections of species: E^3 sigma is a cubic in ln E in each piece.

    - `jumps`: energies at which they jump or bend, (k,) keV.
    - `first`: the piece with which each of equal cells in ln E starts, (cells,); `edges`: the energies inside the
      cell at which further pieces start, keV, inf where there are none, (cells, edges).
    - `start`: ln of the energy at which each piece starts, (pieces,); `coefficients`: 1e-24 cm2 keV^3,
      (pieces, 4, species), ascending.
    """

    jumps: Float[np.ndarray, " k"]
    first: Int[np.ndarray, " cells"]
    edges: Float[np.ndarray, "cells edges"]
    start: Float[np.ndarray, " pieces"]
    coefficients: Float[np.ndarray, "pieces 4 species"]

    def __call__(self, energy: Scalar) -> Float[Array, " species"]:
        """Cross sections at an energy, keV, in 1e-22 cm2: 0 below the table, falling as E^-3 above it."""
        low, high = (1e-3 * end for end in RANGE)
        inside = held(jnp.asarray(energy), low, high)
        log = jnp.log(inside)
        place = (log - math.log(low)) * (_CELLS / math.log(high / low))
        cell = jnp.clip(place.astype(jnp.int32), 0, _CELLS - 1)
        edges = jnp.asarray(self.edges, log.dtype)[cell]
        piece = jnp.asarray(self.first)[cell] + jnp.sum(inside >= edges, dtype=jnp.int32)
        step = log - jnp.asarray(self.start, log.dtype)[piece]
        c0, c1, c2, c3 = jnp.asarray(self.coefficients, log.dtype)[piece]
        value = c0 + step * (c1 + step * (c2 + step * c3))
        return jnp.where(energy >= low, 0.01 * value / jnp.maximum(energy, low) ** 3, 0.0)


def tabulate(sections: Sections, edges: Float[np.ndarray, " k"]) -> Table:
    """A table of cross sections.

    **Arguments:** `sections`: of (n,) energies in eV, (species, n) Mb per hydrogen nucleus, smooth but for jumps at
    `edges`, (k,) eV.
    """
    low, high = RANGE
    edges = np.unique(edges[(edges > low) & (edges < high)])
    grid = np.geomspace(low, high, _CELLS + 1)
    nodes = np.sort(np.concatenate([grid, edges]))
    count = np.searchsorted(edges, grid)
    return Table(
        jumps=1e-3 * np.array([low, *edges, high]),
        first=(np.arange(_CELLS) + count[:-1]).astype(np.int32),
        edges=1e-3 * _by_cell(edges, count),
        start=np.log(1e-3 * nodes[:-1]),
        coefficients=_cubics(sections, nodes),
    )


def _by_cell(edges: Float[np.ndarray, " k"], count: Int[np.ndarray, " cells1"]) -> Float[np.ndarray, "cells edges"]:
    """The edges in each cell, inf where it has fewer than others; `count`: of edges below the ends of cells."""
    most = int(np.max(np.diff(count)))
    padded = np.append(edges, np.full(most, np.inf))
    index = count[:-1, None] + np.arange(most)
    return np.where(index < count[1:, None], padded[index], np.inf)


def _cubics(sections: Sections, nodes: Float[np.ndarray, " n"]) -> Float[np.ndarray, "pieces 4 species"]:
    """The cubics in ln E through E^3 sigma at four energies of each piece, just inside its ends."""
    width = np.diff(np.log(nodes))
    energy = nodes[:-1] * np.exp(width * _THIRDS[:, None])
    energy[-1] = np.nextafter(nodes[1:], 0)
    values = 1e-3 * energy**3 * np.reshape(sections(energy.ravel()), (-1, *energy.shape))
    inverse = np.linalg.inv(np.vander(_THIRDS, increasing=True))
    scale = width[:, None] ** -np.arange(4)
    return np.einsum("ct,stp,pc->pcs", inverse, values, scale)
