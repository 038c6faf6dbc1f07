"""Grids of magnetic fields and densities in the files of other software."""

from .files import read_grid as read_grid
from .files import write_grid as write_grid
