"""Models of the thermal electron density, cm^-3."""

from .exponential_disk import ExponentialDisk as ExponentialDisk
from .grid import Grid as Grid
from .ne2001 import NE2001 as NE2001
from .ne2001 import NE2025 as NE2025
from .ne2001_arms import NE2001SpiralArms as NE2001SpiralArms
from .ne2001_clumps import NE2001Clumps as NE2001Clumps
from .ne2001_clumps import NE2001Voids as NE2001Voids
from .ne2001_disk import NE2001GalacticCentre as NE2001GalacticCentre
from .ne2001_disk import NE2001ThickDisk as NE2001ThickDisk
from .ne2001_disk import NE2001ThinDisk as NE2001ThinDisk
from .ne2001_local import NE2001Ellipsoid as NE2001Ellipsoid
from .ne2001_local import NE2001LocalHotBubble as NE2001LocalHotBubble
from .ne2001_local import NE2001LocalISM as NE2001LocalISM
from .ne2001_local import NE2001LoopI as NE2001LoopI
from .turbulent import Turbulent as Turbulent
from .uniform import Uniform as Uniform
from .ymw16 import YMW16 as YMW16
from .ymw16_arms import YMW16Arms as YMW16Arms
from .ymw16_bubble import YMW16LocalBubble as YMW16LocalBubble
from .ymw16_disk import YMW16DiskShape as YMW16DiskShape
from .ymw16_disk import YMW16GalacticCentre as YMW16GalacticCentre
from .ymw16_disk import YMW16ThickDisk as YMW16ThickDisk
from .ymw16_disk import YMW16ThinDisk as YMW16ThinDisk
from .ymw16_local import YMW16Gum as YMW16Gum
from .ymw16_local import YMW16LoopI as YMW16LoopI
