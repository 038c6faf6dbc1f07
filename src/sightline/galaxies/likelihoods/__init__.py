"""Likelihoods of cubes."""

from .cubes import CubeLikelihood as CubeLikelihood
