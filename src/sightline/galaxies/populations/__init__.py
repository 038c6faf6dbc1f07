"""Libraries of spectra of stellar populations."""

from .library import Library as Library
from .lines import AbstractLines as AbstractLines
from .lines import NebularLines as NebularLines
from .lines import TabulatedLines as TabulatedLines
from .read import read as read
from .synthetic import synthetic as synthetic
