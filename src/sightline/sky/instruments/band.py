import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import is_concrete, param, setting
from ..._core.units import brightness_unit
from ..brightness import per_kelvin
from ..stokes import Stokes, is_blank
from .base import AbstractInstrument


class Bandpass(AbstractInstrument):
    """The mean over a band of frequencies: S = int w(nu) I_nu d nu / int w(nu) (dI_nu/dS) d nu.

    I_nu is the brightness, w the response to a source that fills the beam, dI_nu/dS the brightness of one unit:
    2 k nu^2/c^2 for K_RJ, that of the derivative of the Planck law for K_CMB, 1 for MJy/sr. A sky that is constant in
    the unit is returned unchanged. Integrals are by the trapezoid rule. What is blank at a frequency of weight 0 is
    left out.

    **Arguments:**

    - `frequency`: (n,) GHz, ascending: simulate the sky there, `simulator(sky, bandpass.frequency)`.
    - `weights` w: (n,), not negative; learnable; their scale does not matter.
    - `unit`: of the result, as of `sl.Stokes`; `nominal`: the frequency the result is labelled with,
      GHz.

    **Raises:** `ValueError` for frequencies that do not ascend, negative weights, or a sky at other frequencies.

    !!! example
        >>> band = sl.instruments.Bandpass(frequency=[20.0, 23.0, 26.0], weights=[0.5, 1.0, 0.5], nominal=22.8)
        >>> band(simulator(sky, band.frequency)).I.shape
        (768,)
    """

    frequency: tuple[float, ...] = setting(unit="GHz", positive=True)
    weights: Float[Array, " n"] = param(bounds=(0, None), symbol="w")
    nominal: float = setting(unit="GHz", positive=True)
    unit: str = setting("K_RJ")

    def __check_init__(self) -> None:
        brightness_unit(self.unit)
        if len(self.frequency) < 2 or np.any(np.diff(self.frequency) <= 0):
            raise ValueError(f"Bandpass.frequency = {self.frequency} must be two or more ascending frequencies [GHz].")
        if self.weights.shape != (len(self.frequency),):
            raise ValueError(f"Bandpass.weights has shape {self.weights.shape}, frequency has {len(self.frequency)}.")
        if not self.frequency[0] <= self.nominal <= self.frequency[-1]:
            ends = f"{self.frequency[0]:g} ... {self.frequency[-1]:g}"
            raise ValueError(f"Bandpass.nominal = {self.nominal:g} GHz is not in the band, {ends} GHz.")
        if is_concrete(self.weights) and not np.any(np.asarray(self.weights) > 0):
            raise ValueError("Bandpass.weights are all zero.")

    def __call__(self, stokes: Stokes) -> Stokes:
        """The band mean of a sky at the frequencies of the band."""
        self._check(stokes)
        share = self.share(self.unit)
        brightness = stokes.to("MJy/sr")

        def mean(maps: Float[Array, "n npix"] | None) -> Any:
            if maps is None:
                return None
            unseen = (share == 0).reshape(-1, *[1] * (maps.ndim - 1)) & is_blank(maps)
            return share @ jnp.where(unseen, 0, maps)

        parts = {name: mean(getattr(brightness, name)) for name in "IQUV"}
        return dataclasses.replace(brightness, **parts, frequency=self.nominal, unit=self.unit)

    def share(self, unit: str) -> Float[Array, " n"]:
        """What a brightness of 1 MJy/sr at each frequency of the band adds to the mean, (n,), in `unit`.

        w_k/sum_j w_j (dI_nu/dS)_j, w with the steps of the trapezoid rule.

        **Arguments:** `unit`: a brightness, as of `sl.Stokes`.
        """
        frequency = jnp.asarray(self.frequency, self.weights.dtype)
        steps = jnp.diff(frequency)
        measure = 0.5 * (jnp.pad(steps, (0, 1)) + jnp.pad(steps, (1, 0))) * self.weights
        return measure / jnp.sum(measure * per_kelvin("MJy/sr", frequency) / per_kelvin(unit, frequency))

    def _check(self, stokes: Stokes) -> None:
        given = stokes.frequency
        same = given.shape == (len(self.frequency),)
        if not same or (is_concrete(given) and not np.allclose(np.asarray(given), self.frequency, rtol=1e-5)):
            raise ValueError(
                "Bandpass: the sky is at other frequencies than the band: simulate it at frequency=bandpass.frequency"
            )
