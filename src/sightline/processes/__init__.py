"""Physics of one event: cross sections, photon spectra and laws of what an event draws, each with its distribution."""

from . import samplers as samplers
from .dilogarithm import dilogarithm as dilogarithm
from .inverse_compton import InverseCompton as InverseCompton
from .inverse_compton import loss_factor as loss_factor
from .inverse_compton import rate_factor as rate_factor
from .klein_nishina import Azimuth as Azimuth
from .klein_nishina import KleinNishina as KleinNishina
from .klein_nishina import cross_section_ratio as cross_section_ratio
from .klein_nishina import mean_energy_ratio as mean_energy_ratio
from .maxwell_juttner import MaxwellJuttner as MaxwellJuttner
from .planck import Planck as Planck
from .scattered_energy import ScatteredEnergy as ScatteredEnergy
from .synchrotron_photon import SynchrotronPhoton as SynchrotronPhoton
