"""B modes of the microwave background, and what their spectrum says of the tensor-to-scalar ratio."""

from .b_modes import BModes as BModes
from .bandpowers import BandpowerLikelihood as BandpowerLikelihood
from .spectra import Sum as Sum
from .spectra import Template as Template
