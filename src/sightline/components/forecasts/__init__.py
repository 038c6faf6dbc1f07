"""What an instrument will know of spectral parameters, of the CMB and of r."""

from .forecast import forecast as forecast
from .forecasted import Forecast as Forecast
