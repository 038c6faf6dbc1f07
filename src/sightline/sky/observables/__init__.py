"""What can be measured along a sightline besides brightness: `observable(model) -> array`."""

from .base import AbstractObservable as AbstractObservable
from .faraday_spectrum import FaradaySpectrum as FaradaySpectrum
from .line_integrals import AbstractLineIntegral as AbstractLineIntegral
from .line_integrals import Column as Column
from .line_integrals import DispersionMeasure as DispersionMeasure
from .line_integrals import EmissionMeasure as EmissionMeasure
from .line_integrals import RotationMeasure as RotationMeasure
from .line_integrals import WeightedMean as WeightedMean
from .synthesis import rotation_measure_spread as rotation_measure_spread
from .synthesis import rotation_measure_synthesis as rotation_measure_synthesis
