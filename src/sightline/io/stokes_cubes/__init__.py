"""Cubes of Stokes parameters by frequency, a file each, as software of Faraday rotation takes them."""

from .reader import read_stokes_cubes as read_stokes_cubes
from .writer import write_stokes_cubes as write_stokes_cubes
