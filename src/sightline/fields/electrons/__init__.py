"""Models of the thermal electron density, cm^-3."""

from .exponential_disk import ExponentialDisk as ExponentialDisk
from .grid import Grid as Grid
from .uniform import Uniform as Uniform
