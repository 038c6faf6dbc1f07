"""Models of the cosmic-ray electrons, cm^-3 per unit Lorentz factor."""

from . import spectra as spectra
from .analytic_disk import AnalyticDisk as AnalyticDisk
from .analytic_disk import LinearIndex as LinearIndex
from .base import AbstractCosmicRays as AbstractCosmicRays
from .exponential_disk import ExponentialDisk as ExponentialDisk
from .gaussian_process import GaussianProcess as GaussianProcess
from .grid import Grid as Grid
from .healpix_radial import HealpixRadialGrid as HealpixRadialGrid
from .neural import Neural as Neural
from .spectrum_grid import SpectrumGrid as SpectrumGrid
from .turbulent import Turbulent as Turbulent
from .uniform import Uniform as Uniform
from .with_spectrum import WithSpectrum as WithSpectrum
