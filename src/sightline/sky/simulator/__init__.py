"""Fields and emission operators composed into one differentiable sky."""

from .accuracy import ErrorEstimate as ErrorEstimate
from .accuracy import estimate_error as estimate_error
from .checks import SunWarning as SunWarning
from .observe import RotationWarning as RotationWarning
from .ranges import SpectralIndexWarning as SpectralIndexWarning
from .ranges import SpectrumRangeWarning as SpectrumRangeWarning
from .simulator import Simulator as Simulator
from .tolerance import ToleranceWarning as ToleranceWarning
from .trace import Trace as Trace
