"""Radiative transfer along one ray."""

from .base import AbstractTransfer as AbstractTransfer
from .cell import CellTransfer as CellTransfer
from .polarised import PolarisedTransfer as PolarisedTransfer
