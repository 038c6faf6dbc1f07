"""Spectra of the photons that electrons scatter, cm^-3 per energy."""

from .base import AbstractPhotonSpectrum as AbstractPhotonSpectrum
from .greybody import Greybody as Greybody
from .monochromatic import Monochromatic as Monochromatic
from .power_law import PowerLaw as PowerLaw
from .tabulated import Tabulated as Tabulated
