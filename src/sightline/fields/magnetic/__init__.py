"""Models of the Galactic magnetic field, uG."""

from .grid import Grid as Grid
from .lsa import LSA as LSA
from .uniform import Uniform as Uniform
