"""Stars of smooth galaxies: fields of density and velocity, and histories of star formation."""

from .component import Component as Component
from .exponential_disk import ExponentialDisk as ExponentialDisk
from .history import AbstractHistory as AbstractHistory
from .history import RadialHistory as RadialHistory
from .history import SingleAge as SingleAge
from .rotation import Rotation as Rotation
from .sersic import Sersic as Sersic
