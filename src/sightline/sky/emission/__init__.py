"""Emission operators, what they see (`Plasma`) and what they return (`TransferCoefficients`); backgrounds."""

from .background import CMB as CMB
from .background import AbstractBackground as AbstractBackground
from .background import IsotropicBackground as IsotropicBackground
from .background import IsotropicPhotons as IsotropicPhotons
from .base import AbstractEmissionOperator as AbstractEmissionOperator
from .base import FaradayVector as FaradayVector
from .base import Plasma as Plasma
from .base import StokesVector as StokesVector
from .base import TransferCoefficients as TransferCoefficients
from .circular import CircularSynchrotron as CircularSynchrotron
from .conversion import FaradayConversion as FaradayConversion
from .conversion import RelativisticConversion as RelativisticConversion
from .faraday import FaradayRotation as FaradayRotation
from .free_free import FreeFree as FreeFree
from .inverse_compton import InverseCompton as InverseCompton
from .synchrotron import Synchrotron as Synchrotron
from .synchrotron_spectrum import SynchrotronSpectrum as SynchrotronSpectrum
