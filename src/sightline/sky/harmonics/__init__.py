"""Spherical harmonics of maps: synthesis with an exact adjoint, and power spectra."""

from .power import AngularPower as AngularPower
from .power import LeakageWarning as LeakageWarning
from .power import angular_power as angular_power
from .pseudo import pseudo_power as pseudo_power
from .synthesis import Synthesis as Synthesis
