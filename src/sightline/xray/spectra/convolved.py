"""What moves photons from bin to bin, and spectra that it has moved."""

import abc
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.given import check_kind
from ..._core.module import Module
from ..._core.types import Scalar
from .base import AbstractPhotonSpectrum
from .bins import Bins
from .nodes import Factor

_ENDS = 0.01, 200.0
"""keV, between which what is convolved has a value at one energy."""


class AbstractConvolution(Module):
    """What moves photons from bin to bin, such as a blur; `convolution(spectrum)` is a spectrum.

    !!! example
        >>> issubclass(sl.spectra.GaussianSmoothing, sl.spectra.AbstractConvolution)
        True
    """

    @abc.abstractmethod
    def convolve(self, photons: Float[Array, " n"], edges: Float[Array, " n1"]) -> Float[Array, " n"]:
        """Photons in bins from photons in the same bins, which are contiguous, between edges in keV."""

    def reach(self, low: float, high: float) -> tuple[float, float]:
        """Between which energies, keV, photons come that it moves to between `low` and `high`: by default these."""
        return low, high

    def __call__(self, spectrum: AbstractPhotonSpectrum) -> "Convolved":
        """The spectrum, convolved.

        **Raises:** `TypeError` for what is no photon spectrum.
        """
        check_kind("spectrum", spectrum, AbstractPhotonSpectrum, "what has photons, factors included")
        return Convolved(self, spectrum)


class Convolved(AbstractPhotonSpectrum):
    """A spectrum whose photons a convolution has moved from bin to bin.

    At one energy it is found on 2000 bins from 0.01 to 200 keV, and NaN beyond. A band gets photons from an eighth of
    its lowest to eight times its highest energy, a likelihood from all bins of its response. A factor in front of it
    takes photons to be spread evenly over each bin, as in XSPEC.

    **Arguments:** `convolution`, `spectrum`.

    !!! example
        >>> spectrum = sl.spectra.GaussianSmoothing(0.05)(sl.spectra.PowerLaw(1.7))
    """

    needs_neighbours: ClassVar[bool] = True
    convolution: AbstractConvolution
    spectrum: AbstractPhotonSpectrum

    @property
    def name(self) -> str:
        return self.spectrum.name

    def __call__(self, energy: Scalar) -> Scalar:
        bins = Bins.contiguous(jnp.geomspace(*_ENDS, 2001, dtype=energy.dtype))
        width = bins.high - bins.low
        found = jnp.interp(energy, bins.low + 0.5 * width, self.binned(bins) / width)
        return jnp.where((energy >= _ENDS[0]) & (energy <= _ENDS[1]), found, jnp.nan)

    def binned(self, bins: Bins, factor: Factor = None) -> Float[Array, " n"]:
        photons = bins.gathered(self.spectrum.binned(bins))
        pieces = bins.shared(self.convolution.convolve(photons, bins.edges))
        return pieces if factor is None else pieces * jnp.mean(factor, axis=0)
