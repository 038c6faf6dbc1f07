"""Stars of smooth galaxies: fields of density and velocity, and histories of star formation."""

from .component import Component as Component
from .exponential_disk import ExponentialDisk as ExponentialDisk
from .history import AbstractHistory as AbstractHistory
from .history import SingleAge as SingleAge
from .radial_history import RadialHistory as RadialHistory
from .radial_profile import RadialProfile as RadialProfile
from .rotation import Rotation as Rotation
from .sersic import Sersic as Sersic
from .velocity_grid import VelocityGrid as VelocityGrid
