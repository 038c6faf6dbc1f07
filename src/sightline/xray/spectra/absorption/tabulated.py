"""Absorption by a table of the user."""

import functools
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...._core.module import param, setting
from ...._core.types import Scalar
from ..base import Column, Jumps
from .base import AbstractAbsorption, Sections

_BEND = 0.05  # of d ln sigma/d ln E; what bends less is a curve drawn by points, to which two nodes in a bin are true


class _Pieces(NamedTuple):
    """Power laws between nodes: `energy`: where they begin, keV; `value`, `slope`: of ln sigma there."""

    energy: np.ndarray
    value: np.ndarray
    slope: np.ndarray


@functools.lru_cache(maxsize=16)
def _pieces(energy: tuple[float, ...], cross_section: tuple[float, ...]) -> _Pieces:
    log, value = np.log(energy), np.log(np.array(cross_section) * 1e22)
    some = np.diff(log) > 0
    slope = np.diff(value)[some] / np.diff(log)[some]
    return _Pieces(np.array(energy)[:-1][some], value[:-1][some], slope)


class TabulatedAbsorption(AbstractAbsorption):
    """Absorption by a table of cross sections: T(E) = exp[-N sigma(E)], ln sigma linear in ln E between its nodes.

    An energy given twice is a jump: the first cross section holds below, the second from there on. Beyond the ends the
    power law of the last two nodes goes on, so that the table should reach as far as the spectra.

    Bins are cut at jumps and where the power law bends by more than 0.05. XSPEC reads such tables in bins, as `etable`.

    **Arguments:**

    - `column`: N, learnable, 1e22 cm-2.
    - `energy`: (n,) keV, ascending; each at most twice, the first and the last once.
    - `cross_section`: (n,) cm2 per what the column counts, positive. Both are settings.

    **Raises:** `ValueError` for arrays of different or too small lengths, energies that do not ascend, or numbers that
    are not positive.

    !!! example
        >>> absorption = sl.spectra.TabulatedAbsorption(1.0, [1.0, 2.0, 2.0, 4.0], [8e-22, 1e-22, 3e-22, 1e-22])
        >>> round(float(absorption(2.0)), 4), absorption.jumps().tolist()
        (0.0498, [2.0])
    """

    column: Column = param(unit="1e22 cm-2", bounds=(0, None), symbol="N", doc="of what absorbs")
    energy: tuple[float, ...] = setting(unit="keV", positive=True)
    cross_section: tuple[float, ...] = setting(unit="cm2", positive=True)

    def __check_init__(self) -> None:
        energy = np.atleast_1d(np.array(self.energy, float))
        if np.shape(self.energy) != np.shape(self.cross_section) or energy.ndim != 1 or energy.size < 2:
            raise ValueError(
                f"TabulatedAbsorption: energy has shape {np.shape(self.energy)}, cross_section "
                f"{np.shape(self.cross_section)}: give two arrays of one length, of 2 nodes or more."
            )
        step = np.diff(energy)
        twice = step == 0
        if np.any(step < 0) or twice[0] or twice[-1] or np.any(twice[1:] & twice[:-1]):
            raise ValueError(
                "TabulatedAbsorption.energy must ascend; an energy may stand twice, where the cross section jumps, "
                "but not the first nor the last."
            )

    def sections(self, energy: Scalar) -> Float[Array, " species"]:
        pieces = _pieces(self.energy, self.cross_section)
        start, value, slope = (jnp.asarray(part, jnp.result_type(energy, float)) for part in pieces)
        index = jnp.clip(jnp.searchsorted(start, energy, side="right") - 1, 0, start.size - 1)
        return jnp.exp(value[index] + slope[index] * jnp.log(energy / start[index]))[None]

    def depth(self, sections: Sections) -> Float[Array, "*n"]:
        return jnp.asarray(self.column) * sections[..., 0]

    def jumps(self) -> Jumps:
        pieces, energy = _pieces(self.energy, self.cross_section), np.array(self.energy)
        bends = pieces.energy[1:][np.abs(np.diff(pieces.slope)) > _BEND]
        return np.union1d(energy[1:][np.diff(energy) == 0], bends)
