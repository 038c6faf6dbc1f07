"""Galaxies: stars and gas, seen by an integral-field unit."""

from .galaxy import Galaxy as Galaxy
from .orientation import Orientation as Orientation
