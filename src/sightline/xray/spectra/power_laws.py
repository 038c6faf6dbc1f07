"""Power laws, with breaks, cut-offs and curvature."""

import math
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.elementary import log, power
from ..._core.module import is_concrete, param, setting
from ..._core.types import Scalar
from .base import AbstractPhotonSpectrum, Jumps

_NORM = {"unit": "cm-2 s-1 keV-1", "bounds": (0, None), "symbol": "K"}


class PowerLaw(AbstractPhotonSpectrum):
    """A power law: N(E) = K (E / 1 keV)^-Gamma; XSPEC's `powerlaw`.

    **Arguments:** `index`: Gamma, any, 1 included; `norm`: K, photons cm-2 s-1 keV-1 at 1 keV.

    !!! example
        >>> float(sl.spectra.PowerLaw(index=2.0, norm=1e-3)(2.0))
        0.00025
    """

    index: Float[Array, ""] = param(2.0, symbol=r"\Gamma")
    norm: Float[Array, ""] = param(1.0, **_NORM)

    def __call__(self, energy: Scalar) -> Scalar:
        return self.norm * power(energy, -self.index)


class BrokenPowerLaw(AbstractPhotonSpectrum):
    """A power law with a break, continuous; XSPEC's `bknpower`.

    N(E) = K E^-Gamma1 below E_b, K E_b^(Gamma2 - Gamma1) E^-Gamma2 above.

    **Arguments:** `index_low`: Gamma1; `break_energy`: E_b, keV; `index_high`: Gamma2; `norm`: as of `PowerLaw`, of the
    lower one. In the order of XSPEC.

    !!! example
        >>> round(float(sl.spectra.BrokenPowerLaw(1.0, 2.0, 2.5)(1.0)), 6)
        1.0
    """

    index_low: Float[Array, ""] = param(1.0, symbol=r"\Gamma_1")
    break_energy: Float[Array, ""] = param(5.0, unit="keV", positive=True, symbol="E_b")
    index_high: Float[Array, ""] = param(2.0, symbol=r"\Gamma_2")
    norm: Float[Array, ""] = param(1.0, **_NORM)

    def __call__(self, energy: Scalar) -> Scalar:
        return self.norm * jnp.exp(-self.index_low * log(energy) - _bend(self, energy))

    def jumps(self) -> Jumps:
        return self.break_energy[None]


def _bend(law: BrokenPowerLaw, energy: Scalar) -> Scalar:
    return (law.index_high - law.index_low) * _above(energy, law.break_energy)


def _above(energy: Scalar, edge: Scalar) -> Scalar:
    """ln(E/E_b) above an edge, 0 below."""
    return jnp.maximum(log(energy / edge), 0.0)


class DoublyBrokenPowerLaw(AbstractPhotonSpectrum):
    """A power law with two breaks, continuous: index Gamma1 below E_1, Gamma2 to E_2, Gamma3 above; XSPEC's `bkn2pow`.

    **Arguments:** `index_low`: Gamma1; `lower_break`: E_1, keV; `index_middle`: Gamma2; `upper_break`: E_2 > E_1, keV;
    `index_high`: Gamma3; `norm`: as of `PowerLaw`, of the lowest one. In the order of XSPEC.

    **Raises:** `ValueError` for breaks that do not rise.

    !!! example
        >>> spectrum = sl.spectra.DoublyBrokenPowerLaw(1.0, 0.8, 2.0, 4.0, 3.0)
    """

    index_low: Float[Array, ""] = param(1.0, symbol=r"\Gamma_1")
    lower_break: Float[Array, ""] = param(2.0, unit="keV", positive=True, symbol="E_1")
    index_middle: Float[Array, ""] = param(2.0, symbol=r"\Gamma_2")
    upper_break: Float[Array, ""] = param(6.0, unit="keV", positive=True, symbol="E_2")
    index_high: Float[Array, ""] = param(3.0, symbol=r"\Gamma_3")
    norm: Float[Array, ""] = param(1.0, **_NORM)

    def __check_init__(self) -> None:
        low, high = self.lower_break, self.upper_break
        known = all(isinstance(one, jax.Array) and is_concrete(one) and not one.ndim for one in (low, high))
        if known and not float(low) < float(high):
            raise ValueError(
                f"DoublyBrokenPowerLaw: lower_break = {float(low):g} keV must be below upper_break = {float(high):g} "
                "keV: give them from low to high."
            )

    def __call__(self, energy: Scalar) -> Scalar:
        first = (self.index_middle - self.index_low) * _above(energy, self.lower_break)
        second = (self.index_high - self.index_middle) * _above(energy, self.upper_break)
        return self.norm * jnp.exp(-self.index_low * log(energy) - first - second)

    def jumps(self) -> Jumps:
        return jnp.stack([self.lower_break, self.upper_break])


