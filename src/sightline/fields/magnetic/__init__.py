"""Models of the Galactic magnetic field, uG."""

from .grid import Grid as Grid
from .jf12 import JF12 as JF12
from .jf12 import JF12Disk as JF12Disk
from .jf12 import JF12ToroidalHalo as JF12ToroidalHalo
from .jf12 import JF12XField as JF12XField
from .jf12_random import JF12RandomAmplitude as JF12RandomAmplitude
from .jf12_solenoidal import JF12Solenoidal as JF12Solenoidal
from .jf12_solenoidal import JF12SolenoidalDisk as JF12SolenoidalDisk
from .jf12_solenoidal import JF12SolenoidalXField as JF12SolenoidalXField
from .lsa import LSA as LSA
from .uf23 import UF23 as UF23
from .uf23_disk import UF23SpiralDisk as UF23SpiralDisk
from .uf23_disk import UF23SpurDisk as UF23SpurDisk
from .uf23_halo import UF23ToroidalHalo as UF23ToroidalHalo
from .uf23_halo import UF23TwistedHalo as UF23TwistedHalo
from .uf23_parameters import UF23_ERRORS as UF23_ERRORS
from .uf23_parameters import UF23_PARAMETERS as UF23_PARAMETERS
from .uf23_poloidal import AbstractUF23PoloidalHalo as AbstractUF23PoloidalHalo
from .uf23_poloidal import UF23ExponentialPoloidalHalo as UF23ExponentialPoloidalHalo
from .uf23_poloidal import UF23PoloidalHalo as UF23PoloidalHalo
from .uniform import Uniform as Uniform
