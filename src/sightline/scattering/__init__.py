"""Photons that scatter: packets sent one by one through a density of electrons, and what is seen of them."""

from .compton import Compton as Compton
from .process import AbstractProcess as AbstractProcess
from .process import Isotropic as Isotropic
from .process import Thomson as Thomson
from .region import AbstractRegion as AbstractRegion
from .region import Box as Box
from .region import Slab as Slab
from .region import Sphere as Sphere
from .result import LostWarning as LostWarning
from .result import Seen as Seen
from .result import Tallied as Tallied
from .source import AbstractSource as AbstractSource
from .source import FieldSource as FieldSource
from .source import IsotropicSource as IsotropicSource
from .source import Lambertian as Lambertian
from .source import PointSource as PointSource
from .tally import AbstractTally as AbstractTally
from .tally import Escape as Escape
from .tally import Peel as Peel
from .thermal import ThermalCompton as ThermalCompton
from .transport import Transport as Transport
