"""Models of the radiation that cosmic-ray electrons scatter: photons and their energy density, eV cm^-3."""

from . import spectra as spectra
from .base import AbstractRadiation as AbstractRadiation
from .cmb import CMB as CMB
from .disk import Disk as Disk
from .grid import Grid as Grid
from .with_spectrum import WithSpectrum as WithSpectrum
