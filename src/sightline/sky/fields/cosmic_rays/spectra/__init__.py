"""Spectra of cosmic-ray electrons, cm^-3 per unit Lorentz factor."""

from .base import AbstractParametricSpectrum as AbstractParametricSpectrum
from .base import AbstractSpectrum as AbstractSpectrum
from .cooled import Cooled as Cooled
from .interstellar import local_interstellar as local_interstellar
from .power_law import BrokenPowerLaw as BrokenPowerLaw
from .power_law import CutOffPowerLaw as CutOffPowerLaw
from .power_law import LogParabola as LogParabola
from .power_law import PowerLaw as PowerLaw
from .tabulated import TabulatedSpectrum as TabulatedSpectrum
