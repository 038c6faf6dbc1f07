"""Dust: laws of extinction, columns of gas in front, and screens that dim by both."""

from .calzetti import Calzetti as Calzetti
from .ccm89 import CCM89 as CCM89
from .column import column as column
from .dust_to_gas import AbstractDustToGas as AbstractDustToGas
from .dust_to_gas import BrokenPowerLawDust as BrokenPowerLawDust
from .dust_to_gas import PowerLawDust as PowerLawDust
from .f99 import F99 as F99
from .g23 import G23 as G23
from .law import AbstractLaw as AbstractLaw
from .o94 import O94 as O94
from .screen import Screen as Screen
