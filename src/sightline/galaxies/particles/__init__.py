"""Particles of simulated galaxies."""

from .gas import Gas as Gas
from .orient import Frame as Frame
from .orient import own_frame as own_frame
from .read import MassWarning as MassWarning
from .read import read as read
from .stars import MetallicityWarning as MetallicityWarning
from .stars import Stars as Stars
