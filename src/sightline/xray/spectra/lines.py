"""Emission lines: photons in a bin in closed form, however narrow they are."""

import math

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr
from jaxtyping import Array, Float

from ..._core.module import param
from ..._core.types import Scalar
from .base import AbstractPhotonSpectrum, Jumps

HC = 12.398419843320026
"""h c [keV Angstrom]."""
_NORM = {"unit": "cm-2 s-1", "symbol": "K"}
_NARROW = 0.25
"""Widths of a line below which five nodes give what a bin has of it to rounding."""
_PLACES, _WEIGHTS = (part.tolist() for part in np.polynomial.legendre.leggauss(5))
_CUTS = (-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0)  # in widths, so that what lies before a line is taken where it shines


class Line(AbstractPhotonSpectrum):
    """A Gaussian line: N(E) = K exp(-(E - E_l)^2/(2 sigma^2))/(sigma sqrt(2 pi)); XSPEC's `gaussian`.

    **Arguments:** `energy`: E_l, keV; `sigma`: keV; 0: all photons at E_l; `norm`: K, photons cm-2 s-1, negative for
    one that is missing.

    !!! example
        >>> iron = sl.spectra.Line(energy=6.4, sigma=0.001, norm=1e-5)
        >>> round(float(iron.photons(6.39, 6.405)) * 1e5, 4)
        1.0
    """

    energy: Float[Array, ""] = param(6.5, unit="keV", positive=True, symbol="E_l")
    sigma: Float[Array, ""] = param(0.1, unit="keV", bounds=(0, None), symbol=r"\sigma")
    norm: Float[Array, ""] = param(1.0, **_NORM)

    def __call__(self, energy: Scalar) -> Scalar:
        return self.norm * _gaussian(energy - self.energy, self.sigma)

    def photons(self, low: Scalar, high: Scalar) -> Scalar:
        return self.norm * _between(low - self.energy, high - self.energy, self.sigma, high - low)

    def jumps(self) -> Jumps:
        return self.energy + _wide(self.sigma, self.energy) * jnp.asarray(_CUTS, self.sigma.dtype)


class WavelengthLine(AbstractPhotonSpectrum):
    """A line that is a Gaussian of wavelength: N(lambda) = K exp(-(lambda - l)^2/(2 sigma^2))/(sigma sqrt(2 pi)).

    XSPEC's `agauss`; N(E) = N(lambda) lambda/E.

    **Arguments:** `wavelength`, `sigma`: Angstrom; `norm`: K, photons cm-2 s-1.

    !!! example
        >>> spectrum = sl.spectra.WavelengthLine()
    """

    wavelength: Float[Array, ""] = param(10.0, unit="Angstrom", positive=True, symbol=r"\lambda_l")
    sigma: Float[Array, ""] = param(0.1, unit="Angstrom", bounds=(0, None), symbol=r"\sigma")
    norm: Float[Array, ""] = param(1.0, **_NORM)

    def __call__(self, energy: Scalar) -> Scalar:
        wavelength = HC / energy
        return self.norm * _gaussian(wavelength - self.wavelength, self.sigma) * wavelength / energy

    def photons(self, low: Scalar, high: Scalar) -> Scalar:
        longest, shortest = HC / low, HC / high
        apart = (high - low) / high * longest
        return self.norm * _between(shortest - self.wavelength, longest - self.wavelength, self.sigma, apart)

    def jumps(self) -> Jumps:
        width = _wide(self.sigma, self.wavelength)
        return HC / jnp.maximum(self.wavelength + width * jnp.asarray(_CUTS, self.sigma.dtype), 1e-6)


class LorentzLine(AbstractPhotonSpectrum):
    """A Lorentzian line: N(E) = K (w/2 pi)/((E - E_l)^2 + (w/2)^2); XSPEC's `lorentz`.

    **Arguments:** `energy`: E_l, keV; `width`: full width at half maximum w, keV; 0: all photons at E_l; `norm`: K,
    photons cm-2 s-1 from minus to plus infinity.

    !!! example
        >>> spectrum = sl.spectra.LorentzLine()
    """

    energy: Float[Array, ""] = param(6.5, unit="keV", positive=True, symbol="E_l")
    width: Float[Array, ""] = param(0.1, unit="keV", bounds=(0, None), symbol="w")
    norm: Float[Array, ""] = param(1.0, **_NORM)

    def __call__(self, energy: Scalar) -> Scalar:
        half, away = 0.5 * self.width, energy - self.energy
        square = away * away + half * half
        some = square > 0
        return jnp.where(some, self.norm / math.pi * half / jnp.where(some, square, 1), 0)

    def photons(self, low: Scalar, high: Scalar) -> Scalar:
        return self.norm / math.pi * _angle(low - self.energy, high - self.energy, high - low, 0.5 * self.width)

    def jumps(self) -> Jumps:
        cuts = jnp.asarray((-30.0, -10.0, *_CUTS, 10.0, 30.0), self.width.dtype)
        wide = jnp.maximum(
            self.width, jnp.sqrt(jnp.finfo(cuts.dtype).eps) * self.energy
        )  # slopes at 0 go as its inverse
        return jnp.maximum(self.energy + 0.5 * wide * cuts, 1e-6)


def _wide(width: Scalar, place: Scalar) -> Scalar:
    """A width that rounding leaves apart from 0: without one what lies before a line is taken where it shines, too."""
    return jnp.maximum(width, 16 * jnp.finfo(place.dtype).eps * place)


def _angle(low: Scalar, high: Scalar, width: Scalar, half: Scalar) -> Scalar:
    """arctan(high/half) - arctan(low/half) at once, since far from a line both are pi/2.

    Of a line without width half of pi at its very place, where the slope by the width is that of the other end.
    """
    across, along = width * half, half * half + low * high
    some = (across != 0) | (along != 0)
    far = high - low  # one of them is 0
    edge = 0.5 * math.pi * (jnp.sign(high) - jnp.sign(low)) - half / jnp.where(some | (far == 0), 1, far)
    return jnp.where(some, jnp.arctan2(across, jnp.where(some, along, 1)), edge)


def _gaussian(away: Scalar, sigma: Scalar) -> Scalar:
    wide = sigma > 0
    width = jnp.where(wide, sigma, 1)
    z = away / width
    return jnp.where(wide, jnp.exp(-0.5 * z * z) / (math.sqrt(2 * math.pi) * width), 0)


def _between(low: Scalar, high: Scalar, sigma: Scalar, apart: Scalar) -> Scalar:
    """What a Gaussian about 0 holds between two places, in the tail too; without width a step.

    **Arguments:** `apart`: high - low, which single precision has better from the edges of a bin.
    """
    wide = sigma > 0
    width = jnp.where(wide, sigma, 1)
    flip = low > 0  # from above, where differences of the distribution would cancel
    below, above = jnp.where(flip, -high, low) / width, jnp.where(flip, -low, high) / width
    step = 0.5 * (jnp.sign(high) - jnp.sign(low))
    middle, part = 0.5 * (below + above), apart / width
    narrow = part * jnp.maximum(1, jnp.abs(middle)) < _NARROW  # there differences cancel everywhere
    densities = [w * jnp.exp(-0.5 * (middle + 0.5 * x * part) ** 2) for x, w in zip(_PLACES, _WEIGHTS, strict=True)]
    mean = sum(densities[1:], densities[0]) / (2 * math.sqrt(2 * math.pi))
    return jnp.where(wide, jnp.where(narrow, part * mean, ndtr(above) - ndtr(below)), step)
