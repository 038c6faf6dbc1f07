"""What an instrument does to a sky: beams, bandpasses, gain and offset, masks, noise."""

from ...registry import names_of_others as _names_of_others
from .band import Bandpass as Bandpass
from .bands import Bands as Bands
from .base import AbstractInstrument as AbstractInstrument
from .beam import AbstractBeam as AbstractBeam
from .beam import GaussianBeam as GaussianBeam
from .beam import HarmonicBeam as HarmonicBeam
from .calibration import Calibration as Calibration
from .chain import Chain as Chain
from .energy_band import EnergyBand as EnergyBand
from .known import list as list
from .known import load as load
from .mask import Mask as Mask
from .neighbours import NeighbourBeam as NeighbourBeam
from .noise import add_noise as add_noise

__getattr__, __dir__ = _names_of_others("instruments")
