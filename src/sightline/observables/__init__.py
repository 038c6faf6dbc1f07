"""What can be measured along a sightline besides brightness: `observable(model) -> array`."""

from .line_integrals import AbstractLineIntegral as AbstractLineIntegral
from .line_integrals import DispersionMeasure as DispersionMeasure
from .line_integrals import EmissionMeasure as EmissionMeasure
from .line_integrals import RotationMeasure as RotationMeasure
