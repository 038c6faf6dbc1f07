"""A spectral index as a simulator predicts it."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.contracts import AbstractPredictor
from ..._core.module import setting
from ...sky.geometry import Sightlines, as_sightlines
from .base import AbstractPixelMap, check_size


class SimulatedIndex(AbstractPixelMap):
    """The spectral index of a simulated polarised sky: beta = ln(P_2/P_1)/ln(nu_2/nu_1), P = |Q + iU| in K_RJ.

    Only the index comes from the simulator: amplitudes stay free in every pixel. The fields of the simulator are
    learnable leaves, as in any model.

    **Arguments:** `simulator`: a `Simulator`, or what is called as one; `sightlines`: a sky or `Sightlines`;
    `frequencies`: nu_1, nu_2, GHz.

    **Raises:** `ValueError` for frequencies that are not two different ones; `TypeError` for what is no simulator.

    !!! example
        >>> index = sl.components.SimulatedIndex(simulator, sl.HealpixSky(nside=1))
        >>> synchrotron = sl.components.PowerLaw(index=index, reference=23.0)
        >>> index.pixels(12).round(2).min()
        Array(-3., dtype=float64)
    """

    simulator: AbstractPredictor
    sightlines: Sightlines
    frequencies: tuple[float, float] = setting((20.0, 30.0), unit="GHz", positive=True)

    def __init__(self, simulator: Any, sightlines: Any, frequencies: Any = (20.0, 30.0)):
        self.simulator, self.sightlines, self.frequencies = simulator, as_sightlines(sightlines), frequencies

    def __check_init__(self) -> None:
        if not isinstance(self.simulator, AbstractPredictor):
            raise TypeError(f"SimulatedIndex: simulator is a {type(self.simulator).__name__}: give a sl.Simulator.")
        if len(self.frequencies) != 2 or self.frequencies[0] == self.frequencies[1]:
            raise ValueError(f"SimulatedIndex: frequencies = {self.frequencies} must be two that differ, GHz.")

    def pixels(self, npix: int) -> Float[Array, " npix"]:
        """The index in every pixel, (npix,)."""
        check_size("SimulatedIndex.sightlines", self.sightlines.sky.size, npix)
        seen = self.simulator(self.sightlines, self.frequencies).to("K_RJ")
        first, second = jnp.square(seen.Q) + jnp.square(seen.U)
        return 0.5 * jnp.log(second / first) / float(np.log(self.frequencies[1] / self.frequencies[0]))
