"""Spectral energy distributions of components of the sky, each written for one pixel and one frequency."""

from .base import AbstractSED as AbstractSED
from .cmb import CMB as CMB
from .electron_synchrotron import ElectronSynchrotron as ElectronSynchrotron
from .free_free import FreeFree as FreeFree
from .line import Line as Line
from .modified_blackbody import ModifiedBlackbody as ModifiedBlackbody
from .moments import Moments as Moments
from .power_law import PowerLaw as PowerLaw
from .spinning_dust import SpinningDust as SpinningDust
from .thermal_sz import ThermalSZ as ThermalSZ
