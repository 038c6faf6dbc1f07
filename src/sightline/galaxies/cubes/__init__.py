"""Cubes of spectra: channels, spaxels, exact rebinning."""

from ...registry import names_of_others as _names_of_others
from .assignment import Assignment as Assignment
from .assignment import assign as assign
from .channels import Channels as Channels
from .channels import air_to_vacuum as air_to_vacuum
from .channels import vacuum_to_air as vacuum_to_air
from .mixture import Mixture as Mixture
from .mixture import fit_mixture as fit_mixture
from .noise import add_noise as add_noise
from .rebin import rebin as rebin
from .spaxels import Spaxels as Spaxels
from .spectra import MaskWarning as MaskWarning
from .spectra import Spectra as Spectra
from .spectral_cube import SpectralCube as SpectralCube

__getattr__, __dir__ = _names_of_others("cubes")
