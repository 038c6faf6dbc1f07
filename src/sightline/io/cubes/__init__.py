"""Cubes of spectra and spectra side by side: FITS files, and those of surveys and pipelines."""

from .reader import LeftOutWarning as LeftOutWarning
from .reader import read_cube as read_cube
from .spectra import read_spectra as read_spectra
from .writer import write_cube as write_cube
