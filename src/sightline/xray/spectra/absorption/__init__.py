"""Photoelectric absorption, computed from published coefficients of atoms, or tabulated by the user."""

from .gas import GasAbsorption as GasAbsorption
from .interstellar import InterstellarAbsorption as InterstellarAbsorption
from .morrison_mccammon import MorrisonMcCammon as MorrisonMcCammon
from .tabulated import TabulatedAbsorption as TabulatedAbsorption
