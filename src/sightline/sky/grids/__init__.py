"""Grids, regular and of HEALPix shells: where their nodes are and how values between them are found."""

from .healpix_radial import healpix_nodes as healpix_nodes
from .regular import centres as centres
from .regular import nodes as nodes
