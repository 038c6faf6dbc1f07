"""The separation of components: amplitudes eliminated in every pixel, spectral parameters fitted, clusters searched."""

from .amplitudes import Amplitudes as Amplitudes
from .likelihood import SpectralLikelihood as SpectralLikelihood
from .residuals import Residuals as Residuals
from .search import ResidualVariance as ResidualVariance
