"""Published observations: where they come from, and readers that count every defect of a table."""

from .brightness import BrightnessMap as BrightnessMap
from .brightness import read_brightness as read_brightness
from .electron_flux import ElectronFlux as ElectronFlux
from .electron_flux import read_electron_flux as read_electron_flux
from .faraday_sky import FaradaySky as FaradaySky
from .faraday_sky import read_faraday_sky as read_faraday_sky
from .fetching import FetchError as FetchError
from .fetching import UnverifiedWarning as UnverifiedWarning
from .fetching import fetch as fetch
from .known import DataSet as DataSet
from .known import find as find
from .known import names as names
from .local import load as load
from .local import path as path
from .pulsars import Pulsars as Pulsars
from .pulsars import read_pulsars as read_pulsars
from .rotation_measures import RotationMeasures as RotationMeasures
from .rotation_measures import read_rotation_measures as read_rotation_measures
