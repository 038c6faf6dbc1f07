"""Mixtures of populations that fit observed spectra, and their velocities."""

from .fit import fit_mixture as fit_mixture
from .result import Mixture as Mixture
