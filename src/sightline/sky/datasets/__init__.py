"""Readers of published observations: every defect of a table is counted, none is passed over in silence."""

from .brightness import BrightnessMap as BrightnessMap
from .brightness import read_brightness as read_brightness
from .faraday_sky import FaradaySky as FaradaySky
from .faraday_sky import read_faraday_sky as read_faraday_sky
from .pulsars import Pulsars as Pulsars
from .pulsars import read_pulsars as read_pulsars
from .rotation_measures import RotationMeasures as RotationMeasures
from .rotation_measures import read_rotation_measures as read_rotation_measures