class CutoffPowerLaw(AbstractPhotonSpectrum):
    """A power law with an exponential cut-off: N(E) = K E^-Gamma exp(-E/E_f); XSPEC's `cutoffpl`.

    **Arguments:** `index`: Gamma; `folding`: E_f, keV; `norm`: K, photons cm-2 s-1 keV-1 at 1 keV, without cut-off.

    !!! example
        >>> spectrum = sl.spectra.CutoffPowerLaw(1.2, 4.0)
    """

    index: Float[Array, ""] = param(1.0, symbol=r"\Gamma")
    folding: Float[Array, ""] = param(15.0, unit="keV", positive=True, symbol="E_f")
    norm: Float[Array, ""] = param(1.0, **_NORM)

    def __call__(self, energy: Scalar) -> Scalar:
        return self.norm * jnp.exp(-self.index * log(energy) - energy / self.folding)


class LogParabola(AbstractPhotonSpectrum):
    """A power law whose index runs: N(E) = K (E/E_1)^(-a - b lg(E/E_1)), lg to the base 10; XSPEC's `logpar`.

    **Arguments:** `index`: a, at the pivot; `curvature`: b; `norm`: K at the pivot; `pivot`: E_1, keV, fixed.

    !!! example
        >>> spectrum = sl.spectra.LogParabola(1.5, 0.3, pivot=2.0)

    **Source:** Massaro et al. 2004, A&A 413, 489, equation 1.
    """

    cites: ClassVar[tuple[str, ...]] = ("Massaro2004",)
    index: Float[Array, ""] = param(1.5, symbol="a")
    curvature: Float[Array, ""] = param(0.2, symbol="b")
    norm: Float[Array, ""] = param(1.0, **_NORM)
    pivot: float = setting(1.0, unit="keV", positive=True)

    def __call__(self, energy: Scalar) -> Scalar:
        x = log(energy / self.pivot)
        return self.norm * jnp.exp(-(self.index + self.curvature / math.log(10) * x) * x)


class Band(AbstractPhotonSpectrum):
    """The spectrum of gamma-ray bursts; XSPEC's `grbm`.

    N(E) = K (E/100)^alpha exp(-E/E_c) below (alpha - beta) E_c, and
    K [(alpha - beta) E_c/100]^(alpha - beta) exp(beta - alpha) (E/100)^beta above, E in keV.

    **Arguments:** `alpha`, `beta`: with alpha > beta; else the upper law holds nowhere; `cutoff`: E_c, keV; `norm`: K.

    !!! example
        >>> spectrum = sl.spectra.Band(alpha=-0.8, beta=-2.4, cutoff=200.0)

    **Source:** Band et al. 1993, ApJ 413, 281, equation 1.
    """

    cites: ClassVar[tuple[str, ...]] = ("Band1993",)
    alpha: Float[Array, ""] = param(-1.0, symbol=r"\alpha")
    beta: Float[Array, ""] = param(-2.0, symbol=r"\beta")
    cutoff: Float[Array, ""] = param(300.0, unit="keV", positive=True, symbol="E_c")
    norm: Float[Array, ""] = param(1.0, **_NORM)

    def __call__(self, energy: Scalar) -> Scalar:
        edge = self._edge()
        below = jnp.minimum(energy, edge)  # beyond it the slope stays what it is at the edge
        bend = -below / self.cutoff - (self.alpha - self.beta) * jnp.maximum(log(energy / edge), 0.0)
        return self.norm * jnp.exp(self.alpha * log(energy / 100.0) + bend)

    def jumps(self) -> Jumps:
        return self._edge()[None]

    def _edge(self) -> Scalar:
        bent = self.alpha > self.beta
        return jnp.where(bent, jnp.where(bent, self.alpha - self.beta, 1) * self.cutoff, 1e9)


class Constant(AbstractPhotonSpectrum):
    """As many photons at every energy: N(E) = K.

    **Arguments:** `norm`: K, photons cm-2 s-1 keV-1.

    !!! example
        >>> round(float(sl.spectra.Constant(2.0)(1.0)), 6)
        2.0
    """

    norm: Float[Array, ""] = param(1.0, **_NORM)

    def __call__(self, energy: Scalar) -> Scalar:
        return self.norm * jnp.ones_like(energy)

    def jumps(self) -> Jumps:
        return np.zeros(0)
