"""Integral-field units: what they do to light between the sky and a cube."""

from .aperture import AbstractAperture as AbstractAperture
from .aperture import HexagonalAperture as HexagonalAperture
from .aperture import RoundAperture as RoundAperture
from .ifu import IFU as IFU
from .lsf import LSF as LSF
from .lsf import AbstractLSF as AbstractLSF
from .lsf import PolynomialLSF as PolynomialLSF
from .lsf import ResolvingPower as ResolvingPower
from .psf import AbstractPSF as AbstractPSF
from .psf import GaussianPSF as GaussianPSF
from .psf import MoffatPSF as MoffatPSF
from .surveys import califa as califa
from .surveys import manga as manga
from .surveys import muse as muse
from .surveys import nirspec as nirspec
from .surveys import sami as sami
