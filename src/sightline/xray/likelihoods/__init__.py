"""Likelihoods of X-ray spectra."""

from .counts import CountsLikelihood as CountsLikelihood
